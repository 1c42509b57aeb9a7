//! Where to tell an order's end, as a client or a setting names it.

use std::net::IpAddr;

use reqwest::Url;

use super::address::is_public;

/// Longest URL.
pub(crate) const MAX_URL_BYTES: usize = 2_048;

/// A URL that could be sent to. Whether its address may be is decided when it is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Callback {
    pub(crate) url: String,
    /// Host and port: who shares the places for one receiver.
    pub(crate) receiver: String,
}

/// Why a text is no callback. The messages are for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidCallback {
    #[error("must be a string")]
    NoText,
    #[error("must have at most 2048 bytes")]
    TooLong,
    #[error("must be a URL that begins with https:// or http://")]
    NoUrl,
    #[error("must not carry a user or a password")]
    Credentials,
}

impl Callback {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidCallback> {
        if text.len() > MAX_URL_BYTES {
            return Err(InvalidCallback::TooLong);
        }
        let mut url: Url = text.parse().map_err(|_| InvalidCallback::NoUrl)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidCallback::NoUrl);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidCallback::Credentials);
        }
        // It is never sent.
        url.set_fragment(None);
        let host = url.host_str().ok_or(InvalidCallback::NoUrl)?;
        let port = url.port_or_known_default().ok_or(InvalidCallback::NoUrl)?;
        let receiver = format!("{host}:{port}");
        let url = String::from(url);
        if url.len() > MAX_URL_BYTES {
            return Err(InvalidCallback::TooLong);
        }
        Ok(Self { url, receiver })
    }

    pub(crate) fn from_json(json: &str) -> Result<Self, InvalidCallback> {
        let text: String = serde_json::from_str(json).map_err(|_| InvalidCallback::NoText)?;
        Self::parse(&text)
    }

    /// Whether it names an address itself that nobody on the Internet could reach. Names are looked up when they are sent to.
    pub(super) fn is_private(&self) -> bool {
        literal(&self.url).is_some_and(|address| !is_public(address))
    }
}

/// The address that stands in a URL in place of a name, in whatever form (`0x7f.1` is 127.0.0.1, too).
pub(super) fn literal(url: &str) -> Option<IpAddr> {
    let url: Url = url.parse().ok()?;
    let host = url.host_str()?;
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_could_be_sent_to_is_a_callback() {
        let long = format!("https://example.com/{}", "x".repeat(MAX_URL_BYTES));
        for (text, why) in [
            ("", InvalidCallback::NoUrl),
            ("example.com/hook", InvalidCallback::NoUrl),
            ("ftp://example.com", InvalidCallback::NoUrl),
            ("file:///etc/passwd", InvalidCallback::NoUrl),
            ("https://", InvalidCallback::NoUrl),
            ("https://user@example.com", InvalidCallback::Credentials),
            ("https://:word@example.com", InvalidCallback::Credentials),
            (long.as_str(), InvalidCallback::TooLong),
        ] {
            assert_eq!(Callback::parse(text), Err(why), "{text}");
        }
        for json in ["7", "null", "{}", "[\"https://example.com\"]"] {
            assert_eq!(Callback::from_json(json), Err(InvalidCallback::NoText));
        }
        let callback = Callback::from_json(r#""HTTPS://Example.com/hook?a=1#part""#).unwrap();
        assert_eq!(
            (callback.url.as_str(), callback.receiver.as_str()),
            ("https://example.com/hook?a=1", "example.com:443")
        );
    }

    #[test]
    fn an_address_is_seen_in_every_form() {
        for url in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://017700000001/",
            "http://[::1]:8080/",
            "http://[::ffff:10.0.0.1]/",
            "http://169.254.169.254/latest/meta-data",
        ] {
            assert!(Callback::parse(url).unwrap().is_private(), "{url}");
        }
        for url in ["https://example.com", "https://8.8.8.8", "https://[2606:4700:4700::1111]/"] {
            assert!(!Callback::parse(url).unwrap().is_private(), "{url}");
        }
    }
}
