//! The page over a system in which all is well, or nearly.

use system_tests::{Client, Load, Shop, Stack, client::text, collector::Collector, eventually, load::Repeat};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::page::Page;

const KEY: &str = "the key of the day";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[tokio::test(flavor = "multi_thread")]
async fn a_new_system_says_how_to_place_the_first_order_and_shows_it() {
    let stack = Stack::start().await;
    let mut page = Page::open("empty.mjs", &stack, &[]);
    page.says("empty").await;
    stack.client.placed(1).await;
    page.sees_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_system() {
    let shop = Shop::start().await;
    let mut stack = Stack::build(&[]);
    for (name, value) in shop.settings(shop.port) {
        stack.set(name, &value);
    }
    stack.up().await;
    let load = Load::start(&stack.client, 2, Repeat::Never);
    let page = Page::open("busy.mjs", &stack, &[]);
    page.sees_everything().await;
    load.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_looked_up_and_its_way_is_drawn_as_its_trace_has_it() {
    let (shop, collector) = (Shop::start().await, Collector::start().await);
    let mut stack = Stack::build(&[
        ("ORDERFLOW_TELEMETRY__OTLP_ENDPOINT", &collector.url()),
        ("ORDERFLOW_TELEMETRY__OTLP_PROTOCOL", "http"),
    ]);
    for (name, value) in shop.settings(shop.port) {
        stack.set(name, &value);
    }
    stack.up().await;
    let mut body = Client::order(1);
    body["user_id"] = "<img src=x onerror=alert(1)>".into();
    let request = stack.client.http.post(format!("{}/orders/", stack.client.api)).json(&body);
    let answer =
        request.header("traceparent", format!("00-{TRACE}-00f067aa0ba902b7-01")).send().await.unwrap();
    let completed = text(&answer.json().await.unwrap(), "order_id");
    // The shop refuses to be paid for this one.
    let failed = stack.client.placed(9).await;
    for id in [&completed, &failed] {
        stack.client.finished(id).await;
    }
    let mut page = Page::open("lookup.mjs", &stack, &[&completed, &failed, TRACE]);
    let drawn = page.said().await;
    let mut drawn: Vec<&str> = drawn.split(' ').collect();
    drawn.sort_unstable();
    // What others do with the order's events afterwards is no part of its way.
    let is_its_way = |name: &&str| {
        name.starts_with("step.") || ["order.place", "order.publish", "order.process"].contains(name)
    };
    eventually("what is drawn is the trace, span for span", async || {
        let spans = collector.trace(TRACE);
        let mut traced: Vec<&str> = spans.iter().map(|span| &*span.name).filter(is_its_way).collect();
        traced.sort_unstable();
        if traced == drawn { Ok(()) } else { Err(format!("{traced:?} and not {drawn:?}")) }
    })
    .await;
    page.sees_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_shown_to_all_and_sent_again_by_whoever_has_the_key() {
    let stack = Stack::start_with(&[("ORDERFLOW_DASHBOARD__ADMIN_KEY", KEY)]).await;
    dead_letter(&stack, 1).await;
    Page::open("dead.mjs", &stack, &[KEY]).sees_everything().await;
    assert!(!stack.metrics.log().text().contains(KEY), "the key is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_the_page_only_shows() {
    let stack = Stack::start().await;
    dead_letter(&stack, 1).await;
    let mut page = Page::open("read_only.mjs", &stack, &[]);
    page.says("reading").await;
    dead_letter(&stack, 2).await;
    page.sees_everything().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_cut_off_says_so_and_comes_back() {
    let mut stack = Stack::start().await;
    stack.client.finished(&stack.client.placed(1).await).await;
    let mut page = Page::open("disconnected.mjs", &stack, &[]);
    page.says("live").await;
    // It ends its streams, and so in good order.
    assert!(stack.metrics.terminate().await.success());
    page.says("disconnected").await;
    stack.metrics.start_ready().await;
    page.says("live again").await;
    page.sees_everything().await;
}

#[test]
fn the_chart_library_is_that_of_the_npm_package() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let vendored = here.join("../services/metrics-service/dashboard/vendor");
    let package = here.join("browser/node_modules/uplot");
    for (ours, theirs) in [
        ("uPlot.iife.min.js", "dist/uPlot.iife.min.js"),
        ("uPlot.min.css", "dist/uPlot.min.css"),
        ("LICENSE", "LICENSE"),
    ] {
        let read = |path: std::path::PathBuf| {
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        assert!(read(vendored.join(ours)) == read(package.join(theirs)), "{ours} is another one");
    }
    let described: serde_json::Value =
        serde_json::from_slice(&std::fs::read(package.join("package.json")).unwrap()).unwrap();
    let readme = std::fs::read_to_string(vendored.join("README.md")).unwrap();
    assert!(readme.contains(described["version"].as_str().unwrap()), "{readme}");
}

/// The first, second, … message that no worker understands, with something in it that would be a script if the page let it.
async fn dead_letter(stack: &Stack, number: u64) {
    let mut redis = TcpStream::connect(("127.0.0.1", stack.redis.port)).await.expect("it runs");
    let message = "XADD orderflow:{0}:queue * type order.frobnicate note \"<script>alert(1)</script>\"\r\n";
    redis.write_all(message.as_bytes()).await.expect("it listens");
    eventually("it is set aside", async || {
        let queue = stack.client.api("/orders/status/").await?;
        if queue["dead"] == number { Ok(()) } else { Err(queue.to_string()) }
    })
    .await;
}
