//! Dead letters: messages that no worker could make anything of. A person looks at them, and has them sent again or deleted.
//!
//! They are in Redis alone. Each of these acts happens in one atomic step there; who does not get the answer looks again.

use contract::{OrderId, Timestamp};
use runtime::http::{JsonAnswer, Problem};
use serde::Serialize;
use streams::{
    EntryId, StreamError,
    dead::{self, DeadLetter, Redriven},
};

use super::{
    answers::Deleted,
    dead_letter_id::{DeadLetterId, InvalidDeadLetterId},
    operation_schema as schema,
    problems::redis_unavailable,
    state::State,
};

impl State {
    pub(super) async fn dead_letters(
        &self,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<JsonAnswer<schema::DeadLetterPage>, Problem> {
        let after = cursor.map(str::parse).transpose();
        let after = after
            .map_err(|error: InvalidDeadLetterId| Problem::invalid_parameter("cursor", error.to_string()))?;
        let (letters, more) =
            self.page_of_dead(after, limit).await.map_err(|error| redis_unavailable(&error))?;
        let next_cursor = letters.last().filter(|_| more).map(|letter| DeadLetterId::of(letter).to_string());
        Ok(JsonAnswer::of(&Page { dead_letters: letters.into_iter().map(View::of).collect(), next_cursor }))
    }

    pub(super) async fn dead_letter(&self, id: &str) -> Result<JsonAnswer<schema::DeadLetter>, Problem> {
        let id = self.parse_dead(id).ok_or_else(dead_letter_not_found)?;
        let letter = dead::get(&self.redis, id.partition, id.entry).await;
        let letter = letter.map_err(|error| redis_unavailable(&error))?.ok_or_else(dead_letter_not_found)?;
        Ok(JsonAnswer::of(&View::of(letter)))
    }

    pub(super) async fn redrive(&self, id: &str) -> Result<JsonAnswer<schema::RedriveResult>, Problem> {
        #[derive(Serialize)]
        struct Done {
            id: String,
            outcome: &'static str,
        }
        let id = self.parse_dead(id).ok_or_else(dead_letter_not_found)?;
        match self.redrive_one(id).await? {
            Redriven::Done => Ok(JsonAnswer::of(&Done { id: id.to_string(), outcome: "redriven" })),
            Redriven::Gone => Err(dead_letter_not_found()),
            Redriven::OrderLives => Err(Problem::conflict(
                "order_has_message",
                "its order has another message by now, and is worked on without this one; delete it",
            )),
            Redriven::Empty => Err(Problem::conflict(
                "nothing_to_send",
                "it has no fields that could be sent again; delete it",
            )),
        }
    }

    pub(super) async fn delete_dead_letter(&self, id: &str) -> Result<Deleted, Problem> {
        let id = self.parse_dead(id).ok_or_else(dead_letter_not_found)?;
        let deleted = dead::delete(&self.redis, id.partition, id.entry).await;
        if !deleted.map_err(|error| redis_unavailable(&error))? {
            return Err(dead_letter_not_found());
        }
        tracing::info!(dead_letter = %id, "a dead letter was deleted");
        Ok(Deleted::Done)
    }

    /// The next after the one given, oldest first, of all partitions; and whether there are more.
    pub(super) async fn page_of_dead(
        &self,
        after: Option<DeadLetterId>,
        limit: usize,
    ) -> Result<(Vec<DeadLetter>, bool), StreamError> {
        let mut letters = Vec::new();
        for partition in self.redis.keys().partitions() {
            let after = after.map_or(Some(EntryId::MIN), |last| last.entry_before(partition));
            if let Some(after) = after {
                letters.extend(dead::list(&self.redis, partition, after, limit + 1).await?);
            }
        }
        letters.sort_unstable_by_key(DeadLetterId::of);
        let more = letters.len() > limit;
        letters.truncate(limit);
        Ok((letters, more))
    }

    pub(super) async fn redrive_one(&self, id: DeadLetterId) -> Result<Redriven, Problem> {
        let redriven = dead::redrive(&self.redis, id.partition, id.entry).await;
        let redriven = redriven.map_err(|error| redis_unavailable(&error))?;
        if redriven == Redriven::Done {
            tracing::info!(dead_letter = %id, "a dead letter was sent again");
        }
        Ok(redriven)
    }

    /// What has no form of an id, or names a partition that is not there, is the id of no dead letter.
    pub(super) fn parse_dead(&self, id: &str) -> Option<DeadLetterId> {
        let mut partitions = self.redis.keys().partitions();
        id.parse().ok().filter(|id: &DeadLetterId| partitions.any(|partition| partition == id.partition))
    }
}

/// The order that the letter is about, if it says so.
pub(super) fn order_of(letter: &DeadLetter) -> Option<OrderId> {
    let subject = letter.fields.iter().find(|(name, _)| name == "subject");
    subject.and_then(|(_, value)| value.parse().ok())
}

fn dead_letter_not_found() -> Problem {
    Problem::not_found("dead_letter_not_found", "there is no such dead letter (any more)")
}

/// Documented as [`schema::DeadLetterPage`].
#[derive(Serialize)]
struct Page {
    dead_letters: Vec<View>,
    next_cursor: Option<String>,
}

/// Documented as [`schema::DeadLetter`].
#[derive(Serialize)]
struct View {
    id: String,
    died_at: Timestamp,
    reason: String,
    entry_id: Option<String>,
    order_id: Option<OrderId>,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    value: String,
}

impl View {
    fn of(letter: DeadLetter) -> Self {
        let millis = i64::try_from(letter.id.ms).unwrap_or(i64::MAX);
        Self {
            id: DeadLetterId::of(&letter).to_string(),
            died_at: Timestamp::from_micros(millis.saturating_mul(1_000)),
            order_id: order_of(&letter),
            reason: letter.reason,
            entry_id: letter.entry,
            fields: letter.fields.into_iter().map(|(name, value)| Field { name, value }).collect(),
        }
    }
}
