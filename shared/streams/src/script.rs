//! Calls the Lua scripts: by digest, with the text only where Redis does not know it (a new server, SCRIPT FLUSH).

use std::{io::Write as _, sync::LazyLock};

use bytes::Bytes;
use fred::{
    interfaces::LuaInterface,
    types::{FromValue, Value, scripts},
};

use crate::{connection::Redis, error::StreamError, pack};

/// One script with its digest.
pub(crate) struct Script(LazyLock<scripts::Script>);

/// The text of one file, or of several one behind the other.
macro_rules! script {
    ($($name:literal),+) => {
        $crate::script::Script::new(|| {
            let text = concat!($(include_str!(concat!("../scripts/", $name, ".lua"))),+);
            fred::types::scripts::Script::from_lua(text)
        })
    };
}
pub(crate) use script;

/// The arguments of one call, side by side in one buffer: a batch of hundreds of messages has thousands of them, and
/// each would be an allocation of its own.
#[derive(Debug, Default)]
pub(crate) struct Args {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Script {
    pub(crate) const fn new(load: fn() -> scripts::Script) -> Self {
        Self(LazyLock::new(load))
    }

    /// Runs the script; it may have run even if this fails.
    pub(crate) async fn call<R: FromValue>(
        &self,
        redis: &Redis,
        keys: Vec<String>,
        args: Args,
    ) -> Result<R, StreamError> {
        let args = args.freeze();
        // Boxed, here and elsewhere: a future of the library is 10 kB and more, and would be part of every caller's.
        match Box::pin(redis.client().evalsha(self.0.sha1().clone(), keys.clone(), args.values())).await {
            // EVAL with the text runs and loads it in one: no other client can flush it in between.
            Err(error) if error.details().starts_with("NOSCRIPT") => {
                let text = self.0.lua().expect("made from its text").clone();
                Ok(Box::pin(redis.client().eval(text, keys, args.values())).await?)
            }
            result => Ok(result?),
        }
    }
}

impl Args {
    pub(crate) fn push(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
        self.ends.push(self.text.len());
    }

    pub(crate) fn show(&mut self, value: impl std::fmt::Display) {
        write!(self.text, "{value}").expect("a Vec takes everything");
        self.ends.push(self.text.len());
    }

    /// All the others as one argument.
    pub(crate) fn pack(&mut self, others: &Self) {
        pack::list(others.texts(), &mut self.text);
        self.ends.push(self.text.len());
    }

    /// The number of texts that follow, then names and values in turn.
    pub(crate) fn fields<N: AsRef<str>>(&mut self, fields: &[(N, String)]) {
        self.show(fields.len() * 2);
        self.pairs(fields);
    }

    pub(crate) fn pairs<N: AsRef<str>>(&mut self, fields: &[(N, String)]) {
        for (name, value) in fields {
            self.push(name.as_ref());
            self.push(value);
        }
    }

    /// Puts the others behind these.
    pub(crate) fn append(&mut self, others: &Self) {
        let offset = self.text.len();
        self.text.extend_from_slice(&others.text);
        self.ends.extend(others.ends.iter().map(|end| offset + end));
    }

    fn texts(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        let text = |index: usize| {
            let start = if index == 0 { 0 } else { self.ends[index - 1] };
            &self.text[start..self.ends[index]]
        };
        (0..self.ends.len()).map(text)
    }

    fn freeze(self) -> Frozen {
        Frozen { text: self.text.into(), ends: self.ends }
    }
}

struct Frozen {
    text: Bytes,
    ends: Vec<usize>,
}

impl Frozen {
    fn values(&self) -> Vec<Value> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| Value::Bytes(self.text.slice(start..*end))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Args {
        pub(crate) fn into_texts(self) -> Vec<String> {
            self.freeze().values().into_iter().map(|value| value.into_string().unwrap()).collect()
        }
    }

    #[test]
    fn arguments_come_out_as_they_went_in() {
        let mut args = Args::default();
        args.push("");
        args.show(-7);
        let mut others = Args::default();
        others.fields(&[("name", "välue".to_owned()), ("empty", String::new())]);
        args.append(&others);
        args.push("last");
        assert_eq!(args.into_texts(), ["", "-7", "4", "name", "välue", "empty", "", "last"]);
    }
}
