//! Rows as order-api writes them for a new order: the order, with its indices, and what is to be published. Copied, so that
//! the limit stays where it is when the service changes.

use runtime::{Service, clock::Clock, db, db::Database, ids::new_order_id};
use sea_orm::{ConnectionTrait, DbErr, EntityTrait, IntoActiveModel};

const TABLES: &str = "
    CREATE TABLE orders (
        id BLOB NOT NULL PRIMARY KEY, user_id TEXT NOT NULL, item_ids TEXT NOT NULL, total_amount BIGINT NOT NULL,
        placed_at BIGINT NOT NULL, status TEXT NOT NULL, version INTEGER NOT NULL, attempts INTEGER NOT NULL,
        started_at BIGINT, updated_at BIGINT NOT NULL, completed_at BIGINT, failure_code TEXT, failure_message TEXT
    );
    CREATE INDEX orders_by_status ON orders (status, id);
    CREATE INDEX orders_by_user ON orders (user_id, id);
    CREATE TABLE outbox (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, order_id BLOB NOT NULL, kind TEXT NOT NULL, version INTEGER NOT NULL,
        attempt INTEGER NOT NULL, traceparent TEXT
    );";

mod order {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "orders")]
    pub(crate) struct Model {
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        pub user_id: String,
        pub item_ids: String,
        pub total_amount: i64,
        pub placed_at: i64,
        pub status: String,
        pub version: i32,
        pub attempts: i32,
        pub started_at: Option<i64>,
        pub updated_at: i64,
        pub completed_at: Option<i64>,
        pub failure_code: Option<String>,
        pub failure_message: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

mod outbox {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "outbox")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub seq: i64,
        pub order_id: Uuid,
        pub kind: String,
        pub version: i32,
        pub attempt: i32,
        pub traceparent: Option<String>,
    }

    #[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// A new database, set up as order-api's.
pub(crate) async fn open(url: &str) -> anyhow::Result<Database> {
    let database = db::connect(&super::database_config(url), Service::OrderApi).await?;
    database.writer.execute_unprepared(TABLES).await?;
    Ok(database)
}

/// An order placed now.
pub(crate) fn new_order(user_id: String, item_ids: String) -> order::Model {
    let id = new_order_id(&Clock::system());
    let placed_at = id.time().as_micros();
    order::Model {
        id: id.as_uuid(),
        user_id,
        item_ids,
        total_amount: 999_900,
        placed_at,
        status: "pending".to_owned(),
        version: 1,
        attempts: 0,
        started_at: None,
        updated_at: placed_at,
        completed_at: None,
        failure_code: None,
        failure_message: None,
    }
}

/// Writes orders with their outbox rows in one transaction.
pub(crate) async fn write(database: &Database, orders: &[order::Model]) -> Result<(), DbErr> {
    let outbox = orders.iter().map(|order| outbox::ActiveModel {
        seq: sea_orm::NotSet,
        order_id: sea_orm::Set(order.id),
        kind: sea_orm::Set("place".to_owned()),
        version: sea_orm::Set(1),
        attempt: sea_orm::Set(1),
        traceparent: sea_orm::Set(None),
    });
    let rows = orders.iter().cloned().map(IntoActiveModel::into_active_model);
    let transaction = database.begin_write().await?;
    order::Entity::insert_many(rows).exec_without_returning(&transaction).await?;
    outbox::Entity::insert_many(outbox).exec_without_returning(&transaction).await?;
    transaction.commit().await
}
