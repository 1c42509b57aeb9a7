//! Sample customers and a small catalogue, for trying things out.

use runtime::db::Database;
use sea_orm::{DbErr, EntityTrait, IntoActiveModel, sea_query::OnConflict};

use crate::entities::{catalog_item, customer};

/// Id and name.
pub(crate) const CUSTOMERS: [(&str, &str); 10] = [
    ("user-1", "Ada Moreau"),
    ("user-2", "Ben Okafor"),
    ("user-3", "Chen Wei"),
    ("user-4", "Dalia Haddad"),
    ("user-5", "Emil Larsen"),
    ("user-6", "Fatima Noor"),
    ("user-7", "Goran Petrov"),
    ("user-8", "Hana Sato"),
    ("user-9", "Ines Duarte"),
    ("user-10", "Jonas Weber"),
];

/// Id, name and price in ten-thousandths.
pub(crate) const ITEMS: [(&str, &str, i64); 12] = [
    ("sku-1", "Espresso cup", 89_000),
    ("sku-2", "Cast iron pan", 459_000),
    ("sku-3", "Linen apron", 249_900),
    ("sku-4", "Bread knife", 329_900),
    ("sku-5", "Pepper mill", 279_500),
    ("sku-6", "Cutting board", 389_000),
    ("sku-7", "Mixing bowl", 149_900),
    ("sku-8", "Kitchen scale", 349_000),
    ("sku-9", "Tea towel", 59_900),
    ("sku-10", "Storage jar", 79_900),
    ("sku-11", "Rolling pin", 129_900),
    ("sku-12", "Milk frother", 219_500),
];

/// Adds both; what is there already stays as it is.
pub(crate) async fn add_samples(database: &Database) -> Result<(), DbErr> {
    let customers = CUSTOMERS.map(|(user_id, name)| {
        customer::Model { user_id: user_id.to_owned(), name: name.to_owned() }.into_active_model()
    });
    let items = ITEMS.map(|(item_id, name, price)| {
        catalog_item::Model { item_id: item_id.to_owned(), name: name.to_owned(), price }.into_active_model()
    });
    let transaction = database.begin_write().await?;
    customer::Entity::insert_many(customers)
        .on_conflict(OnConflict::column(customer::Column::UserId).do_nothing().to_owned())
        .exec_without_returning(&transaction)
        .await?;
    catalog_item::Entity::insert_many(items)
        .on_conflict(OnConflict::column(catalog_item::Column::ItemId).do_nothing().to_owned())
        .exec_without_returning(&transaction)
        .await?;
    transaction.commit().await
}
