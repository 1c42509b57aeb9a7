//! A server, a connection to it, and short words for what the tests do.

use std::{future::Future, time::Duration};

use contract::{Fields, OrderId};
use fred::{
    interfaces::{ClientLike, StreamsInterface},
    types::{ClusterHash, CustomCommand, FromValue},
};
use streams::{
    Entry, EntryId, Finish, Finisher, Producer, Publication, Redis, RedisOptions, Subscription, groups,
    keys::{ORDER_PROCESSOR, Stream},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::server::Server;

pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) redis: Redis,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with_partitions(1).await
    }

    /// All groups are there.
    pub(crate) async fn with_partitions(partitions: u16) -> Self {
        let server = Server::start(&[]);
        let redis = connect(&RedisOptions { partitions, ..RedisOptions::new(server.url()) }).await;
        groups::ensure(&redis).await.unwrap();
        Self { server, redis }
    }

    /// Publishes these numbers as one batch of the producer `api`; how many were added.
    pub(crate) async fn publish(&self, numbers: impl IntoIterator<Item = i64>) -> usize {
        let batch: Vec<_> = numbers.into_iter().map(publication).collect();
        Producer::new(&self.redis, "").publish(0, "api", &batch).await.unwrap().added
    }

    /// The finisher of a worker on the only partition.
    pub(crate) fn finisher(&self, worker: &str) -> Finisher {
        Finisher::new(&self.redis, 0, ORDER_PROCESSOR, worker, 1)
    }

    /// Finishes a batch in a call of its own.
    pub(crate) async fn finish(&self, batch: &[Finish]) -> Vec<bool> {
        let finisher = Finisher::new(&self.redis, 0, ORDER_PROCESSOR, "w", Uuid::new_v4().as_u128() as u64);
        finisher.finish(&finisher.call(), batch).await.unwrap()
    }

    /// Adds events.
    pub(crate) async fn emit(&self, events: &[Fields]) {
        for event in events {
            let key = self.redis.keys().events(0);
            let fields: Vec<(&str, &str)> =
                event.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let _: String = self.redis.client().xadd(key, false, None, "*", fields).await.unwrap();
        }
    }

    /// What the order's live message is.
    pub(crate) async fn live(&self, number: i64) -> Option<String> {
        self.run(&format!("HGET {} {}", self.redis.keys().live(0), order(number))).await
    }

    pub(crate) fn worker(&self, name: &str) -> Subscription {
        Subscription::new(&self.redis, Stream::Queue, 0, ORDER_PROCESSOR, name).unwrap()
    }

    /// Any command.
    pub(crate) async fn run<R: FromValue>(&self, command: &str) -> R {
        run(&self.redis, command).await.unwrap()
    }

    pub(crate) async fn queue(&self) -> Vec<Message> {
        self.range(&self.redis.keys().queue(0)).await
    }

    pub(crate) async fn events(&self) -> Vec<Message> {
        self.range(&self.redis.keys().events(0)).await
    }

    pub(crate) async fn dead(&self) -> Vec<Message> {
        self.range(&self.redis.keys().dead(0)).await
    }

    /// What is pending for the workers: id and owner.
    pub(crate) async fn pending(&self) -> Vec<(EntryId, String)> {
        let queue = self.redis.keys().queue(0);
        let listed: Vec<(String, String, i64, i64)> =
            self.run(&format!("XPENDING {queue} {ORDER_PROCESSOR} - + 10000")).await;
        listed.into_iter().map(|(id, owner, ..)| (id.parse().unwrap(), owner)).collect()
    }

    /// Makes pending entries look as if nobody had touched them for this long.
    pub(crate) async fn age(&self, entries: &[EntryId], owner: &str, idle: Duration) {
        let queue = self.redis.keys().queue(0);
        for id in entries {
            let ms = idle.as_millis();
            let claimed: Vec<String> =
                self.run(&format!("XCLAIM {queue} {ORDER_PROCESSOR} {owner} 0 {id} IDLE {ms} JUSTID")).await;
            assert_eq!(claimed, [id.to_string()]);
        }
    }

    async fn range(&self, stream: &str) -> Vec<Message> {
        let entries: Vec<(String, Vec<String>)> =
            self.redis.client().xrange(stream, "-", "+", None).await.unwrap();
        entries.into_iter().map(|(id, texts)| Message { id: id.parse().unwrap(), texts }).collect()
    }
}

/// An entry as it is in Redis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) id: EntryId,
    pub(crate) texts: Vec<String>,
}

impl Message {
    pub(crate) fn field(&self, name: &str) -> &str {
        let (names, values) = (self.texts.iter().step_by(2), self.texts.iter().skip(1).step_by(2));
        names.zip(values).find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    }
}

pub(crate) async fn connect(options: &RedisOptions) -> Redis {
    let redis = Redis::new(options).unwrap();
    assert!(redis.wait_until_ready(&CancellationToken::new()).await);
    redis
}

pub(crate) async fn run<R: FromValue>(redis: &Redis, command: &str) -> Result<R, fred::error::Error> {
    let mut words = command.split(' ').map(str::to_owned);
    let name = words.next().unwrap();
    let command = CustomCommand::new(name, ClusterHash::FirstKey, false);
    Box::pin(redis.client().custom(command, words.collect::<Vec<_>>())).await
}

pub(crate) fn order(number: i64) -> OrderId {
    // A UUID of version 7 whose last digits are the number.
    OrderId::from_uuid(Uuid::from_u128(0x019a_1b2c_3d4e_7f50_8a6b_0000_0000_0000 + number as u128))
}

pub(crate) fn message(kind: &str, number: i64) -> Fields {
    vec![
        ("type", kind.to_owned()),
        ("subject", order(number).to_string()),
        ("data", format!("{{\"n\":{number}}}")),
    ]
}

pub(crate) fn publication(seq: i64) -> Publication {
    Publication {
        seq,
        order: order(seq),
        command: message("order.process", seq),
        event: Some(message("order.placed", seq)),
        known: true,
    }
}

pub(crate) fn subjects(messages: &[Message]) -> Vec<String> {
    messages.iter().map(|message| message.field("subject").to_owned()).collect()
}

pub(crate) fn orders(numbers: impl IntoIterator<Item = i64>) -> Vec<String> {
    numbers.into_iter().map(|number| order(number).to_string()).collect()
}

/// The orders that delivered entries are about.
pub(crate) fn delivered(entries: &[Entry]) -> Vec<String> {
    let subject = |entry: &Entry| {
        let fields = entry.fields.as_ref().expect("not deleted");
        fields.iter().find(|(name, _)| name == "subject").expect("a subject").1.clone()
    };
    entries.iter().map(subject).collect()
}

pub(crate) fn ids(entries: &[Entry]) -> Vec<EntryId> {
    entries.iter().map(|entry| entry.id).collect()
}

/// Reads until this many entries came, through errors; nothing may come beyond them.
pub(crate) async fn read(subscription: &mut Subscription, wanted: usize) -> Vec<Entry> {
    let mut entries = Vec::new();
    within_deadline(async {
        while entries.len() < wanted {
            if let Ok(mut more) = subscription.next(100).await {
                entries.append(&mut more);
            }
        }
    })
    .await;
    assert_eq!(entries.len(), wanted, "{entries:?}");
    entries
}

/// Takes this many, and leaves what more there is.
pub(crate) async fn take(subscription: &mut Subscription, wanted: usize) -> Vec<Entry> {
    let entries = within_deadline(subscription.next(wanted)).await.unwrap();
    assert_eq!(entries.len(), wanted, "{entries:?}");
    entries
}

pub(crate) async fn within_deadline<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("it happens before the deadline")
}

/// Asks until the answer is yes.
pub(crate) async fn eventually<F: Future<Output = bool>>(mut condition: impl FnMut() -> F) {
    within_deadline(async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
