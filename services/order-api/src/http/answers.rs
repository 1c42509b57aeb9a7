//! Answers that carry more than a body.

use poem_openapi::ApiResponse;
use runtime::http::JsonAnswer;

use super::schema;

#[derive(ApiResponse)]
pub(super) enum Placed {
    /// The order is durable, and will be processed
    #[oai(status = 201)]
    Created(
        JsonAnswer<schema::Order>,
        /// Where the order is
        #[oai(header = "Location")]
        String,
        /// `true`: an earlier request with this key and body placed it, and this is its answer
        #[oai(header = "Idempotency-Replayed")]
        Option<String>,
    ),
}

#[derive(ApiResponse)]
pub(super) enum PlacedMany {
    /// What became of each order; the accepted ones are durable
    #[oai(status = 200)]
    Done(
        JsonAnswer<schema::PlaceResults>,
        /// `true`: an earlier request with this key and body placed them, and this is its answer
        #[oai(header = "Idempotency-Replayed")]
        Option<String>,
    ),
}

#[derive(ApiResponse)]
pub(super) enum Deleted {
    /// It is gone
    #[oai(status = 204)]
    Done,
}

/// The value of `Idempotency-Replayed`, where it is due.
pub(super) fn replayed(replayed: bool) -> Option<String> {
    replayed.then(|| "true".to_owned())
}
