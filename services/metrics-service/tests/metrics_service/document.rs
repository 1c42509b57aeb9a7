//! The OpenAPI document.

use metrics_service::http::{Stats, document};
use poem_openapi::types::ParseFromJSON;
use serde_json::Value;

fn parsed() -> Value {
    serde_json::from_str(&document()).unwrap()
}

#[test]
fn every_operation_and_field_is_described() {
    let document = parsed();
    assert_eq!(document["info"]["title"], "Orderflow metrics-service");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["servers"][0]["url"], "/");
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            for field in ["summary", "description", "operationId"] {
                assert!(operation[field].is_string(), "{method} {path} has no {field}");
            }
            assert!(!operation["tags"].as_array().unwrap().is_empty());
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        for (field, property) in schema["properties"].as_object().unwrap() {
            let described = property["description"].is_string() || property["allOf"].is_array();
            assert!(described || property["$ref"].is_string(), "{name}.{field} has no description");
        }
    }
}

#[test]
fn the_example_is_a_valid_answer() {
    let document = parsed();
    let example = document["components"]["schemas"]["Stats"]["example"].clone();
    let stats = Stats::parse_from_json(Some(example)).unwrap();
    let counts = &stats.order_status_counts;
    let total = counts.pending + counts.processing + counts.completed + counts.failed + counts.cancelled;
    assert_eq!(stats.total_orders, total);
    assert_eq!(stats.total_orders_processed, counts.completed + counts.failed);
}

#[test]
fn an_answer_while_loading_is_a_problem() {
    let document = parsed();
    let refusal = "/paths/~1stats/get/responses/503/content/application~1problem+json/schema/$ref";
    assert_eq!(document.pointer(refusal).unwrap(), "#/components/schemas/Problem");
}
