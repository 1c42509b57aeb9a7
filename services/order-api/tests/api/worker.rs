//! A worker, as far as order-api can tell: takes commands from the queue and finishes them with events.

use contract::{
    Command, CommandData, Event, EventData, FailureReason, ProcessOrder, Timestamp,
    event::{OrderCompensated, OrderCompleted, OrderFailed, OrderProcessing},
};
use fred::interfaces::StreamsInterface;
use streams::{
    Accept, Effect, Entry, Finish, Finisher, Redis, Stream, Subscription, accept::accept,
    keys::ORDER_PROCESSOR,
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
        Self::named(redis, WORKER)
    }

    pub(crate) fn named(redis: &Redis, name: &str) -> Self {
        let subscription = Subscription::new(redis, Stream::Queue, 0, ORDER_PROCESSOR, name).unwrap();
        Self { redis: redis.clone(), subscription }
    }

    /// The next command, whatever it is.
    pub(crate) async fn take_any(&mut self) -> Taken {
        self.take(1).await.remove(0)
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

    /// Says that it took the order; false: it was cancelled before, and is not to be worked on.
    pub(crate) async fn accept(&self, taken: &Taken) -> bool {
        let event = Some(taken.processing().to_fields());
        let asked = Accept { entry: taken.entry.id, order: taken.command.order_id(), event };
        let cancelled = accept(&self.redis, 0, &[asked]).await.unwrap();
        self.subscription.done(&cancelled);
        cancelled.is_empty()
    }

    /// Adds any event.
    pub(crate) async fn emit(&self, event: &Event) {
        let fields: Vec<_> = event.to_fields();
        let key = self.redis.keys().events(0);
        let _: String = self.redis.client().xadd(key, false, None, "*", fields).await.unwrap();
    }

    /// Acknowledges the command and reports the event.
    pub(crate) async fn finish(&self, taken: &Taken, event: &Event) {
        let effects = vec![Effect::Event(event.to_fields())];
        assert!(self.finish_with(taken, effects).await, "somebody else finished it");
    }

    /// Acknowledges the command with whatever follows; whether the fence let it.
    pub(crate) async fn finish_with(&self, taken: &Taken, effects: Vec<Effect>) -> bool {
        let finish = Finish { entry: taken.entry.id, order: Some(taken.command.order_id()), effects };
        let run = uuid::Uuid::new_v4().as_u128() as u64;
        let finisher = Finisher::new(&self.redis, 0, ORDER_PROCESSOR, WORKER, run);
        let won = finisher.finish(&finisher.call(), &[finish]).await.unwrap();
        self.subscription.done(&[taken.entry.id]);
        won == [true]
    }

    /// The whole life of the next `count` orders.
    pub(crate) async fn complete(&mut self, count: usize) {
        for taken in self.take(count).await {
            assert!(self.accept(&taken).await, "it was cancelled");
            self.finish(&taken, &taken.completed()).await;
        }
    }
}

impl Taken {
    pub(crate) fn data(&self) -> &ProcessOrder {
        match &self.command.data {
            CommandData::Process(data) => data,
            CommandData::Compensate(data) => panic!("to be compensated: {data:?}"),
        }
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
        self.event(EventData::Processing(OrderProcessing {
            version,
            attempt,
            worker,
            placed_at,
            published_at: None,
            trace_id: None,
        }))
    }

    /// The end of a compensation.
    pub(crate) fn compensated(&self) -> Event {
        let CommandData::Compensate(data) = &self.command.data else { panic!("{:?}", self.command) };
        let (version, placed_at) = (data.outcome_version(), data.placed_at);
        let steps = Vec::new();
        let data = OrderCompensated { version, worker: WORKER.to_owned(), placed_at, steps };
        let time = Timestamp::from_micros(placed_at.as_micros() + i64::from(version) * 1_000);
        Event::new("/order-processor", self.command.order_id(), time, None, EventData::Compensated(data))
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
            compensating: Vec::new(),
        }))
    }
}
