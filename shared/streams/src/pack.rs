//! Texts packed into one argument of a script, as MessagePack, which Redis unpacks in C.
//!
//! A batch of hundreds of messages has thousands of texts. As arguments of their own each would be framed here, and there
//! parsed, allocated and handed to Lua one by one.

/// Writes arrays and texts, in the order in which they are to be read.
#[derive(Debug, Default)]
pub(crate) struct Packer(Vec<u8>);

impl Packer {
    /// With room for so many bytes.
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self(Vec::with_capacity(bytes))
    }

    /// The next `items` things belong to one array.
    pub(crate) fn array(&mut self, items: usize) {
        match u32::try_from(items).expect("no batch has 4 billion messages") {
            few @ 0..16 => self.0.push(0x90 | few as u8),
            some @ 16..0x1_0000 => {
                self.0.push(0xdc);
                self.0.extend((some as u16).to_be_bytes());
            }
            many => {
                self.0.push(0xdd);
                self.0.extend(many.to_be_bytes());
            }
        }
    }

    pub(crate) fn text(&mut self, text: &str) {
        match u32::try_from(text.len()).expect("Redis takes no text of 4 GB") {
            short @ 0..32 => self.0.push(0xa0 | short as u8),
            medium @ 32..0x100 => self.0.extend([0xd9, medium as u8]),
            long @ 0x100..0x1_0000 => {
                self.0.push(0xda);
                self.0.extend((long as u16).to_be_bytes());
            }
            huge => {
                self.0.push(0xdb);
                self.0.extend(huge.to_be_bytes());
            }
        }
        self.0.extend_from_slice(text.as_bytes());
    }

    /// An array of names and values in turn.
    pub(crate) fn fields<N: AsRef<str>>(&mut self, fields: &[(N, String)]) {
        self.array(fields.len() * 2);
        for (name, value) in fields {
            self.text(name.as_ref());
            self.text(value);
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(write: impl FnOnce(&mut Packer)) -> Vec<u8> {
        let mut packer = Packer::default();
        write(&mut packer);
        packer.into_bytes()
    }

    /// The bounds of each form, as the format's specification has them; Redis' side of it is in `tests/protocol/publish.rs`.
    #[test]
    fn heads_say_how_much_follows() {
        for (items, head) in [
            (0, &[0x90][..]),
            (15, &[0x9f]),
            (16, &[0xdc, 0, 16]),
            (65_535, &[0xdc, 0xff, 0xff]),
            (65_536, &[0xdd, 0, 1, 0, 0]),
        ] {
            assert_eq!(packed(|packer| packer.array(items)), head, "{items} items");
        }
        for (length, head) in [
            (0, &[0xa0][..]),
            (31, &[0xbf]),
            (32, &[0xd9, 32]),
            (255, &[0xd9, 255]),
            (256, &[0xda, 1, 0]),
            (65_535, &[0xda, 0xff, 0xff]),
            (65_536, &[0xdb, 0, 1, 0, 0]),
        ] {
            let text = "x".repeat(length);
            assert_eq!(
                packed(|packer| packer.text(&text)),
                [head, text.as_bytes()].concat(),
                "{length} bytes"
            );
        }
    }

    #[test]
    fn fields_are_names_and_values_in_turn() {
        let fields = [("a", "é".to_owned())];
        assert_eq!(packed(|packer| packer.fields(&fields)), *b"\x92\xa1a\xa2\xc3\xa9");
    }
}
