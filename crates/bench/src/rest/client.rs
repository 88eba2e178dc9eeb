//! One keep-alive HTTPS connection and the bytes that go over it.
//!
//! Invariant: only a success passes.

use super::Peer;
use crate::error::{Doing, Error};
use crate::tls::HOST;
use rustls_pki_types::ServerName;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Tells the echo how long its answer is to be.
pub(super) const LENGTH: &str = "x-answer-length";

/// A request, as it goes over the wire.
#[derive(Clone)]
pub(super) struct Request {
    head: String,
    bytes: Arc<[u8]>,
    body: String,
}

/// An answer.
pub(super) struct Answer<'a> {
    pub(super) body: &'a [u8],
}

impl Request {
    pub(super) fn new(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {HOST}\r\n");
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        Self::of(head, body.to_owned(), "")
    }

    /// The same request for the echo: with as many bytes, asking for so many.
    pub(super) fn answered_with(&self, length: usize) -> Self {
        Self::of(self.head.clone(), self.body.clone(), &format!("{LENGTH}: {length}\r\n"))
    }

    fn of(head: String, body: String, extra: &str) -> Self {
        let bytes = format!("{head}{extra}content-length: {}\r\n\r\n{body}", body.len()).into_bytes().into();
        Request { head, bytes, body }
    }
}

/// An open connection.
pub(super) struct Session {
    stream: TlsStream<TcpStream>,
    answer: Vec<u8>,
}

impl Session {
    pub(super) async fn open(peer: &Peer) -> Result<Self, Error> {
        let open = async {
            let tcp = TcpStream::connect(peer.address).await?;
            tcp.set_nodelay(true)?;
            let host = ServerName::try_from(HOST).map_err(io::Error::other)?;
            TlsConnector::from(peer.tls.clone()).connect(host, tcp).await
        };
        let stream = open.await.doing(|| format!("connecting to {}", peer.address))?;
        Ok(Session { stream, answer: Vec::new() })
    }

    /// One request and its answer.
    pub(super) async fn ask(&mut self, request: &Request) -> Result<Answer<'_>, Error> {
        let line = || request.head.lines().next().unwrap_or_default().to_owned();
        let (status, start) = self.exchange(&request.bytes).await.doing(line)?;
        let body = self.answer.get(start..).unwrap_or_default();
        if (200..300).contains(&status) {
            return Ok(Answer { body });
        }
        let said = String::from_utf8_lossy(body).into_owned();
        Err(io::Error::other(format!("status {status}: {said}"))).doing(line)
    }

    /// The status, and where the body begins.
    async fn exchange(&mut self, request: &[u8]) -> io::Result<(u16, usize)> {
        self.stream.write_all(request).await?;
        self.stream.flush().await?;
        self.answer.clear();
        let start = loop {
            if self.stream.read_buf(&mut self.answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(end) = self.answer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let (status, length) = read_head(&self.answer[..start]).ok_or(io::ErrorKind::InvalidData)?;
        let have = self.answer.len() - start;
        self.answer.resize(start + length, 0);
        if have < length {
            self.stream.read_exact(&mut self.answer[start + have..]).await?;
        }
        Ok((status, start))
    }
}

/// The status and the body's length (none: no body).
fn read_head(head: &[u8]) -> Option<(u16, usize)> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let length =
        lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    Some((status, length.map_or(Some(0), |(_, value)| value.trim().parse().ok())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read() {
        let cases: [(&str, Option<(u16, usize)>); 4] = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n", Some((200, 12))),
            ("HTTP/1.1 204 No Content\r\n\r\n", Some((204, 0))),
            ("HTTP/1.1 200 OK\r\ncontent-length: twelve\r\n\r\n", None),
            ("nonsense", None),
        ];
        for (head, expected) in cases {
            assert_eq!(read_head(head.as_bytes()), expected, "{head}");
        }
    }
}
