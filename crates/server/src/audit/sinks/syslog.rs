//! Syslog (RFC 5424) over TLS (RFC 5425), or over TCP on this machine.
//!
//! Syslog has no receipts: what a collector had not read when its connection broke is lost with it, and nobody says how much that is.
//! So what was sent of late is kept and sent again on the next connection. The invariant: **what is lost with a connection is sent
//! again, as long as it was within the last 8 MiB and ten minutes**: a collector may get records twice, with the same identifiers.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustls_pki_types::ServerName;
use store::journal::At;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsConnector;

use super::{Line, Sink, tls};
use crate::config::{AuditSyslog, SyslogAddress};

/// Log audit (RFC 5424, 6.2.1).
const FACILITY: u8 = 13;
/// The longest message identifier (RFC 5424, 6).
const MSGID: usize = 32;
const CONNECT: Duration = Duration::from_secs(5);
/// A collector that takes nothing for so long is taken for dead.
const WRITE: Duration = Duration::from_secs(30);
/// What may be in the buffers between here and the collector.
const RECENT: usize = 8 << 20;
/// A collector that reads at all has read it after this.
const READ: Duration = Duration::from_secs(600);

trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

/// See the module.
pub(super) struct SyslogSink {
    address: SyslogAddress,
    settings: AuditSyslog,
    host: String,
    connection: Option<Box<dyn Duplex>>,
    recent: VecDeque<Sent>,
    bytes: usize,
}

struct Sent {
    at: At,
    when: Instant,
    frame: Vec<u8>,
}

impl SyslogSink {
    pub(super) fn new(address: SyslogAddress, settings: AuditSyslog) -> Self {
        let host = nix::unistd::gethostname().ok().and_then(|host| host.into_string().ok());
        let host = host.filter(|host| !host.is_empty()).unwrap_or_else(|| "-".to_owned());
        SyslogSink { address, settings, host, connection: None, recent: VecDeque::new(), bytes: 0 }
    }

    async fn connect(&self) -> Result<Box<dyn Duplex>, String> {
        let SyslogAddress { host, port, tls } = &self.address;
        let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(|error| error.to_string())?;
        let _ = stream.set_nodelay(true);
        if !tls {
            return Ok(Box::new(stream));
        }
        let AuditSyslog { ca_file, certificate_file, key_file, .. } = &self.settings;
        let ca = ca_file.as_deref().ok_or("audit.syslog.ca_file is missing")?;
        let config = tls::config(ca, certificate_file.as_deref().zip(key_file.as_deref()))?;
        let name = ServerName::try_from(host.clone()).map_err(|error| error.to_string())?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        Ok(Box::new(stream.map_err(|error| error.to_string())?))
    }

    /// A connection on which all that may have been lost with the one before was sent.
    async fn connected(&mut self) -> Result<Box<dyn Duplex>, String> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        let mut connection =
            timeout(CONNECT, self.connect()).await.map_err(|_| "no connection came about in time")??;
        for sent in &self.recent {
            write(&mut connection, &sent.frame).await?;
        }
        flush(&mut connection).await?;
        Ok(connection)
    }

    fn keep(&mut self, at: At, frame: Vec<u8>) {
        self.bytes += frame.len();
        self.recent.push_back(Sent { at, when: Instant::now(), frame });
        while let Some(oldest) = self.recent.front()
            && (self.bytes > RECENT || oldest.when.elapsed() > READ)
        {
            self.bytes -= oldest.frame.len();
            self.recent.pop_front();
        }
    }
}

#[async_trait]
impl Sink for SyslogSink {
    /// Where this fails or is given up, the connection is gone with it, and what was sent of the batch is sent again.
    async fn deliver(&mut self, lines: &Arc<[Line]>) -> Result<(), String> {
        let mut connection = self.connected().await?;
        if has_ended(&mut connection).await {
            connection = self.connected().await?;
        }
        let frames: Vec<(At, Vec<u8>)> = lines.iter().map(|line| (line.at, frame(line, &self.host))).collect();
        for (_, frame) in &frames {
            write(&mut connection, frame).await?;
        }
        flush(&mut connection).await?;
        self.connection = Some(connection);
        frames.into_iter().for_each(|(at, frame)| self.keep(at, frame));
        Ok(())
    }

    fn safe(&self) -> Option<At> {
        self.recent.front().map(|sent| sent.at)
    }

    /// A collector that closes its side after ours has read all.
    async fn close(&mut self) -> bool {
        let Some(mut connection) = self.connection.take() else { return false };
        connection.shutdown().await.is_ok() && matches!(connection.read(&mut [0; 256]).await, Ok(0))
    }
}

/// Whether the collector has closed the connection: a write would still seem to succeed.
async fn has_ended(connection: &mut Box<dyn Duplex>) -> bool {
    let mut buffer = [0; 256];
    match timeout(Duration::ZERO, connection.read(&mut buffer)).await {
        Ok(Ok(0) | Err(_)) => true,
        Ok(Ok(_)) | Err(_) => false,
    }
}

async fn write(connection: &mut Box<dyn Duplex>, frame: &[u8]) -> Result<(), String> {
    let written = timeout(WRITE, connection.write_all(frame)).await.map_err(|_| "the collector takes nothing")?;
    written.map_err(|error| error.to_string())
}

async fn flush(connection: &mut Box<dyn Duplex>) -> Result<(), String> {
    let flushed = timeout(WRITE, connection.flush()).await.map_err(|_| "the collector takes nothing")?;
    flushed.map_err(|error| error.to_string())
}

/// A message with its length before it (RFC 5425, 4.3; RFC 5424, 6).
fn frame(line: &Line, host: &str) -> Vec<u8> {
    let severity = match line.severity.as_str() {
        "critical" => 2,
        "warning" => 4,
        _ => 6,
    };
    let time = line.event.get("eventTime").and_then(serde_json::Value::as_str).filter(|time| !time.starts_with('@'));
    let id: String = line.action.chars().filter(char::is_ascii_graphic).take(MSGID).collect();
    let id = if id.is_empty() { "-" } else { &id };
    let mut message = String::new();
    let _ = write!(
        message,
        "<{}>1 {} {host} keystead {} {id} - {}",
        FACILITY * 8 + severity,
        time.unwrap_or("-"),
        std::process::id(),
        line.event
    ); // writing to a String can't fail
    format!("{} {message}", message.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_counted_and_has_a_header() {
        let event = serde_json::json!({ "eventTime": "2026-01-02T03:04:05Z", "message": "ü\n" });
        let at = At { segment: 1, offset: 96 };
        let line = |severity: &str, event: &serde_json::Value, action: &str| Line {
            at,
            millis: None,
            action: action.to_owned(),
            severity: severity.to_owned(),
            event: event.clone(),
        };
        for (severity, action, event, head) in [
            ("normal", "kms.kmip.get", &event, "<110>1 2026-01-02T03:04:05Z host keystead PID kms.kmip.get - {"),
            ("warning", "", &event, "<108>1 2026-01-02T03:04:05Z host keystead PID - - {"),
            (
                "critical",
                "a.name that is much longer than any may be",
                &serde_json::json!({}),
                "<106>1 - host keystead PID a.namethatismuchlongerthananymay - {",
            ),
        ] {
            let frame = String::from_utf8(frame(&line(severity, event, action), "host")).unwrap();
            let (length, message) = frame.split_once(' ').unwrap();
            assert_eq!(length.parse::<usize>().unwrap(), message.len());
            let head = head.replace("PID", &std::process::id().to_string());
            assert!(message.starts_with(&head), "{message}");
            assert!(!message.contains('\n'));
        }
    }
}
