//! The API. Handlers only look; nothing is computed that grows with the number of orders.

use poem_openapi::{ApiResponse, OpenApi, Tags};
use runtime::http::{JsonAnswer, Problem, ProblemJson};

use super::{source::StatsSource, stats::Stats};

pub(super) struct Api {
    /// `None`: only the document is wanted.
    pub(super) stats: Option<StatsSource>,
}

#[derive(Tags)]
enum Tag {
    /// All orders, in numbers
    Statistics,
}

#[derive(ApiResponse)]
enum GetStats {
    /// The numbers, as far as events have been projected
    #[oai(status = 200)]
    Stats(JsonAnswer<Stats>),
    /// The numbers have not been loaded yet (`not_loaded`); try again shortly
    #[oai(status = 503)]
    NotLoaded(ProblemJson),
}

#[OpenApi]
impl Api {
    /// Counts, durations and rates of all orders
    ///
    /// Served from memory. The numbers follow the orders by a fraction of a second; `as_of` says when the newest event
    /// that they include was projected, and `partitions` how many wait.
    #[oai(path = "/stats", method = "get", tag = "Tag::Statistics", operation_id = "get_stats")]
    async fn stats(&self) -> GetStats {
        match self.stats.as_ref().and_then(StatsSource::now) {
            Some(stats) => GetStats::Stats(JsonAnswer::of(&stats)),
            None => GetStats::NotLoaded(
                Problem::unavailable("not_loaded", "the numbers are being loaded; try again shortly").into(),
            ),
        }
    }
}
