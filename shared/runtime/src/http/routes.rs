//! The API's routes by the names that the router gives them. The router says which pattern matched, but it
//! renames the parameters and can't say which methods a path has; the API's own OpenAPI document knows both.

use std::{collections::HashMap, sync::Arc};

use poem::{PathPattern, http::HeaderValue};

/// Looked up once for each request, for its labels, and for the `Allow` header of a 405.
#[derive(Debug, Default)]
pub(super) struct Routes(HashMap<String, Documented>);

#[derive(Debug)]
struct Documented {
    path: Arc<str>,
    methods: HeaderValue,
}

impl Routes {
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
            let methods = HeaderValue::try_from(methods.join(", ")).ok()?;
            Some((router_pattern(path), Documented { path: path.as_str().into(), methods }))
        };
        Self(paths.filter_map(entry).collect())
    }

    /// The route as the document names it (`/orders/{order_id}`); a page beside the API has its own path.
    pub(super) fn name(&self, matched: &PathPattern) -> Arc<str> {
        self.0.get(&*matched.0).map_or_else(|| matched.0.clone(), |documented| documented.path.clone())
    }

    /// The methods of a matched route; the pages beside the API have GET.
    pub(super) fn methods(&self, matched: Option<&PathPattern>) -> HeaderValue {
        let documented = matched.and_then(|matched| self.0.get(&*matched.0));
        documented
            .map_or_else(|| HeaderValue::from_static("GET, HEAD"), |documented| documented.methods.clone())
    }
}

/// `/orders/{order_id}/{part}` is `/orders/:param0/:param1` to the router.
fn router_pattern(path: &str) -> String {
    let pieces = path.split('{').enumerate().map(|(index, piece)| match piece.split_once('}') {
        Some((_name, rest)) => format!(":param{}{rest}", index - 1),
        None => piece.to_owned(),
    });
    pieces.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_methods_come_from_the_document() {
        let routes = Routes::of_document(
            r#"{"paths": {"/orders": {"get": {}, "post": {}}, "/a/{b}/c/{d}": {"post": {}}}}"#,
        );
        let matched = |pattern: &str| PathPattern(pattern.into());
        assert_eq!(routes.methods(Some(&matched("/orders"))), "GET, POST, HEAD");
        assert_eq!(routes.methods(Some(&matched("/a/:param0/c/:param1"))), "POST");
        assert_eq!(&*routes.name(&matched("/a/:param0/c/:param1")), "/a/{b}/c/{d}");
        assert_eq!(&*routes.name(&matched("/healthz")), "/healthz");
        assert_eq!(routes.methods(None), "GET, HEAD");
    }
}
