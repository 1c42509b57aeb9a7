//! The program: reads the command line and the settings, and does what it is told.

use std::process::ExitCode;

use order_processor::{App, Config};
use runtime::{
    Service,
    cli::{self, Cli, Command, NoExtra},
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
            eprintln!("{}: {error:#}", Service::OrderProcessor);
            ExitCode::FAILURE
        }
    }
}

async fn run() -> anyhow::Result<()> {
    let cli = Cli::<NoExtra>::read();
    let config = Config::load(cli.config())?;
    match cli.command() {
        Command::Serve => serve(config).await,
        Command::Migrate => App::migrate(&config).await,
        Command::Backup { file } => Ok(db::backup(&config.database, &file).await?),
        Command::Healthcheck => Ok(cli::healthcheck(&config.http.listen).await?),
        Command::Extra(never) => match never {},
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let telemetry = telemetry::init(Service::OrderProcessor, &config.instance, &config.telemetry)?;
    let shutdown = Shutdown::on_signals(config.lifecycle.drain_timeout())?;
    let served = match App::build(config, Clock::system()).await {
        Ok(app) => app.run(shutdown).await,
        Err(error) => Err(error),
    };
    telemetry.shutdown().await;
    served
}
