//! `orderctl cancel`: orders are taken back, if no worker has begun with them.

use clap::Args;

use super::{Context, many};
use crate::{exit::Failure, output::safe};

/// Cancel an order that no worker has begun with, or several
#[derive(Debug, Args)]
pub(crate) struct Cancel {
    /// Ids of orders; `-` reads them from the standard input
    #[arg(required = true, value_name = "ORDER_ID")]
    ids: Vec<String>,
}

impl Cancel {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let (ids, out) = (many::ids(&self.ids)?, context.out);
        let said = |id: &str| Ok(out.line(&format!("cancelled {}", safe(id)))?);
        if many::is_one(&self.ids) {
            let order = context.client.cancel(&ids[0]).await?;
            return if out.json { Ok(out.document(&order)?) } else { said(&order.order_id) };
        }
        let cancel = async |id: &str| context.client.cancel(id).await;
        many::each(context, &ids, cancel, |orders| orders.iter().try_for_each(|order| said(&order.order_id)))
            .await
    }
}
