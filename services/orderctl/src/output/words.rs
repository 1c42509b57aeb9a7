//! Times, durations and numbers as people read them.

use std::time::Duration;

use contract::{Money, Timestamp};

/// `2026-01-31 09:30:00`, in UTC.
pub(crate) fn date_time(time: Timestamp) -> String {
    time.to_string().chars().take(19).map(|letter| if letter == 'T' { ' ' } else { letter }).collect()
}

/// `09:30:00.123`, in UTC.
pub(crate) fn time_of_day(time: Timestamp) -> String {
    time.to_string().chars().skip(11).take(12).collect()
}

/// `12 ms`, `3.4 s`, `2 min 5 s`, `3 h 10 min`, `4 d 2 h`.
pub(crate) fn duration(duration: Duration) -> String {
    let (millis, seconds) = (duration.as_millis(), duration.as_secs());
    let two = |large: u64, unit: &str, small: u64, smaller: &str| match small {
        0 => format!("{large} {unit}"),
        small => format!("{large} {unit} {small} {smaller}"),
    };
    match seconds {
        _ if millis < 1_000 => format!("{millis} ms"),
        0..60 => format!("{:.1} s", millis as f64 / 1_000.0),
        60..3_600 => two(seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => two(seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => two(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    }
}

/// A number of seconds from an API.
pub(crate) fn seconds(seconds: f64) -> String {
    duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

/// The same in one unit and at most seven characters, for columns.
pub(crate) fn short(seconds: f64) -> String {
    let (minutes, hours) = (seconds / 60.0, seconds / 3_600.0);
    if seconds < 1.0 {
        self::seconds(seconds)
    } else if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else if minutes < 100.0 {
        format!("{minutes:.0} min")
    } else if hours < 48.0 {
        format!("{hours:.0} h")
    } else {
        format!("{:.0} d", hours / 24.0)
    }
}

/// `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 order`, `2 orders`.
pub(crate) fn orders(number: u64) -> String {
    format!("{} {}", count(number), if number == 1 { "order" } else { "orders" })
}

/// `99.9900` ten-thousandths are `99.99`, `250.0000` are `250.00`: as many decimals as there are, but not fewer than two.
pub(crate) fn money(amount: Money) -> String {
    let value = amount.as_ten_thousandths();
    let text = format!("{}.{:04}", value / 10_000, value % 10_000);
    let cents = text.len() - 2;
    let (whole, rest) = text.split_at(cents);
    format!("{whole}{}", rest.trim_end_matches('0'))
}

/// A moment in an option: an RFC 3339 time, or so long before `now`: `90s`, `15m`, `2h`, `7d`.
pub(crate) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong =
        || format!("{text:?} is no time: write 2026-01-31T09:30:00Z, or 90s, 15m, 2h, 7d for so long ago");
    let Some(unit) = text.chars().last().filter(|unit| "smhd".contains(*unit)) else {
        return text.parse().map_err(|_| wrong());
    };
    let number: i64 =
        text.strip_suffix(unit).and_then(|number| number.parse::<u32>().ok()).ok_or_else(wrong)?.into();
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        _ => 86_400,
    };
    Ok(Timestamp::from_micros(now.as_micros().saturating_sub(number * seconds * 1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        for (millis, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (3_449, "3.4 s"),
            (125_000, "2 min 5 s"),
            (180_000, "3 min"),
            (11_400_000, "3 h 10 min"),
            (353_000_000, "4 d 2 h"),
        ] {
            assert_eq!(duration(Duration::from_millis(millis)), text);
        }
        assert_eq!(seconds(-1.0), "0 ms");
        assert_eq!(seconds(0.0125), "12 ms");
        let seconds = [0.25, 99.94, 100.0, 5_939.0, 6_000.0, 86_400.0, 200_000.0, -1.0];
        let texts = ["250 ms", "99.9 s", "2 min", "99 min", "2 h", "24 h", "2 d", "0 ms"];
        assert_eq!(seconds.map(short), texts);
    }

    #[test]
    fn numbers_are_grouped_and_money_has_cents() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        for (text, shown) in [("99.99", "99.99"), ("250", "250.00"), ("0.5", "0.50"), ("1.2345", "1.2345")] {
            assert_eq!(money(text.parse().unwrap()), shown);
        }
    }

    #[test]
    fn a_moment_is_a_time_or_so_long_ago() {
        let now: Timestamp = "2026-01-31T09:30:00Z".parse().unwrap();
        for (text, time) in [
            ("90s", "2026-01-31T09:28:30Z"),
            ("15m", "2026-01-31T09:15:00Z"),
            ("2h", "2026-01-31T07:30:00Z"),
            ("7d", "2026-01-24T09:30:00Z"),
            ("2025-12-31T00:00:00+01:00", "2025-12-30T23:00:00Z"),
        ] {
            assert_eq!(moment(text, now), Ok(time.parse().unwrap()), "{text}");
        }
        for wrong in ["", "m", "-5m", "5w", "yesterday", "99999999999d", "é"] {
            assert!(moment(wrong, now).is_err(), "{wrong}");
        }
        assert_eq!(date_time(now), "2026-01-31 09:30:00");
        assert_eq!(time_of_day(now), "09:30:00.000");
    }
}
