//! Dead letters: messages that no worker could make anything of.

use reqwest::Method;
use runtime::Service::OrderApi;
use serde_json::json;

use super::{
    Client,
    model::{DeadLetter, DeadLetterPage, RedriveResult, RedriveResults},
};
use crate::exit::Failure;

const PATH: &str = "dead-letters";

impl Client {
    pub(crate) async fn dead_letters(
        &self,
        limit: u64,
        cursor: Option<&str>,
    ) -> Result<DeadLetterPage, Failure> {
        let mut query = vec![("limit", limit.to_string())];
        query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        self.answer(OrderApi, self.request(OrderApi, Method::GET, &[PATH], &query)).await
    }

    pub(crate) async fn dead_letter(&self, id: &str) -> Result<DeadLetter, Failure> {
        self.answer(OrderApi, self.request(OrderApi, Method::GET, &[PATH, id], &[])).await
    }

    pub(crate) async fn delete_dead_letter(&self, id: &str) -> Result<(), Failure> {
        self.send(OrderApi, self.request(OrderApi, Method::DELETE, &[PATH, id], &[])).await.map(drop)
    }

    pub(crate) async fn redrive(&self, id: &str) -> Result<RedriveResult, Failure> {
        self.answer(OrderApi, self.request(OrderApi, Method::POST, &[PATH, id, "redrive"], &[])).await
    }

    /// The oldest thousand.
    pub(crate) async fn redrive_all(&self, dry_run: bool) -> Result<RedriveResults, Failure> {
        let body = json!({ "all": true, "dry_run": dry_run });
        self.answer(OrderApi, self.request(OrderApi, Method::POST, &[PATH, "redrive"], &[]).json(&body)).await
    }
}
