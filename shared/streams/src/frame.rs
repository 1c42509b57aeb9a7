//! What the entries of one call have in common, sent once; `scripts/frames.lua` puts them together.
//!
//! An entry has seven fields or eight, and of a batch's entries only a few of the texts differ. Each text costs Redis and
//! this process as much whether it is new or the same as that of the entry before: so a script is told each frame once (the
//! names, and the values that are always the same), and for each entry only its own values. The entries of the stream are
//! the same as if they had been sent whole.

use contract::Fields;

use crate::script::Args;

/// The fields of an entry that may differ from those of the entry before. Any other value that differs makes a frame of its
/// own.
pub(crate) type Own = &'static [&'static str];

/// The frames of one call.
#[derive(Debug)]
pub(crate) struct Frames {
    own: Own,
    frames: Vec<Frame>,
}

/// The fields, by their names.
#[derive(Debug)]
struct Frame(Vec<(&'static str, Value)>);

#[derive(Debug)]
enum Value {
    Fixed(String),
    /// The order that the entry is about.
    Order,
    Own,
}

impl Frames {
    pub(crate) const fn new(own: Own) -> Self {
        Self { own, frames: Vec::new() }
    }

    /// Adds the number of the entry's frame, from 1, and the entry's own values. The entry is about the order.
    pub(crate) fn push(&mut self, fields: &Fields, order: &str, args: &mut Args) {
        let known = self.frames.iter().position(|frame| frame.fits(fields, order));
        let number = known.unwrap_or_else(|| {
            self.frames.push(Frame::of(fields, order, self.own));
            self.frames.len() - 1
        });
        args.show(1 + number);
        for ((_, kind), (_, value)) in self.frames[number].0.iter().zip(fields) {
            if matches!(kind, Value::Own) {
                args.push(value);
            }
        }
    }

    /// Adds how many there are, and each as the scripts read it.
    pub(crate) fn write(&self, args: &mut Args) {
        args.show(self.frames.len());
        for Frame(fields) in &self.frames {
            args.show(fields.len());
            for (name, value) in fields {
                args.push(name);
                match value {
                    Value::Fixed(value) => args.show(format_args!("={value}")),
                    Value::Order => args.push("order"),
                    Value::Own => args.push("own"),
                }
            }
        }
    }
}

impl Frame {
    fn of(fields: &Fields, order: &str, own: Own) -> Self {
        let field = |(name, value): &(&'static str, String)| {
            let kind = if value == order {
                Value::Order
            } else if own.contains(name) {
                Value::Own
            } else {
                Value::Fixed(value.clone())
            };
            (*name, kind)
        };
        Self(fields.iter().map(field).collect())
    }

    fn fits(&self, fields: &Fields, order: &str) -> bool {
        self.0.len() == fields.len()
            && self.0.iter().zip(fields).all(|((name, kind), (field, value))| {
                name == field
                    && match kind {
                        Value::Fixed(fixed) => fixed == value,
                        Value::Order => value == order,
                        Value::Own => true,
                    }
            })
    }
}

#[cfg(test)]
mod tests {
    use contract::samples;

    use super::*;

    const OWN: Own = &["id", "data"];

    fn texts(frames: &mut Frames, event: &Fields, order: &str) -> Vec<String> {
        let mut args = Args::default();
        frames.push(event, order, &mut args);
        args.into_texts()
    }

    #[test]
    fn events_that_differ_in_their_own_values_only_share_a_frame() {
        let mut frames = Frames::new(OWN);
        for event in samples::events() {
            let order = event.order_id().to_string();
            let fields = event.to_fields();
            let number = texts(&mut frames, &fields, &order)[0].clone();
            let changed = |name: &str| {
                let mut fields = fields.clone();
                fields.iter_mut().find(|(field, _)| *field == name).unwrap().1.push('?');
                fields
            };
            for name in OWN {
                assert_eq!(texts(&mut frames, &changed(name), &order)[0], number);
            }
            for name in ["type", "source", "time", "subject"] {
                assert_ne!(texts(&mut frames, &changed(name), &order)[0], number, "{name}");
            }
            assert_ne!(texts(&mut frames, &fields[1..].to_vec(), &order)[0], number, "other names");
        }
    }

    #[test]
    fn a_frame_and_its_own_values_are_the_whole_event() {
        let mut frames = Frames::new(OWN);
        let text = str::to_owned;
        let event =
            vec![("id", text("7")), ("empty", String::new()), ("type", text("t")), ("subject", text("o"))];
        assert_eq!(texts(&mut frames, &event, "o"), ["1", "7"]);
        let mut args = Args::default();
        frames.write(&mut args);
        assert_eq!(
            args.into_texts(),
            ["1", "4", "id", "own", "empty", "=", "type", "=t", "subject", "order"]
        );
    }
}
