//! What a server says to a client of yesterday: a hello of TLS 1.0 or 1.1, written by hand, and a request in plain text.
//!
//! The TLS library knows no version below 1.2, on purpose. The invariant: nothing secret is sent, and one answer is read at most.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use super::message::{Ask, request};
use super::tls::{self, Target};

/// A server that says nothing for so long has not accepted.
const PATIENCE: Duration = Duration::from_secs(3);

/// Record and handshake types, RFC 5246, 6.2.1 and 7.4.
const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
/// ECDHE and RSA, with AES in CBC: what servers took before TLS 1.2.
const SUITES: [u16; 6] = [0xc013, 0xc014, 0xc009, 0xc00a, 0x002f, 0x0035];
/// RFC 6066, 3; RFC 8422, 5.1.
const SERVER_NAME: u16 = 0;
const GROUPS: (u16, [u8; 8]) = (10, [0, 6, 0, 0x1d, 0, 0x17, 0, 0x18]);
const POINT_FORMATS: (u16, [u8; 2]) = (11, [1, 0]);

/// TLS 1.0 and 1.1 as they stand on the wire.
pub(super) const OLD: [(&str, [u8; 2]); 2] = [("TLS 1.0", [3, 1]), ("TLS 1.1", [3, 2])];

/// Whether the server goes on with a handshake of this version.
pub(super) async fn takes(target: &Target, version: [u8; 2]) -> Result<bool, tls::Error> {
    let answer: Option<[u8; 11]> = answer(tls::connect(target).await?, &client_hello(&target.host, version)).await;
    // Record: type, version, length; handshake: type, length, the version that was chosen.
    let Some([kind, _, _, _, _, message, _, _, _, chosen @ ..]) = answer else { return Ok(false) };
    Ok(kind == HANDSHAKE && message == SERVER_HELLO && chosen <= version)
}

/// Whether the server answers a KMIP request that is not encrypted.
pub(super) async fn answers_plain_text(target: &Target) -> Result<bool, tls::Error> {
    let request = request(vec![Ask::discover_versions()], false, None);
    let answer: Option<[u8; 3]> = answer(tls::connect(target).await?, &request).await;
    Ok(answer.is_some_and(|[t0, t1, t2]| u32::from_be_bytes([0, t0, t1, t2]) == kmip::tag::RESPONSE_MESSAGE.0))
}

/// The first bytes that come back, if so many come.
async fn answer<const N: usize>(mut stream: TcpStream, sent: &[u8]) -> Option<[u8; N]> {
    let mut answer = [0; N];
    let exchange = async {
        stream.write_all(sent).await?;
        stream.read_exact(&mut answer).await
    };
    timeout(PATIENCE, exchange).await.ok()?.ok()?;
    Some(answer)
}

/// A hello, RFC 4346, 7.4.1.2. Its random is none: nothing comes of this handshake.
fn client_hello(host: &str, version: [u8; 2]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend_from_slice(b"keystead doctor: do you take it?");
    body.push(0); // no session
    body.extend(prefixed(&SUITES.map(u16::to_be_bytes).concat()));
    body.extend_from_slice(&[1, 0]); // no compression
    let mut extensions = server_name(host);
    extensions.extend(extension(GROUPS.0, &GROUPS.1));
    extensions.extend(extension(POINT_FORMATS.0, &POINT_FORMATS.1));
    body.extend(prefixed(&extensions));
    let mut message = vec![CLIENT_HELLO, 0];
    message.extend(prefixed(&body));
    let mut record = vec![HANDSHAKE, 3, 1];
    record.extend(prefixed(&message));
    record
}

/// The name of the host, which is left out where it is an address (RFC 6066, 3).
fn server_name(host: &str) -> Vec<u8> {
    if host.parse::<std::net::IpAddr>().is_ok() {
        return Vec::new();
    }
    let mut name = vec![0];
    name.extend(prefixed(host.as_bytes()));
    extension(SERVER_NAME, &prefixed(&name))
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), prefixed(content)].concat()
}

/// With its length before it, in two bytes.
fn prefixed(content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes(), content].concat()
}
