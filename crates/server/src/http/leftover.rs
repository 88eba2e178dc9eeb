//! What a handler leaves unread of its request's body.
//!
//! A request can be answered before its body is read, one that is refused above all, and over HTTP/1.1 the next request stands behind
//! that body. hyper reads what is there already, and where that is not all of it, closes the connection without a word: most clients
//! send a body after its head, and find the connection gone under their next request. The invariant: **no connection is closed under a
//! client that was not told**: the rest is read and thrown away before the answer leaves, or the answer says `Connection: close`
//! (RFC 9112, section 9.6).

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderValue, Request, Response, Version, header};
use hyper::body::{Frame, Incoming, SizeHint};
use parking_lot::Mutex;
use tokio::time::timeout;

/// So many bytes are thrown away at the most: more costs its sender the connection.
const MOST: usize = 16 << 20;
/// So long the answer waits for them.
const WAIT: Duration = Duration::from_secs(2);

/// A request's body, which outlasts its handler.
pub(super) struct Kept(Arc<Mutex<Incoming>>);

/// What its handler leaves of it.
pub(super) struct Leftover {
    body: Arc<Mutex<Incoming>>,
    is_held_back: bool,
}

/// Keeps a request's body; and what to clear once there is an answer, where the next request has to come by it.
pub(super) fn keep(request: Request<Incoming>) -> (Request<Kept>, Option<Leftover>) {
    let is_in_the_way = request.version() < Version::HTTP_2 && !request.body().is_end_stream();
    // Who waits to be told to go on (RFC 9110, section 10.1.1) is not told to for the sake of a body that nobody wants.
    let is_held_back = request.headers().contains_key(header::EXPECT);
    let request = request.map(|body| Kept(Arc::new(Mutex::new(body))));
    let leftover = is_in_the_way.then(|| Leftover { body: Arc::clone(&request.body().0), is_held_back });
    (request, leftover)
}

impl Leftover {
    /// Makes room for the next request, or has the answer say that there is none.
    pub(super) async fn clear<B>(self, answer: &mut Response<B>) {
        if self.body.lock().is_end_stream() {
            return;
        }
        if self.is_held_back || !matches!(timeout(WAIT, self.thrown_away()).await, Ok(true)) {
            answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }

    /// Whether that was all of it.
    async fn thrown_away(&self) -> bool {
        let mut read = 0;
        while read <= MOST {
            match poll_fn(|context| Pin::new(&mut *self.body.lock()).poll_frame(context)).await {
                Some(Ok(frame)) => read += frame.data_ref().map_or(0, Bytes::len),
                Some(Err(_)) => return false,
                None => return true,
            }
        }
        false
    }
}

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut *self.0.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}
