//! A receiver of webhooks: a server that keeps what it is sent, and answers as it is told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac;
use serde_json::Value;
use system_tests::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Gone with the value.
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    serving: tokio::task::JoinHandle<()>,
}

#[derive(Default)]
struct State {
    messages: Vec<Message>,
    /// Whole answers, one for each message; then 204.
    answers: VecDeque<&'static str>,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    head: String,
    body: String,
}

impl Receiver {
    pub(crate) async fn start(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let answers = answers.iter().copied().collect();
        let state = Arc::new(Mutex::new(State { answers, ..State::default() }));
        let shared = state.clone();
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, shared.clone()));
            }
        });
        Self { url, state, serving }
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        self.state.lock().unwrap().messages.clone()
    }

    /// What has come, once it is so much.
    pub(crate) async fn got(&self, count: usize) -> Vec<Message> {
        eventually("the messages come", async || {
            let messages = self.messages();
            if messages.len() >= count { Ok(messages) } else { Err(format!("{messages:?}")) }
        })
        .await
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut text = String::new();
    let (head, body) = loop {
        let mut piece = [0; 4_096];
        let Ok(read @ 1..) = stream.read(&mut piece).await else { return };
        text.push_str(std::str::from_utf8(&piece[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = header(head, "content-length").unwrap().parse::<usize>().unwrap();
        if body.len() == length {
            break (head.to_owned(), body.to_owned());
        }
    };
    let answer = {
        let mut state = state.lock().unwrap();
        state.messages.push(Message { head, body });
        state.answers.pop_front().unwrap_or("204 No Content\r\n")
    };
    // Silence: never an answer.
    if answer.is_empty() {
        std::future::pending::<()>().await;
    }
    let _ = stream.write_all(format!("HTTP/1.1 {answer}\r\n").as_bytes()).await;
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> &str {
        header(&self.head, name).unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether it is signed with the secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let content =
            format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        self.header("webhook-signature").split(' ').any(|signature| {
            let bytes = STANDARD.decode(signature.strip_prefix("v1,").unwrap()).unwrap();
            hmac::verify(&key, content.as_bytes(), &bytes).is_ok()
        })
    }
}
