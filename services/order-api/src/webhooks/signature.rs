//! Signatures by the convention of Standard Webhooks: HMAC-SHA256 of id, time and body, with each secret that is valid now, so that
//! a receiver can change from one to the next.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;

const PREFIX: &str = "whsec_";

/// At least one.
#[derive(Clone, Debug)]
pub(super) struct Secrets(Vec<hmac::Key>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("each secret must be whsec_ and then 24 to 64 bytes in base64; several are separated by spaces")]
pub(super) struct InvalidSecret;

impl Secrets {
    /// None where there are none.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, InvalidSecret> {
        let keys: Result<Vec<_>, _> = text.split_whitespace().map(key).collect();
        let keys = keys?;
        Ok((!keys.is_empty()).then_some(Self(keys)))
    }

    /// The value of `webhook-signature`.
    pub(super) fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let content = format!("{id}.{timestamp}.{body}");
        let sign = |key| STANDARD.encode(hmac::sign(key, content.as_bytes()));
        let signatures: Vec<String> = self.0.iter().map(|key| format!("v1,{}", sign(key))).collect();
        signatures.join(" ")
    }
}

fn key(secret: &str) -> Result<hmac::Key, InvalidSecret> {
    let bytes = secret.strip_prefix(PREFIX).and_then(|secret| STANDARD.decode(secret).ok());
    let bytes = bytes.filter(|bytes| (24..=64).contains(&bytes.len())).ok_or(InvalidSecret)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    /// The example of the specification.
    #[test]
    fn a_signature_is_that_of_standard_webhooks() {
        let (id, timestamp) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330);
        let body = r#"{"test": 2432232314}"#;
        let one = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(Secrets::parse(SECRET).unwrap().unwrap().sign(id, timestamp, body), one);
        let both = format!(" {SECRET}  whsec_{} ", STANDARD.encode([7; 32]));
        let signed = Secrets::parse(&both).unwrap().unwrap().sign(id, timestamp, body);
        let (first, second) = signed.split_once(' ').unwrap();
        assert!(first == one && second.starts_with("v1,") && second != one, "{signed}");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        assert!(Secrets::parse(" ").unwrap().is_none());
        for secret in ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%"] {
            assert_eq!(Secrets::parse(secret).unwrap_err(), InvalidSecret, "{secret}");
            assert!(Secrets::parse(&format!("{SECRET} {secret}")).is_err());
        }
    }
}
