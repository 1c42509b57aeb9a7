//! Writes that follow each other in a file, held back until somebody wants to see them there.

/// A result code of SQLite that is not `SQLITE_OK`.
pub(crate) type Code = std::ffi::c_int;

/// Bytes that are held back at most. What transactions write is far less; one that writes more does so in several parts.
const MOST: usize = 1 << 20;

/// Whatever is asked of the file, what was written before comes first. If that can't be written, that is the answer, and it is dropped:
/// the commit that it belongs to fails, and then another connection may write in its place.
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
        if self.bytes.is_empty() {
            return Ok(());
        }
        let written = file(self.at, &self.bytes);
        self.bytes.clear();
        written
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
        /// Whatever is written where, and whenever the file refuses: what it holds after a flush is what it would hold if each write had
        /// gone to it directly, but for what was held back when it refused.
        #[test]
        fn nothing_is_lost_but_what_is_refused(
            steps in proptest::collection::vec((0..400_i64, 1..60_usize, any::<u8>(), any::<bool>(), 0..4_u32, 0..4_u32), 0..60),
        ) {
            let (mut gathered, mut file, mut direct) = (Gathered::default(), File::default(), Vec::new());
            let mut end = 0;
            for (at, length, byte, follows, before, after) in steps {
                let (at, bytes) = (if follows { end } else { at }, vec![byte; length]);
                file.refusals = before / 3;
                if gathered.write(at, &bytes, |at, bytes| file.write(at, bytes)).is_ok() {
                    put(&mut direct, at, &bytes);
                    end = at + length as i64;
                } else {
                    direct.clone_from(&file.content);
                }
                file.refusals = after / 3;
                if after > 1 {
                    if gathered.flush(|at, bytes| file.write(at, bytes)).is_err() {
                        direct.clone_from(&file.content);
                    }
                    prop_assert_eq!(&file.content, &direct);
                }
            }
        }
    }
}
