//! Sending many dead letters again at once: after whatever made them unreadable is repaired.

use std::collections::HashSet;

use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use runtime::http::{FieldError, FromJsonBody, JsonAnswer, Problem};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use streams::{
    absent::absent,
    dead::{self, Redriven},
};

use super::{
    dead_letter_id::DeadLetterId,
    dead_letters::order_of,
    fields::{Field, boolean, object, text},
    operation_schema as schema,
    problems::redis_unavailable,
    state::State,
};

/// Most letters of one request.
const MOST: usize = 1_000;
/// Letters are read so many at a time: each may be large.
const PAGE: usize = 100;
/// Most wrong ids that are named one by one.
const MOST_ERRORS: usize = 20;

/// The body of `POST /dead-letters/redrive`.
#[derive(Clone, Debug)]
pub(super) struct RedriveDeadLetters {
    which: Which,
    dry_run: bool,
}

#[derive(Clone, Debug)]
enum Which {
    /// The oldest.
    All,
    These(Vec<String>),
}

/// The fields as they stand in the body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object")]
struct Fields<'a> {
    #[serde(borrow, default)]
    ids: Field<'a>,
    #[serde(borrow, default)]
    all: Field<'a>,
    #[serde(borrow, default)]
    dry_run: Field<'a>,
}

impl FromJsonBody for RedriveDeadLetters {
    type Schema = schema::RedriveDeadLetters;

    /// Either which, or all.
    fn describe(schema: &mut MetaSchema) {
        let only = |field| {
            let required = vec![field];
            MetaSchemaRef::Inline(Box::new(MetaSchema { required, ..MetaSchema::ANY }))
        };
        schema.one_of = vec![only("ids"), only("all")];
        for (name, property) in &mut schema.properties {
            if let ("all", MetaSchemaRef::Inline(all)) = (*name, property) {
                all.enum_items = vec![true.into()];
            }
        }
    }

    fn from_json(body: &[u8]) -> Result<Self, Problem> {
        let fields: Fields<'_> = object(body)?;
        let mut errors = Vec::new();
        let which = match (fields.ids.is_there(), fields.all.is_there()) {
            (true, true) => {
                errors.push(FieldError::new("all", "must not be there together with ids"));
                None
            }
            (_, true) => fields.all.optional("all", &mut errors, all),
            (_, false) => fields.ids.read("ids", &mut errors, ids).map(Which::These),
        };
        let dry_run = fields.dry_run.optional("dry_run", &mut errors, boolean).unwrap_or(true);
        match which {
            Some(which) if errors.is_empty() => Ok(Self { which, dry_run }),
            _ => Err(Problem::validation(errors)),
        }
    }
}

fn all(json: &str) -> Result<Which, &'static str> {
    if json == "true" { Ok(Which::All) } else { Err("must be true, or not there") }
}

fn ids(json: &str) -> Result<Vec<String>, Vec<FieldError>> {
    let wrong = || vec![FieldError::new("ids", format!("must be a list of 1 to {MOST} strings"))];
    let list: Vec<&RawValue> = serde_json::from_str(json).map_err(|_| wrong())?;
    if !(1..=MOST).contains(&list.len()) {
        return Err(wrong());
    }
    let (mut ids, mut errors) = (Vec::with_capacity(list.len()), Vec::new());
    for (index, raw) in list.iter().enumerate() {
        match text(raw.get()) {
            Ok(id) => ids.push(id),
            Err(error) => errors.push(FieldError::new(format!("ids[{index}]"), error)),
        }
    }
    errors.truncate(MOST_ERRORS);
    if errors.is_empty() { Ok(ids) } else { Err(errors) }
}

/// What became of a letter, or would.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Redriven,
    Redrivable,
    NotFound,
    OrderHasMessage,
    NothingToSend,
}

/// Documented as [`schema::RedriveResults`].
#[derive(Serialize)]
struct Answer {
    dry_run: bool,
    redriven: usize,
    results: Vec<One>,
    more: bool,
}

#[derive(Serialize)]
struct One {
    id: String,
    outcome: Outcome,
}

impl State {
    pub(super) async fn redrive_many(
        &self,
        asked: RedriveDeadLetters,
    ) -> Result<JsonAnswer<schema::RedriveResults>, Problem> {
        let dry_run = asked.dry_run;
        let (ids, more) = match asked.which {
            Which::All => self.oldest_dead().await?,
            Which::These(ids) => (ids, false),
        };
        let mut results = Vec::with_capacity(ids.len());
        let mut trial = Trial::default();
        for id in ids {
            let outcome = match self.parse_dead(&id) {
                None => Outcome::NotFound,
                Some(letter) if dry_run => self.try_out(letter, &mut trial).await?,
                Some(letter) => match self.redrive_one(letter).await? {
                    Redriven::Done => Outcome::Redriven,
                    Redriven::Gone => Outcome::NotFound,
                    Redriven::OrderLives => Outcome::OrderHasMessage,
                    Redriven::Empty => Outcome::NothingToSend,
                },
            };
            results.push(One { id, outcome });
        }
        let redriven = results.iter().filter(|one| one.outcome == Outcome::Redriven).count();
        Ok(JsonAnswer::of(&Answer { dry_run, redriven, results, more }))
    }

    async fn oldest_dead(&self) -> Result<(Vec<String>, bool), Problem> {
        let (mut ids, mut last) = (Vec::new(), None);
        loop {
            let limit = PAGE.min(MOST - ids.len());
            let page = self.page_of_dead(last, limit).await;
            let (letters, more) = page.map_err(|error| redis_unavailable(&error))?;
            last = letters.last().map(DeadLetterId::of);
            ids.extend(letters.iter().map(|letter| DeadLetterId::of(letter).to_string()));
            if !more || ids.len() == MOST {
                return Ok((ids, more));
            }
        }
    }

    /// What a redrive would answer, after those that were tried out before.
    async fn try_out(&self, id: DeadLetterId, trial: &mut Trial) -> Result<Outcome, Problem> {
        let letter = dead::get(&self.redis, id.partition, id.entry).await;
        let Some(letter) =
            letter.map_err(|error| redis_unavailable(&error))?.filter(|_| !trial.letters.contains(&id))
        else {
            return Ok(Outcome::NotFound);
        };
        if letter.fields.is_empty() {
            return Ok(Outcome::NothingToSend);
        }
        if let Some(order) = order_of(&letter) {
            let found = absent(&self.redis, id.partition, &[order]).await;
            let lives = found.map_err(|error| redis_unavailable(&error))?.orders.is_empty();
            if lives || !trial.orders.insert(order) {
                return Ok(Outcome::OrderHasMessage);
            }
        }
        trial.letters.insert(id);
        Ok(Outcome::Redrivable)
    }
}

/// What a dry run has sent again, in thought.
#[derive(Default)]
struct Trial {
    letters: HashSet<DeadLetterId>,
    orders: HashSet<contract::OrderId>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(body: &str) -> (u16, Vec<String>) {
        let problem = RedriveDeadLetters::from_json(body.as_bytes()).unwrap_err();
        (problem.status.as_u16(), problem.errors.into_iter().map(|error| error.field).collect())
    }

    #[test]
    fn nothing_is_sent_unless_that_is_said() {
        for (body, expected) in [
            (r#"{"all": true}"#, true),
            (r#"{"ids": ["0:1-0"]}"#, true),
            (r#"{"dry_run": false, "all": true}"#, false),
        ] {
            assert_eq!(RedriveDeadLetters::from_json(body.as_bytes()).unwrap().dry_run, expected, "{body}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let many = format!(r#"{{"ids": [{}"0:1-0"]}}"#, r#""0:1-0","#.repeat(1_000));
        for (body, field) in [
            ("{}", "ids"),
            (r#"{"ids": []}"#, "ids"),
            (r#"{"ids": null}"#, "ids"),
            (r#"{"ids": "0:1-0"}"#, "ids"),
            (many.as_str(), "ids"),
            (r#"{"ids": ["0:1-0", 7]}"#, "ids[1]"),
            (r#"{"all": false}"#, "all"),
            (r#"{"all": null}"#, "all"),
            (r#"{"all": true, "ids": ["0:1-0"]}"#, "all"),
            (r#"{"all": true, "dry_run": "no"}"#, "dry_run"),
            (r#"{"every": true}"#, "every"),
            ("[]", "body"),
        ] {
            assert_eq!(refused(body), (422, vec![field.to_owned()]), "{body}");
        }
        assert_eq!(refused("{"), (400, vec![]));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = RedriveDeadLetters::from_json(&body);
        }
    }
}
