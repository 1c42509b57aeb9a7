//! Writes that follow each other in a file, held back until somebody wants to see them there.

/// A result code of SQLite that is not `SQLITE_OK`.
pub(crate) type Code = std::ffi::c_int;

/// Bytes that are held back at most. What transactions write is far less; one that writes more does so in several parts.
const MOST: usize = 1 << 20;

/// The rule is one sentence: whatever is asked of the file, what was written before comes first. If that can't be written, that is the
/// answer, nothing else is done, and the next who asks tries again.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// Where in the file the bytes belong.
    at: i64,
    bytes: Vec<u8>,
}

impl Gathered {
    /// Takes what is to be written at an offset. `file` writes for good.
    pub(crate) fn write(
        &mut self,
        at: i64,
        bytes: &[u8],
        file: impl FnMut(i64, &[u8]) -> Result<(), Code>,
    ) -> Result<(), Code> {
        let follows = at == self.at.saturating_add(self.bytes.len() as i64);
        if !follows || self.bytes.len() + bytes.len() > MOST {
            self.flush(file)?;
        }
        if self.bytes.is_empty() {
            self.at = at;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes what is held back.
    pub(crate) fn flush(&mut self, mut file: impl FnMut(i64, &[u8]) -> Result<(), Code>) -> Result<(), Code> {
        if !self.bytes.is_empty() {
            file(self.at, &self.bytes)?;
            self.bytes.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file, and how often it refuses.
    #[derive(Default)]
    struct File {
        content: Vec<u8>,
        writes: usize,
        refusals: u32,
    }

    impl File {
        fn write(&mut self, at: i64, bytes: &[u8]) -> Result<(), Code> {
            if self.refusals > 0 {
                self.refusals -= 1;
                return Err(13);
            }
            self.writes += 1;
            put(&mut self.content, at, bytes);
            Ok(())
        }
    }

    fn put(content: &mut Vec<u8>, at: i64, bytes: &[u8]) {
        let at = usize::try_from(at).unwrap();
        content.resize(content.len().max(at + bytes.len()), 0);
        content[at..at + bytes.len()].copy_from_slice(bytes);
    }

    #[test]
    fn what_follows_is_written_at_once() {
        let (mut gathered, mut file) = (Gathered::default(), File::default());
        for frame in 0..10 {
            gathered.write(32 + frame * 3, b"abc", |at, bytes| file.write(at, bytes)).unwrap();
        }
        assert_eq!(file.writes, 0);
        gathered.flush(|at, bytes| file.write(at, bytes)).unwrap();
        gathered.flush(|at, bytes| file.write(at, bytes)).unwrap();
        assert_eq!((file.writes, file.content.len()), (1, 62));
    }

    #[test]
    fn it_holds_back_no_more_than_it_should() {
        let (mut gathered, mut file) = (Gathered::default(), File::default());
        let page = vec![7; 65_536];
        for number in 0..100 {
            gathered.write(number * 65_536, &page, |at, bytes| file.write(at, bytes)).unwrap();
            assert!(gathered.bytes.len() <= MOST);
        }
        // One that is larger by itself goes through all the same.
        gathered.write(0, &vec![8; MOST + 1], |at, bytes| file.write(at, bytes)).unwrap();
        gathered.flush(|at, bytes| file.write(at, bytes)).unwrap();
        assert_eq!(file.content.len(), 6_553_600);
        assert!(file.content[..=MOST].iter().all(|byte| *byte == 8) && file.content[MOST + 1] == 7);
    }

    proptest! {
        /// Whatever is written where, and whenever the file refuses: once it lets a flush through it holds what it would
        /// hold if each write that was taken had gone to it directly.
        #[test]
        fn nothing_that_was_taken_is_lost(
            steps in proptest::collection::vec((0..400_i64, 0..60_usize, any::<u8>(), 0..4_u32, any::<bool>()), 0..60),
        ) {
            let (mut gathered, mut file, mut direct) = (Gathered::default(), File::default(), Vec::new());
            let mut end = 0;
            for (at, length, byte, refusals, follows) in steps {
                file.refusals = refusals / 3;
                let (at, bytes) = (if follows { end } else { at }, vec![byte; length]);
                if gathered.write(at, &bytes, |at, bytes| file.write(at, bytes)).is_ok() {
                    if !bytes.is_empty() {
                        put(&mut direct, at, &bytes);
                    }
                    end = at + length as i64;
                }
                file.refusals = u32::from(refusals == 2);
                let _ = gathered.flush(|at, bytes| if follows { Err(10) } else { file.write(at, bytes) });
            }
            file.refusals = 0;
            gathered.flush(|at, bytes| file.write(at, bytes)).unwrap();
            prop_assert_eq!(file.content, direct);
        }
    }
}
