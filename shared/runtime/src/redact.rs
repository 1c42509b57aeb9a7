//! Secrets stay out of logs and errors. A password lives in a URL here (`redis://:secret@host`), so every
//! text that may quote a URL passes through this room before it is shown.

/// The text with the password of every URL in it replaced by `***`.
pub fn redact_url(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(scheme_end) = rest.find("://") {
        let (before, after) = rest.split_at(scheme_end + 3);
        shown.push_str(before);
        // The authority ends where a path, query, quote or blank begins; a password's own '@' or '/' would be
        // percent-encoded in a valid URL, but the last '@' is taken so that a raw '@' doesn't leak its tail.
        let end = after.find(['/', '?', '#', ' ', '"', '\'', '`', '\n']).unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((userinfo, host)) => {
                match userinfo.split_once(':') {
                    Some((user, _)) => shown.push_str(user),
                    // A bare token before the '@' is as secret as a password.
                    None => shown.push_str("***"),
                }
                if userinfo.contains(':') {
                    shown.push_str(":***");
                }
                shown.push('@');
                shown.push_str(host);
            }
            None => shown.push_str(authority),
        }
        rest = tail;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::redact_url;

    #[test]
    fn passwords_are_hidden_and_the_rest_stays() {
        for (text, shown) in [
            ("postgres://app:s3cret@db:5432/orders", "postgres://app:***@db:5432/orders"),
            ("redis://:s3cret@127.0.0.1:6379/0", "redis://:***@127.0.0.1:6379/0"),
            ("redis://t0ken@host", "redis://***@host"),
            ("postgres://u:p@ss@db/x", "postgres://u:***@db/x"),
            (
                "found string \"redis://a:b@c\", expected u16",
                "found string \"redis://a:***@c\", expected u16",
            ),
            ("sqlite://data/order-api.db", "sqlite://data/order-api.db"),
            ("no url at all", "no url at all"),
        ] {
            assert_eq!(redact_url(text), shown);
        }
    }
}
