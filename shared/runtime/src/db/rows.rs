//! Statements about many rows at once, as text that is put together here: a query builder takes longer over a few hundred
//! rows than the database does.
//!
//! They come in few sizes, so that all of them stay prepared.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, Statement, Value, prelude::Uuid};
use serde::de::DeserializeOwned;

/// Most rows of one statement. Their values stay far below the 32,766 that SQLite takes.
const LARGEST: usize = 256;
/// Up to so many rows are one statement, whatever their number.
const SMALL: usize = 32;
/// Most keys of one query.
const MOST_KEYS: usize = 1_024;

/// Statements that write rows, for one transaction: [in it](Self::write), or [all there is of it](super::Writing::write).
///
/// In a transaction SQLite is handed all of them as one text: each by itself would be a turn of the thread that has the
/// connection, and with a few dozen rows waiting for it takes longer than the work. PostgreSQL takes one after the other.
#[derive(Debug, Default)]
pub struct Batch(Vec<Rows>);

#[derive(Debug)]
struct Rows {
    before: &'static str,
    row: &'static str,
    values: Vec<Value>,
    after: &'static str,
}

impl Rows {
    /// Values of each row.
    fn bound(&self) -> usize {
        self.row.matches('?').count()
    }

    /// The statement for one row, whose transaction is rolled back if it fails.
    fn one_on_sqlite(&self) -> String {
        let (verb, what) = self.verb_and_what();
        let Self { row, after, .. } = self;
        format!("{verb} OR FAIL {what} VALUES {row} {after}")
    }

    /// On SQLite, what is done if a row is there already stands between them.
    fn verb_and_what(&self) -> (&'static str, &'static str) {
        self.before.split_once(' ').expect("a statement is more than a word")
    }

    /// How many rows.
    fn len(&self) -> usize {
        self.values.len() / self.bound()
    }
}

impl Batch {
    /// Adds `before VALUES row, row, … after`; nothing where there are no values. `row` is `(?, ?, 'same in each')`, with a `?`
    /// for each of the values that come one row after the other. The first value of a row is never null.
    pub fn add(&mut self, before: &'static str, row: &'static str, values: Vec<Value>, after: &'static str) {
        if !values.is_empty() {
            self.0.push(Rows { before, row, values, after });
        }
    }

    /// Runs them; how many rows were written. After an error the transaction must be rolled back: some rows may be written.
    pub async fn write(self, transaction: &DatabaseTransaction) -> Result<u64, DbErr> {
        let backend = transaction.get_database_backend();
        if backend == DbBackend::Sqlite {
            // A statement that fails need not be undone by itself. Else SQLite would keep a copy of each page that it changes.
            let (text, values) = self.sqlite();
            if values.is_empty() {
                return Ok(0);
            }
            let statement = Statement::from_sql_and_values(backend, text, values);
            return Ok(transaction.execute_raw(statement).await?.rows_affected());
        }
        let mut written = 0;
        for statement in self.one_by_one(backend) {
            written += transaction.execute_raw(statement).await?.rows_affected();
        }
        Ok(written)
    }

    /// Runs them on SQLite in the calling thread, row by row: where nobody is waited for, that costs the least.
    pub(super) fn run(self, connection: &rusqlite::Connection) -> rusqlite::Result<()> {
        for rows in self.0 {
            let mut statement = connection.prepare_cached(&rows.one_on_sqlite())?;
            for row in rows.values.chunks_exact(rows.bound()) {
                statement.execute(rusqlite::params_from_iter(row.iter().map(Bound)))?;
            }
        }
        Ok(())
    }

    /// One text for all, and what is bound. All statements have the same size, or there would be a text for each pair of sizes;
    /// where a statement has fewer rows it is filled up with nulls, which it passes over. What is more than the largest size
    /// becomes several of it.
    fn sqlite(mut self) -> (String, Vec<Value>) {
        let (mut text, mut all) = (String::new(), Vec::new());
        let most = self.0.iter().map(Rows::len).max().unwrap_or(0);
        let size = filled(most.min(LARGEST));
        for _ in 0..most.div_ceil(LARGEST) {
            for rows in &mut self.0 {
                let part = rows.len().min(size);
                if part == 0 {
                    continue;
                }
                let (verb, what) = rows.verb_and_what();
                let places = places(DbBackend::Sqlite, size, rows.row);
                text.extend([verb, " OR FAIL ", what, " SELECT * FROM (VALUES ", &places]);
                text.extend([") WHERE column1 IS NOT NULL ", rows.after, ";"]);
                let left = rows.values.split_off(part * rows.bound());
                all.append(&mut rows.values);
                all.extend(std::iter::repeat_n(Value::BigInt(None), (size - part) * rows.bound()));
                rows.values = left;
            }
        }
        (text, all)
    }

    /// A statement for each, and several where there are many rows.
    fn one_by_one(self, backend: DbBackend) -> Vec<Statement> {
        let mut statements = Vec::with_capacity(self.0.len());
        for rows in self.0 {
            let (bound, sizes) = (rows.bound(), sizes(rows.len()));
            let Rows { before, row, values, after } = rows;
            let mut values = values.into_iter();
            for size in sizes {
                let sql = format!("{before} VALUES {} {after}", places(backend, size, row));
                let slice = values.by_ref().take(size * bound);
                statements.push(Statement::from_sql_and_values(backend, sql, slice));
            }
        }
        statements
    }
}

/// A value as SQLite has it, the same that sqlx makes of it.
struct Bound<'a>(&'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self.0 {
            Value::Bool(value) => value.map(i64::from).map(ValueRef::Integer),
            Value::Int(value) => value.map(i64::from).map(ValueRef::Integer),
            Value::BigInt(value) => value.map(ValueRef::Integer),
            Value::String(value) => value.as_ref().map(|text| ValueRef::Text(text.as_bytes())),
            Value::Bytes(value) => value.as_ref().map(|bytes| ValueRef::Blob(bytes)),
            Value::Uuid(value) => value.as_ref().map(|id| ValueRef::Blob(id.as_bytes())),
            other => {
                let reason = format!("rows have no values such as {other:?}");
                return Err(rusqlite::Error::ToSqlConversionFailure(reason.into()));
            }
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}

/// Runs `before VALUES row, row, … after` for all rows, like a [`Batch`] with nothing else in it; how many rows were written.
pub async fn write(
    transaction: &DatabaseTransaction,
    before: &'static str,
    row: &'static str,
    values: Vec<Value>,
    after: &'static str,
) -> Result<u64, DbErr> {
    let mut batch = Batch::default();
    batch.add(before, row, values, after);
    batch.write(transaction).await
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

/// The size that so many rows, at most [`LARGEST`], are filled up to: four from one power of two to the next.
const fn filled(rows: usize) -> usize {
    if rows <= 8 { rows } else { rows.next_multiple_of(rows.next_power_of_two() / 8) }
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
    fn few_rows_are_filled_up_with_few_more() {
        let mut all = BTreeSet::new();
        for rows in 1..=LARGEST {
            let size = filled(rows);
            assert!(
                (rows..=LARGEST.min(rows + rows.div_ceil(4))).contains(&size),
                "{rows} rows become {size}"
            );
            assert_eq!(filled(size), size);
            all.insert(size);
        }
        assert!(all.len() < 32, "{all:?}");
    }

    #[test]
    fn each_database_has_its_own_places() {
        assert_eq!(places(DbBackend::Sqlite, 2, "(?, 'x', ?)"), "(?, 'x', ?), (?, 'x', ?)");
        assert_eq!(places(DbBackend::Postgres, 2, "(?, 'x', ?)"), "($1, 'x', $2), ($3, 'x', $4)");
        assert_eq!(places(DbBackend::Postgres, 3, "?"), "$1, $2, $3");
    }
}
