//! What an order costs in here: from its body to the fields of both messages, and from the fields of a message back to what
//! a service works with. Run by `cargo bench -p contract`.

use std::hint::black_box;

use contract::{
    Command, Event, Fields, OrderContent, OrderId, ProcessOrder, Timestamp, command::FIRST_VERSION, samples,
};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

const BODY: &str = r#"{"user_id": "user-1", "item_ids": ["sku-1", "sku-2"], "total_amount": 99.99}"#;

fn publishing(criterion: &mut Criterion) {
    let order: OrderId = "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b".parse().expect("a valid id");
    criterion.bench_function("order body, parsed", |bencher| bencher.iter(|| parse(black_box(BODY))));
    criterion.bench_function("order body to the fields of command and event", |bencher| {
        bencher.iter(|| messages(order, parse(black_box(BODY))));
    });
}

fn reading(criterion: &mut Criterion) {
    let command = owned(samples::command().to_fields());
    criterion.bench_function("command, decoded", |bencher| {
        bencher.iter_batched(|| command.clone(), Command::from_fields, BatchSize::SmallInput);
    });
    for event in samples::events() {
        let fields = owned(event.to_fields());
        criterion.bench_function(&format!("{}, encoded", event.kind()), |bencher| {
            bencher.iter(|| black_box(&event).to_fields());
        });
        criterion.bench_function(&format!("{}, decoded", event.kind()), |bencher| {
            bencher.iter_batched(|| fields.clone(), Event::from_fields, BatchSize::SmallInput);
        });
    }
}

fn parse(body: &str) -> OrderContent {
    serde_json::from_str(body).expect("a valid order")
}

/// What the relay makes of an order.
fn messages(order_id: OrderId, order: OrderContent) -> (Fields, Fields) {
    let now = Timestamp::from_micros(1_764_000_000_000_000);
    let event = Event::placed("/order-api", order_id, now, None, FIRST_VERSION, order.clone());
    let data =
        ProcessOrder { version: FIRST_VERSION, attempt: 1, placed_at: now, life: FIRST_VERSION, order };
    (Command::process("/order-api", order_id, now, None, data).to_fields(), event.to_fields())
}

/// As they come out of a stream.
fn owned(fields: Fields) -> Vec<(String, String)> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

criterion_group!(benches, publishing, reading);
criterion_main!(benches);
