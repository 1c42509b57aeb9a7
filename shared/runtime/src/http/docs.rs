//! The API's own description: `/openapi.json`, and Swagger UI at `/docs`, both from the binary, so that they
//! work where there is no network.

use bytes::Bytes;
use poem::{Response, Route, endpoint::make_sync, http::header};

/// Adds both routes. The page is rendered once; its 1.5 MB are shared by all answers.
pub(super) fn mount(route: Route, swagger_ui_html: String, document: String) -> Route {
    let page = Bytes::from(swagger_ui_html);
    let document = Bytes::from(document);
    route
        .at("/docs", poem::get(make_sync(move |_| answer("text/html; charset=utf-8", page.clone()))))
        .at("/openapi.json", poem::get(make_sync(move |_| answer("application/json", document.clone()))))
}

fn answer(content_type: &str, body: Bytes) -> Response {
    // A new version of the service has a new description: ask each time.
    Response::builder().content_type(content_type).header(header::CACHE_CONTROL, "no-cache").body(body)
}
