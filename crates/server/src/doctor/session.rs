//! A connection on which requests are asked and answers read, each answer held to the form that KMIP gives it.

use std::fmt;
use std::sync::Arc;

use kmip::tag;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Duration, Instant, timeout};
use zeroize::Zeroizing;

use super::identity::Identity;
use super::message::{Ask, Login, Told, batch_id, request, response};
use super::tls::{self, Opened, Shown, Target};

/// No answer that vCenter expects is longer.
const LONGEST: usize = 1 << 20;

/// A connection.
pub(super) struct Session {
    stream: tokio_rustls::client::TlsStream<tokio::net::TcpStream>,
    timeout: Duration,
    login: Option<Arc<Login>>,
    begun: Instant,
    pub(super) shown: Shown,
    /// By how many seconds the server's clock is ahead of ours, as the last answer said.
    pub(super) ahead: Option<i64>,
}

/// What went wrong on it.
#[derive(Debug)]
pub(super) enum Error {
    /// It could not be opened.
    Open(tls::Error),
    /// The server ended it instead of answering, which is how an unknown client certificate is told in TLS 1.3.
    Closed(String),
    /// No answer in time.
    Silent,
    /// The answer is not as it must be.
    Wrong(String),
}

impl Session {
    pub(super) async fn open(target: &Target, identity: &Identity) -> Result<Self, Error> {
        Ok(Self::over(tls::open(target, identity).await.map_err(Error::Open)?, target))
    }

    /// On a connection that is open.
    pub(super) fn over(opened: Opened, target: &Target) -> Self {
        let (timeout, login) = (target.timeout, target.login.clone());
        Session { stream: opened.stream, timeout, login, begun: opened.begun, shown: opened.shown, ahead: None }
    }

    /// How long ago the connection was begun.
    pub(super) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// The first request of a connection: Discover Versions without a batch id.
    pub(super) async fn greet(&mut self) -> Result<Told, Error> {
        let told = self.exchange(vec![Ask::discover_versions()], false).await?;
        only(told)
    }

    /// One operation.
    pub(super) async fn ask(&mut self, ask: Ask) -> Result<Told, Error> {
        let told = self.exchange(vec![ask], true).await?;
        only(told)
    }

    /// Several operations in one message.
    pub(super) async fn ask_all(&mut self, asked: Vec<Ask>) -> Result<Vec<Told>, Error> {
        self.exchange(asked, true).await
    }

    async fn exchange(&mut self, asked: Vec<Ask>, numbered: bool) -> Result<Vec<Told>, Error> {
        let count = asked.len();
        let request = request(asked, numbered, self.login.as_deref());
        let exchanged = timeout(self.timeout, self.send_and_receive(&request)).await.map_err(|_| Error::Silent)??;
        let response =
            response(&exchanged).map_err(|error| Error::Wrong(format!("the answer is not KMIP: {error}")))?;
        self.ahead = response.time.map(|time| time.0.saturating_sub(crate::clock::now().seconds()));
        check(response.version, &response.told, count, numbered)?;
        Ok(response.told)
    }

    async fn send_and_receive(&mut self, request: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let closed = |error: std::io::Error| Error::Closed(error.to_string());
        self.stream.write_all(request).await.map_err(closed)?;
        self.stream.flush().await.map_err(closed)?;
        let mut header = [0; 8];
        self.stream.read_exact(&mut header).await.map_err(closed)?;
        let mut answer = Zeroizing::new(vec![0; 8 + body_length(header)?]);
        answer.get_mut(..8).unwrap_or_default().copy_from_slice(&header);
        self.stream.read_exact(answer.get_mut(8..).unwrap_or_default()).await.map_err(closed)?;
        Ok(answer)
    }
}

fn body_length([t0, t1, t2, kind, length @ ..]: [u8; 8]) -> Result<usize, Error> {
    let length = u32::from_be_bytes(length) as usize;
    if u32::from_be_bytes([0, t0, t1, t2]) != tag::RESPONSE_MESSAGE.0 || kind != 1 {
        return Err(Error::Wrong("the answer is not a KMIP response message: is this a KMIP port?".to_owned()));
    }
    if length > LONGEST {
        return Err(Error::Wrong(format!("the answer claims to be {length} bytes long")));
    }
    Ok(length)
}

fn check(version: (i32, i32), told: &[Told], count: usize, numbered: bool) -> Result<(), Error> {
    if version != (1, 1) {
        return Err(Error::Wrong(format!("the answer is in KMIP {}.{} instead of 1.1", version.0, version.1)));
    }
    if told.len() != count {
        return Err(Error::Wrong(format!("{count} operations were asked and {} answered", told.len())));
    }
    let echoed = |(index, told): (usize, &Told)| told.batch_id == numbered.then(|| batch_id(index));
    if !told.iter().enumerate().all(echoed) {
        return Err(Error::Wrong("the Unique Batch Item ID did not come back as it was sent".to_owned()));
    }
    Ok(())
}

fn only(told: Vec<Told>) -> Result<Told, Error> {
    told.into_iter().next().ok_or_else(|| Error::Wrong("the answer is empty".to_owned()))
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Open(error) => error.fmt(formatter),
            Error::Closed(why) => write!(formatter, "the server ended the connection instead of answering ({why})"),
            Error::Silent => formatter.write_str("the server did not answer in time"),
            Error::Wrong(what) => formatter.write_str(what),
        }
    }
}

impl From<String> for Error {
    fn from(what: String) -> Self {
        Error::Wrong(what)
    }
}
