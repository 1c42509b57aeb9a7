//! `orderctl watch`: an order's timeline as it grows, until the order is final.
//!
//! order-api is asked for a stream of events. One that breaks is taken up again after the last event that was seen. Where there is
//! no stream the timeline is read again each time the order may have moved.

use std::time::Duration;

use clap::Args;
use contract::{
    Status, Timestamp,
    event::{OrderCompensated, OrderCompleted, OrderFailed, OrderPlaced, OrderProcessing, OrderRetrying},
};
use serde::Deserialize;

use super::{Context, many, place::wait};
use crate::{
    client::{Following, may_pass, model::Event, sse::Events},
    exit::{Exit, Failure},
    output::{Out, Style, note, safe, words},
};

/// Between two looks at a timeline that is not streamed, and before a connection is made again.
const PAUSE: Duration = Duration::from_millis(500);
/// In a row, that order-api may be away.
const TRIES: u32 = 20;

/// Follow an order's timeline until it is final; the exit status says how it ended
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// The order's id; `-` reads it from the standard input
    #[arg(value_name = "ORDER_ID")]
    id: String,

    /// At most so long
    #[arg(long, value_name = "SECONDS")]
    wait: Option<u64>,
}

impl Watch {
    pub(super) async fn run(self, context: &Context) -> Result<(), Failure> {
        let ids = many::ids(std::slice::from_ref(&self.id))?;
        let [id] = ids.as_slice() else { return Err(Failure::usage("it is one order that can be watched")) };
        let mut shown = Shown { out: context.out, version: 0, placed: None, last_id: None };
        let following = follow(context, id, &mut shown);
        let status = match self.wait {
            None => following.await?,
            Some(seconds) => {
                let ended = tokio::time::timeout(Duration::from_secs(seconds), following).await;
                let late = || Failure::new(Exit::NotYet, format!("the order is not final after {seconds} s"));
                ended.map_err(|_| late())??
            }
        };
        wait::exit(status).map_or(Ok(()), |exit| Err(Failure::Silent(exit)))
    }
}

/// Until the order is final: how it ended.
async fn follow(context: &Context, id: &str, shown: &mut Shown) -> Result<Status, Failure> {
    let mut tries = 0;
    loop {
        match once(context, id, shown).await {
            Ok(Some(status)) => return Ok(status),
            Ok(None) => tries = 0,
            // Of an order that was seen, an outage is a pause.
            Err(failure) if may_pass(&failure) && shown.version > 0 && tries < TRIES => {
                if tries == 0 {
                    note(&format!("orderctl: {}\norderctl: trying again", safe(&failure.to_string())));
                }
                tries += 1;
            }
            Err(failure) => return Err(failure),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// One stream to its end, or one look at the timeline. The order's status, if it is final.
async fn once(context: &Context, id: &str, shown: &mut Shown) -> Result<Option<Status>, Failure> {
    match context.client.follow(id, shown.last_id.as_deref()).await? {
        Following::Live(answer) => {
            let mut events = Events::of(answer);
            while let Some(sent) = events.next().await {
                let event = serde_json::from_str::<Event>(&sent.data)
                    .map_err(|error| Failure::failed(format!("an event is unreadable: {error}")))?;
                shown.last_id = sent.id.or_else(|| shown.last_id.take());
                shown.event(&event)?;
            }
            // A stream ends with the last event; or because something broke.
            let status = context.client.get(id).await?.status;
            Ok(status.is_final().then_some(status))
        }
        Following::SoFar(events) => {
            events.iter().try_for_each(|event| shown.event(event))?;
            let before = context.client.get_when_final(id, 1).await?;
            if !before.status.is_final() {
                return Ok(None);
            }
            // What came between the two answers.
            let events = context.client.timeline(id).await?;
            events.iter().try_for_each(|event| shown.event(event))?;
            Ok(Some(before.status))
        }
    }
}

/// What has been shown so far.
struct Shown {
    out: Out,
    version: u32,
    placed: Option<Timestamp>,
    /// Of the last event of a stream, for the next one to go on after it.
    last_id: Option<String>,
}

impl Shown {
    fn event(&mut self, event: &Event) -> Result<(), Failure> {
        if event.version <= self.version {
            return Ok(());
        }
        self.version = event.version;
        if self.out.json {
            return Ok(self.out.json_line(event)?);
        }
        let placed = *self.placed.get_or_insert(event.time);
        let after = format!("+{}", words::duration(event.time.since(placed)));
        let kind = self.out.paint(style(&event.kind), &format!("{:<17}", safe(&event.kind)));
        let line = format!("{}  {after:>11}  {kind}  {}", words::time_of_day(event.time), words_of(event));
        Ok(self.out.line(line.trim_end())?)
    }
}

fn style(kind: &str) -> Style {
    match kind {
        "order.completed" => Style::Good,
        "order.failed" => Style::Bad,
        "order.retrying" => Style::Waiting,
        "order.processing" => Style::Moving,
        _ => Style::Strong,
    }
}

/// What there is to say about an event. Of a type that is not known, what it carries.
fn words_of(event: &Event) -> String {
    let text = match event.kind.as_str() {
        "order.placed" => data(event).map(|placed: OrderPlaced| {
            let items = placed.item_ids.as_slice().len();
            let items = if items == 1 { "1 item".to_owned() } else { format!("{items} items") };
            format!("{items} for {}, {}", placed.user_id, words::money(placed.total_amount))
        }),
        "order.processing" => {
            data(event).map(|taken: OrderProcessing| format!("attempt {} on {}", taken.attempt, taken.worker))
        }
        "order.completed" => data(event).map(|completed: OrderCompleted| {
            let steps = completed.steps.iter().map(|step| {
                format!("{} {}", step.step, words::duration(Duration::from_micros(step.duration_us)))
            });
            steps.collect::<Vec<_>>().join(", ")
        }),
        "order.failed" => data(event).map(|failed: OrderFailed| {
            let undo: Vec<_> = failed.compensating.iter().map(|step| step.as_str()).collect();
            let undo =
                if undo.is_empty() { String::new() } else { format!("; to be undone: {}", undo.join(", ")) };
            format!("{} ({}){undo}", failed.reason.message, failed.reason.code)
        }),
        "order.retrying" => data(event).map(|retrying: OrderRetrying| {
            let pause = words::duration(retrying.due_at.since(event.time));
            format!("{} ({}); again in {pause}", retrying.reason.message, retrying.reason.code)
        }),
        "order.compensated" => data(event).map(|compensated: OrderCompensated| {
            let steps: Vec<_> = compensated.steps.iter().map(|step| step.step.as_str()).collect();
            format!("undone: {}", steps.join(", "))
        }),
        "order.cancelled" => Some(String::new()),
        _ => None,
    };
    safe(&text.unwrap_or_else(|| event.data.get().to_owned())).into_owned()
}

fn data<'a, T: Deserialize<'a>>(event: &'a Event) -> Option<T> {
    serde_json::from_str(event.data.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: &str, data: serde_json::Value) -> Event {
        serde_json::from_str(
            &serde_json::json!({ "type": kind, "time": "2026-01-31T09:30:00Z", "version": 2, "data": data })
                .to_string(),
        )
        .unwrap()
    }

    #[test]
    fn each_event_has_its_words() {
        let placed = serde_json::json!({
            "version": 1, "user_id": "a\u{202e}b", "item_ids": ["x"], "total_amount": 99.99
        });
        assert_eq!(words_of(&event("order.placed", placed)), "1 item for a\\u{202e}b, 99.99");
        let failed = serde_json::json!({
            "version": 3, "attempt": 1, "worker": "w", "placed_at": "2026-01-31T09:30:00Z",
            "started_at": "2026-01-31T09:30:00Z", "steps": [], "compensating": ["stock"],
            "reason": {"code": "payment_refused", "message": "no \u{1b}[31mmoney"}
        });
        let expected = "no \\u{1b}[31mmoney (payment_refused); to be undone: stock";
        assert_eq!(words_of(&event("order.failed", failed)), expected);
        assert_eq!(words_of(&event("order.cancelled", serde_json::json!({}))), "");
        assert_eq!(words_of(&event("order.packed", serde_json::json!({"box": 1}))), "{\"box\":1}");
    }
}
