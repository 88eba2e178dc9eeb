//! The KMIP port: who is served, and what a peer can't take from the others.

use super::machine::{Identity, Place};
use super::request::{create, discover_versions, is_success};
use std::io::{Read, Write};
use std::net::TcpStream;

#[test]
fn a_stranger_gets_no_answer_and_the_log_says_how_to_allow_it() {
    let place = Place::with("");
    let identity = Identity::stranger();
    let mut stranger = place.server.connect(Some(&identity));
    let _ = stranger.send(&discover_versions());
    stranger.check_closed();
    let fingerprint = server::pki::hexadecimal(&server::tls::fingerprint(identity.certificate()));
    place.server.wait_for_log(&fingerprint);
    place.server.wait_for_log(&format!("keystead door allow {fingerprint} --adapter NAME"));
    place.server.wait_for_log("CN=kmipClient20260101000000");
    place.check_serving();
}

#[test]
fn without_a_certificate_one_sees_the_servers_and_gets_no_answer() {
    let place = Place::with("");
    let mut probe = place.server.connect(None);
    let _ = probe.send(&discover_versions());
    assert!(!probe.server_certificate().is_empty());
    probe.check_closed();
    place.server.wait_for_log("trust probe");
    place.check_serving();
}

#[test]
fn taking_a_certificate_off_the_list_bites_on_open_connections() {
    let place = Place::with("");
    let other = place.home.issue("other");
    let mut client = place.server.connect(Some(&other));
    assert!(is_success(&client.ask(&create()).unwrap()));
    place.home.run(&["cert", "remove", "other", "--adapter", "default", "--yes"]);
    let _ = client.send(&discover_versions());
    client.check_closed();
    let mut again = place.server.connect(Some(&other));
    let _ = again.send(&discover_versions());
    again.check_closed();
    let file = place.home.path("clients").join("other.crt");
    place.home.run(&["cert", "add", file.to_str().unwrap(), "--adapter", "default", "--name", "other"]);
    let mut back = place.server.connect(Some(&other));
    assert!(is_success(&back.ask(&discover_versions()).unwrap()));
    place.check_serving();
}

/// What is no KMIP request ends its own connection, with an answer or without, and nothing else.
#[test]
fn what_is_no_request_ends_its_connection_alone() {
    let place = Place::with("");
    let mut neighbour = place.server.connect(Some(&place.vcenter));
    neighbour.ask(&discover_versions()).unwrap();
    let mut lying = discover_versions();
    lying[4..8].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff]);
    let mut answer = discover_versions();
    answer[2] = 0x7b;
    for bytes in [&lying[..], &answer, b"GET / HTTP/1.1\r\n\r\n", &[0; 64], &[0xff; 64]] {
        let mut client = place.server.connect(Some(&place.vcenter));
        client.send(bytes).unwrap();
        if let Ok(answer) = client.receive() {
            assert!(!is_success(&answer), "{bytes:02x?}");
        }
        client.check_closed();
    }
    assert!(is_success(&neighbour.ask(&discover_versions()).unwrap()));
}

#[test]
fn what_is_not_completed_in_time_is_closed() {
    let place = Place::with("limits = { handshake_seconds = 1, request_seconds = 1, idle_seconds = 2 }");
    let mut silent = TcpStream::connect(place.server.kmip).unwrap();
    let mut talker = TcpStream::connect(place.server.kmip).unwrap();
    talker.write_all(&[22, 3, 1]).unwrap();
    let mut clients: Vec<_> =
        [0, 3, 8, 9].map(|begun: usize| (begun, place.server.connect(Some(&place.vcenter)))).into();
    for (begun, client) in &mut clients {
        client.ask(&discover_versions()).unwrap();
        client.send(&discover_versions()[..*begun]).unwrap();
    }
    for (_begun, client) in clients {
        client.check_closed();
    }
    for stream in [&mut silent, &mut talker] {
        assert!(matches!(stream.read(&mut [0; 64]), Ok(_) | Err(_)));
    }
    place.server.wait_for_log("the TLS handshake took too long");
    place.server.wait_for_log("a request was not completed in time");
    place.server.wait_for_log("no request came for too long");
    place.check_serving();
}

#[test]
fn no_address_takes_more_connections_than_its_share() {
    let place = Place::with("limits = { connections_per_address = 2 }");
    let mut first = place.server.connect(Some(&place.vcenter));
    let mut second = place.server.connect(Some(&place.vcenter));
    first.ask(&discover_versions()).unwrap();
    second.ask(&discover_versions()).unwrap();
    let mut third = place.server.connect(Some(&place.vcenter));
    assert!(third.ask(&discover_versions()).is_err());
    place.server.wait_for_log("limits.connections_per_address");
    assert!(is_success(&first.ask(&discover_versions()).unwrap()));
    drop(second);
    drop(third);
}
