//! What a client says first: its ClientHello, or something that is no TLS.
//!
//! The invariant: **a connection costs what it has sent, and at most [`LARGEST`] bytes, until its ClientHello is there**; the TLS
//! library comes in with the whole of it. No byte beyond it is read.

use super::refusals::Refusal;
use std::io;
use tokio::io::{AsyncReadExt, Take};
use tokio::net::TcpStream;

/// A ClientHello's records; honest ones take 2 KiB with a post-quantum key share in them.
const LARGEST: usize = 16 * 1024;
/// In how many records it may come: each of them is looked at beside those before. Honest clients take one, or a few where they keep
/// records small.
const RECORDS: usize = 64;
/// A record's type, version and length (RFC 8446, 5.1).
const RECORD_HEADER: usize = 5;
/// A handshake message's type and length (RFC 8446, 4).
const MESSAGE_HEADER: usize = 4;
const HANDSHAKE: u8 = 22;

/// What other protocols begin with.
const OTHERS: [(&[u8], Refusal); 11] = [
    (b"GET ", Refusal::PlainHttp),
    (b"HEAD", Refusal::PlainHttp),
    (b"POST", Refusal::PlainHttp),
    (b"PUT ", Refusal::PlainHttp),
    (b"OPTIO", Refusal::PlainHttp),
    (b"CONNE", Refusal::PlainHttp),
    (b"PRI *", Refusal::PlainHttp),
    // The tag of a request message (KMIP 1.4, 9.1.3.1).
    (&[0x42, 0x00], Refusal::PlainKmip),
    (b"PROXY", Refusal::ProxyOld),
    (b"\r\n\r\n\0", Refusal::ProxyUnlisted),
    // A hello of SSL 2.0 (RFC 5246, E.2).
    (&[0x80], Refusal::Version),
];

/// Reads a ClientHello's records into `records`, where what came stays when this is given up.
pub(super) async fn hello(stream: &mut TcpStream, records: &mut Vec<u8>) -> Result<(), Refusal> {
    for _ in 0..RECORDS {
        let begin = records.len();
        fill(stream, records, RECORD_HEADER).await?;
        let header = records.get(begin..).and_then(<[u8]>::first_chunk);
        let length = header.map_or(Err(Refusal::Malformed), |header| record_length(header, begin == 0))?;
        if records.len() + length > LARGEST {
            return Err(Refusal::TooLarge);
        }
        fill(stream, records, length).await?;
        if is_complete(records) {
            return Ok(());
        }
    }
    Err(Refusal::TooLarge)
}

/// The handshake message that records hold, as far as it is there.
pub(super) fn message(mut records: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    while let Some((header, rest)) = records.split_first_chunk::<RECORD_HEADER>() {
        let [.., high, low] = *header;
        let (fragment, next) = rest.split_at(usize::from(u16::from_be_bytes([high, low])).min(rest.len()));
        message.extend_from_slice(fragment);
        records = next;
    }
    message
}

fn is_complete(records: &[u8]) -> bool {
    let message = message(records);
    let Some([_, high, middle, low]) = message.first_chunk::<MESSAGE_HEADER>() else { return false };
    let length = u32::from_be_bytes([0, *high, *middle, *low]);
    usize::try_from(length).is_ok_and(|length| message.len() - MESSAGE_HEADER >= length)
}

fn record_length(header: &[u8; RECORD_HEADER], first: bool) -> Result<usize, Refusal> {
    match (*header, first) {
        ([HANDSHAKE, 3, _, 0, 0], _) => Err(Refusal::Malformed),
        ([HANDSHAKE, 3, _, high, low], _) => Ok(u16::from_be_bytes([high, low]).into()),
        (other, true) => {
            Err(OTHERS.iter().find(|(begin, _)| other.starts_with(begin)).map_or(Refusal::NotTls, |it| it.1))
        }
        (_, false) => Err(Refusal::Malformed),
    }
}

/// Reads so many bytes more.
pub(super) async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>, count: usize) -> Result<(), Refusal> {
    let mut source: Take<_> = stream.take(u64::try_from(count).unwrap_or(u64::MAX));
    while source.limit() > 0 {
        match source.read_buf(buffer).await {
            Ok(0) => return Err(gone(buffer)),
            Ok(_) => {}
            Err(error) if is_end(&error) => return Err(gone(buffer)),
            Err(_) => return Err(Refusal::Network),
        }
    }
    Ok(())
}

fn gone(before: &[u8]) -> Refusal {
    if before.is_empty() { Refusal::GoneBefore } else { Refusal::GoneWithin }
}

fn is_end(error: &io::Error) -> bool {
    [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe].contains(&error.kind())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    /// What becomes of these bytes, and how many of them were read.
    async fn check(bytes: &[u8], expected: Result<usize, Refusal>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let mut records = Vec::new();
        let read = hello(&mut server, &mut records).await;
        assert_eq!(read.map(|()| records.len()), expected, "{bytes:02x?}");
    }

    #[tokio::test]
    async fn a_hello_is_read_to_its_end_and_what_is_none_is_named() {
        let whole = [22, 3, 1, 0, 6, 1, 0, 0, 2, 9, 9];
        check(&whole, Ok(11)).await;
        check(&[&whole[..], &[20, 3, 3, 0, 1, 1]].concat(), Ok(11)).await;
        check(&[22, 3, 1, 0, 2, 1, 0, 22, 3, 1, 0, 4, 0, 2, 9, 9], Ok(16)).await;
        check(&whole[..7], Err(Refusal::GoneWithin)).await;
        check(&[], Err(Refusal::GoneBefore)).await;
        check(&[22, 3, 1, 0, 0], Err(Refusal::Malformed)).await;
        check(&[22, 3, 1, 0, 1, 1, 23, 3, 3, 0, 1], Err(Refusal::Malformed)).await;
        check(&[22, 3, 1, 0xff, 0xff], Err(Refusal::TooLarge)).await;
        let small = [22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff];
        let many: Vec<u8> = small.iter().copied().chain([22, 3, 1, 0, 1, 0].repeat(4096)).collect();
        check(&many, Err(Refusal::TooLarge)).await;
        let split =
            |count: u8| [&[22, 3, 1, 0, 4, 1, 0, 0, count][..], &[22, 3, 1, 0, 1, 0].repeat(count.into())].concat();
        check(&split(63), Ok(9 + 63 * 6)).await;
        check(&split(64), Err(Refusal::TooLarge)).await;
        let others: [(&[u8], Refusal); 7] = [
            (b"GET / HTTP/1.1\r\n\r\n", Refusal::PlainHttp),
            (&[0x42, 0, 0x78, 1, 0, 0, 0, 0], Refusal::PlainKmip),
            (b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Refusal::ProxyOld),
            (b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", Refusal::ProxyUnlisted),
            (&[0x80, 0x2e, 1, 0, 2], Refusal::Version),
            (b"SSH-2.0-x\r\n", Refusal::NotTls),
            (&[0; 16], Refusal::NotTls),
        ];
        for (bytes, refusal) in others {
            check(bytes, Err(refusal)).await;
        }
    }
}
