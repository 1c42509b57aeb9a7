//! The wire format of every message, held still by files: a change of it shows up as a change of a golden
//! file, and needs a reader that still understands the old one.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::{collections::BTreeMap, fs, path::PathBuf};

use contract::{Command, DecodeError, Event, EventData, EventKind, Fields, samples};

fn golden_file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.json"))
}

/// Compares with the golden file; `UPDATE_GOLDEN=1` writes it instead.
fn assert_golden(name: &str, fields: &Fields) {
    let text = serde_json::to_string_pretty(
        &fields.iter().map(|(name, value)| (*name, value)).collect::<BTreeMap<_, _>>(),
    )
    .unwrap()
        + "\n";
    let path = golden_file(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap();
    assert_eq!(text, golden, "the wire format of {name} changed");
}

fn read_golden(name: &str) -> BTreeMap<String, String> {
    serde_json::from_str(&fs::read_to_string(golden_file(name)).unwrap()).unwrap()
}

#[test]
fn events_are_written_as_the_golden_files_say_and_read_back() {
    let events = samples::events();
    assert_eq!(events.iter().map(Event::kind).collect::<Vec<_>>(), EventKind::ALL);
    for event in events {
        let name = event.kind().as_str();
        assert_golden(name, &event.to_fields());
        assert_eq!(Event::from_fields(read_golden(name)).unwrap(), event);
    }
}

#[test]
fn commands_are_written_as_the_golden_files_say_and_read_back() {
    for (name, command) in [
        ("order.process", samples::command()),
        ("order.process.retry", samples::retry()),
        ("order.compensate", samples::compensation()),
    ] {
        assert_golden(name, &command.to_fields());
        assert_eq!(Command::from_fields(read_golden(name)).unwrap(), command);
    }
}

#[test]
fn a_field_that_a_newer_writer_adds_is_left_alone() {
    let mut fields = read_golden("order.completed");
    fields.insert("tenant".into(), "a".into());
    fields.insert("data".into(), fields["data"].replacen('{', r#"{"region":"eu","#, 1));
    assert!(Event::from_fields(fields).is_ok());
}

#[test]
fn a_field_that_an_older_writer_does_not_know_may_be_missing() {
    let mut fields = read_golden("order.processing");
    let data = fields["data"].split(r#","published_at""#).next().unwrap().to_owned() + "}";
    fields.insert("data".into(), data);
    let EventData::Processing(data) = Event::from_fields(fields).unwrap().data else {
        panic!("another kind")
    };
    assert_eq!((data.published_at, data.trace_id), (None, None));
}

#[test]
fn every_broken_message_says_what_is_wrong() {
    let broken = |field: &str, value: Option<&str>| {
        let mut fields = read_golden("order.process");
        match value {
            Some(value) => fields.insert(field.to_owned(), value.to_owned()),
            None => fields.remove(field),
        };
        Command::from_fields(fields).unwrap_err()
    };
    for field in ["specversion", "id", "source", "type", "subject", "time", "data"] {
        assert_eq!(broken(field, None).to_string(), format!("field {field} is missing"));
    }
    assert_eq!(broken("specversion", Some("2.0")), DecodeError::SpecVersion("2.0".into()));
    assert_eq!(broken("type", Some("order.placed")), DecodeError::UnknownType("order.placed".into()));
    for (field, value) in [("subject", "1"), ("time", "now"), ("data", "{"), ("data", "{}")] {
        let error = broken(field, Some(value));
        assert!(matches!(&error, DecodeError::Malformed { field: at, .. } if *at == field), "{error}");
    }
    let negative = read_golden("order.process")["data"].replace("99.99", "-99.99");
    assert!(broken("data", Some(&negative)).to_string().contains("must not be negative"));
}
