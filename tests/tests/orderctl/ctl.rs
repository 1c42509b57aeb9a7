//! `orderctl`, run with arguments.

use std::process::Stdio;

use serde_json::Value;
use system_tests::{Stack, daemon::Recipe, eventually, programs};
use tokio::{io::AsyncWriteExt, process::Command};

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    /// The one document on its standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A document from each line.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let line = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.out.lines().map(line).collect()
    }

    /// That it succeeded.
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.exit, 0, "{self:?}");
        self
    }

    /// That it ended with this status and a message with these words.
    pub(crate) fn badly(self, exit: i32, words: &str) -> Self {
        assert_eq!(self.exit, exit, "{self:?}");
        assert!(self.err.contains(words), "{words:?} is not said: {self:?}");
        self
    }
}

/// In the stack's folder, told where its services are.
pub(crate) fn command(stack: &Stack, arguments: &[&str]) -> Command {
    let recipe = Recipe {
        name: "orderctl".to_owned(),
        program: programs::path("orderctl"),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        variables: vec![
            ("ORDERCTL_API".to_owned(), stack.api.url()),
            ("ORDERCTL_METRICS".to_owned(), stack.metrics.url()),
        ],
        folder: stack.folder().to_owned(),
        user: None,
    };
    recipe.command()
}

pub(crate) async fn run(stack: &Stack, arguments: &[&str]) -> Done {
    run_with(stack, arguments, "").await
}

/// With something on its standard input.
pub(crate) async fn run_with(stack: &Stack, arguments: &[&str], input: &str) -> Done {
    finish(command(stack, arguments), input).await
}

pub(crate) async fn finish(mut command: Command, input: &str) -> Done {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("orderctl can be run");
    let mut stdin = child.stdin.take().expect("a pipe");
    // One that is not interested in it may have ended.
    let _ = stdin.write_all(input.as_bytes()).await;
    drop(stdin);
    let output = child.wait_with_output().await.expect("it ends");
    Done {
        exit: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Places an order; its id.
pub(crate) async fn placed(stack: &Stack, user: &str) -> String {
    let done = run(stack, &["place", "-u", user, "-i", "sku-1", "-a", "5", "-q"]).await.well();
    done.out.trim().to_owned()
}

/// Asks until the document that is printed is as it should be. A service is ready some moments before it has found Redis.
pub(crate) async fn until(stack: &Stack, arguments: &[&str], right: impl Fn(&Value) -> bool) -> Value {
    let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
    eventually(&format!("{arguments:?} shows what it should"), async || {
        let done = run(stack, &arguments).await;
        match serde_json::from_str(&done.out) {
            Ok(document) if right(&document) => Ok(document),
            _ => Err(format!("{done:?}")),
        }
    })
    .await
}

/// How many there are in a list of a document.
pub(crate) fn length(list: &Value) -> usize {
    list.as_array().expect("a list").len()
}

/// A field of each that is in a list of a document.
pub(crate) fn texts(list: &Value, field: &str) -> Vec<String> {
    let text = |value: &Value| value[field].as_str().expect("a text").to_owned();
    list.as_array().expect("a list").iter().map(text).collect()
}
