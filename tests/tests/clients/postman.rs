//! The Postman collection, run by newman from top to bottom: the requests of the former system, then one for each operation.

use system_tests::Stack;

use crate::tools::{self, repository};

#[tokio::test(flavor = "multi_thread")]
async fn every_request_of_the_collection_is_answered_as_its_tests_say() {
    let stack = Stack::start().await;
    let collection = repository().join("openapi/orderflow.postman_collection.json");
    let mut newman = tools::node("newman");
    newman.arg("run").arg(collection).arg("--env-var").arg(format!("baseUrl={}", stack.client.api));
    tools::run(newman.args(["--color", "off"])).await;
}
