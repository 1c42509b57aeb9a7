//! Hostile and mistaken input: each gets its own 4xx that says what is wrong, and nothing is stored.

use serde_json::json;

use crate::world::{Answer, World, order};

async fn send(world: &World, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = world.api.http.post(world.api.url(path));
    Answer::of(request.header("content-type", content_type).body(body)).await
}

fn with(field: &str, json: &str) -> String {
    let mut fields = vec![("user_id", "\"user-1\""), ("item_ids", "[\"sku-1\"]"), ("total_amount", "99.99")];
    match fields.iter_mut().find(|(name, _)| *name == field) {
        Some(found) => found.1 = json,
        None => fields.push((field, json)),
    }
    let fields: Vec<_> = fields.iter().map(|(name, json)| format!("\"{name}\": {json}")).collect();
    format!("{{{}}}", fields.join(", "))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_mistake_has_its_own_problem() {
    let world = World::start().await;
    let json = "application/json";
    let many = format!("[{}1]", "1,".repeat(1_000));
    let long = format!("\"{}\"", "x".repeat(201));
    let huge = with("user_id", &format!("\"{}\"", "x".repeat(1 << 20)));
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    for (content_type, body, status, code, field) in [
        (json, "{".to_owned(), 400, "malformed_json", None),
        (json, String::new(), 400, "malformed_json", None),
        (json, "\u{feff}{}".to_owned(), 400, "malformed_json", None),
        (json, format!("{} {{}}", order()), 400, "malformed_json", None),
        (json, "[]".to_owned(), 422, "validation_failed", Some("body")),
        (json, "null".to_owned(), 422, "validation_failed", Some("body")),
        (json, "{}".to_owned(), 422, "validation_failed", Some("user_id")),
        (json, with("coupon", "1"), 422, "validation_failed", Some("coupon")),
        (json, with("user_id", "null"), 422, "validation_failed", Some("user_id")),
        (json, with("user_id", "\"\""), 422, "validation_failed", Some("user_id")),
        (json, with("user_id", "1.5"), 422, "validation_failed", Some("user_id")),
        (json, with("user_id", "{\"a\": 1}"), 422, "validation_failed", Some("user_id")),
        (json, with("user_id", "\"a\\u0000b\""), 422, "validation_failed", Some("user_id")),
        (json, with("user_id", "\"\\ud800\""), 422, "validation_failed", Some("user_id")),
        (json, with("user_id", &long), 422, "validation_failed", Some("user_id")),
        (json, with("item_ids", "[]"), 422, "validation_failed", Some("item_ids")),
        (json, with("item_ids", &many), 422, "validation_failed", Some("item_ids")),
        (json, with("item_ids", "\"sku-1\""), 422, "validation_failed", Some("item_ids")),
        (json, with("item_ids", "[\"a\", \"b\\n\"]"), 422, "validation_failed", Some("item_ids[1]")),
        (json, with("item_ids", "[null]"), 422, "validation_failed", Some("item_ids[0]")),
        (json, with("item_ids", &deep), 422, "validation_failed", Some("item_ids[0]")),
        (json, with("total_amount", "-0.01"), 422, "validation_failed", Some("total_amount")),
        (json, with("total_amount", "0.00001"), 422, "validation_failed", Some("total_amount")),
        (json, with("total_amount", "NaN"), 422, "validation_failed", Some("total_amount")),
        (json, with("total_amount", "1e400"), 422, "validation_failed", Some("total_amount")),
        (json, with("total_amount", "\"99.99\""), 422, "validation_failed", Some("total_amount")),
        (json, with("total_amount", "true"), 422, "validation_failed", Some("total_amount")),
        ("text/plain", order().to_string(), 415, "unsupported_media_type", None),
        ("application/x-www-form-urlencoded", "user_id=1".to_owned(), 415, "unsupported_media_type", None),
        (json, huge, 413, "body_too_large", None),
    ] {
        let shown: String = body.chars().take(120).collect();
        let answer = send(&world, "/orders/", content_type, body).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), &problem["code"]), (status, &json!(code)), "{shown}: {problem}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{shown}");
        if let Some(field) = field {
            assert_eq!(problem["errors"][0]["field"], field, "{shown}: {problem}");
        }
    }
    let invalid = send(&world, "/orders/", json, vec![b'{', 0xff, b'}']).await;
    assert_eq!((invalid.status.as_u16(), &invalid.json()["code"]), (400, &json!("malformed_json")));
    let untyped = Answer::of(world.api.http.post(world.api.url("/orders/")).body(order().to_string())).await;
    assert_eq!(untyped.status, 415, "{untyped:?}");
    assert_eq!(world.api.get("/orders").await.json()["orders"], json!([]), "something was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_order_id_is_not_found() {
    let world = World::start().await;
    let known = world.api.placed().await;
    for id in [
        "1",
        "ORD-",
        "ORD-019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b",
        &known.to_uppercase(),
        &known.replace("ORD-", ""),
        "%00",
        "%ff",
        "..%2f..%2fetc%2fpasswd",
        "' OR 1=1 --",
        &"x".repeat(5_000),
    ] {
        for path in [format!("/orders/{id}"), format!("/orders/{id}/events"), format!("/orders/{id}?wait=1")]
        {
            let answer = world.api.get(&path).await;
            assert!(
                (answer.status == 404 || answer.status == 400) && answer.json()["code"].is_string(),
                "{path}: {answer:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_refused_by_name() {
    let world = World::start().await;
    let order_id = world.api.placed().await;
    for (path, name) in [
        ("/orders?status=done", "status"),
        ("/orders?limit=0", "limit"),
        ("/orders?limit=101", "limit"),
        ("/orders?limit=ten", "limit"),
        ("/orders?created_from=yesterday", "created_from"),
        ("/orders?cursor=3", "cursor"),
        ("/orders?user_id=%00", "user_id"),
        (&format!("/orders/{order_id}?wait=61"), "wait"),
        (&format!("/orders/{order_id}?wait=-1"), "wait"),
    ] {
        let answer = world.api.get(path).await;
        let problem = answer.json();
        assert_eq!((answer.status.as_u16(), &problem["code"]), (400, &json!("invalid_parameter")), "{path}");
        assert_eq!(problem["errors"][0]["field"], name, "{path}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_say_what_is_allowed() {
    let world = World::start().await;
    let answer = Answer::of(world.api.http.delete(world.api.url("/orders/"))).await;
    assert_eq!(answer.status, 405);
    let allow = answer.header("allow").unwrap();
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
}
