//! Where the services are: what was said, else what `orderctl up` would use in this folder.

use reqwest::Url;

use crate::{cli::Global, exit::Failure, up};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    /// Without a slash at the end.
    pub(crate) order_api: String,
    pub(crate) metrics_service: String,
}

impl Addresses {
    pub(crate) fn find(global: &Global) -> Result<Self, Failure> {
        let order_api = match said(global.api.as_deref()) {
            Some(url) => checked(url, "--api or ORDERCTL_API")?,
            None => up::order_api_url(),
        };
        let metrics_service = match said(global.metrics.as_deref()) {
            Some(url) => checked(url, "--metrics or ORDERCTL_METRICS")?,
            None => one_port_above(&order_api),
        };
        Ok(Self { order_api, metrics_service })
    }
}

/// An empty variable counts as not set.
fn said(url: Option<&str>) -> Option<&str> {
    url.map(str::trim).filter(|url| !url.is_empty())
}

fn checked(text: &str, what: &str) -> Result<String, Failure> {
    let wrong = |why: &str| {
        Failure::usage(format!("{what}: {text:?} is no address such as http://127.0.0.1:8000: {why}"))
    };
    let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(wrong("it begins with http:// or https:// and names a host"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it ends with the host, or a path"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// As `up` places it. Without a port in the address both are behind one gateway.
fn one_port_above(order_api: &str) -> String {
    let above = || {
        let mut url = Url::parse(order_api).ok()?;
        let port = url.port()?.checked_add(1)?;
        url.set_port(Some(port)).ok()?;
        Some(url.as_str().trim_end_matches('/').to_owned())
    };
    above().unwrap_or_else(|| order_api.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(api: &str, metrics: Option<&str>) -> Result<Addresses, Failure> {
        let (api, metrics) = (Some(api.to_owned()), metrics.map(ToOwned::to_owned));
        Addresses::find(&Global { api, metrics, timeout: 1, json: false })
    }

    #[test]
    fn metrics_service_is_one_port_above_unless_it_is_named() {
        let found = addresses("http://host:9000/", None).unwrap();
        assert_eq!((&*found.order_api, &*found.metrics_service), ("http://host:9000", "http://host:9001"));
        let found = addresses("http://host:9000", Some("http://other:1")).unwrap();
        assert_eq!(found.metrics_service, "http://other:1");
        let found = addresses("https://shop.example/orderflow/", Some(" ")).unwrap();
        assert_eq!(found.metrics_service, "https://shop.example/orderflow");
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        for wrong in ["localhost:8000", "127.0.0.1", "ftp://host", "http://", "http://host?x=1"] {
            let refused = addresses(wrong, None).unwrap_err().to_string();
            assert!(refused.contains("http://127.0.0.1:8000"), "{refused}");
        }
    }
}
