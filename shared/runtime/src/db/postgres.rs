//! PostgreSQL: one database for all, one schema for each service, found through `search_path`.

use std::{io, sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, RuntimeErr,
    TransactionTrait,
    sqlx::{self, Connection, PgConnection, postgres::PgConnectOptions},
};
use tokio::time::Instant;

use super::{Database, DatabaseError};
use crate::{Service, backoff::Backoff, config::DatabaseConfig, outage::Outage, redact::redact_url};

/// Any number that nothing else in the database locks: the ASCII of "orderflo".
const TURN: i64 = 0x6f72_6465_7266_6c6f;
const STATEMENT_CACHE: usize = 512;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

pub(super) async fn open(
    url: &str,
    config: &DatabaseConfig,
    service: Service,
) -> Result<Database, DatabaseError> {
    let open_error = |reason| DatabaseError::Open { url: url.to_owned(), reason };
    let came_up = wait_for_server(url, config).await;
    came_up.map_err(|error| open_error(DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error)))))?;

    let mut options = ConnectOptions::new(url);
    options
        .sqlx_logging(false)
        // One at least stays free for the migration while another holds its turn.
        .max_connections(config.readers.max(2))
        .acquire_timeout(Duration::from_secs(10))
        .set_schema_search_path(service.schema())
        .map_sqlx_postgres_opts(|options| options.statement_cache_capacity(STATEMENT_CACHE));
    let pool = sea_orm::Database::connect(options).await.map_err(open_error)?;
    // What the search path names may come to be later.
    create_schema(&pool, service).await.map_err(open_error)?;
    Ok(Database { writer: pool.clone(), reader: pool, backend: DbBackend::Postgres })
}

/// Waits until the server lets us in, or until `database.connect_timeout_ms` is over. By a connection without a pool, which
/// would say no more than that it timed out.
async fn wait_for_server(url: &str, config: &DatabaseConfig) -> Result<(), sqlx::Error> {
    let options: PgConnectOptions = url.parse()?;
    let mut backoff = Backoff::reconnect();
    let mut outage = Outage::new("postgresql");
    let deadline = Instant::now() + Duration::from_millis(config.connect_timeout_ms);
    loop {
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options)).await;
        match connected.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into())) {
            Ok(connection) => {
                outage.recovered();
                return connection.close().await;
            }
            Err(error) if Instant::now() >= deadline => return Err(error),
            Err(error) => outage.failed(&redact_url(&error.to_string())),
        }
        backoff.wait().await;
    }
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
