//! Settings, layer by layer, each test in a folder and an environment of its own.
#![expect(clippy::result_large_err, reason = "the jail's closures return figment's error")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use figment::Jail;
use runtime::{
    Service,
    config::{self, ConfigError, DatabaseConfig, HttpConfig, LogFormat, RedisConfig, TelemetryConfig},
};
use serde::Deserialize;

const DEFAULTS: &str = r#"
[http]
listen = "127.0.0.1:8002"

[processor]
# Orders worked on at once.
concurrency = 64
share = 0.5
eager = true
"#;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    instance: String,
    http: HttpConfig,
    redis: RedisConfig,
    database: DatabaseConfig,
    telemetry: TelemetryConfig,
    lifecycle: config::LifecycleConfig,
    processor: Processor,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Processor {
    concurrency: usize,
    share: f64,
    eager: bool,
}

fn load(file: Option<&str>) -> Result<Settings, ConfigError> {
    config::load(Service::OrderProcessor, DEFAULTS, file.map(Path::new))
}

fn refused(file: Option<&str>) -> String {
    load(file).unwrap_err().to_string()
}

#[test]
fn the_defaults_are_whole() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        let settings = load(None).unwrap();
        assert_eq!(settings.http.listen, "127.0.0.1:8002");
        assert_eq!(settings.redis.url, "redis://127.0.0.1:6379");
        assert_eq!(settings.redis.partitions, 1);
        assert_eq!(settings.database.synchronous, config::Synchronous::Full);
        assert_eq!(settings.telemetry.log_format, LogFormat::Auto);
        assert_eq!(settings.lifecycle.drain_timeout().as_secs(), 20);
        assert_eq!(settings.processor.concurrency, 64);
        assert_eq!(settings.instance, "");
        Ok(())
    });
}

#[test]
fn environment_wins_over_dotenv_over_file_over_defaults() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.create_file("a.toml", "[processor]\nconcurrency = 1\nshare = 0.1\neager = false\n")?;
        jail.create_file(".env", "ORDERFLOW_PROCESSOR__SHARE=0.2\nORDERFLOW_PROCESSOR__CONCURRENCY=2\n")?;
        jail.set_env("ORDERFLOW_PROCESSOR__CONCURRENCY", "3");
        let processor = load(Some("a.toml")).unwrap().processor;
        assert_eq!((processor.concurrency, processor.share, processor.eager), (3, 0.2, false));
        Ok(())
    });
}

#[test]
fn a_variables_text_takes_the_type_of_its_default() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.set_env("ORDERFLOW_INSTANCE", "1");
        jail.set_env("ORDERFLOW_HTTP__LISTEN", "127.0.0.1:0");
        jail.set_env("ORDERFLOW_REDIS__PREFIX", "true");
        jail.set_env("ORDERFLOW_PROCESSOR__SHARE", "1");
        jail.set_env("ORDERFLOW_TELEMETRY__OTLP_ENDPOINT", "");
        jail.set_env("ORDERFLOW_PROCESSOR__CONCURRENCY", "");
        let settings = load(None).unwrap();
        assert_eq!(settings.instance, "1");
        assert_eq!(settings.http.listen, "127.0.0.1:0");
        assert_eq!(settings.redis.prefix, "true");
        assert!((settings.processor.share - 1.0).abs() < f64::EPSILON);
        assert_eq!(settings.processor.concurrency, 64, "an empty number is no setting");
        Ok(())
    });
}

#[test]
fn a_wrong_type_names_the_variable() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.set_env("ORDERFLOW_HTTP__MAX_CONNECTIONS", "many");
        assert_eq!(refused(None), "ORDERFLOW_HTTP__MAX_CONNECTIONS must be a whole number");
        Ok(())
    });
}

#[test]
fn an_unknown_key_is_refused_with_its_origin() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.create_file("a.toml", "[htpp]\nlisten = \"x\"\n")?;
        let message = refused(Some("a.toml"));
        assert!(message.contains("htpp") && message.contains("a.toml"), "{message}");

        jail.create_file("b.toml", "[http]\nlisen = \"x\"\n")?;
        let message = refused(Some("b.toml"));
        assert!(message.contains("lisen") && message.contains("b.toml"), "{message}");

        jail.set_env("ORDERFLOW_REDIS__URI", "redis://a");
        let message = refused(None);
        assert!(message.contains("ORDERFLOW_REDIS__URI"), "{message}");
        Ok(())
    });
}

#[test]
fn another_services_section_is_not_unknown() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.create_file("a.toml", "[catalog]\nmode = \"strict\"\n")?;
        jail.set_env("ORDERFLOW_INTAKE__QUEUE", "7");
        load(Some("a.toml")).unwrap();
        Ok(())
    });
}

#[test]
fn a_named_file_must_exist_and_variables_of_others_are_left_alone() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.set_env("ORDERFLOW_CONFIG", "somewhere.toml");
        jail.set_env("PATH", "/bin");
        load(None).unwrap();
        assert!(matches!(load(Some("missing.toml")), Err(ConfigError::MissingFile(_))));
        Ok(())
    });
}

#[test]
fn no_message_shows_a_password() {
    Jail::expect_with(|jail| {
        jail.clear_env();
        jail.create_file("a.toml", "[redis]\npartitions = \"redis://app:s3cret@host:6379\"\n")?;
        let message = refused(Some("a.toml"));
        assert!(message.contains("redis://app:***@host") && !message.contains("s3cret"), "{message}");
        Ok(())
    });
}
