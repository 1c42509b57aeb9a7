//! The check of strict mode: every field that does not agree with the catalogue is named.

use std::collections::{HashMap, HashSet};

use contract::{ItemId, Money, OrderContent};
use runtime::http::{FieldError, Problem};
use sea_orm::{ColumnTrait, DatabaseConnection, DbErr, EntityTrait, QueryFilter, QuerySelect};

use crate::{
    config::CatalogMode,
    entities::{catalog_item, customer},
    storage,
};

/// Clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct Catalog {
    mode: CatalogMode,
    reader: DatabaseConnection,
}

/// What is wrong with one order.
pub(crate) type Faults = Vec<FieldError>;

impl Catalog {
    pub(crate) fn new(mode: CatalogMode, reader: &DatabaseConnection) -> Self {
        Self { mode, reader: reader.clone() }
    }

    /// For each order, where it disagrees with the catalogue; nowhere, with checks off.
    ///
    /// # Errors
    /// 503 when the catalogue can't be read.
    pub(crate) async fn faults(&self, orders: &[&OrderContent]) -> Result<Vec<Faults>, Problem> {
        match self.mode {
            CatalogMode::Off => Ok(vec![Faults::new(); orders.len()]),
            // Boxed: who does not check needs no room for it.
            CatalogMode::Strict => {
                Box::pin(self.check(orders)).await.map_err(|error| storage::unavailable(&error))
            }
        }
    }

    async fn check(&self, orders: &[&OrderContent]) -> Result<Vec<Faults>, DbErr> {
        let users: HashSet<&str> = orders.iter().map(|order| order.user_id.as_str()).collect();
        let items = orders.iter().flat_map(|order| order.item_ids.as_slice());
        let items: HashSet<&str> = items.map(ItemId::as_str).collect();
        let (users, prices) = (self.known_users(users).await?, self.prices(items).await?);
        Ok(orders.iter().map(|order| faults(order, &users, &prices)).collect())
    }

    async fn known_users(&self, users: HashSet<&str>) -> Result<HashSet<String>, DbErr> {
        let known: Vec<String> = customer::Entity::find()
            .select_only()
            .column(customer::Column::UserId)
            .filter(customer::Column::UserId.is_in(users))
            .into_tuple()
            .all(&self.reader)
            .await?;
        Ok(known.into_iter().collect())
    }

    async fn prices(&self, items: HashSet<&str>) -> Result<HashMap<String, Money>, DbErr> {
        /// Below what one statement can hold; a batch of orders can name more items.
        const PER_QUERY: usize = 10_000;
        let items: Vec<&str> = items.into_iter().collect();
        let mut prices = HashMap::with_capacity(items.len());
        for items in items.chunks(PER_QUERY) {
            let rows = catalog_item::Entity::find()
                .filter(catalog_item::Column::ItemId.is_in(items.iter().copied()))
                .all(&self.reader)
                .await?;
            for row in rows {
                let price = Money::from_ten_thousandths(row.price);
                let price =
                    price.map_err(|error| DbErr::Type(format!("price of {}: {error}", row.item_id)))?;
                prices.insert(row.item_id, price);
            }
        }
        Ok(prices)
    }
}

fn faults(order: &OrderContent, users: &HashSet<String>, prices: &HashMap<String, Money>) -> Faults {
    let mut faults = Faults::new();
    if !users.contains(order.user_id.as_str()) {
        faults.push(FieldError::new("user_id", "is no customer of ours"));
    }
    let mut total = Some(Money::ZERO);
    for (index, item) in order.item_ids.as_slice().iter().enumerate() {
        match prices.get(item.as_str()) {
            Some(price) => total = total.and_then(|total| total.checked_add(*price)),
            None => faults.push(FieldError::new(format!("item_ids[{index}]"), "is not in the catalogue")),
        }
    }
    // With an unknown item nobody can say what the total should be.
    let all_known = faults.iter().all(|fault| fault.field == "user_id");
    if all_known && total != Some(order.total_amount) {
        let expected = total.map_or_else(|| "too large".to_owned(), |total| total.to_string());
        faults.push(FieldError::new(
            "total_amount",
            format!("is not the sum of the prices, which is {expected}"),
        ));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(user: &str, items: &[&str], total: &str) -> OrderContent {
        let items: Vec<ItemId> = items.iter().map(|item| item.parse().unwrap()).collect();
        OrderContent {
            user_id: user.parse().unwrap(),
            item_ids: items.try_into().unwrap(),
            total_amount: total.parse().unwrap(),
        }
    }

    #[test]
    fn every_disagreement_is_named() {
        let users = HashSet::from(["ada".to_owned()]);
        let prices = HashMap::from([
            ("cup".to_owned(), "8.9".parse().unwrap()),
            ("pan".to_owned(), "45.9".parse().unwrap()),
        ]);
        let named = |order: OrderContent| {
            faults(&order, &users, &prices).into_iter().map(|fault| fault.field).collect::<Vec<_>>()
        };
        assert!(named(order("ada", &["cup", "pan", "cup"], "63.70")).is_empty());
        assert_eq!(named(order("ada", &["cup"], "8.91")), ["total_amount"]);
        assert_eq!(
            named(order("bob", &["cup", "pot", "lid"], "1")),
            ["user_id", "item_ids[1]", "item_ids[2]"]
        );
        assert_eq!(named(order("bob", &["cup"], "1")), ["user_id", "total_amount"]);
    }
}
