//! Where the clients of an adapter come in, what is kept of those who come in vain, and what one adapter can't take from another.

use super::client::{self, Pair, client};
use super::machine::Client;
use super::request::{create, discover_versions, is_success};
use super::site::{Site, check, free_port};
use engine::registry::{Adapter, Expired, Standing};
use rcgen::{CertificateParams, PKCS_ECDSA_P256_SHA256};
use rustls::version::TLS13;
use server::kmip::Step;
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

fn pair(change: impl FnOnce(&mut CertificateParams)) -> Pair {
    Pair::new(&PKCS_ECDSA_P256_SHA256, change)
}

/// Two adapters with a client each.
struct Two {
    site: Site,
    ours: (Adapter, Pair),
    theirs: (Adapter, Pair),
}

impl Two {
    fn new(site: Site) -> Self {
        let one = |name| {
            let (adapter, pair) = (site.adapter(name), pair(|_| ()));
            site.enter(&adapter, &pair.certificate, Standing::Listed);
            (adapter, pair)
        };
        let (ours, theirs) = (one("ours"), one("theirs"));
        Two { site, ours, theirs }
    }

    /// Who is served at a port, under a host name.
    fn check(&self, what: &str, port: u16, name: &str, ours: bool, theirs: bool) {
        for ((adapter, pair), served) in [(&self.ours, ours), (&self.theirs, theirs)] {
            let address = SocketAddr::new(self.site.address.ip(), port);
            let connection = Client::named(address, client(&TLS13, Some(pair.certified())), name);
            check(&format!("{what}: {}", adapter.name), connection, served);
        }
    }

    fn shared(&self) -> u16 {
        self.site.address.port()
    }
}

/// Waits until a port is listened at, or is not any more.
fn wait(port: u16, open: bool) {
    for _ in 0..600 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() == open {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("port {port} does not become open: {open}");
}

#[test]
fn an_adapters_own_port_is_for_its_clients_alone() {
    let two = Two::new(Site::new());
    two.check("at first", two.shared(), "kms", true, true);
    let mut neighbour = two.site.connect(two.theirs.1.certified());
    assert!(is_success(&neighbour.ask(&discover_versions()).unwrap()));
    let port = free_port();
    two.site.set_door(&two.ours.0, |door| door.port = Some(port));
    wait(port, true);
    two.check("own port", port, "kms", true, false);
    two.check("beside it", two.shared(), "kms", true, true);
    two.site.set_door(&two.ours.0, |door| (door.port, door.shared) = (Some(port), false));
    two.check("own port alone", port, "kms", true, false);
    two.check("the shared one without it", two.shared(), "kms", false, true);
    let moved = free_port();
    two.site.set_door(&two.theirs.0, |door| door.port = Some(moved));
    two.site.set_door(&two.ours.0, |_| ());
    wait(port, false);
    two.site.set_door(&two.theirs.0, |door| door.port = Some(port));
    wait(moved, false);
    wait(port, true);
    two.check("the port has changed hands", port, "kms", false, true);
    two.check("at last", two.shared(), "kms", true, true);
    assert!(is_success(&neighbour.ask(&discover_versions()).unwrap()), "nobody touched this connection");
    assert!(two.site.book.strangers().is_empty(), "none of them is a stranger");
}

#[test]
fn a_host_name_is_a_door_too() {
    let two = Two::new(Site::new());
    two.site.set_door(&two.ours.0, |door| door.names = vec!["Ours.example.com".into()]);
    two.check("under the name", two.shared(), "ours.example.com", true, false);
    two.check("under another", two.shared(), "kms.example.com", true, true);
    two.site.set_door(&two.ours.0, |door| (door.names, door.shared) = (vec!["ours.example.com".into()], false));
    two.check("under the name alone", two.shared(), "OURS.example.com", true, false);
    two.check("under another, without it", two.shared(), "kms.example.com", false, true);
    two.check("under none", two.shared(), "127.0.0.1", false, true);
}

#[test]
fn open_connections_hear_that_their_door_is_shut() {
    let two = Two::new(Site::new());
    let mut client = two.site.connect(two.ours.1.certified());
    assert!(is_success(&client.ask(&discover_versions()).unwrap()));
    two.site.set_door(&two.ours.0, |door| (door.names, door.shared) = (vec!["ours.example.com".into()], false));
    client.check_closed();
}

/// Who came by a port stays only while it is the adapter's.
#[test]
fn open_connections_hear_that_their_port_is_closed() {
    let two = Two::new(Site::new());
    let port = free_port();
    two.site.set_door(&two.ours.0, |door| door.port = Some(port));
    wait(port, true);
    let address = SocketAddr::new(two.site.address.ip(), port);
    let mut connection = Client::named(address, client(&TLS13, Some(two.ours.1.certified())), "kms");
    assert!(is_success(&connection.ask(&discover_versions()).unwrap()));
    two.site.set_door(&two.ours.0, |door| door.port = None);
    connection.check_closed();
}

#[test]
fn a_port_that_is_taken_opens_once_it_is_free() {
    let two = Two::new(Site::new());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    two.site.set_door(&two.ours.0, |door| door.port = Some(port));
    two.check("meanwhile", two.shared(), "kms", true, true);
    drop(taken);
    wait(port, true);
    two.check("then", port, "kms", true, false);
}

#[test]
fn who_has_expired_is_served_unless_the_adapter_says_otherwise() {
    let site = Site::new();
    let adapter = site.adapter("dc1");
    let future = |params: &mut CertificateParams| {
        params.not_before = rcgen::date_time_ymd(3000, 1, 1);
        params.not_after = rcgen::date_time_ymd(3001, 1, 1);
    };
    let (valid, expired, future) = (pair(|_| ()), pair(client::expired), pair(future));
    for pair in [&valid, &expired, &future] {
        site.enter(&adapter, &pair.certificate, Standing::Listed);
    }
    let check = |what: &str, served: [bool; 3]| {
        for (pair, served) in [&valid, &expired, &future].into_iter().zip(served) {
            site.check(what, pair.certified(), served);
        }
    };
    check("at first", [true, true, true]);
    let mut open = site.connect(expired.certified());
    assert!(is_success(&open.ask(&discover_versions()).unwrap()));
    site.set_door(&adapter, |door| door.expired = Expired::Refused);
    open.check_closed();
    check("refused", [true, false, true]);
    site.set_door(&adapter, |door| door.expired = Expired::Served);
    check("served again", [true, true, true]);
    assert!(site.book.strangers().is_empty());
}

#[test]
fn no_adapter_takes_more_connections_than_its_share() {
    let two = Two::new(Site::with(|limits| limits.connections_per_adapter = 2));
    let connect = |pair: &Pair| {
        let mut client = two.site.connect(pair.certified());
        client.ask(&discover_versions()).map(|_| client)
    };
    let (first, _second) = (connect(&two.ours.1).unwrap(), connect(&two.ours.1).unwrap());
    assert!(connect(&two.ours.1).is_err());
    let (_third, _fourth) = (connect(&two.theirs.1).unwrap(), connect(&two.theirs.1).unwrap());
    assert!(connect(&two.theirs.1).is_err());
    drop(first);
    let again = (0..600).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        connect(&two.ours.1).ok()
    });
    assert!(again.is_some(), "what was given back can be had again");
}

#[test]
fn a_flood_of_strangers_leaves_an_honest_one_in_the_book() {
    let two = Two::new(Site::new());
    let come = |from: [u8; 4]| {
        let stranger = pair(|_| ());
        let config = client(&TLS13, Some(stranger.certified()));
        check("a stranger", Client::from(SocketAddr::from((from, 0)), two.site.address, config), false);
        stranger.certificate
    };
    let honest = come([127, 0, 0, 2]);
    for _ in 0..30 {
        come([127, 0, 0, 3]);
    }
    let strangers = two.site.book.strangers();
    let of = |from: [u8; 4]| strangers.iter().filter(|stranger| stranger.address == IpAddr::from(from)).count();
    assert_eq!((of([127, 0, 0, 2]), of([127, 0, 0, 3]), strangers.len()), (1, 8, 9));
    let kept = strangers.iter().find(|stranger| stranger.der == honest).unwrap();
    assert!(kept.facts.subject.contains("kmipClient") && kept.door.is_none() && kept.count == 1);
    // What is in the book is all that it takes to let somebody in.
    two.site.enter(&two.ours.0, &kept.der, Standing::Listed);
}

#[test]
fn the_steps_of_a_pairing_are_seen() {
    let two = Two::new(Site::new());
    let check = |adapter: &Adapter, expected: [bool; 5]| {
        let seen = two.site.sightings.of(&two.site.current(adapter));
        assert_eq!(seen.map(|seen| seen.is_some()), expected, "{}", adapter.name);
    };
    check(&two.ours.0, [false; 5]);
    let _ = Client::new(two.site.address, client(&TLS13, None)).ask(&discover_versions());
    let port = free_port();
    two.site.set_door(&two.theirs.0, |door| (door.port, door.shared) = (Some(port), false));
    check(&two.ours.0, [true, true, false, false, false]);
    check(&two.theirs.0, [false; 5]);
    let mut client = two.site.connect(two.ours.1.certified());
    client.ask(&discover_versions()).unwrap();
    check(&two.ours.0, [true, true, true, true, false]);
    client.ask(&create()).unwrap();
    check(&two.ours.0, [true; 5]);
    let seen = two.site.sightings.of(&two.site.current(&two.ours.0));
    let tls = seen[Step::Tls as usize].clone().unwrap();
    assert!(tls.detail.contains("TLS"), "{tls:?}");
    check(&two.theirs.0, [false; 5]);
}
