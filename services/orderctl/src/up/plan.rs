//! What will run where, decided and checked before anything is started.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use runtime::redact::redact_url;
use tokio::process::Command;

use super::{
    console::Console,
    ports::{self, Listen},
    redis,
    settings::Settings,
    supervise::Program,
};

/// Beyond a service's own deadline for draining, until it is killed.
const AFTER_DRAIN: Duration = Duration::from_secs(5);

pub(super) struct Plan {
    pub(super) services: Vec<Listen>,
    pub(super) redis: RedisPlan,
    programs: PathBuf,
    drain_timeout: Duration,
    log_format_is_set: bool,
}

/// Which Redis the services use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RedisPlan {
    /// One of ours.
    Private { port: u16 },
    /// One that somebody else runs: never touched.
    Theirs { url: String },
}

impl RedisPlan {
    fn url(&self) -> String {
        match self {
            Self::Private { port } => format!("redis://127.0.0.1:{port}"),
            Self::Theirs { url } => url.clone(),
        }
    }

    /// The URL without its password.
    pub(super) fn shown(&self) -> String {
        redact_url(&self.url())
    }
}

impl Plan {
    /// # Errors
    /// Whatever would keep the system from running, in a sentence that says what to do.
    pub(super) async fn make(settings: &Settings) -> anyhow::Result<Self> {
        settings.check_database()?;
        let drain_timeout = Duration::from_millis(settings.drain_timeout_ms()?);
        let own = std::env::current_exe().context("can't find out where this program is")?;
        let programs = own.parent().context("this program is in no folder")?.to_owned();
        let services = ports::of_services(settings.get("HTTP__LISTEN")).await?;
        for listen in &services {
            if !programs.join(listen.service.name()).is_file() {
                bail!(
                    "{} is not beside orderctl in {}: build all of it with `cargo build --workspace --bins`",
                    listen.service,
                    programs.display()
                );
            }
        }
        let redis = if let Some(url) = settings.get("REDIS__URL") {
            RedisPlan::Theirs { url: url.to_owned() }
        } else {
            redis::check_version().await?;
            RedisPlan::Private { port: ports::of_redis().await? }
        };
        let log_format_is_set = settings.get("TELEMETRY__LOG_FORMAT").is_some();
        Ok(Self { services, redis, programs, drain_timeout, log_format_is_set })
    }

    /// How to run a service. What is not said here, it reads from the same variables and files as we did.
    pub(super) fn program(&self, listen: &Listen, console: &Console) -> Program {
        let path = self.programs.join(listen.service.name());
        let mut variables =
            vec![("ORDERFLOW_HTTP__LISTEN", listen.address()), ("ORDERFLOW_REDIS__URL", self.redis.url())];
        // A service sees a pipe where the user sees a terminal.
        if console.is_terminal() && !self.log_format_is_set {
            variables.push(("ORDERFLOW_TELEMETRY__LOG_FORMAT", "human".to_owned()));
        }
        Program {
            name: listen.service.name(),
            command: Box::new(move || {
                let mut command = Command::new(&path);
                command.arg("serve").envs(variables.iter().map(|(name, value)| (name, value)));
                command
            }),
            patience: self.drain_timeout + AFTER_DRAIN,
            advice:
                "Its last words usually say why. A wrong setting is in an ORDERFLOW_ variable or in .env; \
                     data of another version can be moved away from ./data."
                    .to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_redis_is_shown_without_its_password() {
        let redis = RedisPlan::Theirs { url: "redis://:secret@host:6379".to_owned() };
        assert_eq!(redis.url(), "redis://:secret@host:6379");
        assert_eq!(redis.shown(), "redis://:***@host:6379");
        assert_eq!(RedisPlan::Private { port: 6380 }.url(), "redis://127.0.0.1:6380");
    }
}
