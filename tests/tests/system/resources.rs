//! Start time and memory, printed for whoever reads along.

use system_tests::{Stack, footprint};

#[tokio::test(flavor = "multi_thread")]
async fn start_time_and_memory_at_rest_are_printed() {
    let mut stack = Stack::build(&[]);
    stack.redis.start_ready().await;
    for service in stack.services() {
        let started_ms = service.start_ready().await;
        let resident = footprint::resident_mb(service.pid()).map_or("?".to_owned(), |mb| mb.to_string());
        let name = &service.recipe.name;
        footprint::print(&format!(
            "{name:<15}  ready after {started_ms:>4} ms, {resident:>3} MB (debug build)"
        ));
    }
}
