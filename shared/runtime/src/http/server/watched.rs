//! An answer that is worked on, or sent bit by bit, for as long as somebody waits for it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::{BodyExt, combinators::BoxBody};
use hyper::body::{Body, Frame, SizeHint};
use poem::Response;

use super::wire::Client;

pub(super) type Answered = hyper::Response<BoxBody<Bytes, io::Error>>;

/// The answer; when the client hangs up before it is there, the work on it is dropped.
pub(super) async fn answer(answer: impl Future<Output = Response>, client: Client) -> io::Result<Answered> {
    let response: Answered = tokio::select! {
        biased;
        response = answer => response.into(),
        () = client.clone().hung_up() => return Err(gone()),
    };
    if response.body().size_hint().exact().is_some() {
        return Ok(response);
    }
    // A stream, which may have nothing to send for long.
    Ok(response.map(|body| Watched { body, hung_up: Box::pin(client.hung_up()) }.boxed()))
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the client did not wait for the answer")
}

struct Watched {
    body: BoxBody<Bytes, io::Error>,
    hung_up: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if self.hung_up.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(gone())));
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
