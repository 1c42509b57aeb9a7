//! Reading a delivered entry: it is an order to process, one to compensate, or something that nobody can process.

use contract::{Command, CommandData, CompensateOrder, Envelope, OrderId, ProcessOrder};
use streams::{Entry, EntryId};

use crate::text::one_line;

const LONGEST_REASON: usize = 300;
/// The last attempt and version that leave room for those that follow from them.
const LAST: u32 = u32::MAX - 2;

/// What an entry turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    Process(Taken<ProcessOrder>),
    Compensate(Taken<CompensateOrder>),
    /// No command of ours; to be set aside with what it came with.
    Dead {
        entry: EntryId,
        /// Whose message it is, as far as that can be read.
        order: Option<OrderId>,
        reason: String,
        fields: Vec<(String, String)>,
    },
    /// Somebody deleted it while it was pending.
    Gone(EntryId),
}

/// A command that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken<C> {
    pub(super) entry: EntryId,
    pub(super) redelivered: bool,
    pub(super) id: OrderId,
    pub(super) command: C,
    pub(super) traceparent: Option<String>,
}

impl Delivery {
    pub(super) fn read(entry: Entry) -> Self {
        let Entry { id: entry, fields, redelivered } = entry;
        let Some(fields) = fields else { return Self::Gone(entry) };
        let dead = |reason: String, fields: Vec<(String, String)>| {
            let (order, reason) = (subject(&fields), one_line(&reason, LONGEST_REASON));
            Self::Dead { entry, order, reason, fields }
        };
        let command =
            match Command::from_fields(fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))) {
                Ok(command) => command,
                Err(error) => return dead(error.to_string(), fields),
            };
        let (version, attempt) = match &command.data {
            CommandData::Process(data) => (data.version, data.attempt),
            CommandData::Compensate(data) => (data.version, data.attempt),
        };
        if !(1..=LAST).contains(&attempt) || version > LAST {
            return dead("field data is malformed: attempt or version out of range".to_owned(), fields);
        }
        let Envelope { subject: id, traceparent, .. } = command.envelope;
        match command.data {
            CommandData::Process(command) => {
                Self::Process(Taken { entry, redelivered, id, command, traceparent })
            }
            CommandData::Compensate(command) => {
                Self::Compensate(Taken { entry, redelivered, id, command, traceparent })
            }
        }
    }
}

/// The order that the fields name. Of several subjects the last one counts, as when it is read as a command.
fn subject(fields: &[(String, String)]) -> Option<OrderId> {
    let (_, subject) = fields.iter().rfind(|(name, _)| name == "subject")?;
    subject.parse().ok()
}

#[cfg(test)]
mod tests {
    use contract::samples;

    use super::*;

    fn entry(fields: Option<Vec<(String, String)>>) -> Entry {
        Entry { id: EntryId::new(7, 1), fields, redelivered: true }
    }

    fn command() -> Vec<(String, String)> {
        texts(&samples::command())
    }

    fn texts(command: &Command) -> Vec<(String, String)> {
        command.to_fields().into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn reason(fields: Vec<(String, String)>) -> String {
        match Delivery::read(entry(Some(fields.clone()))) {
            Delivery::Dead { entry: EntryId { ms: 7, seq: 1 }, order, reason, fields: kept } => {
                assert_eq!(kept, fields);
                let named = fields.iter().any(|(name, _)| name == "subject");
                assert_eq!(order, named.then(|| samples::command().order_id()));
                reason
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_command_is_an_order_to_process_or_to_compensate() {
        let Delivery::Process(taken) = Delivery::read(entry(Some(command()))) else { panic!("no order") };
        let sample = samples::command();
        assert_eq!((taken.id, taken.redelivered), (sample.order_id(), true));
        assert_eq!(CommandData::Process(taken.command), sample.data);
        assert_eq!(taken.traceparent, sample.envelope.traceparent);
        let sample = samples::compensation();
        let Delivery::Compensate(taken) = Delivery::read(entry(Some(texts(&sample)))) else {
            panic!("no compensation")
        };
        assert_eq!((taken.id, CommandData::Compensate(taken.command)), (sample.order_id(), sample.data));
        assert_eq!(Delivery::read(entry(None)), Delivery::Gone(EntryId::new(7, 1)));
    }

    #[test]
    fn what_nobody_can_process_is_dead_with_its_reason_and_all_it_came_with() {
        assert_eq!(reason(vec![("hello".into(), "world".into())]), "field specversion is missing");
        assert_eq!(subject(&[("subject".into(), "ORD-1".into())]), None);
        let with = |name: &str, value: String| {
            let mut fields = command();
            fields.iter_mut().find(|(field, _)| field == name).expect("a field of the sample").1 = value;
            fields
        };
        let data = with("data", String::new()).len();
        assert_eq!(data, command().len());
        assert!(reason(with("type", "x".repeat(10_000))).len() <= LONGEST_REASON);
        assert!(reason(with("data", "{}".into())).starts_with("field data is malformed"));
        let json = command().into_iter().find(|(name, _)| name == "data").expect("data").1;
        for (from, to) in [
            ("\"attempt\":1", "\"attempt\":0"),
            ("\"attempt\":1", "\"attempt\":4294967294"),
            ("\"version\":1", "\"version\":4294967295"),
        ] {
            assert!(reason(with("data", json.replace(from, to))).contains("out of range"), "{to}");
        }
    }
}
