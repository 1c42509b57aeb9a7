//! Strict mode: an order must agree with the catalogue.

use order_api::{commands::Populate, config::CatalogMode, populate};
use serde_json::json;
use system_tests::eventually;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_disagrees_with_the_catalogue_is_told_where() {
    let world = World::start_with(|config| config.catalog.mode = CatalogMode::Strict).await;
    let unknown = json!({"user_id": "user-1", "item_ids": ["sku-1"], "total_amount": 8.9});
    assert_eq!(world.api.post("/orders", &unknown).await.json()["errors"][0]["field"], "user_id");

    let url = Some(world.api.url(""));
    populate::run(world.config(), &Populate { orders: 12, url }).await.unwrap();
    eventually("the samples are there", async || {
        let listed = world.api.get("/orders").await.json()["orders"].as_array().unwrap().len();
        if listed == 12 { Ok(()) } else { Err(format!("{listed} are")) }
    })
    .await;
    assert_eq!(world.api.post("/orders", &unknown).await.status, 201);
    for (body, field) in [
        (json!({"user_id": "nobody", "item_ids": ["sku-1"], "total_amount": 8.9}), "user_id"),
        (json!({"user_id": "user-1", "item_ids": ["sku-1", "sku-99"], "total_amount": 8.9}), "item_ids[1]"),
        (json!({"user_id": "user-1", "item_ids": ["sku-1"], "total_amount": 8.91}), "total_amount"),
    ] {
        let answer = world.api.post("/orders", &body).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["errors"][0]["field"]), (422, &json!(field)));
    }
    let wrong = json!({"user_id": "user-1", "item_ids": ["sku-99"], "total_amount": 1});
    let batch = world.api.post("/orders/batch", &json!({"orders": [unknown, wrong]})).await.json();
    assert_eq!(batch["results"][1]["problem"]["errors"][0]["field"], "item_ids[0]");
    assert_eq!(batch["accepted"], 1);
}
