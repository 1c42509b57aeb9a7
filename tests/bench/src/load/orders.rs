//! Requests about orders, as bytes. The bodies are those of `order.lua`.

/// `POST /orders` of a valid order; the number makes it another one.
pub(crate) fn order(number: u64) -> Vec<u8> {
    post("/orders", &body(number))
}

/// `POST /orders/batch` of `count` orders.
pub(crate) fn batch(first: u64, count: u64) -> Vec<u8> {
    let orders: Vec<String> = (first..first + count).map(body).collect();
    post("/orders/batch", &format!("{{\"orders\":[{}]}}", orders.join(",")))
}

/// `GET` of an order once it is final.
pub(crate) fn wait_for(order_id: &str) -> Vec<u8> {
    format!("GET /orders/{order_id}?wait=10 HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes()
}

/// The id in the body of an answer that is one order.
pub(crate) fn order_id(body: &str) -> Option<&str> {
    let (_, rest) = body.split_once("\"order_id\":\"")?;
    rest.split('"').next()
}

fn post(path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

fn body(number: u64) -> String {
    let user = number.wrapping_mul(7_919) % 1_000;
    format!(
        "{{\"user_id\":\"user-{user:03}\",\"item_ids\":[\"sku-{number:010}\",\"sku-1\"],\"total_amount\":99.99}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_in_an_answer() {
        let answer = r#"{"order_id":"ORD-1","status":"pending"}"#;
        assert_eq!(order_id(answer), Some("ORD-1"));
        assert_eq!(order_id("{}"), None);
    }

    #[test]
    fn bodies_are_valid_and_different() {
        let read = |number| serde_json::from_str::<contract::OrderContent>(&body(number)).unwrap();
        assert_ne!(read(1), read(2));
    }
}
