//! Environment variables as settings. A variable is only text, so its type is taken from the default of the
//! same key: `ORDERFLOW_INSTANCE=1` is the text "1" where the default is a text, and
//! `ORDERFLOW_HTTP__MAX_CONNECTIONS=ten` is refused by name instead of by some later message.

use std::{collections::BTreeMap, path::Path};

use figment::{
    Metadata, Profile, Provider,
    value::{Dict, Map, Num, Value},
};

use super::load::ConfigError;

const PREFIX: &str = "ORDERFLOW_";

/// Read elsewhere: not settings.
const NOT_SETTINGS: &[&str] = &["ORDERFLOW_CONFIG"];

/// The variables that are settings, in one layer of figment.
pub(super) struct Environment {
    origin: &'static str,
    settings: Dict,
}

impl Environment {
    /// The process's variables.
    pub(super) fn process(defaults: &Dict) -> Result<Self, ConfigError> {
        // Not `vars()`: that panics on a variable of some other program that is no UTF-8.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::read("environment", std::env::vars_os().filter_map(text).collect(), defaults)
    }

    /// The variables of a `.env` file; an absent file has none.
    pub(super) fn file(path: &Path, defaults: &Dict) -> Result<Self, ConfigError> {
        let unreadable = |error: dotenvy::Error| ConfigError::EnvFile(path.to_owned(), error.to_string());
        let variables = match dotenvy::from_path_iter(path) {
            Ok(variables) => variables.collect::<Result<_, _>>().map_err(unreadable)?,
            Err(error) if error.not_found() => BTreeMap::new(),
            Err(error) => return Err(unreadable(error)),
        };
        Self::read(".env file", variables, defaults)
    }

    fn read(
        origin: &'static str,
        variables: BTreeMap<String, String>,
        defaults: &Dict,
    ) -> Result<Self, ConfigError> {
        let mut settings = Dict::new();
        for (name, text) in variables {
            let Some(key) = name.strip_prefix(PREFIX).filter(|_| !NOT_SETTINGS.contains(&name.as_str()))
            else {
                continue;
            };
            let path: Vec<String> = key.split("__").map(str::to_ascii_lowercase).collect();
            if let Some(value) = typed(&name, &text, find(defaults, &path))? {
                insert(&mut settings, &path, value);
            }
        }
        Ok(Self { origin, settings })
    }
}

impl Provider for Environment {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin)
            .interpolater(|_, keys| format!("{PREFIX}{}", keys.join("__").to_uppercase()))
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        Ok(Profile::Default.collect(self.settings.clone()))
    }
}

fn find<'a>(defaults: &'a Dict, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    match (defaults.get(first)?, rest) {
        (value, []) => Some(value),
        (Value::Dict(_, inner), rest) => find(inner, rest),
        _ => None,
    }
}

fn insert(settings: &mut Dict, path: &[String], value: Value) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        settings.insert(first.clone(), value);
        return;
    }
    let section = settings.entry(first.clone()).or_insert_with(|| Value::from(Dict::new()));
    if let Value::Dict(_, inner) = section {
        insert(inner, rest, value);
    }
}

/// The text as a value of the default's type. Empty text leaves a number or a switch as it was, because
/// compose files and unit files pass on variables that were never set as empty ones.
fn typed(name: &str, text: &str, default: Option<&Value>) -> Result<Option<Value>, ConfigError> {
    let wrong = |expected: &'static str| ConfigError::Variable { name: name.to_owned(), expected };
    let trimmed = text.trim();
    let value = match default {
        Some(Value::Num(..) | Value::Bool(..)) if trimmed.is_empty() => return Ok(None),
        Some(Value::Num(_, Num::F32(_) | Num::F64(_))) => {
            Value::from(trimmed.parse::<f64>().map_err(|_| wrong("a number"))?)
        }
        Some(Value::Num(..)) => Value::from(trimmed.parse::<i64>().map_err(|_| wrong("a whole number"))?),
        Some(Value::Bool(..)) => Value::from(trimmed.parse::<bool>().map_err(|_| wrong("true or false"))?),
        Some(Value::Array(..)) => {
            let items = trimmed.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::from(items.map(str::to_owned).collect::<Vec<String>>())
        }
        Some(Value::Dict(..)) => return Err(wrong("a key inside this section, joined by __")),
        // Unknown keys pass as text, and are refused with all other unknown keys.
        _ => Value::from(text),
    };
    Ok(Some(value))
}
