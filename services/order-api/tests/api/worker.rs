//! A worker, as far as order-api can tell: takes commands from the queue and finishes them with events.

use contract::{
    Command, CommandData, Event, EventData, FailureReason, ProcessOrder, Timestamp,
    event::{OrderCompleted, OrderFailed, OrderProcessing},
};
use streams::{
    Effect, Entry, Finish, Finisher, Redis, Stream, Subscription, announce::announce, keys::ORDER_PROCESSOR,
};

const WORKER: &str = "worker-1";

pub(crate) struct Worker {
    redis: Redis,
    subscription: Subscription,
}

/// A command in hand.
pub(crate) struct Taken {
    pub(crate) entry: Entry,
    pub(crate) command: Command,
}

impl Worker {
    pub(crate) fn new(redis: &Redis) -> Self {
        let subscription = Subscription::new(redis, Stream::Queue, 0, ORDER_PROCESSOR, WORKER).unwrap();
        Self { redis: redis.clone(), subscription }
    }

    /// The next commands, this many.
    pub(crate) async fn take(&mut self, count: usize) -> Vec<Taken> {
        let mut taken = Vec::new();
        let all = async {
            while taken.len() < count {
                for entry in self.subscription.next(count - taken.len()).await.unwrap_or_default() {
                    let command = Command::from_fields(entry.fields.clone().unwrap()).unwrap();
                    taken.push(Taken { entry, command });
                }
            }
        };
        tokio::time::timeout(system_tests::DEADLINE, all).await.expect("commands come");
        taken
    }

    /// Says that it took the order.
    pub(crate) async fn announce(&self, taken: &Taken) {
        announce(&self.redis, 0, &[taken.processing().to_fields()]).await.unwrap();
    }

    /// Adds any event.
    pub(crate) async fn emit(&self, event: &Event) {
        announce(&self.redis, 0, &[event.to_fields()]).await.unwrap();
    }

    /// Acknowledges the command and reports the event.
    pub(crate) async fn finish(&self, taken: &Taken, event: &Event) {
        let finish = Finish { entry: taken.entry.id, effects: vec![Effect::Event(event.to_fields())] };
        let won = Finisher::new(&self.redis).finish(0, ORDER_PROCESSOR, &[finish]).await.unwrap();
        assert_eq!(won, [true]);
        self.subscription.done(&[taken.entry.id]);
    }

    /// The whole life of the next `count` orders.
    pub(crate) async fn complete(&mut self, count: usize) {
        for taken in self.take(count).await {
            self.announce(&taken).await;
            self.finish(&taken, &taken.completed()).await;
        }
    }
}

impl Taken {
    fn data(&self) -> &ProcessOrder {
        let CommandData::Process(data) = &self.command.data;
        data
    }

    fn event(&self, data: EventData) -> Event {
        // A moment after the order was placed, whatever the machine's clock says.
        let placed_at = self.data().placed_at.as_micros();
        let time = Timestamp::from_micros(placed_at + i64::from(data.version()) * 1_000);
        let traceparent = self.command.envelope.traceparent.clone();
        Event::new("/order-processor", self.command.order_id(), time, traceparent, data)
    }

    pub(crate) fn processing(&self) -> Event {
        let ProcessOrder { attempt, placed_at, .. } = *self.data();
        let version = self.data().processing_version();
        let worker = WORKER.to_owned();
        self.event(EventData::Processing(OrderProcessing { version, attempt, worker, placed_at }))
    }

    pub(crate) fn completed(&self) -> Event {
        let ProcessOrder { attempt, placed_at, .. } = *self.data();
        self.event(EventData::Completed(OrderCompleted {
            version: self.data().outcome_version(),
            attempt,
            worker: WORKER.to_owned(),
            placed_at,
            started_at: placed_at,
            steps: Vec::new(),
        }))
    }

    pub(crate) fn failed(&self) -> Event {
        let ProcessOrder { attempt, placed_at, .. } = *self.data();
        let reason =
            FailureReason { code: "payment_refused".to_owned(), message: "the card was declined".to_owned() };
        self.event(EventData::Failed(OrderFailed {
            version: self.data().outcome_version(),
            attempt,
            worker: WORKER.to_owned(),
            placed_at,
            started_at: placed_at,
            reason,
            steps: Vec::new(),
        }))
    }
}
