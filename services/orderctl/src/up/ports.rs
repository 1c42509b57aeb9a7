//! Which ports everything gets. A taken one is found and named before anything is started.

use anyhow::{Context, bail};
use runtime::{
    Service,
    http::{bind, server::BindError},
};

const HOST: &str = "127.0.0.1";
const FIRST_PORT: u16 = 8000;
const REDIS_PORT: u16 = 6380;
/// In the order of their ports.
const SERVICES: [Service; 3] = [Service::OrderApi, Service::MetricsService, Service::OrderProcessor];

/// A service and the address that it will listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listen {
    pub(super) service: Service,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Listen {
    /// As a setting: `host:port`.
    pub(super) fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// How this machine reaches it: a wildcard address is reached through loopback.
    pub(super) fn url(&self) -> String {
        let host = match self.host.as_str() {
            "0.0.0.0" => HOST,
            "[::]" => "[::1]",
            host => host,
        };
        format!("http://{host}:{}", self.port)
    }
}

/// The addresses of the services: consecutive ports from order-api's on; port 0 gives each a free one.
///
/// # Errors
/// Names every port that another program has, and what to do.
pub(super) async fn of_services(order_api: Option<&str>) -> anyhow::Result<Vec<Listen>> {
    let (host, first) = match order_api {
        None => (HOST, FIRST_PORT),
        Some(address) => parse(address)?,
    };
    let wanted = consecutive(host, first)?;
    let (mut taken, mut held) = (Vec::new(), Vec::new());
    for mut listen in wanted {
        match bind(&listen.address()).await {
            Ok(listener) => {
                listen.port = listener.local_addr().context("can't look for a free port")?.port();
                // Held until all are known, so that no two get the same free one.
                held.push((listener, listen));
            }
            Err(BindError::InUse { .. }) => taken.push(listen),
            Err(error) => return Err(error).with_context(|| format!("{} can't listen", listen.service)),
        }
    }
    if taken.is_empty() {
        return Ok(held.into_iter().map(|(_, listen)| listen).collect());
    }
    drop(held);
    let named: Vec<_> =
        taken.iter().map(|listen| format!("port {} ({})", listen.port, listen.service)).collect();
    let (are, it) = if taken.len() == 1 { ("is", "it") } else { ("are", "them") };
    let instead = free_block(host, first).await.map_or_else(String::new, |first| {
        format!(
            ", or set ORDERFLOW_HTTP__LISTEN={host}:{first} (order-api's address; the other two services take \
             the next ports)"
        )
    });
    bail!("{} {are} taken by another program: stop {it}{instead}", named.join(", "))
}

/// How this machine reaches order-api, when that is its address. Which free port it got, nobody knows.
pub(super) fn order_api_url(address: Option<&str>) -> String {
    let address = address.and_then(|address| parse(address).ok()).filter(|(_, port)| *port != 0);
    let (host, port) = address.unwrap_or((HOST, FIRST_PORT));
    Listen { service: Service::OrderApi, host: host.to_owned(), port }.url()
}

/// A port for the private Redis: the usual one, or the next that is free.
pub(super) async fn of_redis() -> anyhow::Result<u16> {
    for port in REDIS_PORT..REDIS_PORT + 100 {
        if bind(&format!("{HOST}:{port}")).await.is_ok() {
            return Ok(port);
        }
    }
    bail!("no free port for Redis from {REDIS_PORT} on; set ORDERFLOW_REDIS__URL to use a Redis of yours")
}

fn parse(address: &str) -> anyhow::Result<(&str, u16)> {
    address
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host, port.parse().ok()?)))
        .filter(|(host, _)| !host.is_empty())
        .with_context(|| {
            format!("ORDERFLOW_HTTP__LISTEN = {address:?} is no address such as {HOST}:{FIRST_PORT}")
        })
}

fn consecutive(host: &str, first: u16) -> anyhow::Result<Vec<Listen>> {
    let step = u16::from(first != 0);
    let listen = |(service, offset): (Service, u16)| {
        let port = first.checked_add(offset * step).context("ORDERFLOW_HTTP__LISTEN leaves no room above")?;
        Ok(Listen { service, host: host.to_owned(), port })
    };
    SERVICES.into_iter().zip(0..).map(listen).collect()
}

async fn free_block(host: &str, after: u16) -> Option<u16> {
    for tens in 1..=50 {
        let first = after.checked_add(tens * 10)?;
        let mut all_free = true;
        for listen in consecutive(host, first).ok()? {
            all_free &= bind(&listen.address()).await.is_ok();
        }
        if all_free {
            return Some(first);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn port_0_gives_each_a_free_one() {
        let listens = of_services(Some("127.0.0.1:0")).await.unwrap();
        assert_eq!(listens.iter().map(|listen| listen.service).collect::<Vec<_>>(), SERVICES);
        assert!(listens.iter().all(|listen| listen.port != 0));
        assert_ne!(listens[0].port, listens[1].port);
    }

    #[tokio::test]
    async fn a_taken_port_is_named_with_its_service_and_a_way_out() {
        let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let taken = other.local_addr().unwrap().port();
        let error = of_services(Some(&format!("127.0.0.1:{taken}"))).await.unwrap_err().to_string();
        assert!(error.contains(&format!("port {taken} (order-api)")), "{error}");
        assert!(error.contains("taken by another program"), "{error}");
        assert!(error.contains("ORDERFLOW_HTTP__LISTEN=127.0.0.1:"), "{error}");
    }

    #[test]
    fn the_others_take_the_next_ports() {
        let ports = |first| consecutive(HOST, first).map(|listens| listens.iter().map(|l| l.port).collect());
        assert_eq!(ports(8000).ok(), Some(vec![8000, 8001, 8002]));
        assert_eq!(ports(0).ok(), Some(vec![0, 0, 0]));
        assert_eq!(ports(u16::MAX).ok(), None);
        assert!(parse("8000").is_err() && parse(":8000").is_err() && parse("a:b").is_err());
        assert_eq!(parse("[::1]:8000").ok(), Some(("[::1]", 8000)));
    }

    #[test]
    fn a_wildcard_is_reached_through_loopback() {
        let url = |host: &str| Listen { service: Service::OrderApi, host: host.to_owned(), port: 80 }.url();
        assert_eq!(url("0.0.0.0"), "http://127.0.0.1:80");
        assert_eq!(url("[::]"), "http://[::1]:80");
        assert_eq!(url("localhost"), "http://localhost:80");
        assert_eq!(order_api_url(Some("0.0.0.0:9000")), "http://127.0.0.1:9000");
        for unknown in [None, Some("127.0.0.1:0"), Some("nonsense")] {
            assert_eq!(order_api_url(unknown), "http://127.0.0.1:8000");
        }
    }
}
