//! The queue as order-api sees it, and the numbers of metrics-service.

use reqwest::Method;
use runtime::Service::{MetricsService, OrderApi};

use super::{
    Client,
    model::{Queue, Stats},
};
use crate::exit::Failure;

impl Client {
    pub(crate) async fn queue(&self) -> Result<Queue, Failure> {
        self.answer(OrderApi, self.request(OrderApi, Method::GET, &["orders", "status"], &[])).await
    }

    pub(crate) async fn stats(&self) -> Result<Stats, Failure> {
        self.answer(MetricsService, self.request(MetricsService, Method::GET, &["stats"], &[])).await
    }
}
