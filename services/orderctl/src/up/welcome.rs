//! What to do now that everything runs.

use runtime::Service;

use super::{
    plan::{Plan, RedisPlan},
    redis,
};

pub(super) fn text(plan: &Plan) -> String {
    let url = |service| {
        let listen = plan.services.iter().find(|listen| listen.service == service);
        listen.map(super::ports::Listen::url).unwrap_or_default()
    };
    let (api, metrics, processor) =
        (url(Service::OrderApi), url(Service::MetricsService), url(Service::OrderProcessor));
    // As it was called, so that calling it like that works.
    let orderctl = std::env::args().next().unwrap_or_else(|| "orderctl".to_owned());
    let redis_data = match plan.redis {
        RedisPlan::Private { .. } => format!("data in ./{}", redis::DIRECTORY),
        RedisPlan::Theirs { .. } => "yours, from ORDERFLOW_REDIS__URL".to_owned(),
    };
    format!(
        r#"
Orderflow is ready.

  Dashboard    {metrics}/
  Orders API   {api}/docs
  Statistics   {metrics}/docs  ({metrics}/stats)
  Worker       {processor}/metrics
  Redis        {redis}  ({redis_data})

Place an order, then follow it with the order_id from the answer:

  curl -i {api}/orders/ -H 'Content-Type: application/json' -d '{{"user_id": "user-1", "item_ids": ["sku-1"], "total_amount": 99.99}}'
  curl '{api}/orders/ORDER_ID?wait=10'

Or from another terminal here: {orderctl} top, and what else {orderctl} --help shows.

Ctrl-C stops everything; the data stays in ./data.
"#,
        redis = plan.redis.shown(),
    )
}
