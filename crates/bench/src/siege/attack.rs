//! The attackers: each holds a connection for as long as the server lets it, and then takes the next.
//!
//! Invariant: an attacker never gives up, and never goes by itself; what ends a connection is the server, or the end of the siege.

use crate::client::Peer;
use crate::error::{Doing, Error};
use crate::tls::HOST;
use rustls_pki_types::ServerName;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How many addresses the attackers come from: 127.0.0.2 and on.
pub(crate) const ADDRESSES: u32 = 240;
/// Until when a connection without a finished handshake must be closed: ten seconds, and one for a busy machine to say so.
const DEADLINE: Duration = Duration::from_secs(11);
/// Between two attempts of the same attacker.
const PAUSE: Duration = Duration::from_millis(100);
/// The attackers take their places over this time.
const MUSTER: Duration = Duration::from_secs(8);
/// The head of a TLS record with a ClientHello of some hundred bytes (RFC 8446, 5.1 and 4.1.2), for those who send it slowly.
const HELLO: [u8; 11] = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3];
/// The head of a record of application data, and a few of its 256 bytes.
const PART_OF_A_RECORD: [u8; 12] = [0x17, 3, 3, 1, 0, 1, 2, 3, 4, 5, 6, 7];
/// The head of a KMIP request, and a few of its 256 bytes.
const PART_OF_A_REQUEST: [u8; 12] = [0x42, 0, 0x78, 1, 0, 0, 1, 0, 0x42, 0, 0x77, 1];

/// How many attackers of each sort.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Plan {
    pub(crate) silent: usize,
    pub(crate) slow: usize,
    pub(crate) idle: usize,
    pub(crate) stalled: usize,
}

impl Plan {
    /// `percent` of 5,000 silent, 1,000 slow, 1,000 idle and 500 stalled ones.
    pub(crate) fn new(percent: u32) -> Self {
        let part = |whole: usize| (whole * percent as usize).div_ceil(100);
        Self { silent: part(5_000), slow: part(1_000), idle: part(1_000), stalled: part(500) }
    }

    pub(crate) fn all(&self) -> usize {
        self.silent + self.slow + self.idle + self.stalled
    }

    /// Everybody's part, well mixed, so that each address has some of each.
    fn parts(self) -> impl Iterator<Item = Part> {
        let of = |part, count| std::iter::repeat_n(part, count);
        of(Part::Idle, self.idle)
            .chain(of(Part::InARecord, self.stalled / 2))
            .chain(of(Part::InARequest, self.stalled - self.stalled / 2))
            .chain(of(Part::Slow, self.slow))
            .chain(of(Part::Silent, self.silent))
    }
}

/// What an attacker does.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// TCP, and not a byte.
    Silent,
    /// A byte of a ClientHello a second.
    Slow,
    /// A handshake with a certificate that is on the list, and no request.
    Idle,
    /// The same, and then a part of a TLS record.
    InARecord,
    /// The same, and then a part of a KMIP request.
    InARequest,
}

/// What the attackers saw.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    held: AtomicUsize,
    /// Connections without a handshake that the server closed in time.
    pub(crate) closed: AtomicU64,
    /// Those that it did not close in time.
    pub(crate) overdue: AtomicU64,
    /// The longest that one of them lived, in milliseconds.
    pub(crate) longest_ms: AtomicU64,
    /// Connections with a handshake that came to nothing: turned away, or closed.
    pub(crate) ended: AtomicU64,
}

impl Tally {
    /// How many connections are open now.
    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    fn hold(&self) -> Held<'_> {
        self.held.fetch_add(1, Ordering::Relaxed);
        Held(self)
    }

    fn closed_after(&self, time: Duration) {
        self.closed.fetch_add(1, Ordering::Relaxed);
        self.longest_ms.fetch_max(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}

struct Held<'a>(&'a Tally);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.held.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All attackers, on a thread of their own.
pub(crate) struct Attack {
    over: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Attack {
    /// Sends them to their places, which takes some seconds.
    pub(crate) fn begin(plan: Plan, peer: &Peer, tally: &Arc<Tally>) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.doing(|| "starting the attackers".into())?;
        let (over, ended) = oneshot::channel();
        let (peer, tally) = (peer.clone(), tally.clone());
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                muster(plan, &peer, &tally);
                // An error means that whoever measured is gone, which is the end too.
                let _ = ended.await;
            });
        });
        Ok(Self { over, thread })
    }

    /// Lets all go.
    pub(crate) fn end(self) {
        // The thread may have ended by a panic, which `join` knows too; the figures then speak for themselves.
        let _ = self.over.send(());
        let _ = self.thread.join();
    }
}

fn muster(plan: Plan, peer: &Peer, tally: &Arc<Tally>) {
    let step = MUSTER.div_f64(plan.all().max(1) as f64);
    for (number, part) in (0u32..).zip(plan.parts()) {
        let attacker = Attacker { part, from: address(number), peer: peer.clone(), tally: tally.clone() };
        tokio::spawn(async move {
            tokio::time::sleep(step * number).await;
            attacker.attack().await
        });
    }
}

/// 127.0.0.2 and on.
fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + 1 + number % ADDRESSES)
}

struct Attacker {
    part: Part,
    from: Ipv4Addr,
    peer: Peer,
    tally: Arc<Tally>,
}

impl Attacker {
    async fn attack(self) {
        loop {
            if let Ok(stream) = self.connect().await {
                let _held = self.tally.hold();
                match self.part {
                    Part::Silent => self.until_closed(stream, false).await,
                    Part::Slow => self.until_closed(stream, true).await,
                    Part::Idle => self.inside(stream, &[], &[]).await,
                    Part::InARecord => self.inside(stream, &PART_OF_A_RECORD, &[]).await,
                    Part::InARequest => self.inside(stream, &[], &PART_OF_A_REQUEST).await,
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::V4(SocketAddrV4::new(self.from, 0)))?;
        socket.connect(self.peer.address).await
    }

    /// Holds a connection without a handshake, and says how long the server let it.
    async fn until_closed(&self, mut stream: TcpStream, slow: bool) {
        let begin = Instant::now();
        let (mut read, mut write) = stream.split();
        let closed = async { while read.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {} };
        let talk = async {
            if slow {
                dribble(&mut write).await;
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = closed => self.tally.closed_after(begin.elapsed()),
            () = talk => (),
            () = tokio::time::sleep(DEADLINE) => drop(self.tally.overdue.fetch_add(1, Ordering::Relaxed)),
        }
    }

    /// Holds a connection after a handshake: `raw` goes out beside TLS, `inside` within it.
    async fn inside(&self, stream: TcpStream, raw: &[u8], inside: &[u8]) {
        if let Ok(mut stream) = self.shake(stream).await {
            let sent = async {
                stream.write_all(inside).await?;
                stream.flush().await?;
                stream.get_mut().0.write_all(raw).await
            };
            if sent.await.is_ok() {
                while stream.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {}
            }
        }
        self.tally.ended.fetch_add(1, Ordering::Relaxed);
    }

    async fn shake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(HOST).map_err(io::Error::other)?;
        TlsConnector::from(self.peer.tls.clone()).connect(name, stream).await
    }
}

async fn dribble(write: &mut (impl AsyncWriteExt + Unpin)) {
    for byte in HELLO.into_iter().chain(std::iter::repeat(0)) {
        if write.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_part_of_the_whole() {
        for (percent, all) in [(100, 7_500), (10, 750), (1, 75)] {
            let plan = Plan::new(percent);
            assert_eq!(plan.all(), all, "{percent} %");
            assert_eq!(plan.parts().count(), all, "{percent} %");
        }
    }

    #[test]
    fn addresses_go_round_and_leave_out_the_honest_one() {
        assert_eq!(address(0), Ipv4Addr::new(127, 0, 0, 2));
        assert_eq!(address(ADDRESSES - 1), Ipv4Addr::new(127, 0, 0, 241));
        assert_eq!(address(ADDRESSES), address(0));
    }
}
