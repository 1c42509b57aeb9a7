//! Statements about many rows at once, as text that is put together here: a query builder takes longer over a few hundred
//! rows than the database does.
//!
//! They come in few sizes, so that all of them stay prepared: up to 32 rows at once, and of what is more a sum of
//! few sizes.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, Value, prelude::Uuid};
use serde::de::DeserializeOwned;

/// Most rows of one statement. Their values stay far below the 32,766 that SQLite takes.
const LARGEST: usize = 256;
/// Up to so many rows are one statement, whatever their number.
const SMALL: usize = 32;
/// Most keys of one query.
const MOST_KEYS: usize = 1_024;

/// Runs `before VALUES row, row, … after` for all rows, in several statements where there are many. `row` is
/// `(?, ?, 'same in each')`, with a `?` for each of the values that come one row after the other.
pub async fn write(
    connection: &impl ConnectionTrait,
    before: &str,
    row: &str,
    values: Vec<Value>,
    after: &str,
) -> Result<(), DbErr> {
    write_counted(connection, before, row, values, after).await.map(drop)
}

/// The same; how many rows were written.
pub async fn write_counted(
    connection: &impl ConnectionTrait,
    before: &str,
    row: &str,
    values: Vec<Value>,
    after: &str,
) -> Result<u64, DbErr> {
    let backend = connection.get_database_backend();
    let bound = row.matches('?').count();
    let rows = values.len() / bound;
    let mut values = values.into_iter();
    let mut written = 0;
    for size in sizes(rows) {
        let sql = format!("{before} VALUES {} {after}", places(backend, size, row));
        let slice = values.by_ref().take(size * bound);
        let statement = Statement::from_sql_and_values(backend, sql, slice);
        written += connection.execute_raw(statement).await?.rows_affected();
    }
    Ok(written)
}

/// Whether nobody else may change what is read until the transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    None,
    /// On PostgreSQL, in the order of the keys: where they come sorted, no two transactions wait for each other. SQLite has
    /// one writer, and no such lock.
    Rows,
}

/// The rows of a table that have these keys, each as the key and the `columns` (a list of expressions). They come as one JSON
/// text, which costs far less than as many rows do, one by one.
pub async fn read<R: DeserializeOwned>(
    connection: &impl ConnectionTrait,
    table: &str,
    key: &str,
    columns: &str,
    keys: impl ExactSizeIterator<Item = Uuid>,
    lock: Lock,
) -> Result<Vec<R>, DbErr> {
    let backend = connection.get_database_backend();
    let (list, after) = if backend == DbBackend::Postgres {
        let lock = if lock == Lock::Rows { "FOR UPDATE" } else { "" };
        (
            format!("json_agg(json_build_array({key}, {columns}))::text"),
            format!("ORDER BY {key} {lock}) AS found"),
        )
    } else {
        (format!("json_group_array(json_array(hex({key}), {columns}))"), ") AS found".to_owned())
    };
    let (mut left, mut keys) = (keys.len(), keys.map(Some));
    let mut found = Vec::with_capacity(left);
    while left > 0 {
        let taken = left.min(MOST_KEYS);
        left -= taken;
        // No row has the key null: one text is for up to twice as many keys.
        let slice = keys.by_ref().take(taken).chain(std::iter::repeat(None)).take(taken.next_power_of_two());
        let sql = format!(
            "SELECT {list} FROM (SELECT * FROM {table} WHERE {key} IN ({}) {after}",
            places(backend, taken.next_power_of_two(), "?"),
        );
        let statement = Statement::from_sql_and_values(backend, sql, slice.map(Value::Uuid));
        let answer = connection.query_one_raw(statement).await?;
        let rows = answer.map(|row| row.try_get_by_index::<Option<String>>(0)).transpose()?.flatten();
        if let Some(rows) = rows {
            let rows: Vec<R> = serde_json::from_str(&rows)
                .map_err(|error| DbErr::Type(format!("{table} has an unreadable row: {error}")))?;
            found.extend(rows);
        }
    }
    Ok(found)
}

/// `(?, ?), (?, ?)`, or `($1, $2), ($3, $4)`. SQLite knows `$1`, too, but as a name, which it looks for among all others each
/// time that a value is bound: for hundreds of rows that takes longer than all the rest.
fn places(backend: DbBackend, rows: usize, row: &str) -> String {
    use std::fmt::Write as _;
    if backend != DbBackend::Postgres {
        return vec![row; rows].join(", ");
    }
    let mut text = String::with_capacity(rows * (row.len() + 16));
    let mut bound = 0;
    for number in 0..rows {
        text.push_str(if number == 0 { "" } else { ", " });
        for (part, piece) in row.split('?').enumerate() {
            if part > 0 {
                bound += 1;
                write!(text, "${bound}").expect("a text can always grow");
            }
            text.push_str(piece);
        }
    }
    text
}

/// The sizes, largest first, that add up to `length`.
fn sizes(mut length: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let power = 1 << length.checked_ilog2()?;
        let size = if length <= SMALL { length } else { power.min(LARGEST) };
        length -= size;
        Some(size)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_length_is_a_sum_of_few_sizes() {
        let mut all = BTreeSet::new();
        for length in 0..=1_000 {
            let parts: Vec<_> = sizes(length).collect();
            assert_eq!(parts.iter().sum::<usize>(), length);
            all.extend(parts);
        }
        assert_eq!(all.len(), SMALL + 3, "1 to 32, 64, 128, 256");
    }

    #[test]
    fn each_database_has_its_own_places() {
        assert_eq!(places(DbBackend::Sqlite, 2, "(?, 'x', ?)"), "(?, 'x', ?), (?, 'x', ?)");
        assert_eq!(places(DbBackend::Postgres, 2, "(?, 'x', ?)"), "($1, 'x', $2), ($3, 'x', $4)");
        assert_eq!(places(DbBackend::Postgres, 3, "?"), "$1, $2, $3");
    }
}
