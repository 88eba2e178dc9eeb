//! A connection: request, answer, request, answer, until one side has enough.

use super::House;
use super::admission::{Admission, Refused};
use super::handshake::{dismiss, farewell, seat, shake};
use super::seats::Waiting;
use super::trace;
use super::visitor::{Came, Visitor};
use crate::telemetry::TARGET;
use ::kmip::frame;
use engine::origin::Origin;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tokio_rustls::server::TlsStream;
use tracing::Instrument;
use zeroize::Zeroizing;

/// Why a connection ends.
enum End {
    /// The client closed it, between requests or not, or the network did.
    Peer(io::Error),
    /// There was no request for too long, or one was not completed in time.
    Time(&'static str),
    /// The server stops.
    Stop,
    /// The client is not let in any more.
    Refused(Refused),
    /// The last answer said so: what came was no request that can be told from the next.
    Answered,
}

/// Serves one connection to its end.
///
/// Each part of it runs in a box of its own, so that a connection that waits holds no memory for what comes later.
pub(super) async fn converse(
    stream: TcpStream,
    came: Came,
    mut waiting: Waiting,
    house: Arc<House>,
    news: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let (mut presence, begun) = (house.port.metrics.came(), Instant::now());
    let Some(mut peer) = Box::pin(shake(stream, came, &mut waiting, &house)).await else { return };
    house.port.metrics.shook_hands(begun.elapsed());
    let came = peer.came;
    let Some(admission) = Admission::ask(&visitor(&peer.stream, came), peer.fingerprint, &house) else {
        return Box::pin(dismiss(peer.stream, &mut waiting)).await;
    };
    let Some(_seat) = seat(waiting, came, &house) else { return Box::pin(farewell(peer.stream)).await };
    presence.is_seated();
    let end = Box::pin(serve(&mut peer.stream, came, admission, &house, news)).await;
    log_end(&end, came);
    if !matches!(end, End::Peer(_)) {
        Box::pin(farewell(peer.stream)).await;
    }
}

/// Serves requests until the connection ends. Between them it hears of news: that the server stops (the news is `true`), or that the
/// lists have changed, and then a client that is on none any more is not kept waiting for its next request.
async fn serve(
    stream: &mut TlsStream<TcpStream>,
    came: Came,
    mut admission: Admission,
    house: &House,
    mut news: watch::Receiver<bool>,
) -> End {
    loop {
        match serve_until(stream, came, &mut admission, house, news.changed()).await {
            End::Stop if !*news.borrow() => {
                if let Err(refused) = admission.renew(&visitor(stream, came), house, (house.port.now)()) {
                    return End::Refused(refused);
                }
            }
            end => return end,
        }
    }
}

/// Serves requests until the connection ends, or `stop` is done and none is in progress.
async fn serve_until(
    stream: &mut TlsStream<TcpStream>,
    came: Came,
    admission: &mut Admission,
    house: &House,
    stop: impl Future,
) -> End {
    let mut stop = std::pin::pin!(stop);
    let mut alarm = std::pin::pin!(sleep_until(Instant::now() + house.port.limits.idle));
    loop {
        let header = match header(stream, stop.as_mut(), alarm.as_mut(), house).await {
            Ok(header) => header,
            Err(end) => return end,
        };
        match Box::pin(exchange(stream, header, came, admission, house)).await {
            Ok(()) => (),
            Err(end) => return end,
        }
    }
}

fn visitor(stream: &TlsStream<TcpStream>, came: Came) -> Visitor<'_> {
    Visitor { session: stream.get_ref().1, came }
}

/// Waits for the first eight bytes of a request.
///
/// The alarm is set once for many requests: when it goes off, it is seen how long ago the last one was. Setting a timer for each would
/// cost more than reading the bytes.
async fn header(
    stream: &mut TlsStream<TcpStream>,
    mut stop: Pin<&mut impl Future>,
    mut alarm: Pin<&mut Sleep>,
    house: &House,
) -> Result<[u8; frame::HEADER], End> {
    let limits = &house.port.limits;
    let mut header = [0; frame::HEADER];
    let mut filled = 0;
    let mut deadline = Instant::now() + limits.idle;
    loop {
        tokio::select! {
            biased;
            read = stream.read(&mut header[filled..]) => match read {
                Ok(0) => return Err(End::Peer(io::ErrorKind::UnexpectedEof.into())),
                Ok(count) => filled += count,
                Err(error) => return Err(End::Peer(error)),
            },
            _ = stop.as_mut(), if filled == 0 => return Err(End::Stop),
            () = alarm.as_mut() => match Instant::now() < deadline {
                true => alarm.as_mut().reset(deadline),
                false => return Err(End::Time("no request came for too long")),
            },
        }
        if filled == frame::HEADER {
            return Ok(header);
        }
        if filled > 0 && deadline > Instant::now() + limits.request {
            deadline = Instant::now() + limits.request;
            alarm.as_mut().reset(deadline);
        }
    }
}

/// Takes the rest of a request and answers it.
async fn exchange(
    stream: &mut TlsStream<TcpStream>,
    header: [u8; frame::HEADER],
    came: Came,
    admission: &mut Admission,
    house: &House,
) -> Result<(), End> {
    let limit = house.port.limits.request;
    // Where the header is no request's or claims too much, it is all that is read: the engine says what is wrong with it, and since
    // nobody knows where the next message begins, there is none.
    let length = frame::length(header);
    let frame = match timeout(limit, rest(stream, header, length.unwrap_or(header.len()))).await {
        Ok(frame) => frame.map_err(End::Peer)?,
        Err(_) => return Err(End::Time("a request was not completed in time")),
    };
    let now = (house.port.now)();
    let client = admission.renew(&visitor(stream, came), house, now).map_err(End::Refused)?;
    let origin = Origin::Client { client, address: came.from.ip() };
    let begun = Instant::now();
    let (reply, span) = trace::answered(house, (client.adapter().id, &origin), &frame, now).await;
    house.port.destroys.by_client(client, reply.destroyed, now);
    admission.count(&reply, begun.elapsed(), house);
    admission.succeeded(reply.succeeded, now, came.from.ip());
    let answer = span.in_scope(|| tracing::info_span!(target: TARGET, "answer"));
    match timeout(limit, send(stream, &reply.bytes)).instrument(answer).await {
        Ok(sent) => sent.map_err(End::Peer)?,
        Err(_) => return Err(End::Time("an answer was not taken in time")),
    }
    if reply.close || length.is_err() { Err(End::Answered) } else { Ok(()) }
}

/// The whole request, whose length was checked. It may hold a key or a password, so it is wiped.
async fn rest(
    stream: &mut TlsStream<TcpStream>,
    header: [u8; frame::HEADER],
    length: usize,
) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut frame = Zeroizing::new(vec![0; length]);
    let (head, body) = frame.split_at_mut(header.len());
    head.copy_from_slice(&header);
    stream.read_exact(body).await?;
    Ok(frame)
}

async fn send(stream: &mut TlsStream<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.flush().await
}

fn log_end(end: &End, came: Came) {
    let peer = came.from;
    match end {
        End::Peer(error) => tracing::debug!(%peer, %error, "a client is gone"),
        End::Time(what) => tracing::info!(%peer, "a connection is closed: {what}"),
        End::Stop => tracing::debug!(%peer, "a connection is closed: the server stops"),
        End::Refused(refused) => {
            tracing::warn!(%peer, "a connection is closed, for it is not to be served any more: {refused}")
        }
        End::Answered => tracing::warn!(%peer, "a connection is closed: what came was no KMIP request"),
    }
}
