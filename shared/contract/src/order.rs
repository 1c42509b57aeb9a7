//! What is ordered, valid by its type: the part of an order that never changes after it was placed.

use serde::{Deserialize, Serialize};

use crate::{
    ids::{ItemId, UserId},
    money::Money,
};

/// Most items that one order may name.
pub const MAX_ITEMS: usize = 1_000;

/// The content of an order as the client gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderContent {
    pub user_id: UserId,
    pub item_ids: ItemIds,
    pub total_amount: Money,
}

/// 1 to 1,000 items; the same item may be named more than once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "Vec<ItemId>")]
pub struct ItemIds(#[cfg_attr(feature = "schema", schemars(length(min = 1, max = 1_000)))] Vec<ItemId>);

/// An order names too few or too many items. The message is for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must name 1 to 1000 items")]
pub struct InvalidItemCount;

impl ItemIds {
    pub fn as_slice(&self) -> &[ItemId] {
        &self.0
    }
}

impl TryFrom<Vec<ItemId>> for ItemIds {
    type Error = InvalidItemCount;

    fn try_from(items: Vec<ItemId>) -> Result<Self, InvalidItemCount> {
        if (1..=MAX_ITEMS).contains(&items.len()) { Ok(Self(items)) } else { Err(InvalidItemCount) }
    }
}
