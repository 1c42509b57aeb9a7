//! Which methods a path has, for the `Allow` header of a 405. The router can't say, so it is read once from
//! the API's own OpenAPI document.

use std::collections::HashMap;

use poem::http::HeaderValue;

/// Methods by path pattern, as the router writes patterns (`/orders/:order_id`).
#[derive(Debug, Default)]
pub(super) struct Allow(HashMap<String, HeaderValue>);

impl Allow {
    pub(super) fn of_document(openapi: &str) -> Self {
        let document: serde_json::Value = serde_json::from_str(openapi).unwrap_or_default();
        let paths = document["paths"].as_object().into_iter().flatten();
        let entry = |(path, operations): (&String, &serde_json::Value)| {
            let names = operations.as_object()?.keys().map(|method| method.to_ascii_uppercase());
            let mut methods: Vec<String> = names.collect();
            if methods.iter().any(|method| method == "GET") {
                // The router answers HEAD wherever it answers GET.
                methods.push("HEAD".to_owned());
            }
            Some((pattern(path), HeaderValue::try_from(methods.join(", ")).ok()?))
        };
        Self(paths.filter_map(entry).collect())
    }

    /// The methods of a matched pattern; the pages beside the API have GET.
    pub(super) fn methods(&self, pattern: Option<&str>) -> HeaderValue {
        let known = pattern.and_then(|pattern| self.0.get(pattern));
        known.cloned().unwrap_or_else(|| HeaderValue::from_static("GET, HEAD"))
    }
}

/// `/orders/{order_id}` is `/orders/:order_id` to the router.
fn pattern(path: &str) -> String {
    path.replace('{', ":").replace('}', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_come_from_the_document() {
        let allow =
            Allow::of_document(r#"{"paths": {"/orders": {"get": {}, "post": {}}, "/a/{b}": {"post": {}}}}"#);
        assert_eq!(allow.methods(Some("/orders")), "GET, POST, HEAD");
        assert_eq!(allow.methods(Some("/a/:b")), "POST");
        assert_eq!(allow.methods(Some("/healthz")), "GET, HEAD");
        assert_eq!(allow.methods(None), "GET, HEAD");
    }
}
