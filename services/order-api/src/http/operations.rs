//! The routes by which people step in, as they are and as they are documented: orders are taken back or tried once more,
//! dead letters are sent again or deleted.

use std::sync::Arc;

use poem_openapi::{
    OpenApi, Tags,
    param::{Path, Query},
};
use runtime::http::{JsonAnswer, JsonBody, Refused};
use tracing::Instrument;

use super::{
    answers::Deleted,
    operation_schema,
    redrive_many::RedriveDeadLetters,
    refusals::{
        CancelRefusals, DeadLetterRefusals, DeadLettersRefusals, RedriveManyRefusals, RedriveRefusals,
        RetryManyRefusals, RetryRefusals,
    },
    retry_many::RetryOrders,
    schema,
    state::State,
};

pub(super) struct Operations(Option<Arc<State>>);

#[derive(Tags)]
enum Tag {
    /// Step in: cancel, retry, dead letters
    Operations,
}

impl Operations {
    /// Without a state it is to be described, not to be served.
    pub(super) const fn new(state: Option<Arc<State>>) -> Self {
        Self(state)
    }

    fn state(&self) -> &State {
        self.0.as_ref().expect("an API that is served has its state")
    }
}

#[OpenApi]
impl Operations {
    /// Cancel an order
    ///
    /// Takes the order back if no worker has begun with it. Either it is cancelled and never worked on, or it is refused.
    /// An order that is cancelled already is answered as it is, so that the request may be repeated.
    #[oai(
        path = "/orders/:order_id/cancel",
        method = "post",
        tag = "Tag::Operations",
        operation_id = "cancelOrder"
    )]
    async fn cancel(
        &self,
        /// The order's id
        order_id: Path<String>,
    ) -> Result<JsonAnswer<schema::Order>, Refused<CancelRefusals>> {
        let span = tracing::debug_span!("order.cancel", order.id = order_id.0);
        Ok(self.state().cancel(&order_id.0).instrument(span).await?)
    }

    /// Retry a failed order
    ///
    /// The order is pending again and begins anew, with its first attempt.
    #[oai(
        path = "/orders/:order_id/retry",
        method = "post",
        tag = "Tag::Operations",
        operation_id = "retryOrder"
    )]
    async fn retry(
        &self,
        /// The order's id
        order_id: Path<String>,
    ) -> Result<JsonAnswer<schema::Order>, Refused<RetryRefusals>> {
        let span = tracing::debug_span!("order.retry", order.id = order_id.0);
        Ok(self.state().retry(&order_id.0).instrument(span).await?)
    }

    /// Retry many failed orders
    ///
    /// The oldest orders that failed and match. With `dry_run` nothing is done but to say which these are. An order whose
    /// effects are still being undone is skipped.
    #[oai(path = "/orders/retry", method = "post", tag = "Tag::Operations", operation_id = "retryOrders")]
    async fn retry_many(
        &self,
        body: JsonBody<RetryOrders>,
    ) -> Result<JsonAnswer<operation_schema::RetriedOrders>, Refused<RetryManyRefusals>> {
        let span = tracing::debug_span!("order.retry_many");
        Ok(self.state().retry_many(body.value).instrument(span).await?)
    }

    /// List dead letters
    ///
    /// Messages that no worker could make anything of, oldest first, in pages: give `next_cursor` of one page as `cursor`
    /// of the next.
    #[oai(path = "/dead-letters", method = "get", tag = "Tag::Operations", operation_id = "listDeadLetters")]
    async fn dead_letters(
        &self,
        /// Most dead letters on the page
        #[oai(default = "default_limit", validator(minimum(value = "1"), maximum(value = "100")))]
        limit: Query<u32>,
        /// `next_cursor` of the page before
        #[oai(validator(
            pattern = r"^(0|[1-9]\d{0,3}):(0|[1-9]\d{0,18}|18446744073709551615)-(0|[1-9]\d{0,18}|18446744073709551615)$"
        ))]
        cursor: Query<Option<String>>,
    ) -> Result<JsonAnswer<operation_schema::DeadLetterPage>, Refused<DeadLettersRefusals>> {
        Ok(self.state().dead_letters(cursor.0.as_deref(), limit.0 as usize).await?)
    }

    /// Get a dead letter
    ///
    /// The message as it came, and why it is dead.
    #[oai(
        path = "/dead-letters/:id",
        method = "get",
        tag = "Tag::Operations",
        operation_id = "getDeadLetter"
    )]
    async fn dead_letter(
        &self,
        /// The dead letter's id
        id: Path<String>,
    ) -> Result<JsonAnswer<operation_schema::DeadLetter>, Refused<DeadLetterRefusals>> {
        Ok(self.state().dead_letter(&id.0).await?)
    }

    /// Send a dead letter again
    ///
    /// It goes back to the queue as it came, and is dead no more. After a lost answer a repeat says that there is no such
    /// dead letter.
    #[oai(
        path = "/dead-letters/:id/redrive",
        method = "post",
        tag = "Tag::Operations",
        operation_id = "redriveDeadLetter"
    )]
    async fn redrive(
        &self,
        /// The dead letter's id
        id: Path<String>,
    ) -> Result<JsonAnswer<operation_schema::RedriveResult>, Refused<RedriveRefusals>> {
        Ok(self.state().redrive(&id.0).await?)
    }

    /// Delete a dead letter
    ///
    /// For good. Its order stays as it is.
    #[oai(
        path = "/dead-letters/:id",
        method = "delete",
        tag = "Tag::Operations",
        operation_id = "deleteDeadLetter"
    )]
    async fn delete(
        &self,
        /// The dead letter's id
        id: Path<String>,
    ) -> Result<Deleted, Refused<DeadLetterRefusals>> {
        Ok(self.state().delete_dead_letter(&id.0).await?)
    }

    /// Send many dead letters again
    ///
    /// Those that are named, or the oldest 1,000 of all; each has its own result. Nothing is sent unless `dry_run` is
    /// `false`. If Redis goes away in the middle, those that were sent are dead letters no more.
    #[oai(
        path = "/dead-letters/redrive",
        method = "post",
        tag = "Tag::Operations",
        operation_id = "redriveDeadLetters"
    )]
    async fn redrive_many(
        &self,
        body: JsonBody<RedriveDeadLetters>,
    ) -> Result<JsonAnswer<operation_schema::RedriveResults>, Refused<RedriveManyRefusals>> {
        Ok(self.state().redrive_many(body.value).await?)
    }
}

const fn default_limit() -> u32 {
    20
}
