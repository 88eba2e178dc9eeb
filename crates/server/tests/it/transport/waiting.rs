//! Who waits to be let in gives way to newcomers, and costs little.

use super::{Place, check_ends};
use crate::request::{discover_versions, is_success};
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::time::Duration;

/// With room for two, the silent ones of the address with most of them go first; the honest ones that came before stay.
#[test]
fn a_newcomer_always_finds_room() {
    let place = Place::with("limits = { waiting = 2 }");
    let mut seated = place.server.connect(Some(&place.vcenter));
    seated.ask(&discover_versions()).unwrap();
    let mut first = place.tcp_from([127, 0, 0, 2]);
    let mut second = place.tcp_from([127, 0, 0, 2]);
    let mut third = place.tcp_from([127, 0, 0, 3]);
    check_ends(&mut first);
    place.server.wait_for_log("refusal=\"crowded_out\"");
    assert_eq!(place.refused("crowded_out"), 1);
    place.check_serving();
    check_ends(&mut second);
    third.write_all(&[22]).unwrap();
    third.set_nonblocking(true).unwrap();
    assert_eq!(third.peek(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock, "it waits still");
    assert!(is_success(&seated.ask(&discover_versions()).unwrap()), "who was let in has no part in it");
}

/// More silent connections than there is room for, from many addresses, and whoever is honest is served at once.
#[test]
fn a_crowd_of_silent_ones_keeps_nobody_out() {
    let place = Place::with("limits = { waiting = 64, handshake_seconds = 600 }");
    let mut crowd = Vec::new();
    for round in 0..4 {
        crowd.extend((0..60).map(|from| place.tcp_from([127, 0, 1, from])));
        place.check_serving();
        assert_eq!(crowd.len(), (round + 1) * 60);
    }
    let waits = |stream: &TcpStream| {
        stream.set_nonblocking(true).unwrap();
        stream.peek(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    };
    for _attempt in 0..1000 {
        if crowd.iter().filter(|stream| waits(stream)).count() <= 64 {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("more wait than there is room for");
}
