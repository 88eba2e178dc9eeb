//! The PROXY protocol, version 2: a load balancer says whose connection it passes on (haproxy, "The PROXY protocol", 2.2).
//!
//! The invariant: **only an address that the configuration lists is believed, and such a one has to say it on every connection**: else
//! anybody could come in any other's name, or all clients behind a load balancer would count as one.

use super::opening::fill;
use super::refusals::Refusal;
use keymanager::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::TcpStream;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and transport, length.
const HEADER: usize = 16;
/// Addresses and additions (TLVs): the specification wants room for 536 bytes in all; additions with certificates in them take more.
const LARGEST: usize = 4096;

const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;
/// No address is given; the receiver takes the connection's own.
const UNSPECIFIED: u8 = 0x00;

/// Whether a peer is a load balancer.
pub(super) fn is_listed(list: &[Network], peer: IpAddr) -> bool {
    list.iter().any(|block| block.contains(peer))
}

/// Reads the header, which must be there. None: the connection is the load balancer's own, or it doesn't say whose.
pub(super) async fn read(stream: &mut TcpStream) -> Result<Option<SocketAddr>, Refusal> {
    let mut header = Vec::with_capacity(HEADER);
    fill(stream, &mut header, 5).await?;
    check_begin(&header)?;
    fill(stream, &mut header, HEADER - 5).await?;
    let Some((SIGNATURE, [command, family, high, low])) = header.split_first_chunk() else {
        return Err(Refusal::ProxyMalformed);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if length > LARGEST {
        return Err(Refusal::ProxyMalformed);
    }
    let mut rest = Vec::new();
    fill(stream, &mut rest, length).await.map_err(|_| Refusal::GoneWithin)?;
    source(*command, *family, &rest).ok_or(Refusal::ProxyMalformed)
}

/// The first bytes are enough to tell a header that is none, so that nobody waits for the rest of it.
fn check_begin(begin: &[u8]) -> Result<(), Refusal> {
    match begin {
        b"PROXY" => Err(Refusal::ProxyOld),
        _ if SIGNATURE.starts_with(begin) => Ok(()),
        _ => Err(Refusal::ProxyMissing),
    }
}

/// The outer none: it is malformed, or of a family or command that can't be on a TCP port. What follows the addresses is passed over.
fn source(command: u8, family: u8, rest: &[u8]) -> Option<Option<SocketAddr>> {
    match (command, family) {
        (LOCAL, _) | (PROXY, UNSPECIFIED) => Some(None),
        (PROXY, TCP4) => {
            let (address, rest) = rest.split_first_chunk::<4>()?;
            let [_, _, _, _, high, low, _, _] = *rest.first_chunk()?;
            Some(Some(SocketAddr::from((Ipv4Addr::from(*address), u16::from_be_bytes([high, low])))))
        }
        (PROXY, TCP6) => {
            let (address, rest) = rest.split_first_chunk::<16>()?;
            let (_, ports) = rest.split_first_chunk::<16>()?;
            let [high, low, _, _] = *ports.first_chunk()?;
            Some(Some(SocketAddr::from((Ipv6Addr::from(*address), u16::from_be_bytes([high, low])))))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    async fn check(bytes: &[u8], expected: Result<Option<&str>, Refusal>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut server, _) = listener.accept().await.unwrap();
        client.write_all(bytes).await.unwrap();
        client.shutdown().await.unwrap();
        let expected = expected.map(|address| address.map(|text| text.parse().unwrap()));
        assert_eq!(read(&mut server).await, expected, "{bytes:02x?}");
        let mut left = [0; 4];
        if expected.is_ok() {
            assert_eq!(
                server.try_read(&mut left).map(|count| left[..count].to_vec()).unwrap(),
                b"next",
                "{bytes:02x?}"
            );
        }
    }

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest, b"next"].concat()
    }

    #[tokio::test]
    async fn the_address_is_taken_and_additions_are_passed_over() {
        let v4 = [192, 0, 2, 7, 192, 0, 2, 1, 0x12, 0x34, 0x16, 0x40];
        let v6 = [&Ipv6Addr::from_bits(7).octets()[..], &[0; 16], &[0x12, 0x34, 0x16, 0x40]].concat();
        let more = [&v4[..], &[3, 0, 4, 1, 2, 3, 4]].concat();
        check(&header(PROXY, TCP4, &v4), Ok(Some("192.0.2.7:4660"))).await;
        check(&header(PROXY, TCP4, &more), Ok(Some("192.0.2.7:4660"))).await;
        check(&header(PROXY, TCP6, &v6), Ok(Some("[::7]:4660"))).await;
        check(&header(PROXY, UNSPECIFIED, &[]), Ok(None)).await;
        check(&header(LOCAL, TCP4, &v4), Ok(None)).await;
        check(&header(LOCAL, UNSPECIFIED, &[]), Ok(None)).await;
        check(&header(PROXY, TCP4, &[9; LARGEST + 1]), Err(Refusal::ProxyMalformed)).await;
        for (command, family, rest) in
            [(0x22, TCP4, &v4[..]), (0x11, TCP4, &v4), (PROXY, 0x12, &v4), (PROXY, TCP6, &v4)]
        {
            check(&header(command, family, rest), Err(Refusal::ProxyMalformed)).await;
        }
        check(&header(PROXY, TCP4, &v4[..11]), Err(Refusal::ProxyMalformed)).await;
        check(&header(PROXY, TCP4, &v4)[..20], Err(Refusal::GoneWithin)).await;
        check(b"\r\n\r\n\0\r\nQUIX\n\x21\x11\0\x0c", Err(Refusal::ProxyMalformed)).await;
        check(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", Err(Refusal::ProxyOld)).await;
        check(&[22, 3, 1, 0, 200], Err(Refusal::ProxyMissing)).await;
        check(b"", Err(Refusal::GoneBefore)).await;
    }
}
