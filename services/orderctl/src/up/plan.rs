//! What will run where, decided and checked before anything is started.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use runtime::{Service, redact::redact_url};
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

/// Where metrics-service asks for the orders when Redis has lost events.
const ORDER_API_URL: &str = "PROJECTION__ORDER_API_URL";

pub(super) struct Plan {
    pub(super) services: Vec<Listen>,
    pub(super) redis: RedisPlan,
    programs: PathBuf,
    drain_timeout: Duration,
    log_format_is_set: bool,
    order_api_url_is_set: bool,
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
        let order_api_url_is_set = settings.get(ORDER_API_URL).is_some();
        Ok(Self { services, redis, programs, drain_timeout, log_format_is_set, order_api_url_is_set })
    }

    /// The setting that tells metrics-service where order-api is; the user's own comes first.
    fn order_api_url(&self, service: Service) -> Option<(&'static str, String)> {
        let is_ours = service == Service::MetricsService && !self.order_api_url_is_set;
        let order_api = self.services.iter().find(|listen| listen.service == Service::OrderApi)?;
        is_ours.then(|| ("ORDERFLOW_PROJECTION__ORDER_API_URL", order_api.url()))
    }

    /// How to run a service. What is not said here, it reads from the same variables and files as we did.
    pub(super) fn program(&self, listen: &Listen, console: &Console) -> Program {
        let path = self.programs.join(listen.service.name());
        let mut variables =
            vec![("ORDERFLOW_HTTP__LISTEN", listen.address()), ("ORDERFLOW_REDIS__URL", self.redis.url())];
        variables.extend(self.order_api_url(listen.service));
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

    fn plan(settings: &[(&str, &str)]) -> Plan {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let listen = |service, port| Listen { service, host: "0.0.0.0".to_owned(), port };
        Plan {
            services: vec![listen(Service::OrderApi, 81), listen(Service::MetricsService, 82)],
            redis: RedisPlan::Private { port: 80 },
            programs: PathBuf::new(),
            drain_timeout: Duration::ZERO,
            log_format_is_set: false,
            order_api_url_is_set: Settings::of(settings).get(ORDER_API_URL).is_some(),
        }
    }

    #[test]
    fn metrics_service_is_told_where_order_api_is_unless_the_user_does() {
        let told = ("ORDERFLOW_PROJECTION__ORDER_API_URL", "http://127.0.0.1:81".to_owned());
        assert_eq!(plan(&[]).order_api_url(Service::MetricsService), Some(told));
        assert_eq!(plan(&[]).order_api_url(Service::OrderApi), None);
        let elsewhere = [("ORDERFLOW_PROJECTION__ORDER_API_URL", "http://elsewhere")];
        assert_eq!(plan(&elsewhere).order_api_url(Service::MetricsService), None);
    }

    #[test]
    fn a_foreign_redis_is_shown_without_its_password() {
        let redis = RedisPlan::Theirs { url: "redis://:secret@host:6379".to_owned() };
        assert_eq!(redis.url(), "redis://:secret@host:6379");
        assert_eq!(redis.shown(), "redis://:***@host:6379");
        assert_eq!(RedisPlan::Private { port: 6380 }.url(), "redis://127.0.0.1:6380");
    }
}
