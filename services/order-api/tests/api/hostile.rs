//! Whatever is asked of the operations, the answer is theirs: done, or a problem that blames the request.

use std::fmt::Write as _;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::world::{Answer, World};

const SAMPLES: usize = 150;

/// The same samples in every run.
fn samples<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..SAMPLES).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// Every byte that could mean something in a URL, so that it arrives as it is.
fn encoded(text: &[u8]) -> String {
    let mut encoded = String::new();
    for byte in text {
        if byte.is_ascii_alphanumeric() || b"-:_".contains(byte) {
            encoded.push(char::from(*byte));
        } else {
            write!(encoded, "%{byte:02X}").unwrap();
        }
    }
    encoded
}

fn check(answer: &Answer, what: &str) {
    assert!(answer.status.as_u16() < 500, "{what}: {answer:?}");
    if !answer.status.is_success() {
        assert!(answer.json()["code"].is_string(), "{what}: {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_id_breaks_anything() {
    let world = World::start().await;
    let known = world.api.placed().await;
    let near = known.clone();
    let ids = prop_oneof![
        proptest::collection::vec(any::<u8>(), 1..40),
        "[0-9]{1,6}:[0-9]{1,22}-[0-9]{1,22}".prop_map(String::into_bytes),
        "[0-9:+-]{1,30}".prop_map(String::into_bytes),
        "ORD-[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
            .prop_map(String::into_bytes),
        (0..near.len(), any::<u8>()).prop_map(move |(at, byte)| {
            let mut id = near.clone().into_bytes();
            id[at] = byte;
            id
        }),
    ];
    // The browser's rules leave none of these as they are.
    let ids = ids.prop_filter("a dot segment", |id| !matches!(&id[..], b"." | b".."));
    for id in samples(ids) {
        if id == known.as_bytes() {
            continue;
        }
        let id = encoded(&id);
        for path in [
            format!("/orders/{id}/cancel"),
            format!("/orders/{id}/retry"),
            format!("/dead-letters/{id}/redrive"),
        ] {
            let answer = world.api.act(&path).await;
            check(&answer, &path);
            assert!(!answer.status.is_success(), "{path}: {answer:?}");
        }
        let path = format!("/dead-letters/{id}");
        check(&world.api.get(&path).await, &path);
        check(&Answer::of(world.api.http.delete(world.api.url(&path))).await, &path);
        let path = format!("/dead-letters?cursor={id}");
        check(&world.api.get(&path).await, &path);
    }
    let order = world.api.get(&format!("/orders/{known}")).await;
    assert_eq!(order.text_of("status"), "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_breaks_anything() {
    let world = World::start().await;
    let names =
        prop_oneof!["user_id|failure_code|created_from|created_before|limit|dry_run|ids|all", "[a-z]{1,5}"];
    let values = prop_oneof![
        "null|true|false|0|1|100|1001|-1|1\\.5|1e3|99999999999999999999999",
        "\"[0-9:-]{0,20}\"",
        Just("\"2026-01-31T09:30:00Z\"".to_owned()),
        Just("\"-009999-01-01T00:00:00Z\"".to_owned()),
        Just("\"9999-12-30T22:00:00Z\"".to_owned()),
        "\"\\\\u0000\"|\"\\\\ud800\"|\"payment_refused\"",
        "\\[(\"[0-9:-]{0,20}\"|null|7)\\]",
        Just("{}".to_owned()),
    ];
    let object = proptest::collection::vec((names, values), 0..4).prop_map(|fields| {
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    });
    let bodies = prop_oneof![4 => object, 1 => proptest::collection::vec(any::<u8>(), 0..60)];
    for body in samples(bodies) {
        for path in ["/orders/retry", "/dead-letters/redrive"] {
            let request = world.api.http.post(world.api.url(path)).header("content-type", "application/json");
            let answer = Answer::of(request.body(body.clone())).await;
            check(&answer, &String::from_utf8_lossy(&body));
        }
    }
}
