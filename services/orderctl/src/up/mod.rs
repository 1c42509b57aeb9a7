//! `orderctl up`: the whole system on one machine, for trying it out and for small installations.
//!
//! The order of events is this file: look first ([`plan`]: settings, programs, ports; nothing is started
//! while something is wrong), take the folder ([`folder`]), start the [`guard`], then Redis, then the three
//! services, say when all are [`ready`], keep them running ([`supervise`]), and stop in the reverse order:
//! services drain while Redis still answers, then Redis writes its last lines.
//!
//! Guarantee: whatever way this ends, nothing that it started goes on running, and the data stays. Even kill -9
//! of this process: the guard sees it and ends the rest.

mod child;
mod console;
mod folder;
pub(crate) mod guard;
mod plan;
mod ports;
mod ready;
mod redis;
mod settings;
mod signals;
mod supervise;
mod tail;
mod welcome;

use std::{process::ExitCode, time::Instant};

use anyhow::Context;
use runtime::lifecycle::Shutdown;
use tokio::task::JoinSet;

use console::Console;
use plan::{Plan, RedisPlan};
use settings::Settings;
use supervise::{GaveUp, Supervisor};

/// Runs until a signal asks to stop (exit status 0) or something can't be kept running (1).
pub(crate) fn run() -> ExitCode {
    // Only https needs it, but the client is built with it in any case.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let console = Console::open();
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("can't start")
        .and_then(|runtime| runtime.block_on(up(&console)));
    console.close(outcome.as_ref().err().map(|error| format!("orderctl: {error:#}")));
    if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Where order-api is when `up` runs in this folder, for the commands that speak to it.
pub(crate) fn order_api_url() -> String {
    // What is wrong with the settings, `up` says.
    let settings = Settings::read().unwrap_or_default();
    ports::order_api_url(settings.get("HTTP__LISTEN"))
}

async fn up(console: &Console) -> anyhow::Result<()> {
    // First, so that Ctrl-C means the same from the first moment on.
    let shutdown = signals::follow(console.clone())?;
    let settings = Settings::read()?;
    let folder = folder::take(std::path::Path::new("data"))?;
    let plan = Plan::make(&settings).await?;
    if settings.get("CONFIG").is_some() {
        console.say(
            "http.listen, redis.url and projection.order_api_url of the file in ORDERFLOW_CONFIG don't count \
             here: use variables",
        );
    }
    let guard = guard::Guard::start(&folder).context("can't start the guard process")?;
    let supervisor = Supervisor::new(console.clone(), guard, shutdown.clone());

    // Redis outlives the services, so its draining is started by hand.
    let redis_stop = Shutdown::manual();
    let mut redis = JoinSet::new();
    if let RedisPlan::Private { port } = plan.redis {
        std::fs::create_dir_all(redis::DIRECTORY).context("can't create ./data/redis")?;
        console.say(&format!("starting Redis on port {port}, data in ./{}", redis::DIRECTORY));
        redis.spawn(supervisor.clone().keep_running(redis::program(port), redis_stop.clone()));
    }
    let outcome = services(console, &plan, &supervisor, &shutdown, &mut redis).await;

    if shutdown.aborting().is_cancelled() {
        redis_stop.abort();
    }
    redis_stop.drain();
    while redis.join_next().await.is_some() {}
    supervisor.finish().await;
    if outcome.is_ok() {
        console.say("stopped; the data stays in ./data");
    }
    outcome
}

/// From a Redis that is starting to services that have stopped.
async fn services(
    console: &Console,
    plan: &Plan,
    supervisor: &Supervisor,
    shutdown: &Shutdown,
    redis: &mut JoinSet<Result<(), GaveUp>>,
) -> anyhow::Result<()> {
    let started = Instant::now();
    if let RedisPlan::Private { port } = plan.redis {
        tokio::select! {
            () = ready::redis(console, port) => {}
            gave_up = failure(redis) => return Err(gave_up.into()),
            () = shutdown.draining().cancelled_owned() => return Ok(()),
        }
    }
    let mut services = JoinSet::new();
    for service in &plan.services {
        console.say(&format!("starting {} on {}", service.service, service.address()));
        services.spawn(supervisor.clone().keep_running(plan.program(service, console), shutdown.clone()));
    }
    let welcome = async {
        ready::services(console, &plan.services, started).await?;
        console.print(&welcome::text(plan));
        std::future::pending::<anyhow::Result<()>>().await
    };
    let outcome = tokio::select! {
        gave_up = failure(&mut services) => Err(gave_up.into()),
        gave_up = failure(redis) => Err(gave_up.into()),
        outcome = welcome => outcome,
        () = shutdown.draining().cancelled_owned() => Ok(()),
    };
    shutdown.drain();
    while services.join_next().await.is_some() {}
    outcome
}

/// Waits for a program that can't be kept running; without one, for ever.
async fn failure(programs: &mut JoinSet<Result<(), GaveUp>>) -> GaveUp {
    while let Some(ended) = programs.join_next().await {
        match ended {
            Ok(Err(gave_up)) => return gave_up,
            Ok(Ok(())) => {}
            Err(panic) => return GaveUp::broken(&panic),
        }
    }
    std::future::pending().await
}
