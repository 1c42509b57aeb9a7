//! PostgreSQL: one database for all, one schema for each service, found through `search_path`.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    TransactionTrait,
};

use super::{Database, DatabaseError};
use crate::{Service, backoff::Backoff, config::DatabaseConfig, outage::Outage};

/// Any number that nothing else in the database locks: the ASCII of "orderflo".
const TURN: i64 = 0x6f72_6465_7266_6c6f;
const STATEMENT_CACHE: usize = 512;

pub(super) async fn open(
    url: &str,
    config: &DatabaseConfig,
    service: Service,
) -> Result<Database, DatabaseError> {
    let open_error = |source| DatabaseError::Open { url: url.to_owned(), source };
    let first = first_connection(url, config).await.map_err(open_error)?;
    create_schema(&first, service).await.map_err(open_error)?;
    first.close().await.map_err(open_error)?;

    let mut options = quiet(url);
    options
        // One at least stays free for the migration while another holds its turn.
        .max_connections(config.readers.max(2))
        .acquire_timeout(Duration::from_secs(10))
        .set_schema_search_path(service.schema())
        .map_sqlx_postgres_opts(|options| options.statement_cache_capacity(STATEMENT_CACHE));
    let pool = sea_orm::Database::connect(options).await.map_err(open_error)?;
    Ok(Database { writer: pool.clone(), reader: pool, backend: DbBackend::Postgres })
}

/// Waits until the server answers, or until `database.connect_timeout_ms` is over.
async fn first_connection(url: &str, config: &DatabaseConfig) -> Result<DatabaseConnection, DbErr> {
    let mut backoff = Backoff::reconnect();
    let mut outage = Outage::new("postgresql");
    let deadline = tokio::time::Instant::now() + Duration::from_millis(config.connect_timeout_ms);
    loop {
        let mut options = quiet(url);
        options
            .max_connections(1)
            .connect_timeout(Duration::from_secs(5))
            .acquire_timeout(Duration::from_secs(5));
        match sea_orm::Database::connect(options).await {
            Ok(connection) => {
                outage.recovered();
                return Ok(connection);
            }
            Err(error) if tokio::time::Instant::now() >= deadline => return Err(error),
            Err(error) => outage.failed(&crate::redact::redact_url(&error.to_string())),
        }
        backoff.wait().await;
    }
}

fn quiet(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.sqlx_logging(false);
    options
}

/// `IF NOT EXISTS` alone is not safe when two replicas do it at once, so they take turns.
async fn create_schema(connection: &DatabaseConnection, service: Service) -> Result<(), DbErr> {
    let turn = take_turn(connection).await?;
    turn.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {}", service.schema())).await?;
    turn.commit().await
}

/// A transaction that only one process has at a time; its end passes the turn on, also by a crash.
pub(super) async fn take_turn(connection: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    let turn = connection.begin().await?;
    turn.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({TURN})")).await?;
    Ok(turn)
}
