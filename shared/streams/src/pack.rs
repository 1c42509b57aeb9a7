//! Texts packed into one argument of a script, as MessagePack, which Redis unpacks in C.
//!
//! A batch of hundreds of messages has thousands of texts. As arguments of their own each would be framed here, and there
//! parsed, allocated and handed to Lua one by one.

/// Writes a list of texts.
pub(crate) fn list<'a>(texts: impl ExactSizeIterator<Item = &'a [u8]>, to: &mut Vec<u8>) {
    match u32::try_from(texts.len()).expect("no batch has 4 billion texts") {
        few @ 0..16 => to.push(0x90 | few as u8),
        some @ 16..0x1_0000 => {
            to.push(0xdc);
            to.extend((some as u16).to_be_bytes());
        }
        many => {
            to.push(0xdd);
            to.extend(many.to_be_bytes());
        }
    }
    for each in texts {
        text(each, to);
    }
}

fn text(text: &[u8], to: &mut Vec<u8>) {
    match u32::try_from(text.len()).expect("Redis takes no text of 4 GB") {
        short @ 0..32 => to.push(0xa0 | short as u8),
        medium @ 32..0x100 => to.extend([0xd9, medium as u8]),
        long @ 0x100..0x1_0000 => {
            to.push(0xda);
            to.extend((long as u16).to_be_bytes());
        }
        huge => {
            to.push(0xdb);
            to.extend(huge.to_be_bytes());
        }
    }
    to.extend_from_slice(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(texts: &[&str]) -> Vec<u8> {
        let mut packed = Vec::new();
        list(texts.iter().map(|text| text.as_bytes()), &mut packed);
        packed
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
            assert_eq!(packed(&vec![""; items]), [head, &vec![0xa0; items]].concat(), "{items} items");
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
            assert_eq!(packed(&[&text]), [&[0x91], head, text.as_bytes()].concat(), "{length} bytes");
        }
    }
}
