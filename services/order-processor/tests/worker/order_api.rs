//! What order-api does, played by the tests: it places and cancels orders, and asks to undo those that failed.

use contract::{
    Command, CommandData, CompensateOrder, Event, EventData, OrderContent,
    event::{OrderCancelled, OrderPlaced},
};
use streams::{
    Producer, Publication,
    cancel::{Cancellation, Cancelled, cancel},
};

use crate::{
    orders::{command, order_id, publication},
    world::World,
};

const SOURCE: &str = "/order-api";

impl World {
    /// Publishes commands and `order.placed` for these orders.
    pub(crate) async fn place(&self, numbers: impl IntoIterator<Item = u32>) {
        let numbers: Vec<u32> = numbers.into_iter().collect();
        for partition in self.redis.keys().partitions() {
            let here = numbers
                .iter()
                .filter(|number| self.redis.keys().partition_of(order_id(**number)) == partition);
            let batch: Vec<Publication> = here.map(|number| publication(*number)).collect();
            Producer::new(&self.redis, "").publish(partition, "api", &batch).await.unwrap();
        }
    }

    /// Publishes any command, once; with it `order.placed` where a life of the order begins.
    pub(crate) async fn publish(&self, command: &Command) -> Result<(), String> {
        let (order, time) = (command.order_id(), command.envelope.time);
        let event = match &command.data {
            CommandData::Process(data) => {
                Some(Event::placed(SOURCE, order, time, None, data.life, data.order.clone()).to_fields())
            }
            CommandData::Compensate(_) => None,
        };
        let publication = Publication { seq: 1, order, command: command.to_fields(), event, known: false };
        let partition = self.redis.keys().partition_of(order);
        // A producer of its own, so that it is skipped when it comes again.
        let published =
            Producer::new(&self.redis, "").publish(partition, &command.envelope.id, &[publication]).await;
        published.map(|_| ()).map_err(|error| error.to_string())
    }

    /// Cancels the order.
    pub(crate) async fn cancel(&self, number: u32) -> Cancelled {
        let command = command(number);
        let (order, placed_at) = (order_id(number), command.envelope.time);
        let data = EventData::Cancelled(OrderCancelled { version: 2, placed_at });
        let event = Event::new(SOURCE, order, placed_at, None, data).to_fields();
        let cancellation =
            Cancellation { order, command: &command.envelope.id, expected: None, event: &event };
        cancel(&self.redis, &cancellation).await.unwrap()
    }

    /// Takes every failure so far for its order's end, and asks to undo what it lists: once for each.
    pub(crate) async fn ask_for_compensations(&self) -> Result<(), String> {
        let events = self.events().await?;
        for (at, event) in events.iter().enumerate() {
            let EventData::Failed(failed) = &event.data else { continue };
            if failed.compensating.is_empty() {
                continue;
            }
            let before = events[..at].iter().rev().filter(|before| before.order_id() == event.order_id());
            let mut placed = before.filter_map(|before| match &before.data {
                EventData::Placed(placed) => Some(placed.clone()),
                _ => None,
            });
            let placed = placed.next().ok_or("an order that was never placed has failed")?;
            let OrderPlaced { version: life, user_id, item_ids, total_amount } = placed;
            let data = CompensateOrder {
                version: failed.version,
                attempt: 1,
                placed_at: failed.placed_at,
                life,
                steps: failed.compensating.clone(),
                order: OrderContent { user_id, item_ids, total_amount },
            };
            let (time, traceparent) = (event.envelope.time, event.envelope.traceparent.clone());
            self.publish(&Command::compensate(SOURCE, event.order_id(), time, traceparent, data)).await?;
        }
        Ok(())
    }
}
