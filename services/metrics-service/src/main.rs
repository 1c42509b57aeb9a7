//! The program: reads the command line and the settings, and does what it is told.

use std::process::ExitCode;

use metrics_service::{App, Config, http::document};
use runtime::{
    Service,
    cli::{self, ApiExtra, Cli, Command},
    clock::Clock,
    db,
    lifecycle::Shutdown,
    telemetry,
};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error:#}", Service::MetricsService);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let cli = Cli::<ApiExtra>::read();
    let file = cli.config().map(ToOwned::to_owned);
    let load = || Config::load(file.as_deref());
    match cli.command() {
        Command::Serve => serve(load()?).await,
        Command::Migrate => App::migrate(&load()?).await,
        Command::Backup { file } => Ok(db::backup(&load()?.database, &file).await?),
        Command::Healthcheck => Ok(cli::healthcheck(&load()?.http.listen).await?),
        Command::Extra(ApiExtra::Openapi) => {
            print!("{}", document());
            Ok(())
        }
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let telemetry = telemetry::init(Service::MetricsService, &config.instance, &config.telemetry)?;
    let shutdown = Shutdown::on_signals(config.lifecycle.drain_timeout())?;
    let served = App::build(config, Clock::system()).await?.run(shutdown).await;
    telemetry.shutdown().await;
    served
}
