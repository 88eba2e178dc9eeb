//! One client connection, to the server or to the echo.
//!
//! Invariant: both get requests of the same bytes but for the echo's mark, and answers of the same length; from the
//! server, only the right answer passes.

use crate::answer::Answer;
use crate::echo;
use crate::error::{Doing, Error};
use crate::process::Process;
use crate::tls::HOST;
use crate::ttlv::{HEADER, Writer, body_length};
use crate::vcenter::Step;
use rustls_pki_types::{CertificateDer, ServerName};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The length of each step's answer, header included; indexed by `step as usize`.
pub(crate) type Lengths = [usize; Step::COUNT];

/// Who is measured.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) tls: Arc<rustls::ClientConfig>,
    /// For the echo: the answers to ask for. `None`: a KMIP server.
    pub(crate) echo: Option<Lengths>,
}

/// An open connection after its handshake.
pub(crate) struct Session {
    stream: TlsStream<TcpStream>,
    request: Writer,
    answer: Vec<u8>,
}

impl Session {
    /// TCP and TLS, no request yet.
    pub(crate) async fn open(peer: &Peer) -> Result<Self, Error> {
        let stream = connect(peer).await.doing(|| format!("connecting to {} at {}", peer.name, peer.address))?;
        Ok(Self { stream, request: Writer::default(), answer: Vec::new() })
    }

    /// One request and its answer.
    pub(crate) async fn ask(&mut self, peer: &Peer, step: Step, subject: &str) -> Result<Answer<'_>, Error> {
        step.write(&mut self.request, subject);
        if let Some(lengths) = &peer.echo {
            echo::ask_for(self.request.bytes_mut(), lengths[step as usize]);
        }
        self.exchange().await.doing(|| format!("{} during {step:?}", peer.name))?;
        if peer.echo.is_some() {
            return Ok(Answer::default());
        }
        let answer = Answer::read(&self.answer);
        if step.accepts(&answer) { Ok(answer) } else { Err(refused(peer.name, format!("{step:?}"), &answer)) }
    }

    /// A batch that `write` makes; its answer must hold `count` successes.
    pub(crate) async fn batch(
        &mut self,
        peer: &Peer,
        count: u32,
        write: impl FnOnce(&mut Writer),
    ) -> Result<&[u8], Error> {
        write(&mut self.request);
        self.exchange().await.doing(|| format!("{} during a batch", peer.name))?;
        let answer = Answer::read(&self.answer);
        if answer.successes == count as usize {
            Ok(&self.answer)
        } else {
            Err(refused(peer.name, format!("a batch of {count}"), &answer))
        }
    }

    /// The length of the last answer, header included.
    pub(crate) fn answer_length(&self) -> usize {
        self.answer.len()
    }

    /// The certificates that the server showed, leaf first.
    pub(crate) fn server_chain(&self) -> Vec<CertificateDer<'static>> {
        let chain = self.stream.get_ref().1.peer_certificates().unwrap_or_default();
        chain.iter().map(|certificate| certificate.clone().into_owned()).collect()
    }

    /// Says goodbye as TLS wants it.
    pub(crate) async fn close(mut self) {
        // The other side may have gone first; nothing depends on it.
        let _ = self.stream.shutdown().await;
    }

    async fn exchange(&mut self) -> io::Result<()> {
        self.stream.write_all(self.request.bytes()).await?;
        self.stream.flush().await?;
        let mut header = [0; HEADER];
        self.stream.read_exact(&mut header).await?;
        self.answer.clear();
        self.answer.extend_from_slice(&header);
        self.answer.resize(HEADER + body_length(&header), 0);
        self.stream.read_exact(&mut self.answer[HEADER..]).await.map(drop)
    }
}

async fn connect(peer: &Peer) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(peer.address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from(HOST).map_err(io::Error::other)?;
    TlsConnector::from(peer.tls.clone()).connect(name, stream).await
}

fn refused(who: &'static str, step: String, answer: &Answer<'_>) -> Error {
    let message = match answer.message {
        Some(message) => message.to_owned(),
        None => format!("the answer isn't what the request asks for: {answer:?}"),
    };
    Error::Refused { who, step, reason: answer.reason, message }
}
