//! The few settings that the supervisor shares with the services: `ORDERFLOW_` variables of the process, and
//! those of a `.env` file for what is not set. The services read everything else by themselves.

use std::{collections::BTreeMap, io, path::Path};

use anyhow::{Context, bail};

const PREFIX: &str = "ORDERFLOW_";

/// `ORDERFLOW_` variables by the rest of their name. Empty ones count as not set, as for the services.
#[derive(Clone, Debug, Default)]
pub(super) struct Settings(BTreeMap<String, String>);

impl Settings {
    pub(super) fn read() -> anyhow::Result<Self> {
        let process = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Ok(Self::of(env_file(Path::new(".env"))?.into_iter().chain(process)))
    }

    /// Later ones win.
    pub(super) fn of(variables: impl IntoIterator<Item = (String, String)>) -> Self {
        let own = |(name, value): (String, String)| {
            let value = value.trim();
            (!value.is_empty()).then(|| Some((name.strip_prefix(PREFIX)?.to_owned(), value.to_owned())))?
        };
        Self(variables.into_iter().filter_map(own).collect())
    }

    /// The value of `ORDERFLOW_<name>`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// How long a service may take to finish what it has in hand.
    pub(super) fn drain_timeout_ms(&self) -> anyhow::Result<u64> {
        let Some(text) = self.get("LIFECYCLE__DRAIN_TIMEOUT_MS") else { return Ok(20_000) };
        text.parse().context("ORDERFLOW_LIFECYCLE__DRAIN_TIMEOUT_MS must be a whole number")
    }

    /// One SQLite file can't be the database of three services.
    pub(super) fn check_database(&self) -> anyhow::Result<()> {
        match self.get("DATABASE__URL") {
            Some(url) if url.starts_with("sqlite:") => bail!(
                "ORDERFLOW_DATABASE__URL names one SQLite file, but each service has a database of its own: \
                 unset it (they use files in ./data), or name a postgres:// database"
            ),
            _ => Ok(()),
        }
    }
}

fn env_file(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    match dotenvy::from_path_iter(path) {
        Ok(variables) => variables.collect::<Result<_, _>>().context("can't read the .env file"),
        Err(dotenvy::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error).context("can't read the .env file"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        Settings::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn later_variables_win_and_empty_ones_are_not_set() {
        let settings = settings(&[
            ("ORDERFLOW_HTTP__LISTEN", "127.0.0.1:1"),
            ("ORDERFLOW_HTTP__LISTEN", "127.0.0.1:2"),
            ("ORDERFLOW_REDIS__URL", " "),
            ("PATH", "/bin"),
        ]);
        assert_eq!(settings.get("HTTP__LISTEN"), Some("127.0.0.1:2"));
        assert_eq!(settings.get("REDIS__URL"), None);
        assert_eq!(settings.drain_timeout_ms().unwrap(), 20_000);
    }

    #[test]
    fn one_sqlite_file_for_all_is_refused() {
        assert!(settings(&[("ORDERFLOW_DATABASE__URL", "sqlite://x.db")]).check_database().is_err());
        assert!(settings(&[("ORDERFLOW_DATABASE__URL", "postgres://db/x")]).check_database().is_ok());
        assert!(settings(&[]).check_database().is_ok());
    }

    #[test]
    fn a_variable_in_the_env_file_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".env");
        assert_eq!(env_file(&path).unwrap(), []);
        std::fs::write(&path, "ORDERFLOW_REDIS__URL=redis://elsewhere:6379\n").unwrap();
        let settings = Settings::of(env_file(&path).unwrap());
        assert_eq!(settings.get("REDIS__URL"), Some("redis://elsewhere:6379"));
    }
}
