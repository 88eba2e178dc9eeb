//! Load balancers speak for their clients; nobody else does.

use super::{Place, check_ends};
use crate::client;
use crate::machine::Client;
use crate::request::{discover_versions, is_success};
use rustls::version::TLS13;
use std::io::Write;
use std::net::TcpStream;

const BALANCER: [u8; 4] = [127, 0, 0, 9];

/// A header of version 2 for a client at this address (haproxy, "The PROXY protocol", 2.2).
fn header(client: [u8; 4]) -> Vec<u8> {
    [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &client[..], &[127, 0, 0, 1], &[0xc3, 0x50, 0x16, 0x40]].concat()
}

impl Place {
    fn through_balancer(&self, client: [u8; 4]) -> Client {
        let mut tcp = self.tcp_from(BALANCER);
        tcp.write_all(&header(client)).unwrap();
        Client::over(tcp, client::client(&TLS13, Some(self.vcenter.certified())), "kms")
    }
}

#[test]
fn a_clients_address_is_what_a_listed_load_balancer_says() {
    let place = Place::with("proxy = { from = [\"127.0.0.8/31\"] }\nlimits = { connections_per_address = 1 }");
    let mut clients = [[192, 0, 2, 1], [192, 0, 2, 2]].map(|address| place.through_balancer(address));
    for client in &mut clients {
        assert!(is_success(&client.ask(&discover_versions()).unwrap()));
    }
    assert!(place.through_balancer([192, 0, 2, 2]).ask(&discover_versions()).is_err(), "its share is taken");
    place.server.wait_for_log("peer=192.0.2.2:50000");
    place.check_serving();
}

#[test]
fn a_load_balancers_own_check_is_no_client() {
    let place = Place::with("proxy = { from = [\"127.0.0.9\"] }");
    let mut check = place.tcp_from(BALANCER);
    check.write_all(b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\0").unwrap();
    check.shutdown(std::net::Shutdown::Write).unwrap();
    check_ends(&mut check);
    place.server.wait_for_log("refusal=\"gone_before_hello\"");
    let mut bare = place.tcp_from(BALANCER);
    bare.write_all(&[22, 3, 1, 0, 200]).unwrap();
    check_ends(&mut bare);
    place.server.wait_for_log("refusal=\"proxy_missing\"");
    let mut ill = place.tcp_from(BALANCER);
    ill.write_all(b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c123456789012").unwrap();
    check_ends(&mut ill);
    place.server.wait_for_log("refusal=\"proxy_malformed\"");
    place.check_serving();
}

/// Whoever is not listed can't take another's address: no byte after the header is looked at.
#[test]
fn an_unlisted_peer_speaks_for_nobody() {
    let place = Place::with("proxy = { from = [\"192.0.2.0/24\"] }");
    let mut tcp = TcpStream::connect(place.server.kmip).unwrap();
    tcp.write_all(&header([192, 0, 2, 1])).unwrap();
    let mut client = Client::over(tcp, client::client(&TLS13, Some(place.vcenter.certified())), "kms");
    assert!(client.ask(&discover_versions()).is_err());
    place.server.wait_for_log("refusal=\"proxy_unlisted\"");
    assert!(!place.server.log().contains("peer=192.0.2.1"));
    place.check_serving();
}
