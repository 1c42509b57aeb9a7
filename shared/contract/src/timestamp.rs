//! A point in time: microseconds since the Unix epoch, UTC. Databases keep the number, the wire keeps
//! RFC 3339 with six decimals, so that both sort and neither depends on a time zone.

use std::{fmt, str::FromStr, time::Duration};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
};

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not an RFC 3339 date and time.
#[derive(Debug, thiserror::Error)]
#[error("not an RFC 3339 timestamp such as 2026-01-31T09:30:00Z")]
pub struct InvalidTimestamp;

impl Timestamp {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Time passed since `earlier`; zero when the clocks of two machines disagree and it lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).max(0) as u64)
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(time) => write!(f, "{time:.6}"),
            // Outside the years -9999 to 9999; no clock gives it, but a hostile row could.
            Err(_) => f.write_str("invalid-time"),
        }
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        if let Some(time) = text.as_bytes().try_into().ok().and_then(in_wire_form) {
            return Ok(time);
        }
        text.parse::<jiff::Timestamp>().map(|time| Self(time.as_microsecond())).map_err(|_| InvalidTimestamp)
    }
}

/// Reads the one form that is written here, `2026-01-31T09:30:00.000000Z`; every event has some. Whatever else there is, the
/// library reads.
fn in_wire_form(text: &[u8; 27]) -> Option<Timestamp> {
    let is_mark = |&(at, mark): &(usize, u8)| text[at] == mark;
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')];
    let number = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0, |number: i64, digit| {
            digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0'))
        })
    };
    if !marks.iter().all(is_mark) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // The last days of months, and leap seconds, are left to the library.
    let is_plain =
        (1..=12).contains(&month) && (1..=28).contains(&day) && hour < 24 && minute < 60 && second < 60;
    if !is_plain {
        return None;
    }
    // Years begin in March here, so that a leap day comes last (Hinnant, days_from_civil).
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = era * 146_097 + year * 365 + year / 4 - year / 100 + day_of_year - 719_468;
    let seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp(seconds * 1_000_000 + number(20, 26)?))
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

/// Reads the text where it is.
struct Text;

impl Visitor<'_> for Text {
    type Value = Timestamp;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 timestamp")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_form_is_utc_with_six_decimals() {
        let time = Timestamp::from_micros(1_764_000_000_000_001);
        assert_eq!(time.to_string(), "2025-11-24T16:00:00.000001Z");
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn an_offset_is_turned_into_utc() {
        let time: Timestamp = "2025-11-24T18:00:00+02:00".parse().unwrap();
        assert_eq!(time.to_string(), "2025-11-24T16:00:00.000000Z");
        assert!("yesterday".parse::<Timestamp>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn every_date_is_read_as_the_library_reads_it(text in r"[0-9]{4}-(0[0-9]|1[0-3])-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\.[0-9]{6}Z") {
            let expected = text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_microsecond);
            proptest::prop_assert_eq!(text.parse::<Timestamp>().ok().map(Timestamp::as_micros), expected);
        }

        #[test]
        fn what_is_written_is_read_back(micros in -62_135_596_800_000_000i64..253_402_000_000_000_000) {
            let time = Timestamp::from_micros(micros);
            proptest::prop_assert_eq!(time.to_string().parse::<Timestamp>().unwrap(), time);
        }
    }
}
