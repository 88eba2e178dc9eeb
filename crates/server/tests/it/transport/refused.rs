//! Each reason for which nothing comes of a connection, provoked, and read in the log.

use super::hello::Hello;
use super::{Place, check_ends};
use crate::client::{self, Pair};
use crate::machine::Client;
use crate::request::discover_versions;
use rcgen::PKCS_RSA_SHA256;
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{CertificateError, ClientConfig, SupportedProtocolVersion};
use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

impl Place {
    /// Bytes that end the connection, under this label.
    fn check_raw(&self, bytes: &[u8], label: &str, words: &str) {
        let mut stream = TcpStream::connect(self.server.kmip).unwrap();
        stream.write_all(bytes).unwrap();
        check_ends(&mut stream);
        self.check_told(label, words);
    }

    /// As that, where the client goes away by itself.
    fn check_gone(&self, bytes: &[u8], label: &str, words: &str) {
        let mut stream = TcpStream::connect(self.server.kmip).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        check_ends(&mut stream);
        self.check_told(label, words);
    }

    fn check_told(&self, label: &str, words: &str) {
        self.server.wait_for_log(&format!("refusal=\"{label}\""));
        self.server.wait_for_log(words);
        assert!(self.refused(label) >= 1, "{label}");
    }

    fn check_client(&self, config: Arc<ClientConfig>, label: &str, words: &str) {
        let mut client = Client::new(self.server.kmip, config);
        assert!(client.ask(&discover_versions()).is_err(), "{label}");
        self.check_told(label, words);
    }
}

#[test]
fn what_is_no_tls_is_named() {
    let place = Place::with("");
    place.check_raw(b"GET / HTTP/1.1\r\nHost: kms\r\n\r\n", "plain_http", "use https:// with the administration port");
    place.check_raw(&discover_versions(), "plain_kmip", "switch TLS on in the client");
    place.check_raw(b"SSH-2.0-OpenSSH_9.6\r\n", "not_tls", "no TLS");
    place.check_raw(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "proxy_version_1", "send-proxy-v2");
    place.check_raw(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", "proxy_unlisted", "add the address to proxy.from");
    place.check_raw(&[22, 3, 1, 0xff, 0xff], "too_large", "larger than any honest one");
    place.check_raw(&[22, 3, 1, 0, 0], "malformed", "malformed");
    place.check_gone(b"", "gone_before_hello", "trust probe");
    place.check_gone(&Hello::usual().record(), "gone_in_handshake", "in the middle of the handshake");
    place.check_serving();
}

#[test]
fn what_a_client_lacks_is_named_with_what_it_offered() {
    let place = Place::with("");
    let usual = Hello::usual;
    let old = Hello { version: 0x0302, schemes: Vec::new(), ..usual() };
    place.check_raw(&old.record(), "tls_version", "It offered TLS 1.1");
    let suites = Hello { suites: vec![0x002f, 0x009c], ..usual() };
    place.check_raw(
        &suites.record(),
        "cipher_suites",
        "It offered TLS_RSA_WITH_AES_128_CBC_SHA, TLS_RSA_WITH_AES_128_GCM",
    );
    let unwanted = Hello { suites: vec![0x003c], groups: Vec::new(), ..usual() };
    place.check_raw(&unwanted.record(), "cipher_suites", "It offered TLS_RSA_WITH_AES_128_CBC_SHA256");
    let groups = Hello { groups: vec![0x001e], ..usual() };
    place.check_raw(&groups.record(), "groups", "It offered X448");
    let schemes = Hello { schemes: vec![0x0201], ..usual() };
    place.check_raw(&schemes.record(), "signature_schemes", "It offered RSA_PKCS1_SHA1 with TLS_ECDHE_RSA");
    let compressed = Hello { compression: 1, ..usual() };
    place.check_raw(&compressed.record(), "incompatible", "the client lacks something");
    place.check_serving();
}

#[test]
fn what_a_client_says_of_the_servers_certificate_is_told() {
    let place = Place::with("");
    place.check_client(
        client::finding(CertificateError::UnknownIssuer),
        "server_certificate_untrusted",
        "make vCenter trust",
    );
    place.check_client(
        client::finding(CertificateError::NotValidForName),
        "server_certificate_refused",
        "the name kms",
    );
    place.check_client(client::finding(CertificateError::Expired), "server_certificate_expired", "see both clocks");
    place.check_client(client::finding(CertificateError::InvalidOcspResponse), "client_alert", "its own log says why");
    place.check_serving();
}

#[test]
fn what_is_wrong_with_a_clients_certificate_is_told() {
    for version in [&TLS12, &TLS13] {
        let place = Place::with("");
        let (pair, other) = (Pair::new(&PKCS_RSA_SHA256, |_| ()), Pair::new(&PKCS_RSA_SHA256, |_| ()));
        let swapped = CertifiedKey::new(vec![pair.certificate.into()], other.signing_key());
        place.check_client(shows(version, swapped), "client_signature", "don't belong together");
        let ill = CertifiedKey::new(vec![vec![0x30, 0].into()], other.signing_key());
        place.check_client(shows(version, ill), "client_certificate_unreadable", "can't be read");
        let mut probe = place.server.connect(None);
        let _ = probe.send(&discover_versions());
        probe.check_closed();
        place.check_told("trust_probe", "shown the server's");
        place.check_serving();
    }
}

#[test]
fn who_takes_too_long_and_who_finds_no_seat_is_told_of() {
    let place = Place::with("limits = { handshake_seconds = 1, connections_per_address = 1 }");
    place.check_raw(b"", "silent", "the client said nothing");
    place.check_raw(&Hello::usual().record(), "slow", "its MTU");
    let mut first = place.server.connect(Some(&place.vcenter));
    first.ask(&discover_versions()).unwrap();
    let mut second = place.server.connect(Some(&place.vcenter));
    assert!(second.ask(&discover_versions()).is_err());
    place.check_told("full", "limits.connections_per_address");
}

fn shows(version: &'static SupportedProtocolVersion, key: CertifiedKey) -> Arc<ClientConfig> {
    client::client(version, Some(key))
}
