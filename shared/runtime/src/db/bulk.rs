//! Many rows in one statement, for paths on which building the text of a statement would cost more than running it.
//!
//! Each number of rows is a statement of its own, to be written, parsed and kept by the connection. So there are few
//! numbers: any up to [`SMALL`], and [`LARGE`] at once for what is more. Their texts are made once in the life of the
//! program.

use std::sync::OnceLock;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value, Values};

const SMALL: usize = 64;
const LARGE: usize = 256;

/// `INSERT INTO … VALUES …` for any number of rows.
#[derive(Debug)]
pub struct BulkInsert {
    /// Up to the first row: `INSERT INTO orders (id, status) VALUES`.
    head: &'static str,
    /// One row, `?` for each value that is bound: `(?, 'pending')`.
    row: &'static str,
    sqlite: Texts,
    postgres: Texts,
}

/// The statements of one kind of database that were needed so far.
#[derive(Debug)]
struct Texts {
    small: [OnceLock<String>; SMALL],
    large: OnceLock<String>,
}

impl Texts {
    const NONE: Self = Self { small: [const { OnceLock::new() }; SMALL], large: OnceLock::new() };
}

impl BulkInsert {
    pub const fn new(head: &'static str, row: &'static str) -> Self {
        Self { head, row, sqlite: Texts::NONE, postgres: Texts::NONE }
    }

    /// Inserts all rows; `values` has those of the first row, then those of the second, and so on.
    ///
    /// # Errors
    /// What the database says. Rows before the one that it refuses may be there: run it in a transaction.
    pub async fn execute(
        &self,
        connection: &impl ConnectionTrait,
        mut values: Vec<Value>,
    ) -> Result<(), DbErr> {
        let backend = connection.get_database_backend();
        let per_row = self.row.matches('?').count();
        debug_assert!(values.len().is_multiple_of(per_row), "a row lacks a value");
        while !values.is_empty() {
            let rows = match values.len() / per_row {
                rows if rows >= LARGE => LARGE,
                rows => rows.min(SMALL),
            };
            let rest = values.split_off(rows * per_row);
            let sql = self.text(backend, rows).to_owned();
            let values = Some(Values(std::mem::replace(&mut values, rest)));
            connection.execute_raw(Statement { sql, values, db_backend: backend }).await?;
        }
        Ok(())
    }

    fn text(&self, backend: DbBackend, rows: usize) -> &str {
        let texts = if backend == DbBackend::Postgres { &self.postgres } else { &self.sqlite };
        let text = texts.small.get(rows - 1).unwrap_or(&texts.large);
        text.get_or_init(|| self.write(backend, rows))
    }

    fn write(&self, backend: DbBackend, rows: usize) -> String {
        let mut text = self.head.to_owned();
        let mut bound = 0;
        for row in 0..rows {
            text.push_str(if row == 0 { " " } else { ", " });
            for character in self.row.chars() {
                text.push(character);
                if character == '?' && backend == DbBackend::Postgres {
                    bound += 1;
                    text.pop();
                    text.push_str(&format!("${bound}"));
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use sea_orm::ConnectOptions;

    use super::*;

    #[test]
    fn each_database_is_told_in_its_own_way() {
        let insert = BulkInsert::new("INSERT INTO t (a, b, c) VALUES", "(?, 'x', ?)");
        let text = insert.write(DbBackend::Sqlite, 2);
        assert_eq!(text, "INSERT INTO t (a, b, c) VALUES (?, 'x', ?), (?, 'x', ?)");
        let text = insert.write(DbBackend::Postgres, 2);
        assert_eq!(text, "INSERT INTO t (a, b, c) VALUES ($1, 'x', $2), ($3, 'x', $4)");
    }

    /// Around each number at which another statement begins.
    #[tokio::test]
    async fn any_number_of_rows_arrives() {
        static INSERT: BulkInsert = BulkInsert::new("INSERT INTO t (a, b) VALUES", "(?, ?)");
        let mut options = ConnectOptions::new("sqlite::memory:");
        options.max_connections(1).sqlx_logging(false);
        let database = sea_orm::Database::connect(options).await.unwrap();
        database.execute_unprepared("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)").await.unwrap();
        let mut expected = 0;
        for rows in [0, 1, 2, 63, 64, 65, 127, 128, 129, 255, 256, 257, 1_000] {
            let values = (expected..expected + rows).flat_map(|a| [a.into(), a.to_string().into()]).collect();
            INSERT.execute(&database, values).await.unwrap();
            expected += rows;
            let sql = "SELECT COUNT(*) AS n FROM t WHERE b = CAST(a AS TEXT)";
            let found = database.query_one_raw(Statement::from_string(DbBackend::Sqlite, sql)).await.unwrap();
            assert_eq!(found.unwrap().try_get::<i64>("", "n").unwrap(), expected, "after {rows} more");
        }
    }
}
