//! Writes down every ten seconds how the queue stands and how long the orders of these ten seconds took.
//!
//! Beside the projection, which knows nothing of it: of its histogram two copies are compared. A restart costs the ten
//! seconds in which it happens. Replicas write the same row, and the first one stays.

use std::{convert::Infallible, sync::Arc, time::Duration};

use contract::Timestamp;
use runtime::{db::Database, outage::Outage};
use sea_orm::{ActiveValue::Set, ColumnTrait, DbErr, EntityTrait, QueryFilter, sea_query::OnConflict};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::coarse::Coarse;
use crate::{
    dashboard::{live::is_fresh, recent::Recent, sight::Sight},
    entities::sample::{ActiveModel, Column, Entity},
    projection::{
        Projection,
        durations::{Kind, Spread},
        rates::{BUCKET_S, Bucket},
    },
};

/// Longer than the longest window that is drawn.
const KEEP: Duration = Duration::from_hours(25);
/// How often old samples are forgotten.
const FORGET_EVERY: i64 = 360;

pub(crate) struct Sampler {
    pub(crate) database: Database,
    pub(crate) projection: Arc<Projection>,
    pub(crate) sight: Sight,
    pub(crate) recent: Recent,
    pub(crate) draining: CancellationToken,
}

impl Sampler {
    /// Runs until the shutdown drains.
    pub(crate) async fn run(self) -> Result<(), Infallible> {
        self.draining.clone().run_until_cancelled(self.work()).await;
        Ok(())
    }

    async fn work(&self) {
        let mut outage = Outage::new("database");
        let mut before = None;
        loop {
            before = before.or_else(|| self.end_to_end());
            let bucket = Bucket::of(self.projection.now());
            sleep(until_the_end(bucket, self.projection.now())).await;
            let now = self.end_to_end();
            let ended = before.as_ref().zip(now.as_ref()).map(|(before, now)| now.since(before));
            before = now;
            match self.write(bucket, &Coarse::of(ended.unwrap_or_default())).await {
                Ok(()) => outage.recovered(),
                Err(error) => outage.failed(&error),
            }
            self.recent.forget(self.projection.now());
        }
    }

    fn end_to_end(&self) -> Option<Spread> {
        self.projection.read(|numbers| numbers.durations.of(Kind::EndToEnd).clone())
    }

    async fn write(&self, bucket: Bucket, end_to_end: &Coarse) -> Result<(), DbErr> {
        let look = self.sight.look();
        let queue = look.queue.as_ref().filter(|_| is_fresh(&look, self.projection.now()));
        let oldest = |age: Duration| i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let row = ActiveModel {
            starts_at_s: Set(bucket.starts_at_s()),
            waiting: Set(queue.map(|queue| queue.queue_length as i64)),
            in_progress: Set(queue.map(|queue| queue.in_progress as i64)),
            delayed: Set(queue.map(|queue| queue.delayed as i64)),
            dead: Set(queue.map(|queue| queue.dead as i64)),
            oldest_waiting_ms: Set(queue.map(|queue| queue.oldest_waiting_age.map_or(0, oldest))),
            end_to_end: Set(end_to_end.to_json()),
        };
        let keep = OnConflict::column(Column::StartsAtS).do_nothing().to_owned();
        Entity::insert(row).on_conflict(keep).exec_without_returning(&self.database.writer).await?;
        if (bucket.starts_at_s() / BUCKET_S) % FORGET_EVERY == 0 {
            let old = Column::StartsAtS.lt(bucket.earlier(KEEP).starts_at_s());
            Entity::delete_many().filter(old).exec(&self.database.writer).await?;
        }
        Ok(())
    }
}

fn until_the_end(bucket: Bucket, now: Timestamp) -> Duration {
    let end = Timestamp::from_micros((bucket.starts_at_s() + BUCKET_S) * 1_000_000);
    end.since(now).max(Duration::from_millis(1))
}
