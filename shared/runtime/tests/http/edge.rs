//! What a client sees of every request: problems for all that is refused, both forms of each path, ids,
//! metrics, health, the document. Over a real socket.

use std::time::Duration;

use crate::support::{Client, http_config, start};
use poem_openapi::{
    ApiResponse, Object, OpenApi, OpenApiService,
    param::{Path, Query},
};
use runtime::http::{FromJsonBody, JsonAnswer, JsonBody, Problem, ProblemJson, json, schema};
use serde::{Deserialize, Serialize};

struct Api;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Thing {
    user_id: String,
    total_amount: contract::Money,
}

/// A thing
#[derive(Object)]
#[oai(rename = "Thing")]
struct ThingSchema {
    /// Whose it is
    user_id: schema::Reference,
    /// What it costs
    total_amount: schema::Amount,
}

impl FromJsonBody for Thing {
    type Schema = ThingSchema;

    fn from_json(body: &[u8]) -> Result<Self, Problem> {
        json::parse(body)
    }
}

#[derive(ApiResponse)]
enum GetThing {
    /// Here it is
    #[oai(status = 200)]
    Found(JsonAnswer<ThingSchema>),
    /// There is no such thing
    #[oai(status = 404)]
    NotFound(ProblemJson),
}

#[OpenApi]
impl Api {
    /// Make a thing
    #[oai(path = "/things", method = "post")]
    async fn make(&self, body: JsonBody<Thing>) -> poem::Result<JsonAnswer<ThingSchema>> {
        Ok(JsonAnswer::of(&body.value))
    }

    /// List things
    #[oai(path = "/things", method = "get")]
    async fn list(&self, limit: Query<Option<u32>>) -> JsonAnswer<u32> {
        JsonAnswer::of(&limit.0.unwrap_or(50))
    }

    /// One thing
    #[oai(path = "/things/:name", method = "get")]
    async fn get(&self, name: Path<String>) -> GetThing {
        match name.0.as_str() {
            "kept" => GetThing::Found(JsonAnswer::from_bytes(
                r#"{"user_id":"42","total_amount":90071992547409.93}"#.into(),
            )),
            _ => GetThing::NotFound(Problem::not_found("thing_not_found", "no such thing").into()),
        }
    }

    /// A mistake
    #[oai(path = "/panics", method = "get")]
    async fn panics(&self) -> JsonAnswer<u32> {
        panic!("secret: {}", Option::<u32>::None.is_some());
    }

    /// An error of ours
    #[oai(path = "/fails", method = "get")]
    async fn fails(&self) -> poem::Result<JsonAnswer<u32>> {
        Err(poem::Error::from_string("secret table name", poem::http::StatusCode::INTERNAL_SERVER_ERROR))
    }

    /// Never
    #[oai(path = "/hangs", method = "get")]
    async fn hangs(&self) -> JsonAnswer<u32> {
        std::future::pending().await
    }
}

async fn started() -> crate::support::Running {
    let mut config = http_config();
    config.request_timeout_ms = 2_000;
    config.body_timeout_ms = 300;
    let page = poem::get(poem::endpoint::make_sync(|_| "a page"));
    start(config, |site| site.api(OpenApiService::new(Api, "Things", "1.0")).page("/", page)).await
}

#[tokio::test]
async fn every_refusal_is_a_problem_of_its_own() {
    let running = started().await;
    let valid = r#"{"user_id": "a", "total_amount": 1}"#;
    let big = format!(r#"{{"user_id": "{}", "total_amount": 1}}"#, "x".repeat(2_000));
    let json = "application/json";
    for (path, content_type, body, status, code) in [
        ("/things", json, "{", 400, "malformed_json"),
        ("/things", json, "", 400, "malformed_json"),
        ("/things", json, "{}", 422, "validation_failed"),
        ("/things", json, r#"{"user_id": "a", "total_amount": -1}"#, 422, "validation_failed"),
        ("/things", "text/plain", valid, 415, "unsupported_media_type"),
        ("/things", json, &big, 413, "body_too_large"),
        ("/nothing", json, valid, 404, "route_not_found"),
        ("/things/kept", json, valid, 405, "method_not_allowed"),
        ("/healthz", json, valid, 405, "method_not_allowed"),
    ] {
        let mut client = Client::connect(running.address).await;
        let answer = client.post(path, content_type, body).await;
        let problem = answer.json();
        assert_eq!((answer.status, problem["code"].as_str()), (status, Some(code)), "{path} {body}");
        assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"].as_str(), answer.header("x-request-id"));
    }
    let mut client = Client::connect(running.address).await;
    let answer = client.get("/things?limit=many").await;
    assert_eq!((answer.status, &answer.json()["code"]), (400, &"invalid_parameter".into()));
    assert_eq!(answer.json()["errors"][0]["field"], "limit");
    let answer = client.get("/things/other").await;
    assert_eq!((answer.status, &answer.json()["code"]), (404, &"thing_not_found".into()));
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    for target in ["/%ff%fe", "/things/%00", "//", "/things//", "/?a=%"] {
        let answer = client.get(target).await;
        assert!(answer.status < 500, "{target}: {answer:?}");
    }
}

#[tokio::test]
async fn a_405_says_what_is_allowed() {
    let running = started().await;
    let mut client = Client::connect(running.address).await;
    client.write("DELETE /things/ HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(client.answer().await.header("allow"), Some("GET, POST, HEAD"));
    client.write("DELETE /things/kept HTTP/1.1\r\nhost: t\r\n\r\n").await;
    assert_eq!(client.answer().await.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn no_mistake_of_ours_shows_or_costs_the_connection() {
    let running = started().await;
    let mut client = Client::connect(running.address).await;
    for path in ["/panics", "/fails"] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, &answer.json()["code"]), (500, &"internal_error".into()));
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"));
    }
    let answer = client.get("/hangs").await;
    assert_eq!((answer.status, &answer.json()["code"]), (503, &"timeout".into()));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(client.get("/healthz").await.status, 200, "the connection still serves");
}

#[tokio::test]
async fn a_body_that_never_ends_is_refused() {
    let running = started().await;
    let mut client = Client::connect(running.address).await;
    client
        .write("POST /things HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{")
        .await;
    assert_eq!(client.answer().await.json()["code"], "body_timeout");
}

#[tokio::test]
async fn both_forms_of_a_path_and_money_to_the_digit() {
    let running = started().await;
    let mut client = Client::connect(running.address).await;
    for path in ["/things", "/things/"] {
        let answer =
            client.post(path, "application/json", r#"{"user_id": "a", "total_amount": 99.99}"#).await;
        assert_eq!((answer.status, &*answer.body), (200, &br#"{"user_id":"a","total_amount":99.99}"#[..]));
    }
    for path in ["/things/kept", "/things/kept/", "/things/kept/?x=1"] {
        let answer = client.get(path).await;
        assert_eq!(answer.body, br#"{"user_id":"42","total_amount":90071992547409.93}"#, "{path}");
    }
    assert_eq!(client.get("/things/?limit=7").await.body, b"7");
    assert_eq!(client.get("/").await.body, b"a page");
}

#[tokio::test]
async fn every_answer_has_its_id_and_is_counted_by_route() {
    let running = started().await;
    let mut client = Client::connect(running.address).await;
    client.write("GET /things/kept HTTP/1.1\r\nhost: t\r\nx-request-id: mine-7\r\n\r\n").await;
    let answer = client.answer().await;
    assert_eq!(answer.header("x-request-id"), Some("mine-7"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    client.get("/wp-login.php").await;
    let text = running.metrics.encode();
    for line in [
        r#"orderflow_http_requests_total{method="GET",route="/things/{name}",status="200"} 1"#,
        r#"orderflow_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
    ] {
        assert!(text.contains(line), "{text}");
    }
}

#[tokio::test]
async fn machines_find_health_and_documents() {
    let running = started().await;
    let mut client = Client::connect(running.address).await;
    assert_eq!(client.get("/healthz/").await.json()["status"], "alive");
    assert_eq!(client.get("/readyz").await.json()["checks"]["database"], "ready");
    assert!(client.get("/metrics").await.header("content-type").unwrap().starts_with("text/plain"));
    let document = client.get("/openapi.json").await.json();
    let post = &document["paths"]["/things"]["post"];
    let body = "/requestBody/content/application~1json/schema/$ref";
    assert_eq!(post.pointer(body).unwrap(), "#/components/schemas/Thing");
    let refusal = "/paths/~1things~1{name}/get/responses/404/content/application~1problem+json/schema/$ref";
    assert_eq!(document.pointer(refusal).unwrap(), "#/components/schemas/Problem");
    let page = client.get("/docs/").await;
    assert!(page.header("content-type").unwrap().starts_with("text/html"));
    assert!(!String::from_utf8_lossy(&page.body[..20_000]).contains("src=\"http"));
}

#[tokio::test]
async fn a_draining_service_is_not_ready() {
    let shutdown = runtime::lifecycle::Shutdown::manual();
    let readiness = runtime::http::Readiness::new(shutdown.clone())
        .check("redis", async || Err::<(), _>("redis://:s3cret@host refused"))
        .check("database", async || Ok::<_, String>(()))
        .check("stuck", async || std::future::pending::<Result<(), String>>().await);
    let names =
        |unready: Vec<(&'static str, String)>| unready.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let unready = tokio::time::timeout(Duration::from_secs(20), readiness.unready()).await.unwrap();
    assert_eq!(names(unready), ["redis", "stuck"]);
    shutdown.drain();
    assert_eq!(names(readiness.unready().await), ["lifecycle"]);
}
