//! What comes from orders, messages and services is shown, never obeyed: a terminal takes orders in what it prints. Each
//! character that is not one to look at becomes its escape, in text and in JSON alike.

use std::{borrow::Cow, fmt::Write};

/// Control characters (ESC and the C1 ones among them), and those that reorder or hide what is beside them.
const fn acts(character: char) -> bool {
    matches!(character,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text on one line, with an escape such as `\u{1b}` for each character that does something.
pub(crate) fn safe(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if acts(character) { line.extend(character.escape_default()) } else { line.push(character) }
    }
    Cow::Owned(line)
}

/// Several lines, each of them safe.
pub(crate) fn safe_lines(text: &str) -> String {
    text.lines().map(safe).collect::<Vec<_>>().join("\n")
}

/// The same JSON, with `\u` escapes instead of such characters. Between its texts JSON has none but line ends.
pub(crate) fn safe_json(json: String) -> String {
    if !json.chars().any(|character| acts(character) && character != '\n') {
        return json;
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if character == '\n' || !acts(character) {
            safe.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String does not fail.
            let _ = write!(safe, "\\u{unit:04x}");
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_instead() {
        assert_eq!(safe("user-1 é 日本 👍"), "user-1 é 日本 👍");
        assert_eq!(safe("a\u{1b}[2Jb\u{9b}31m\r\n"), "a\\u{1b}[2Jb\\u{9b}31m\\r\\n");
        assert_eq!(safe("abc\u{202e}fdp.exe"), "abc\\u{202e}fdp.exe");
        assert_eq!(safe_lines("a\nb\u{7}"), "a\nb\\u{7}");
    }

    #[test]
    fn json_stays_the_same_json() {
        let value = serde_json::json!({ "text": "a\u{1b}\u{9b}\u{202e}\u{e0001}\u{7f} é" });
        let json = safe_json(serde_json::to_string_pretty(&value).unwrap());
        assert!(json.chars().all(|character| character == '\n' || !acts(character)), "{json}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap(), value);
    }
}
