//! The OpenAPI document is whole, and its examples work.

use serde_json::Value;

use crate::world::World;

fn document() -> Value {
    serde_json::from_str(&order_api::http::document()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, operations): (&String, &Value)| {
        let path = path.clone();
        let operations = operations.as_object().unwrap().clone();
        operations.into_iter().map(move |(method, operation)| (method, path.clone(), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn every_operation_is_described_with_all_its_problems() {
    let operations = operations(&document());
    assert_eq!(operations.len(), 16);
    for (method, path, operation) in operations {
        let name = format!("{method} {path}");
        for field in ["summary", "description", "operationId"] {
            assert!(operation[field].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {field}");
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["description"].is_string(), "{name}: {parameter}");
        }
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key("500") && responses.contains_key("503"), "{name}");
        for (status, response) in responses {
            assert!(response["description"].as_str().is_some_and(|text| !text.is_empty()), "{name} {status}");
            if status.starts_with(['4', '5']) {
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(schema, "#/components/schemas/Problem", "{name} {status}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_are_accepted() {
    let world = World::start().await;
    let document = document();
    for (schema, path, status) in [
        ("PlaceOrder", "/orders", 201),
        ("PlaceOrders", "/orders/batch", 200),
        ("RetryOrders", "/orders/retry", 200),
        ("RedriveDeadLetters", "/dead-letters/redrive", 200),
    ] {
        let example = &document["components"]["schemas"][schema]["example"];
        let answer = world.api.post(path, example).await;
        assert_eq!(answer.status, status, "{example}: {answer:?}");
    }
}

/// The document's schemas are written by hand beside the real types: what is answered has exactly these fields.
#[tokio::test(flavor = "multi_thread")]
async fn answers_have_the_documented_fields() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    let document = document();
    let redis = world.streams().await;
    let letter: String = fred::interfaces::StreamsInterface::xadd(
        redis.client(),
        redis.keys().dead(0),
        false,
        None::<()>,
        "*",
        vec![("a", "b")],
    )
    .await
    .unwrap();
    for (path, schema) in [
        (format!("/orders/{order_id}"), "Order"),
        ("/orders".to_owned(), "OrderPage"),
        (format!("/orders/{order_id}/events"), "OrderTimeline"),
        (format!("/orders/{order_id}/webhooks"), "OrderWebhooks"),
        ("/orders/status".to_owned(), "QueueStatus"),
        ("/orders/metrics".to_owned(), "OrderMetrics"),
        ("/dead-letters".to_owned(), "DeadLetterPage"),
        (format!("/dead-letters/0:{letter}"), "DeadLetter"),
        ("POST /orders/retry".to_owned(), "RetriedOrders"),
        ("POST /dead-letters/redrive".to_owned(), "RedriveResults"),
        (format!("POST /dead-letters/0:{letter}/redrive"), "RedriveResult"),
    ] {
        let answer = match path.strip_prefix("POST ") {
            Some(path) => {
                let example = &document["components"]["schemas"]["RedriveDeadLetters"]["example"];
                let body = if path.contains("dead") { example.clone() } else { serde_json::json!({}) };
                world.api.post(path, &body).await.json()
            }
            None => world.api.get(&path).await.json(),
        };
        let documented = &document["components"]["schemas"][schema];
        let mut expected: Vec<&String> = documented["properties"].as_object().unwrap().keys().collect();
        let mut found: Vec<&String> = answer.as_object().unwrap().keys().collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{path}");
        let required = documented["required"].as_array().unwrap().len();
        assert_eq!(required, expected.len(), "{schema}: every field is always there");
    }
}
