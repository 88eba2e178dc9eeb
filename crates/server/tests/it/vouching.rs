//! Clients that an authority on a list vouches for, and those that it does not.

use super::client::{self, Pair, client};
use super::machine::Client;
use super::request::{discover_versions, is_success};
use super::site::Site;
use engine::registry::{Adapter, Standing};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, Issuer, KeyPair};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use server::kmip::Step;

/// An authority: what it signs with.
struct Authority {
    params: CertificateParams,
    key: KeyPair,
    der: Vec<u8>,
}

impl Authority {
    fn new(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let (params, key) = (authority(name, change), KeyPair::generate().unwrap());
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Authority { params, key, der }
    }

    fn under(&self, name: &str) -> Self {
        let (params, key) = (authority(name, |_| ()), KeyPair::generate().unwrap());
        let der = params.signed_by(&key, &self.issuer()).unwrap().der().to_vec();
        Authority { params, key, der }
    }

    fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.params, &self.key)
    }

    /// A client's certificate that it signed.
    fn leaf(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Pair {
        let (mut params, key) = (CertificateParams::default(), KeyPair::generate().unwrap());
        params.distinguished_name = called(name);
        change(&mut params);
        Pair { certificate: params.signed_by(&key, &self.issuer()).unwrap().der().to_vec(), key }
    }
}

fn authority(name: &str, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = called(name);
    client::authority(&mut params);
    change(&mut params);
    params
}

fn called(name: &str) -> DistinguishedName {
    let mut called = DistinguishedName::new();
    called.push(DnType::CommonName, DnValue::Utf8String(name.into()));
    called
}

/// A client that shows its own certificate and what is above it.
fn shows(leaf: &Pair, above: &[&Authority]) -> CertifiedKey {
    let chain = [leaf.certificate.clone()].into_iter().chain(above.iter().map(|authority| authority.der.clone()));
    CertifiedKey::new(chain.map(Into::into).collect(), leaf.signing_key())
}

fn future(params: &mut CertificateParams) {
    params.not_before = rcgen::date_time_ymd(3000, 1, 1);
    params.not_after = rcgen::date_time_ymd(3001, 1, 1);
}

/// A site where `root` vouches for clients whose CN begins with `vc`.
fn place() -> (Site, Adapter, Authority) {
    let (site, root) = (Site::new(), Authority::new("root", |_| ()));
    let adapter = site.adapter("dc1");
    site.enter(&adapter, &root.der, Standing::Authority(vec!["CN=vc*".into()]));
    (site, adapter, root)
}

#[test]
fn a_client_of_a_listed_authority_is_served_and_no_other() {
    let (site, adapter, root) = place();
    let namesake = Authority::new("root", |_| ());
    let denied = root.leaf("vc-denied", |_| ());
    site.enter(&adapter, &denied.certificate, Standing::Denied);
    let leaf = |name| root.leaf(name, |_| ());
    let cases = [
        ("a client", leaf("vc1"), true),
        ("another client, in capitals", leaf("VC2"), true),
        ("a subject that does not fit", leaf("host1"), false),
        ("a subject that fits up to a NUL", leaf("vc1\0"), false),
        ("no subject", leaf(""), false),
        ("a denied one", denied, false),
        ("signed by a namesake", namesake.leaf("vc1", |_| ()), false),
        ("expired", root.leaf("vc1", client::expired), false),
        ("not yet valid", root.leaf("vc1", future), false),
        ("for servers", root.leaf("vc1", client::for_servers_only), false),
        ("an authority", root.leaf("vc1", client::authority), false),
        ("an unknown critical extension", root.leaf("vc1", client::unknown_critical_extension), false),
        (
            "nobody's",
            Pair::new(&rcgen::PKCS_ECDSA_P256_SHA256, |params| params.distinguished_name = called("vc1")),
            false,
        ),
        (
            "the authority itself",
            Pair { certificate: root.der.clone(), key: KeyPair::from_pem(&root.key.serialize_pem()).unwrap() },
            false,
        ),
    ];
    for (what, leaf, served) in cases {
        for version in [&TLS12, &TLS13] {
            let connection = Client::new(site.address, client(version, Some(shows(&leaf, &[]))));
            super::site::check(what, connection, served);
        }
        let in_the_book = site.book.strangers().iter().any(|stranger| stranger.der == leaf.certificate);
        assert_eq!(in_the_book, !served && what != "a denied one", "{what}");
    }
}

#[test]
fn a_chain_is_followed_as_far_as_it_may_be_long() {
    let (site, adapter, root) = place();
    let mut above = vec![root.under("i0")];
    for number in 1..6 {
        let next = above.last().unwrap().under(&format!("i{number}"));
        above.push(next);
    }
    for length in 1..=6 {
        let leaf = above[length - 1].leaf("vc1", |_| ());
        let shown: Vec<_> = above[..length].iter().rev().collect();
        site.check(&format!("{length} between"), shows(&leaf, &shown), length <= 5);
        site.check(&format!("{length} between, the first not shown"), shows(&leaf, &shown[..length - 1]), false);
    }
    let leaf = above[0].leaf("vc1", |_| ());
    site.enter(&adapter, &above[0].der, Standing::Denied);
    site.check("a denied one between", shows(&leaf, &[&above[0]]), false);
}

/// What is denied is the key: the same certificate signed once more, with other bytes for its signature, is denied as well.
#[test]
fn a_denied_client_does_not_come_back_under_another_fingerprint() {
    let (site, adapter, root) = place();
    let denied = root.leaf("vc-denied", |_| ());
    let mut params = CertificateParams::default();
    params.distinguished_name = called("vc-denied");
    let again = params.signed_by(&denied.key, &root.issuer()).unwrap().der().to_vec();
    assert_ne!(again, denied.certificate);
    let twin = Pair { certificate: again, key: KeyPair::from_pem(&denied.key.serialize_pem()).unwrap() };
    site.check("before", shows(&twin, &[]), true);
    site.enter(&adapter, &denied.certificate, Standing::Denied);
    site.check("the twin of a denied one", shows(&twin, &[]), false);
    site.check("another client", shows(&root.leaf("vc1", |_| ()), &[]), true);
}

/// An authority further up, or one that has no say at the door, takes nobody's clients, though it was listed first.
#[test]
fn the_nearest_authority_of_the_door_vouches() {
    let (site, root) = (Site::new(), Authority::new("root", |_| ()));
    let (other, own) = (site.adapter("other"), site.adapter("own"));
    let issuing = root.under("issuing");
    let leaf = issuing.leaf("vc1", |_| ());
    site.enter(&other, &root.der, Standing::Authority(Vec::new()));
    site.check("before", shows(&leaf, &[&issuing]), true);
    site.enter(&own, &issuing.der, Standing::Authority(Vec::new()));
    site.check("by the nearest", shows(&leaf, &[&issuing]), true);
    assert!(site.sightings.of(&site.current(&own))[2].is_some(), "it is the client of the nearest authority's adapter");
}

#[test]
fn an_authority_vouches_only_while_it_is_listed_and_valid() {
    let (site, root) = (Site::new(), Authority::new("root", |_| ()));
    let (first, second) = (site.adapter("first"), site.adapter("second"));
    let leaf = root.leaf("vc1", |_| ());
    site.check("before", shows(&leaf, &[]), false);
    let old = Authority::new("old", client::expired);
    site.enter(&first, &old.der, Standing::Authority(Vec::new()));
    site.check("of an authority that expired", shows(&old.leaf("vc1", |_| ()), &[]), false);
    site.enter(&first, &root.der, Standing::Authority(vec!["CN=vc*,DNS=*".into(), "CN=other".into(), "CN=vc1".into()]));
    site.check("the last of several patterns", shows(&leaf, &[]), true);
    site.remove(&first, &root.der);
    site.check("after", shows(&leaf, &[]), false);
    site.enter(&first, &root.der, Standing::Authority(vec!["nonsense".into()]));
    site.check("a pattern that is none", shows(&leaf, &[]), false);
    site.remove(&first, &root.der);
    site.enter(&first, &root.der, Standing::Listed);
    site.check("the authority is a client itself", shows(&leaf, &[]), false);
    site.remove(&first, &root.der);
    site.enter(&second, &root.der, Standing::Authority(Vec::new()));
    site.check("any subject, of another adapter", shows(&leaf, &[]), true);
    let seen = |adapter| site.sightings.of(&site.current(adapter))[Step::Certificate as usize].clone();
    assert!(seen(&second).unwrap().detail.contains("vouched for by"));
}

/// Who is listed is served as itself, whatever an authority says.
#[test]
fn a_list_goes_before_an_authority() {
    let (site, adapter, root) = place();
    let other = site.adapter("other");
    let leaf = root.leaf("host1", |_| ());
    site.enter(&other, &leaf.certificate, Standing::Listed);
    site.check("listed, and outside of the authority's patterns", shows(&leaf, &[]), true);
    let seen = |adapter| site.sightings.of(&site.current(adapter))[Step::Certificate as usize].is_some();
    assert!(seen(&other) && !seen(&adapter));
}

#[test]
fn open_connections_hear_when_nobody_vouches_for_them_any_more() {
    let (site, adapter, root) = place();
    let (one, two) = (root.leaf("vc1", |_| ()), root.leaf("vc2", |_| ()));
    let connect = |leaf| {
        let mut client = site.connect(shows(leaf, &[]));
        assert!(is_success(&client.ask(&discover_versions()).unwrap()));
        client
    };
    let (first, mut second) = (connect(&one), connect(&two));
    site.enter(&adapter, &one.certificate, Standing::Denied);
    first.check_closed();
    assert!(is_success(&second.ask(&discover_versions()).unwrap()), "its neighbour goes on");
    site.remove(&adapter, &root.der);
    second.check_closed();
}

/// A certificate that expires while its connection is open is asked for again with the next request.
#[test]
fn a_connection_does_not_outlive_its_certificate() {
    let (site, _, root) = place();
    let soon = time::OffsetDateTime::from_unix_timestamp(server::clock::now().seconds() + 3).unwrap();
    let leaf = root.leaf("vc1", |params| params.not_after = soon);
    let mut client = site.connect(shows(&leaf, &[]));
    assert!(is_success(&client.ask(&discover_versions()).unwrap()));
    std::thread::sleep(std::time::Duration::from_secs(5));
    assert!(client.ask(&discover_versions()).is_err());
}
