//! The names of everything in Redis, built here and nowhere else.
//!
//! `{p}` is the partition as a hash tag: all keys of one partition share a cluster slot, so that one script
//! may touch them together.

use std::sync::Arc;

use contract::OrderId;

/// The group of order-api on `events`: it follows what becomes of its orders.
pub const ORDER_API: &str = "order-api";
/// The group of order-processor on `queue`: its workers share the commands.
pub const ORDER_PROCESSOR: &str = "order-processor";
/// The group of metrics-service on `events`: it projects them.
pub const METRICS_SERVICE: &str = "metrics-service";

/// The two streams that are read through groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Commands, for order-processor.
    Queue,
    /// What happened to orders, for order-api and metrics-service.
    Events,
}

impl Stream {
    pub const ALL: [Self; 2] = [Self::Queue, Self::Events];

    /// Every group that reads the stream. What one of them has not acknowledged is never trimmed.
    pub const fn groups(self) -> &'static [&'static str] {
        match self {
            Self::Queue => &[ORDER_PROCESSOR],
            Self::Events => &[ORDER_API, METRICS_SERVICE],
        }
    }
}

/// Builds key names for one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys {
    prefix: Arc<str>,
    partitions: u16,
}

impl Keys {
    /// Zero partitions are taken as one.
    pub fn new(prefix: &str, partitions: u16) -> Self {
        Self { prefix: prefix.into(), partitions: partitions.max(1) }
    }

    /// The partition that holds all messages of this order.
    pub fn partition_of(&self, order: OrderId) -> u16 {
        order.partition(self.partitions)
    }

    /// Every partition.
    pub fn partitions(&self) -> impl ExactSizeIterator<Item = u16> + Clone + use<> {
        0..self.partitions
    }

    /// One of the two streams that are read through groups.
    pub fn stream(&self, stream: Stream, partition: u16) -> String {
        match stream {
            Stream::Queue => self.queue(partition),
            Stream::Events => self.events(partition),
        }
    }

    /// Stream of commands. Written by the publish, finish, promote and redrive scripts.
    pub fn queue(&self, partition: u16) -> String {
        self.of_partition(partition, "queue")
    }

    /// Stream of events. Written by the publish, accept, finish and cancel scripts.
    pub fn events(&self, partition: u16) -> String {
        self.of_partition(partition, "events")
    }

    /// Stream of messages that nobody can process, each with its reason. Written by finish and promote.
    pub fn dead(&self, partition: u16) -> String {
        self.of_partition(partition, "dead")
    }

    /// Sorted set of commands to come, by the millisecond they are due at. Written by finish, emptied by promote.
    pub fn delayed(&self, partition: u16) -> String {
        self.of_partition(partition, "delayed")
    }

    /// Set of the ids of queue entries whose orders were cancelled before any worker had them. Written by cancel, emptied by
    /// accept.
    pub fn cancelled(&self, partition: u16) -> String {
        self.of_partition(partition, "cancelled")
    }

    /// Hash from an order to its one live message: the id of its entry on `queue`, or `delayed`. Written by publish, finish,
    /// promote and redrive; an order that is finished has none.
    pub fn live(&self, partition: u16) -> String {
        self.of_partition(partition, "live")
    }

    /// Hash from a worker to its last call of finish and the answer, for when that is lost.
    pub fn finished(&self, partition: u16) -> String {
        self.of_partition(partition, "finished")
    }

    /// String that names this data set; another value means that Redis lost what it had. Written by publish.
    pub fn epoch(&self, partition: u16) -> String {
        self.of_partition(partition, "epoch")
    }

    /// Hash from a producer's name to the last sequence number it published. Written by publish; order-api forgets those that
    /// publish nothing any more.
    pub fn published(&self, partition: u16) -> String {
        self.of_partition(partition, "published")
    }

    /// String with the newest metrics, for `GET /orders/metrics`. Written by metrics-service.
    pub fn snapshot(&self) -> String {
        format!("{}:snapshot", self.prefix)
    }

    fn of_partition(&self, partition: u16, name: &str) -> String {
        format!("{}:{{{partition}}}:{name}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Golden: another name is another installation's data.
    #[test]
    fn the_names_never_change() {
        let keys = Keys::new("orderflow", 2);
        let names = [
            keys.queue(0),
            keys.events(0),
            keys.dead(0),
            keys.delayed(0),
            keys.cancelled(0),
            keys.live(0),
            keys.finished(0),
            keys.epoch(0),
            keys.published(0),
            keys.queue(1),
            keys.snapshot(),
        ];
        let golden = [
            "orderflow:{0}:queue",
            "orderflow:{0}:events",
            "orderflow:{0}:dead",
            "orderflow:{0}:delayed",
            "orderflow:{0}:cancelled",
            "orderflow:{0}:live",
            "orderflow:{0}:finished",
            "orderflow:{0}:epoch",
            "orderflow:{0}:published",
            "orderflow:{1}:queue",
            "orderflow:snapshot",
        ];
        assert_eq!(names, golden);
        assert_eq!(
            [ORDER_API, ORDER_PROCESSOR, METRICS_SERVICE],
            ["order-api", "order-processor", "metrics-service"]
        );
    }

    #[test]
    fn every_order_has_one_of_the_partitions() {
        let keys = Keys::new("p", 3);
        let order = "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b".parse().unwrap();
        assert!(keys.partitions().any(|partition| partition == keys.partition_of(order)));
        assert_eq!(Keys::new("p", 0).partitions().collect::<Vec<_>>(), [0]);
    }
}
