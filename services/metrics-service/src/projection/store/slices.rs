//! Sizes of statements. A statement for each number of rows would be a statement of its own to prepare and to keep; as
//! powers of two there are nine of them, and every number of rows is a sum of some.

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict,
};

/// Most rows of one statement. Their values stay far below the 32,766 that SQLite takes.
const LARGEST: usize = 256;

/// The sizes, largest first, that add up to `length`.
pub(super) fn sizes(mut length: usize) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let size = (1 << length.checked_ilog2()?).min(LARGEST);
        length -= size;
        Some(size)
    })
}

/// Inserts the rows, or does what `on_conflict` says where they are there.
pub(super) async fn upsert<A>(
    connection: &impl ConnectionTrait,
    rows: Vec<A>,
    on_conflict: OnConflict,
) -> Result<(), DbErr>
where
    A: ActiveModelTrait + ActiveModelBehavior + Send,
{
    let length = rows.len();
    let mut rows = rows.into_iter();
    for size in sizes(length) {
        let slice = A::Entity::insert_many(rows.by_ref().take(size));
        slice.on_conflict(on_conflict.clone()).exec_without_returning(connection).await?;
    }
    Ok(())
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
        assert_eq!(all.len(), 9);
    }
}
