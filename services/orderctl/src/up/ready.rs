//! Waiting until everything serves, and saying so as it happens.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::{console::Console, ports::Listen, redis};

const ASK_EVERY: Duration = Duration::from_millis(50);
/// How often to say what is still missing.
const SAY_EVERY: Duration = Duration::from_secs(5);

pub(super) async fn redis(console: &Console, port: u16) {
    let started = Instant::now();
    let mut said = started;
    while !redis::answers(port).await {
        if said.elapsed() > SAY_EVERY {
            said = Instant::now();
            console.say("still waiting for redis: it may be loading a lot of data");
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    console.say(&format!("redis is ready ({} ms)", started.elapsed().as_millis()));
}

/// Asks each service's `/readyz` until all have said yes.
pub(super) async fn services(console: &Console, services: &[Listen], started: Instant) -> anyhow::Result<()> {
    // Not through the user's proxy: these are on this machine.
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(3)).build();
    let client = client.context("can't build an HTTP client")?;
    let all = services.len();
    let mut waiting: Vec<&Listen> = services.iter().collect();
    let mut ready = 0;
    let mut said = Instant::now();
    while !waiting.is_empty() {
        let (mut still, mut reasons) = (Vec::new(), Vec::new());
        for listen in waiting {
            match ask(&client, listen).await {
                Ok(()) => {
                    ready += 1;
                    let (service, after_ms) = (listen.service, started.elapsed().as_millis());
                    console.say(&format!("{service} is ready ({ready} of {all}, {after_ms} ms)"));
                }
                Err(reason) => {
                    reasons.push(format!("{} ({reason})", listen.service));
                    still.push(listen);
                }
            }
        }
        waiting = still;
        if said.elapsed() > SAY_EVERY && !waiting.is_empty() {
            said = Instant::now();
            console.say(&format!("still waiting for {}", reasons.join(", ")));
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
    Ok(())
}

/// Why it is not ready, in the words of its own problem response if it answers.
async fn ask(client: &reqwest::Client, listen: &Listen) -> Result<(), String> {
    let answer = client.get(format!("{}/readyz", listen.url())).send().await;
    let answer = answer.map_err(|_| "does not answer yet".to_owned())?;
    if answer.status().is_success() {
        return Ok(());
    }
    let problem = answer.json::<serde_json::Value>().await.unwrap_or_default();
    Err(problem["detail"].as_str().unwrap_or("not ready").to_owned())
}
