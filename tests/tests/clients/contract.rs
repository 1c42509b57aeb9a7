//! Both APIs do what their OpenAPI documents say, and nothing else: schemathesis tries it with requests that the documents allow
//! and with requests that they forbid, always the same ones.

use system_tests::Stack;

use crate::tools::{self, repository};

async fn holds(stack: &Stack, api: &str) {
    // It looks for its settings, and leaves what it remembers, where it runs.
    let folder = tempfile::tempdir_in(stack.folder()).expect("a temporary folder");
    for name in ["schemathesis.toml", "hooks.py"] {
        let settings = repository().join("tests/clients").join(name);
        std::fs::copy(settings, folder.path().join(name)).expect("a file can be copied");
    }
    let mut schemathesis = tools::python("schemathesis");
    schemathesis.arg("run").arg(format!("{api}/openapi.json")).current_dir(folder.path());
    tools::run(schemathesis.args(["--no-color", "--generation-deterministic"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn order_api_does_what_its_document_says() {
    let webhooks = [
        ("ORDERFLOW_WEBHOOKS__SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("ORDERFLOW_WEBHOOKS__ALLOW_PRIVATE", "true"),
    ];
    let stack = Stack::start_with(&webhooks).await;
    holds(&stack, &stack.client.api).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_service_does_what_its_document_says() {
    let stack = Stack::start().await;
    holds(&stack, &stack.client.metrics).await;
}
