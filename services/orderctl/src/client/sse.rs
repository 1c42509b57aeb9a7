//! Server-sent events, as they arrive: a reader of the text that servers send, and nothing of the rest of the specification.

use std::time::Duration;

use reqwest::Response;

/// Longer than the pause between two comments that keep a connection alive.
const SILENCE: Duration = Duration::from_mins(1);
/// The longest event: an order with a thousand items is far below it.
const LONGEST_EVENT: usize = 4 * 1024 * 1024;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SentEvent {
    pub(crate) id: Option<String>,
    pub(crate) kind: String,
    pub(crate) data: String,
}

/// The events of one answer.
pub(crate) struct Events {
    answer: Response,
    reader: Reader,
}

impl Events {
    pub(crate) fn of(answer: Response) -> Self {
        Self { answer, reader: Reader::default() }
    }

    /// The next event; none once the answer has ended, broken off, or said nothing for a minute.
    pub(crate) async fn next(&mut self) -> Option<SentEvent> {
        loop {
            if let Some(event) = self.reader.event() {
                return Some(event);
            }
            if self.reader.text.len() > LONGEST_EVENT {
                return None;
            }
            let chunk = tokio::time::timeout(SILENCE, self.answer.chunk()).await.ok()?.ok()??;
            self.reader.text.extend_from_slice(&chunk);
        }
    }
}

#[derive(Default)]
struct Reader {
    /// What has not been read yet.
    text: Vec<u8>,
    event: SentEvent,
    has_data: bool,
}

impl Reader {
    /// The next event that is whole.
    fn event(&mut self) -> Option<SentEvent> {
        while let Some(end) = self.text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.text.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if std::mem::take(&mut self.has_data) {
                    return Some(event);
                }
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "id" => self.event.id = Some(value.to_owned()),
                "event" => value.clone_into(&mut self.event.kind),
                "data" => {
                    if self.has_data {
                        self.event.data.push('\n');
                    }
                    self.has_data = true;
                    self.event.data.push_str(value);
                }
                // A comment keeps the connection alive; `retry` is ours to decide.
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut_into_pieces() {
        let text = ": hello\n\nid: 1\nevent: order.placed\ndata: {\"a\":\ndata: 1}\r\n\r\nretry: 5\n\nid:2\ndata:é\n\nid: 3\ndata: cut off\n";
        let expected = [
            SentEvent { id: Some("1".into()), kind: "order.placed".into(), data: "{\"a\":\n1}".into() },
            SentEvent { id: Some("2".into()), kind: String::new(), data: "é".into() },
        ];
        for size in [1, 2, 7, text.len()] {
            let (mut reader, mut events) = (Reader::default(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                reader.text.extend_from_slice(piece);
                events.extend(std::iter::from_fn(|| reader.event()));
            }
            assert_eq!(events, expected, "in pieces of {size}");
        }
    }
}
