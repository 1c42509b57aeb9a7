//! Whether Redis still has the events that were followed.
//!
//! Looked at before a partition is read for the first time, before it is read again after a read that failed, and every
//! few seconds; never between an event and its projection. Two things tell, and both only as long as they are compared with
//! what was written down before: another epoch, which is another data set (it was emptied, or replaced), and a group that
//! was given less than was applied (it came back without its last moments, or as a replica that was behind). A database that is
//! new, or was made anew, while the group has acknowledged events, has missed them just so.
//!
//! What is written down is read before Redis is asked: a projection that moves on meanwhile is never taken for a loss.

use std::{fmt, sync::Arc};

use sea_orm::DbErr;
use streams::{Progress, Redis, StreamError, keys::METRICS_SERVICE, progress::progress};

use crate::{
    projection::{Projection, Reached, rebuild::Noted},
    telemetry::ProjectionMetrics,
};

/// Looks for losses. Clones look for the same.
#[derive(Clone, Debug)]
pub(crate) struct LossWatch {
    pub(crate) redis: Redis,
    pub(crate) projection: Arc<Projection>,
    pub(crate) metrics: ProjectionMetrics,
    /// There is an order-api to ask.
    pub(crate) can_rebuild: bool,
}

/// Why a step did not get through. Nothing is lost by it.
#[derive(Debug)]
pub(crate) enum Trouble {
    Redis(StreamError),
    Database(DbErr),
}

/// What a look shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// What was there before, and perhaps more.
    Same,
    /// A data set of which nothing is known.
    Unnamed,
    Lost(Loss),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    Replaced,
    Behind,
    NewDatabase,
}

impl LossWatch {
    /// Looks at one partition, and notes what was lost. True: it is known which data set is followed, so that from here on
    /// another one is recognised.
    pub(crate) async fn look(&self, partition: u16) -> Result<bool, Trouble> {
        let reached = self.projection.reached(partition).await.map_err(Trouble::Database)?;
        let found = progress(&self.redis, partition, METRICS_SERVICE).await.map_err(Trouble::Redis)?;
        let noted = match seen(reached.as_ref(), &found) {
            Seen::Same => Ok(()),
            Seen::Unnamed if found.epoch.is_empty() => Ok(()),
            Seen::Unnamed => self.projection.name_epoch(partition, &found.epoch).await,
            Seen::Lost(loss) => self.note(partition, loss, reached.as_ref(), &found).await,
        };
        noted.map_err(Trouble::Database)?;
        Ok(!found.epoch.is_empty())
    }

    /// Looks at every partition.
    pub(crate) async fn look_at_all(&self) -> Result<(), Trouble> {
        for partition in self.redis.keys().partitions() {
            self.look(partition).await?;
        }
        Ok(())
    }

    async fn note(
        &self,
        partition: u16,
        loss: Loss,
        reached: Option<&Reached>,
        found: &Progress,
    ) -> Result<(), DbErr> {
        let noted = self.projection.note_loss(partition, reached, found, self.can_rebuild).await?;
        let what_now = match noted {
            Noted::Known => return Ok(()),
            Noted::Begun => "the numbers are rebuilt from order-api",
            Noted::BegunAnew => "the numbers are rebuilt from order-api, from the beginning",
            Noted::NoRebuild => "the numbers stay wrong, for projection.order_api_url is empty",
        };
        self.metrics.loss_noted(noted);
        tracing::warn!(
            stream.partition = partition,
            reached = reached.map(|reached| tracing::field::display(reached.entry)),
            delivered = %found.delivered,
            "events were missed: {loss}; {what_now}"
        );
        Ok(())
    }
}

fn seen(reached: Option<&Reached>, found: &Progress) -> Seen {
    match reached {
        // What was only delivered will be applied, perhaps by another replica that has it in hand just now.
        None if found.has_acknowledged => Seen::Lost(Loss::NewDatabase),
        None => Seen::Unnamed,
        Some(reached) if !reached.epoch.is_empty() && reached.epoch != found.epoch => {
            Seen::Lost(Loss::Replaced)
        }
        // A stream gives out no less than it delivered, so a last id below what was applied is in this too.
        Some(reached) if found.delivered < reached.entry => Seen::Lost(Loss::Behind),
        Some(reached) if reached.epoch.is_empty() => Seen::Unnamed,
        Some(_) => Seen::Same,
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Replaced => "Redis has another data set than before",
            Self::Behind => "Redis has lost its last moments",
            Self::NewDatabase => "the database is newer than the consumer group",
        })
    }
}

#[cfg(test)]
mod tests {
    use streams::EntryId;

    use super::*;

    fn found(epoch: &str, delivered: u64) -> Progress {
        let delivered = EntryId::new(delivered, 0);
        Progress {
            epoch: epoch.to_owned(),
            last_event: delivered,
            delivered,
            oldest_pending: None,
            has_acknowledged: delivered > EntryId::MIN,
        }
    }

    #[test]
    fn a_loss_is_told_from_what_is_new_and_what_goes_on() {
        let at =
            |entry, epoch: &str| Some(Reached { entry: EntryId::new(entry, 0), epoch: epoch.to_owned() });
        for (reached, found, expected) in [
            (None, found("", 0), Seen::Unnamed),
            (None, found("a", 0), Seen::Unnamed),
            (None, found("a", 1), Seen::Lost(Loss::NewDatabase)),
            (None, Progress { has_acknowledged: false, ..found("a", 1) }, Seen::Unnamed),
            (at(0, "a"), found("a", 0), Seen::Same),
            (at(5, "a"), found("a", 5), Seen::Same),
            (at(5, "a"), found("a", 9), Seen::Same),
            (at(5, "a"), found("a", 4), Seen::Lost(Loss::Behind)),
            (at(5, "a"), found("b", 9), Seen::Lost(Loss::Replaced)),
            (at(5, "a"), found("", 0), Seen::Lost(Loss::Replaced)),
            (at(0, "a"), found("b", 0), Seen::Lost(Loss::Replaced)),
            (at(5, ""), found("a", 9), Seen::Unnamed),
            (at(5, ""), found("a", 4), Seen::Lost(Loss::Behind)),
            (at(0, ""), found("", 0), Seen::Unnamed),
        ] {
            assert_eq!(seen(reached.as_ref(), &found), expected, "{reached:?} {found:?}");
        }
    }
}
