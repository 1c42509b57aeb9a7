//! Exact money. An amount is a whole number of ten-thousandths, so no value ever passes through a float,
//! and on the wire it is a JSON number whose digits are those that came in.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _};
use serde_json::value::RawValue;

/// A non-negative amount in ten-thousandths of the currency unit, at most 922,337,203,685,477.5807.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// Decimal places that an amount may have.
pub const SCALE: u32 = 4;
const UNIT: i64 = 10_i64.pow(SCALE);

/// Why a text is not an amount of money. The messages are for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    #[error("must be a JSON number such as 99.99")]
    NotANumber,
    #[error("must not be negative")]
    Negative,
    #[error("must have at most 4 decimal places")]
    TooPrecise,
    #[error("must be at most 922337203685477.5807")]
    TooLarge,
}

impl Money {
    pub const ZERO: Self = Self(0);

    /// The amount as stored: ten-thousandths.
    pub const fn as_ten_thousandths(self) -> i64 {
        self.0
    }

    pub const fn from_ten_thousandths(value: i64) -> Result<Self, InvalidMoney> {
        if value < 0 { Err(InvalidMoney::Negative) } else { Ok(Self(value)) }
    }

    /// The sum, or `None` past the largest amount.
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
}

impl FromStr for Money {
    type Err = InvalidMoney;

    /// Reads the text of a JSON number (RFC 8259), exponents included, by value: `1.50000` has one
    /// significant decimal and is fine, `0.00001` is not.
    fn from_str(text: &str) -> Result<Self, InvalidMoney> {
        let number = Number::split(text).ok_or(InvalidMoney::NotANumber)?;
        let digits = || number.integer.bytes().chain(number.fraction.bytes());
        if digits().all(|digit| digit == b'0') {
            return Ok(Self::ZERO);
        }
        if number.negative {
            return Err(InvalidMoney::Negative);
        }
        let trailing_zeros = digits().rev().take_while(|digit| *digit == b'0').count();
        let significant = number.integer.len() + number.fraction.len() - trailing_zeros;
        // The value is digits[..significant] * 10^power ten-thousandths.
        let exponent = number.exponent().unwrap_or(if number.exponent.starts_with('-') {
            i64::from(i32::MIN)
        } else {
            i64::from(i32::MAX)
        });
        let power = exponent + i64::from(SCALE) + trailing_zeros as i64 - number.fraction.len() as i64;
        if power < 0 {
            return Err(InvalidMoney::TooPrecise);
        }
        let mut value: i64 = 0;
        for digit in digits().take(significant) {
            value = value
                .checked_mul(10)
                .and_then(|shifted| shifted.checked_add(i64::from(digit - b'0')))
                .ok_or(InvalidMoney::TooLarge)?;
        }
        let power = u32::try_from(power).ok().filter(|power| *power < 19).ok_or(InvalidMoney::TooLarge)?;
        value.checked_mul(10_i64.pow(power)).map(Self).ok_or(InvalidMoney::TooLarge)
    }
}

/// The parts of a JSON number, as written.
struct Number<'a> {
    negative: bool,
    integer: &'a str,
    fraction: &'a str,
    exponent: &'a str,
}

impl<'a> Number<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (rest, None),
        };
        let (integer, fraction) = match mantissa.split_once('.') {
            Some((integer, fraction)) => (integer, Some(fraction)),
            None => (mantissa, None),
        };
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let valid = all_digits(integer)
            && (integer.len() == 1 || !integer.starts_with('0'))
            && fraction.is_none_or(all_digits)
            && exponent
                .is_none_or(|exponent| all_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)));
        valid.then_some(Self {
            negative,
            integer,
            fraction: fraction.unwrap_or(""),
            exponent: exponent.unwrap_or(""),
        })
    }

    /// The exponent, or `None` when it has more digits than any amount needs.
    fn exponent(&self) -> Option<i64> {
        if self.exponent.is_empty() {
            return Some(0);
        }
        self.exponent.strip_prefix('+').unwrap_or(self.exponent).parse::<i32>().ok().map(i64::from)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut fraction) = (self.0 / UNIT, self.0 % UNIT);
        if fraction == 0 {
            return write!(f, "{whole}");
        }
        let mut width = SCALE as usize;
        while fraction % 10 == 0 {
            fraction /= 10;
            width -= 1;
        }
        write!(f, "{whole}.{fraction:0width$}")
    }
}

impl Serialize for Money {
    /// A JSON number. Only serde_json's own serializers understand it; no other format carries money here.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        raw.get().parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_come_back_as_they_went_in() {
        for text in ["0.1", "99.99", "90071992547409.93", "250", "0", "0.0001", "922337203685477.5807"] {
            let money: Money = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&money).unwrap(), text);
        }
    }

    #[test]
    fn the_value_counts_not_its_spelling() {
        for (text, same) in [
            ("1.50000", "1.5"),
            ("1e2", "100"),
            ("25E-1", "2.5"),
            ("-0", "0"),
            ("0e999999999999", "0"),
            ("0.00000", "0"),
            ("10e-5", "0.0001"),
        ] {
            assert_eq!(text.parse::<Money>().unwrap().to_string(), same, "{text}");
        }
    }

    #[test]
    fn every_refusal_says_why() {
        use InvalidMoney::{Negative, NotANumber, TooLarge, TooPrecise};
        for (text, why) in [
            ("-1", Negative),
            ("0.00001", TooPrecise),
            ("1e-5", TooPrecise),
            ("1e-99999999999", TooPrecise),
            ("1e400", TooLarge),
            ("1e99999999999", TooLarge),
            ("922337203685477.5808", TooLarge),
            ("99999999999999999999", TooLarge),
            ("NaN", NotANumber),
            ("\"5\"", NotANumber),
            ("null", NotANumber),
            ("01", NotANumber),
            ("1.", NotANumber),
            (".5", NotANumber),
            ("1e", NotANumber),
            ("", NotANumber),
            ("-", NotANumber),
        ] {
            assert_eq!(text.parse::<Money>(), Err(why), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_amount_survives_the_wire(value in 0..=i64::MAX) {
            let money = Money::from_ten_thousandths(value).unwrap();
            let wire = serde_json::to_string(&money).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&wire).unwrap(), money);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,40}|.{0,20}") {
            let _ = text.parse::<Money>();
        }
    }
}
