//! Reading all layers, refusing what nobody knows, and naming the culprit.

use std::path::{Path, PathBuf};

use figment::{
    Figment, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};
use serde::de::DeserializeOwned;

use super::{
    environment::Environment,
    sections::{Owner, SECTIONS, owner},
};
use crate::{Service, redact::redact_url};

const SHARED_DEFAULTS: &str = include_str!("shared.default.toml");

/// Why the settings can't be used. Passwords in URLs are already hidden.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the settings file {} does not exist", .0.display())]
    MissingFile(PathBuf),
    #[error("can't read {}: {}", .0.display(), redact_url(.1))]
    EnvFile(PathBuf, String),
    #[error("{name} must be {expected}")]
    Variable { name: String, expected: &'static str },
    #[error("unknown setting {key} (from {origin}); known are {known}")]
    UnknownSection { key: String, origin: String, known: String },
    #[error("{0}")]
    Invalid(String),
}

/// The settings of `service`: its embedded `default_toml` over the shared defaults, then `file`, then `.env`
/// in the working directory, then the process's `ORDERFLOW_` variables.
///
/// # Errors
/// A named file that is missing, a value of the wrong type, a key that no service knows.
pub fn load<T: DeserializeOwned>(
    service: Service,
    default_toml: &'static str,
    file: Option<&Path>,
) -> Result<T, ConfigError> {
    let defaults = Figment::from(Toml::string(SHARED_DEFAULTS)).merge(Toml::string(default_toml));
    let known = top_level(&defaults)?;
    let mut layers = defaults;
    if let Some(file) = file {
        if !file.is_file() {
            return Err(ConfigError::MissingFile(file.to_owned()));
        }
        layers = layers.merge(OwnSections { layer: Toml::file_exact(file), service });
    }
    let layers = layers
        .merge(OwnSections { layer: Environment::file(Path::new(".env"), &known)?, service })
        .merge(OwnSections { layer: Environment::process(&known)?, service });
    refuse_unknown_sections(&layers, service)?;
    layers.extract().map_err(invalid)
}

/// A layer without the sections of other services.
struct OwnSections<P> {
    layer: P,
    service: Service,
}

impl<P: Provider> Provider for OwnSections<P> {
    fn metadata(&self) -> Metadata {
        self.layer.metadata()
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        let mut data = self.layer.data()?;
        for settings in data.values_mut() {
            settings.retain(|section, _| owner(section, self.service) != Owner::Foreign);
        }
        Ok(data)
    }
}

fn top_level(layers: &Figment) -> Result<Dict, ConfigError> {
    layers.extract().map_err(invalid)
}

fn refuse_unknown_sections(layers: &Figment, service: Service) -> Result<(), ConfigError> {
    let is_unknown = |(key, _): &(String, Value)| owner(key, service) == Owner::Nobody;
    let Some((key, value)) = top_level(layers)?.into_iter().find(is_unknown) else { return Ok(()) };
    let metadata = layers.get_metadata(value.tag());
    let origin = metadata.map_or_else(|| "defaults".to_owned(), origin);
    let names = SECTIONS.iter().filter(|(_, services)| services.contains(&service)).map(|(name, _)| *name);
    Err(ConfigError::UnknownSection { key, origin, known: names.collect::<Vec<_>>().join(", ") })
}

fn origin(metadata: &Metadata) -> String {
    match &metadata.source {
        Some(source) => format!("{} {source}", metadata.name),
        None => metadata.name.to_string(),
    }
}

/// figment names the key and its origin; values that it quotes may be URLs.
fn invalid(error: figment::Error) -> ConfigError {
    ConfigError::Invalid(redact_url(&error.to_string()))
}
