//! Many connections that send their order at the same moment. By hand on sockets: a client library would queue
//! them, share them or spread them out.

use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Barrier,
    task::JoinSet,
};

use crate::client::Client;

/// Opens `count` connections, then sends an order over each at once. Returns the whole answers.
///
/// # Panics
/// When a connection is refused or breaks.
pub async fn rush(port: u16, count: usize) -> Vec<String> {
    raise_open_files_limit();
    let (all_connected, mut connections) = (Arc::new(Barrier::new(count)), JoinSet::new());
    for number in 0..count {
        let all_connected = all_connected.clone();
        connections.spawn(async move {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("it accepts connections");
            let body = Client::order(number).to_string();
            let request = format!(
                "POST /orders/ HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            all_connected.wait().await;
            stream.write_all(request.as_bytes()).await.expect("it takes the request");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("it answers");
            answer
        });
    }
    connections.join_all().await
}

/// Each connection is an open file, and the usual soft limit is 1,024.
fn raise_open_files_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    setrlimit(Resource::Nofile, raised).expect("the soft limit can be raised to the hard one");
}
