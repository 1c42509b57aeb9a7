//! How SQLite goes about the statements of a service: whether one of them looks at every row of a table, and so becomes slower
//! the longer the service is used.
//!
//! Everything that is sent through the watched connections is noted, and explained afterwards on the same database: no query
//! escapes because nobody thought of it, as long as the test makes the service send it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, Statement};

/// The statements that were sent, each text once with its first values.
#[derive(Clone, Debug, Default)]
pub struct Plans(Arc<Mutex<BTreeMap<String, Statement>>>);

impl Plans {
    /// Notes what is sent from here on, also through clones of the connection that are made from here on.
    pub fn watch(&self, connection: &mut DatabaseConnection) {
        let statements = self.0.clone();
        connection.set_metric_callback(move |info| {
            let mut statements = statements.lock().unwrap_or_else(PoisonError::into_inner);
            for statement in each(info.statement) {
                statements.entry(statement.sql.clone()).or_insert(statement);
            }
        });
    }

    /// Those of the texts that no statement has in it yet.
    pub fn missing<'a>(&self, texts: &[&'a str]) -> Vec<&'a str> {
        let all = self.all();
        let is_missing = |text: &&&str| !all.iter().any(|statement| statement.sql.contains(**text));
        texts.iter().filter(is_missing).copied().collect()
    }

    /// Statements that look at every row of a table other than `small` ones, each with its plan. One that reads an index in
    /// its order until it has as many as it wants ends early, and is none.
    ///
    /// # Panics
    /// When a statement can't be explained.
    pub async fn scans(&self, database: &DatabaseConnection, small: &[&str]) -> Vec<String> {
        let mut scans = Vec::new();
        for statement in self.all() {
            let plan = explain(database, &statement).await;
            let ends_early = statement.sql.contains(" LIMIT ")
                && !statement.sql.contains(" WHERE ")
                && !plan.iter().any(|line| line.contains("TEMP B-TREE"));
            let is_scan = plan.iter().any(|line| scanned(line).is_some_and(|table| !small.contains(&table)));
            if is_scan && !ends_early {
                scans.push(format!("{}\n    {}", statement.sql, plan.join("\n    ")));
            }
        }
        scans
    }

    fn all(&self) -> Vec<Statement> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// The statements of a text that has several, each with its own values.
fn each(text: &Statement) -> Vec<Statement> {
    let mut values = text.values.iter().flat_map(|values| values.0.clone());
    let statement = |sql: &str| {
        let values: Vec<_> = values.by_ref().take(sql.matches('?').count()).collect();
        Statement::from_sql_and_values(DbBackend::Sqlite, sql, values)
    };
    if !text.sql.contains(';') {
        return vec![text.clone()];
    }
    let all = text.sql.split(';').filter(|sql| !sql.is_empty()).map(statement).collect::<Vec<_>>();
    all.into_iter().filter(|statement| !["BEGIN IMMEDIATE", "COMMIT"].contains(&&*statement.sql)).collect()
}

/// The table of which a line of a plan says that all of it is looked at. A partial index has few rows of its table, and is named
/// as a table where it does not.
fn scanned(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("SCAN ")?;
    match rest.split_once(" USING ") {
        Some((_, index)) if !index.contains("sqlite_autoindex_") => index.rsplit(' ').next(),
        Some((table, _)) => Some(table),
        // Rows that the statement itself brings along, or has found before.
        None if rest.starts_with(|first: char| first.is_ascii_digit() || first == '(') => None,
        None if rest == "CONSTANT ROW" => None,
        None => Some(rest),
    }
}

async fn explain(database: &DatabaseConnection, statement: &Statement) -> Vec<String> {
    let sql = format!("EXPLAIN QUERY PLAN {}", statement.sql);
    let explained = Statement { sql, values: statement.values.clone(), db_backend: DbBackend::Sqlite };
    let rows = database.query_all_raw(explained).await;
    let rows = rows.unwrap_or_else(|error| panic!("{}: {error}", statement.sql));
    rows.iter().map(|row| row.try_get("", "detail").expect("a plan has details")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_told_from_a_search() {
        for (line, table) in [
            ("SCAN orders", Some("orders")),
            ("SCAN outbox USING COVERING INDEX sqlite_autoindex_outbox_1", Some("outbox")),
            ("SCAN orders USING INDEX orders_compensating", Some("orders_compensating")),
            ("SEARCH orders USING INDEX orders_by_status (status=?)", None),
            ("SCAN 2 CONSTANT ROWS", None),
            ("SCAN 4-ROW VALUES CLAUSE", None),
            ("SCAN CONSTANT ROW", None),
            ("SCAN (subquery-1)", None),
        ] {
            assert_eq!(scanned(line), table, "{line}");
        }
    }
}
