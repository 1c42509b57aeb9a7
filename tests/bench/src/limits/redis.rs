//! Redis alone: messages of the size that the services send, one call after the other from one client.

use std::time::Instant;

use anyhow::{Context, ensure};
use contract::{Fields, samples};
use fred::{
    interfaces::{LuaInterface, StreamsInterface},
    types::{Value, scripts::Script, streams::XID},
};
use streams::connection::CommandClient;

use crate::{
    figures::Figures,
    host::{CpuMeter, Process, Site},
    measure::connect,
};

/// Messages in one call of the script that adds.
const ADDED: usize = 256;
/// Messages in one read.
const READ: u64 = 100;
const CALLS: usize = 400;
const MESSAGES: usize = CALLS * ADDED;
const GROUP: &str = "limit";
const CONSUMER: &str = "bench";

/// `redis.add`: one script adds 256 messages. `redis.read`: XREADGROUP 100 and XACK. `redis.emit`: XREADGROUP 100 and a
/// script that acknowledges and adds an event for each. All in messages a second.
pub(crate) async fn streams(site: &Site) -> anyhow::Result<Figures> {
    let process = site.start_redis().await?;
    let redis = connect(site).await?;
    let client = redis.client();
    let mut figures = Figures::default();
    add(client, "read", &process, &mut figures).await?;
    read(client, "read", &process, &mut figures).await?;
    // Added again, for another reading; what counts is the second time, when everything is warm.
    add(client, "queue", &process, &mut figures).await?;
    emit(client, "queue", "events", &process, &mut figures).await?;
    process.stop().await?;
    Ok(figures)
}

async fn add(
    client: &CommandClient,
    stream: &'static str,
    process: &Process,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let sha = load(client, include_str!("add.lua")).await?;
    let pair = [samples::command().to_fields(), placed()];
    let args: Vec<Value> = (0..ADDED).flat_map(|number| texts(&pair[number % 2])).collect();
    let (cpu, begun) = (CpuMeter::start([process]), Instant::now());
    for _ in 0..CALLS {
        Box::pin(client.evalsha::<(), _, _, _>(&sha, stream, args.clone())).await?;
    }
    note("redis.add", begun, &cpu, figures);
    Ok(())
}

async fn read(
    client: &CommandClient,
    stream: &'static str,
    process: &Process,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    create_group(client, stream).await?;
    let (cpu, begun, mut done) = (CpuMeter::start([process]), Instant::now(), 0);
    while done < MESSAGES {
        let ids = deliver(client, stream).await?;
        done += ids.len();
        Box::pin(client.xack::<(), _, _, _>(stream, GROUP, ids)).await?;
    }
    note("redis.read", begun, &cpu, figures);
    Ok(())
}

async fn emit(
    client: &CommandClient,
    stream: &'static str,
    events: &'static str,
    process: &Process,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    create_group(client, stream).await?;
    let sha = load(client, include_str!("emit.lua")).await?;
    let event = texts(&completed());
    let (cpu, begun, mut done) = (CpuMeter::start([process]), Instant::now(), 0);
    while done < MESSAGES {
        let ids = deliver(client, stream).await?;
        done += ids.len();
        let mut args = Vec::with_capacity(1 + ids.len() * (1 + event.len()));
        args.push(GROUP.into());
        for id in ids {
            args.push(id.into());
            args.extend_from_slice(&event);
        }
        Box::pin(client.evalsha::<(), _, _, _>(&sha, vec![stream, events], args)).await?;
    }
    note("redis.emit", begun, &cpu, figures);
    Ok(())
}

fn note(name: &str, begun: Instant, cpu: &CpuMeter, figures: &mut Figures) {
    figures.set(name, MESSAGES as f64 / begun.elapsed().as_secs_f64());
    cpu.note(name, MESSAGES as f64, figures);
}

async fn load(client: &CommandClient, text: &'static str) -> anyhow::Result<String> {
    let sha = Script::from_lua(text).sha1().to_string();
    client.script_load::<(), _>(text).await?;
    Ok(sha)
}

async fn create_group(client: &CommandClient, stream: &'static str) -> anyhow::Result<()> {
    let start = XID::Manual("0".into());
    Ok(client.xgroup_create::<(), _, _, _>(stream, GROUP, start, false).await?)
}

/// The ids of the next messages.
async fn deliver(client: &CommandClient, stream: &'static str) -> anyhow::Result<Vec<String>> {
    let read = client.xreadgroup::<Value, _, _, _, _>(GROUP, CONSUMER, Some(READ), None, false, stream, ">");
    let ids = ids(Box::pin(read).await?).context("no messages where there should be some")?;
    ensure!(!ids.is_empty(), "the messages came to an end too soon");
    Ok(ids)
}

/// Of `[[stream, [[id, [name, value, …]], …]]]`.
fn ids(reply: Value) -> Option<Vec<String>> {
    let stream = list(reply)?.into_iter().next()?;
    let entries = list(stream)?.into_iter().nth(1)?;
    list(entries)?.into_iter().map(|entry| list(entry)?.into_iter().next()?.into_string()).collect()
}

fn list(value: Value) -> Option<Vec<Value>> {
    if let Value::Array(values) = value { Some(values) } else { None }
}

/// Number of texts, then the texts.
fn texts(fields: &Fields) -> Vec<Value> {
    let texts = fields.iter().flat_map(|(name, value)| [Value::from(*name), Value::from(value.as_str())]);
    std::iter::once(Value::from((fields.len() * 2) as i64)).chain(texts).collect()
}

fn placed() -> Fields {
    samples::events()[0].to_fields()
}

fn completed() -> Fields {
    samples::events()[2].to_fields()
}
