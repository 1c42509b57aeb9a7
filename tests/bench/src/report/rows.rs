//! The rows of the table: which figure, what it is compared with, and what it is meant to reach.

pub(super) struct Row {
    /// Of the figure.
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) unit: &'static str,
    /// The figure that it is a share of.
    pub(super) of: Option<&'static str>,
    pub(super) goal: Goal,
}

/// Said beside the result; a result that does not reach it is no failure of the run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Goal {
    None,
    /// At least this share of the limit.
    Ratio(f64),
    /// At most this share of the limit.
    MostRatio(f64),
    /// The figure itself stays below this.
    Below(f64),
    Zero,
}

impl Goal {
    pub(super) fn in_words(self) -> Option<String> {
        match self {
            Self::None => None,
            Self::Ratio(least) => Some(format!("at least {least}")),
            Self::MostRatio(most) => Some(format!("at most {most}")),
            Self::Below(most) => Some(format!("below {most}")),
            Self::Zero => Some("none".to_owned()),
        }
    }
}

/// A figure for its own sake.
const fn plain(name: &'static str, what: &'static str, unit: &'static str) -> Row {
    Row { name, what, unit, of: None, goal: Goal::None }
}

/// A figure beside its limit.
const fn share(
    name: &'static str,
    what: &'static str,
    unit: &'static str,
    of: &'static str,
    goal: Goal,
) -> Row {
    Row { name, what, unit, of: Some(of), goal }
}

const fn below(name: &'static str, what: &'static str, unit: &'static str, most: f64) -> Row {
    Row { name, what, unit, of: None, goal: Goal::Below(most) }
}

const PER_SECOND: &str = "/s";
const MS: &str = "ms";
const MB: &str = "MB";

pub(super) const ROWS: &[Row] = &[
    plain("echo.64", "limit: bare echo, 64 connections", PER_SECOND),
    plain("echo.256", "limit: bare echo, 256 connections", PER_SECOND),
    plain("echo.10000", "limit: bare echo, 10,000 connections", PER_SECOND),
    share("echo-poem.64", "the same behind poem's own server, 64", PER_SECOND, "echo.64", Goal::None),
    share("echo-edge.64", "the same within the services' HTTP edge, 64", PER_SECOND, "echo.64", Goal::None),
    plain("each-transaction.64", "limit: one transaction a request, 64 connections", PER_SECOND),
    plain("sqlite.group", "limit: SQLite, 256 orders a transaction", PER_SECOND),
    plain("redis.add", "limit: Redis, one script adds 256 messages", PER_SECOND),
    plain("redis.read", "limit: Redis, XREADGROUP 100 and XACK", PER_SECOND),
    plain("redis.emit", "limit: Redis, XREADGROUP 100 and a script that acknowledges and emits", PER_SECOND),
    share("intake.64", "durable POST, 64 connections", PER_SECOND, "echo.64", Goal::None),
    share("intake.256", "durable POST, 256 connections", PER_SECOND, "echo.256", Goal::None),
    share(
        "intake.keyed.64",
        "durable POST with Idempotency-Key, 64",
        PER_SECOND,
        "echo.64",
        Goal::Ratio(0.4),
    ),
    share(
        "intake.keyed.256",
        "durable POST with Idempotency-Key, 256",
        PER_SECOND,
        "echo.256",
        Goal::Ratio(0.5),
    ),
    share("intake.1000", "durable POST, 1,000 connections", PER_SECOND, "intake.256", Goal::None),
    share("intake.10000", "durable POST, 10,000 connections", PER_SECOND, "intake.256", Goal::Ratio(0.7)),
    Row {
        name: "intake.10000/errors",
        what: "errors and refusals at 10,000 connections",
        unit: "",
        of: None,
        goal: Goal::Zero,
    },
    share(
        "intake.64",
        "beside one transaction a request, 64",
        PER_SECOND,
        "each-transaction.64",
        Goal::Ratio(10.0),
    ),
    share("intake.256", "beside SQLite alone, 256", PER_SECOND, "sqlite.group", Goal::None),
    share("drain.relay", "relay alone, messages", PER_SECOND, "redis.add", Goal::Ratio(0.5)),
    share("drain.worker", "worker alone, orders", PER_SECOND, "redis.emit", Goal::Ratio(0.35)),
    share("drain.projection", "projection alone, events", PER_SECOND, "redis.read", Goal::Ratio(0.5)),
    share(
        "drain.follower",
        "order-api's follower alone, events",
        PER_SECOND,
        "redis.read",
        Goal::Ratio(0.25),
    ),
    share("sustained", "everything at once, orders completed", PER_SECOND, "intake.64", Goal::Ratio(0.35)),
    plain("sustained/backlog_begin", "its backlog at the beginning, orders", ""),
    plain("sustained/backlog_end", "its backlog at the end, orders", ""),
    plain("latency.200", "POST to completed at 200/s, p50", MS),
    plain("latency.200/p99", "POST to completed at 200/s, p99", MS),
    below("latency.1000", "POST to completed at 1,000/s, p50", MS, 10.0),
    below("latency.1000/p99", "POST to completed at 1,000/s, p99", MS, 50.0),
    plain("latency.1000/placed", "of it until POST is answered, p50", MS),
    below("memory.rest.order-api", "order-api at rest", MB, 40.0),
    below("memory.rest.order-processor", "order-processor at rest", MB, 40.0),
    below("memory.rest.metrics-service", "metrics-service at rest", MB, 40.0),
    below("memory.64.order-api", "order-api, everything at once, peak", MB, 100.0),
    below("memory.64.order-processor", "order-processor, everything at once, peak", MB, 100.0),
    below("memory.64.metrics-service", "metrics-service, everything at once, peak", MB, 100.0),
    plain("memory.64.redis", "Redis, everything at once, peak", MB),
    below("memory.64.intake.order-api", "order-api, intake with 64 connections, peak", MB, 100.0),
    below("memory.10000.intake.order-api", "order-api, intake with 10,000 connections, peak", MB, 250.0),
    plain("memory.10000.intake.server", "bare echo with 10,000 connections, peak", MB),
    plain("growth.1000.intake.64", "with 1,000 orders there: durable POST, 64", PER_SECOND),
    share(
        "growth.1000000.intake.64",
        "with 1,000,000: durable POST, 64",
        PER_SECOND,
        "growth.1000.intake.64",
        Goal::Ratio(0.9),
    ),
    plain(
        "growth.1000.intake.keyed.64",
        "with 1,000 orders there: the same with Idempotency-Key",
        PER_SECOND,
    ),
    share(
        "growth.1000000.intake.keyed.64",
        "with 1,000,000: the same with Idempotency-Key",
        PER_SECOND,
        "growth.1000.intake.keyed.64",
        Goal::Ratio(0.9),
    ),
    plain("growth.1000.drain.relay", "with 1,000 orders there: relay, messages", PER_SECOND),
    share(
        "growth.1000000.drain.relay",
        "with 1,000,000: relay, messages",
        PER_SECOND,
        "growth.1000.drain.relay",
        Goal::Ratio(0.9),
    ),
    plain("growth.1000.drain.worker", "with 1,000 orders there: worker, orders", PER_SECOND),
    share(
        "growth.1000000.drain.worker",
        "with 1,000,000: worker, orders",
        PER_SECOND,
        "growth.1000.drain.worker",
        Goal::Ratio(0.9),
    ),
    plain("growth.1000.drain.projection", "with 1,000 orders there: projection, events", PER_SECOND),
    share(
        "growth.1000000.drain.projection",
        "with 1,000,000: projection, events",
        PER_SECOND,
        "growth.1000.drain.projection",
        Goal::Ratio(0.9),
    ),
    plain("growth.1000.drain.follower", "with 1,000 orders there: follower, events", PER_SECOND),
    share(
        "growth.1000000.drain.follower",
        "with 1,000,000: follower, events",
        PER_SECOND,
        "growth.1000.drain.follower",
        Goal::Ratio(0.9),
    ),
    plain("growth.1000.read.list", "with 1,000 orders there: GET /orders", MS),
    share(
        "growth.1000000.read.list",
        "with 1,000,000: GET /orders",
        MS,
        "growth.1000.read.list",
        Goal::MostRatio(1.5),
    ),
    plain("growth.1000.read.list.status", "with 1,000 orders there: GET /orders?status=", MS),
    share(
        "growth.1000000.read.list.status",
        "with 1,000,000: GET /orders?status=",
        MS,
        "growth.1000.read.list.status",
        Goal::MostRatio(1.5),
    ),
    plain("growth.1000.read.list.user", "with 1,000 orders there: GET /orders?user_id=", MS),
    share(
        "growth.1000000.read.list.user",
        "with 1,000,000: GET /orders?user_id=",
        MS,
        "growth.1000.read.list.user",
        Goal::MostRatio(1.5),
    ),
    plain("growth.1000.read.list.user_status", "with 1,000 orders there: GET /orders?user_id=&status=", MS),
    share(
        "growth.1000000.read.list.user_status",
        "with 1,000,000: GET /orders?user_id=&status=",
        MS,
        "growth.1000.read.list.user_status",
        Goal::MostRatio(1.5),
    ),
    plain(
        "growth.1000.read.list.deep",
        "with 1,000 orders there: GET /orders from the middle of the list",
        MS,
    ),
    share(
        "growth.1000000.read.list.deep",
        "with 1,000,000: GET /orders from the middle of the list",
        MS,
        "growth.1000.read.list.deep",
        Goal::MostRatio(1.5),
    ),
    plain("growth.1000.read.metrics", "with 1,000 orders there: GET /orders/metrics", MS),
    share(
        "growth.1000000.read.metrics",
        "with 1,000,000: GET /orders/metrics",
        MS,
        "growth.1000.read.metrics",
        Goal::MostRatio(1.5),
    ),
    plain("growth.1000.read.status", "with 1,000 orders there: GET /orders/status", MS),
    share(
        "growth.1000000.read.status",
        "with 1,000,000: GET /orders/status",
        MS,
        "growth.1000.read.status",
        Goal::MostRatio(1.5),
    ),
    plain("growth.1000.read.stats", "with 1,000 orders there: GET /stats", MS),
    share(
        "growth.1000000.read.stats",
        "with 1,000,000: GET /stats",
        MS,
        "growth.1000.read.stats",
        Goal::MostRatio(1.5),
    ),
    plain("growth.1000.start.order-api", "with 1,000 orders there: order-api starts", MS),
    below("growth.1000000.start.order-api", "with 1,000,000: order-api starts", MS, 1_000.0),
    plain("growth.1000.start.order-processor", "with 1,000 orders there: order-processor starts", MS),
    below("growth.1000000.start.order-processor", "with 1,000,000: order-processor starts", MS, 1_000.0),
    plain("growth.1000.start.metrics-service", "with 1,000 orders there: metrics-service starts", MS),
    below("growth.1000000.start.metrics-service", "with 1,000,000: metrics-service starts", MS, 1_000.0),
];

/// Orderflow beside what a user would pick instead.
pub(super) const PEERS: &[Row] = &[
    plain("bullmq.drain", "BullMQ, jobs that do nothing", PER_SECOND),
    plain("apalis.drain", "apalis, jobs that do nothing", PER_SECOND),
    share(
        "drain.worker",
        "order-processor beside BullMQ: with ledger, fence and both events",
        PER_SECOND,
        "bullmq.drain",
        Goal::Ratio(2.0),
    ),
    share("drain.worker", "order-processor beside apalis", PER_SECOND, "apalis.drain", Goal::Ratio(1.0)),
    plain("bullmq.fill", "BullMQ, addBulk of 1,000", PER_SECOND),
    plain("apalis.fill", "apalis, push_bulk of 1,000", PER_SECOND),
    share(
        "drain.place",
        "durable POST of 1,000 orders beside addBulk, one client",
        PER_SECOND,
        "bullmq.fill",
        Goal::None,
    ),
    share("drain.place", "the same beside push_bulk", PER_SECOND, "apalis.fill", Goal::None),
    plain("intake.64", "durable POST of one order, 64 connections", PER_SECOND),
];
