//! Texts that come from outside and go into events, dead letters and logs.

/// The text on one line, without control characters, at most `longest` characters.
pub(crate) fn one_line(text: &str, longest: usize) -> String {
    let plain = text.chars().map(|char| if char.is_control() { ' ' } else { char });
    let mut line: String = plain.take(longest).collect();
    line.truncate(line.trim_end().len());
    line
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn what_could_break_a_line_or_fill_a_disk_is_gone() {
        assert_eq!(one_line("the card\nwas \u{1b}[31mdeclined\0", 100), "the card was  [31mdeclined");
        assert_eq!(one_line(&"é".repeat(1_000), 3), "ééé");
    }
}
