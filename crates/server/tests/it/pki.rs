//! Certificates: what is taken from clients, what is made for them, and what the server calls itself.

use super::client::{self, Pair, handshake};
use rcgen::{CertificateParams, DnType, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519, PKCS_RSA_SHA256};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use server::folder::Folder;
use server::pki::{Authority, Pki, ServerNames, check_client_certificate, to_pem};
use server::tls;
use std::path::Path;
use std::sync::Arc;
use wrap::Secret;
use wrap::primitive::{Random, SealKey, SystemRandom};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

const WEAK: &[u8] = include_bytes!("fixtures/rsa1024.crt");
const DSA: &[u8] = include_bytes!("fixtures/dsa.crt");
const KOBLITZ: &[u8] = include_bytes!("fixtures/secp256k1.crt");
const VERSION_1: &[u8] = include_bytes!("fixtures/v1-sha1.crt");
const REQUEST: &[u8] = include_bytes!("fixtures/rsa2048.csr");
const WEAK_REQUEST: &[u8] = include_bytes!("fixtures/rsa1024.csr");
const SHA1_REQUEST: &[u8] = include_bytes!("fixtures/sha1.csr");

fn now() -> kmip::Timestamp {
    server::clock::now()
}

fn open(path: &Path, names: &[&str]) -> Result<(Folder, Pki), server::pki::Error> {
    let folder = Folder::open(path)?;
    let seal = SealKey::new(&Secret::new(Zeroizing::new(vec![7; 32]))).unwrap();
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let names = ServerNames { given: names.iter().map(ToString::to_string).collect(), addresses: Vec::new() };
    let pki = Pki::open(&folder, &seal, &names, &random, now())?;
    Ok((folder, pki))
}

fn with_authority(check: impl FnOnce(&Authority)) {
    let place = tempfile::tempdir().unwrap();
    let (_folder, pki) = open(&place.path().join("data"), &[]).unwrap();
    check(&pki.authority);
}

fn check_enrolment_refused(input: &[u8], expected: &str) {
    match check_client_certificate(input) {
        Ok(taken) => panic!("{:?} was taken", taken.facts),
        Err(error) => assert!(error.to_string().contains(expected), "`{error}` does not say `{expected}`"),
    }
}

#[test]
fn certificates_that_can_be_verified_are_taken() {
    let der = Pair::new(&PKCS_RSA_SHA256, client::authority).certificate;
    let pem = to_pem("CERTIFICATE", &der);
    let crlf = format!("Bag Attributes\r\n  friendlyName: x\r\n{}", pem.replace('\n', "\r\n"));
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for input in [&der[..], pem.as_bytes(), crlf.as_bytes(), bare.as_bytes()] {
        let taken = check_client_certificate(input).unwrap();
        assert_eq!(taken.der, der);
        assert_eq!(taken.facts.fingerprint, tls::fingerprint(&der));
        assert_eq!(taken.facts.public_key, "RSA 2048");
        assert_eq!(taken.facts.subject, "CN=kmipClient20260101000000");
    }
    let words = |input: &[u8]| check_client_certificate(input).unwrap().facts.public_key;
    assert_eq!(words(VERSION_1), "RSA 2048");
    assert_eq!(words(&Pair::new(&PKCS_ECDSA_P256_SHA256, |_| ()).certificate), "ECDSA P-256");
    assert_eq!(words(&Pair::new(&PKCS_ED25519, client::unknown_critical_extension).certificate), "Ed25519");
}

#[test]
fn what_is_no_use_as_a_client_certificate_is_named() {
    let pair = Pair::new(&PKCS_RSA_SHA256, |_| ());
    let pem = to_pem("CERTIFICATE", &pair.certificate);
    let both = [pem.as_bytes(), pair.key.serialize_pem().as_bytes()].concat();
    let key = pair.key.serialize_pem();
    let three = pem.repeat(3);
    let misread = pem.replace("-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\n!");
    let cases: [(&[u8], &str); 16] = [
        (b"", "there is nothing in it"),
        (b" \n", "there is nothing in it"),
        (WEAK, "RSA key has 1024 bits, and at least 2048"),
        (DSA, "of a kind that can't be used here (1.2.840.10040.4.1)"),
        (KOBLITZ, "of a kind that can't be used here (1.3.132.0.10)"),
        (key.as_bytes(), "holds a private key"),
        (&both, "holds a private key"),
        (three.as_bytes(), "holds 3 certificates"),
        (REQUEST, "this is a `CERTIFICATE REQUEST`, and a `CERTIFICATE` is wanted"),
        (b"/etc/ssl/vcenter.pem", "looks like the name of a file"),
        (b"ssh-rsa AAAA", "is an SSH key"),
        (b"hello", "neither a certificate in PEM form nor in DER form"),
        (&[0, 1, 2, 255], "neither a certificate in PEM form nor in DER form"),
        (&pem.as_bytes()[..pem.len() / 2], "is damaged"),
        (&pair.certificate[..200], "is damaged"),
        (misread.as_bytes(), "is damaged"),
    ];
    for (input, expected) in cases {
        check_enrolment_refused(input, expected);
    }
    check_enrolment_refused(&[&pair.certificate[..], b"x"].concat(), "is damaged");
}

#[test]
fn an_issued_certificate_is_the_authoritys_and_works() {
    with_authority(|authority| {
        let issued = authority.issue_client("vcenter", now()).unwrap();
        let facts = &issued.certificate.facts;
        assert_eq!(facts.subject, "O=Keystead, CN=vcenter");
        assert_eq!(facts.public_key, "RSA 2048");
        assert!(issued.private_key_pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
        check_client_use(&issued.certificate.der);
        check_signed_by(&issued.certificate.der, authority);
        let key = KeyPair::from_pem(&issued.private_key_pem).unwrap();
        check_handshake(&Pair { certificate: issued.certificate.der, key });
        assert!(authority.issue_client("", now()).is_err());
        assert!(authority.issue_client("a\nb", now()).is_err());
    });
}

#[test]
fn a_request_is_signed_and_does_not_choose_what_it_gets() {
    with_authority(|authority| {
        let signed = authority.sign_client(REQUEST, now()).unwrap();
        assert!(signed.certificate.facts.subject.contains("CN=kmipClient20260101000000"));
        assert!(signed.certificate.facts.subject.contains("O=VMware, Inc."));
        check_client_use(&signed.certificate.der);
        check_signed_by(&signed.certificate.der, authority);

        let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let request = request(&key);
        let renamed = String::from_utf8_lossy(&request).replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST");
        let signed = authority.sign_client(renamed.as_bytes(), now()).unwrap();
        check_client_use(&signed.certificate.der);
        check_handshake(&Pair { certificate: signed.certificate.der, key });
    });
}

#[test]
fn a_request_that_is_not_good_is_refused_with_the_reason() {
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let good = pem_body(&request(&key));
    let mut forged = good.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let mut renamed = good.clone();
    let at = renamed.windows(4).position(|window| window == b"mine").unwrap();
    renamed[at] = b'f';
    let certificate = to_pem("CERTIFICATE", &Pair::new(&PKCS_ED25519, |_| ()).certificate);
    let cases: [(&[u8], &str); 8] = [
        (&forged, "own signature does not verify"),
        (&renamed, "own signature does not verify"),
        (SHA1_REQUEST, "own signature does not verify"),
        (WEAK_REQUEST, "RSA key has 1024 bits"),
        (&good[..good.len() - 9], "is damaged"),
        (certificate.as_bytes(), "and a `CERTIFICATE REQUEST` is wanted"),
        (b"", "there is nothing in it"),
        (b"nonsense", "neither a certificate request in PEM form nor in DER form"),
    ];
    with_authority(|authority| {
        for (input, expected) in cases {
            match authority.sign_client(input, now()) {
                Ok(_) => panic!("signed, where `{expected}` was expected"),
                Err(error) => assert!(error.to_string().contains(expected), "`{error}` does not say `{expected}`"),
            }
        }
    });
}

#[test]
fn the_server_certificate_is_what_vcenter_wants() {
    let place = tempfile::tempdir().unwrap();
    let (_folder, pki) = open(&place.path().join("data"), &["kms1.example.com", "192.0.2.10"]).unwrap();
    let der = pki.server.identity.certificate();
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    assert_eq!(
        certificate.signature_algorithm.algorithm.to_id_string(),
        "1.2.840.113549.1.1.11",
        "SHA-256 with RSA, PKCS#1"
    );
    assert_eq!(server::pki::facts(der).unwrap().public_key, "RSA 2048");
    assert!(!certificate.is_ca());
    assert_eq!(pki.server.names, ["kms1.example.com", "192.0.2.10", "localhost", "127.0.0.1", "::1"]);
    let config = tls::admin_config(&pki.server.identity).unwrap();
    for name in &pki.server.names {
        handshake(config.clone(), trusting(&pki.authority), name).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert!(handshake(config, trusting(&pki.authority), "other.example.com").is_err());
}

#[test]
fn a_second_start_finds_the_same_and_new_names_keep_the_key() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    let (folder, first) = open(&data, &["a.example.com"]).unwrap();
    drop(folder);
    let key = std::fs::read(data.join("server.key")).unwrap();
    for (names, same, renamed) in [
        (&["a.example.com"][..], true, false),
        (&[], true, false),
        (&["A.EXAMPLE.com"], true, false),
        (&["b.example.com"], false, true),
    ] {
        let (_folder, again) = open(&data, names).unwrap();
        assert_eq!(again.server.identity.certificate() == first.server.identity.certificate(), same, "{names:?}");
        assert_eq!(again.server.renamed, renamed, "{names:?}");
        assert_eq!(again.authority.certificate_pem(), first.authority.certificate_pem());
        assert_eq!(std::fs::read(data.join("server.key")).unwrap(), key);
    }
}

/// A folder from before there were two certificates.
#[test]
fn the_ecdsa_certificate_is_made_beside_and_leaves_the_other_alone() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    drop(open(&data, &["a.example.com"]).unwrap());
    let read = || ["server.key", "server.crt"].map(|file| std::fs::read(data.join(file)).unwrap());
    let before = read();
    ["server-ecdsa.key", "server-ecdsa.crt"].iter().for_each(|file| remove(&data.join(file)));
    let (_folder, pki) = open(&data, &[]).unwrap();
    assert_eq!(read(), before);
    assert!(!pki.server.renamed);
    let ecdsa = CertificateDer::from_pem_slice(&std::fs::read(data.join("server-ecdsa.crt")).unwrap()).unwrap();
    assert_eq!(server::pki::facts(&ecdsa).unwrap().public_key, "ECDSA P-256");
}

/// Whatever was not yet there when a first start was cut off is made by the next one, and what was there stays.
#[test]
fn a_first_start_that_was_cut_off_is_taken_up() {
    // in the order in which they are made
    let files = ["ca.key.sealed", "ca.crt", "server.key", "server.crt", "server-ecdsa.key", "server-ecdsa.crt"];
    for made in 0..=files.len() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        drop(open(&data, &["a.example.com"]).unwrap());
        let kept: Vec<Vec<u8>> = files[..made].iter().map(|file| std::fs::read(data.join(file)).unwrap()).collect();
        files[made..].iter().for_each(|file| std::fs::remove_file(data.join(file)).unwrap());
        let (_folder, pki) = open(&data, &["a.example.com"]).unwrap();
        for (file, kept) in files.iter().zip(kept) {
            assert_eq!(std::fs::read(data.join(file)).unwrap(), kept, "{file}");
        }
        let config = tls::admin_config(&pki.server.identity).unwrap();
        handshake(config, trusting(&pki.authority), "a.example.com").unwrap();
    }
}

#[test]
fn files_that_are_lost_or_damaged_are_named() {
    type Damage = fn(&Path);
    let damage: [(&str, Damage, &str); 9] = [
        ("ca.key.sealed", remove, "ca.key.sealed is missing: restore it from a backup"),
        ("ca.key.sealed", flip, "was sealed under another master key"),
        ("ca.crt", garble, "ca.crt can't be read as PEM"),
        ("server.key", remove, "server.key is missing"),
        ("server.key", garble, "private key"),
        ("server.crt", garble, "server.crt can't be read as PEM"),
        ("server-ecdsa.key", remove, "server-ecdsa.key is missing"),
        ("server-ecdsa.key", garble, "private key"),
        ("server-ecdsa.crt", garble, "server-ecdsa.crt can't be read as PEM"),
    ];
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data");
    drop(open(&data, &[]).unwrap());
    for (file, damage, expected) in damage {
        let path = data.join(file);
        let good = std::fs::read(&path).unwrap();
        damage(&path);
        match open(&data, &[]) {
            Ok(_) => panic!("{file} was not missed"),
            Err(error) => assert!(error.to_string().contains(expected), "`{error}` does not say `{expected}`"),
        }
        std::fs::write(&path, good).unwrap();
    }
    open(&data, &[]).unwrap();
}

fn remove(path: &Path) {
    std::fs::remove_file(path).unwrap();
}

fn garble(path: &Path) {
    std::fs::write(path, "garbled").unwrap();
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes[50] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

/// A request by `key`, as PEM, that asks to be an authority.
fn request(key: &KeyPair) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "mine");
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.serialize_request(key).unwrap().pem().unwrap().into_bytes()
}

fn pem_body(pem: &[u8]) -> Vec<u8> {
    rustls::pki_types::CertificateSigningRequestDer::from_pem_slice(pem).unwrap().to_vec()
}

/// It is for TLS clients and nothing else.
fn check_client_use(der: &[u8]) {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    let usage = certificate.extended_key_usage().unwrap().unwrap().value;
    assert!(usage.client_auth && !usage.server_auth && !usage.any);
    assert!(!certificate.is_ca());
    assert!(certificate.subject_alternative_name().unwrap().is_none());
}

/// As a stock verifier sees it, with the authority as its root.
fn check_signed_by(der: &[u8], authority: &Authority) {
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots(authority)), tls::provider());
    let verifier = verifier.build().unwrap();
    verifier.verify_client_cert(&CertificateDer::from(der), &[], rustls::pki_types::UnixTime::now()).unwrap();
}

/// The key is the certificate's: a KMIP handshake with the two ends well.
fn check_handshake(pair: &Pair) {
    let server = Pair::new(&PKCS_RSA_SHA256, |_| ());
    let chain = to_pem("CERTIFICATE", &server.certificate);
    let key = Zeroizing::new(server.key.serialize_pem().into_bytes());
    let identity = tls::ServerIdentity::from_pem(chain.as_bytes(), key).unwrap();
    for version in [&TLS12, &TLS13] {
        let outcome =
            handshake(tls::kmip_config(&identity).unwrap(), client::client(version, Some(pair.certified())), "kms");
        assert_eq!(outcome.unwrap().certificate.as_deref(), Some(&pair.certificate[..]));
    }
}

fn roots(authority: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap()).unwrap();
    roots
}

/// A client as strict as they come, which trusts the authority.
fn trusting(authority: &Authority) -> Arc<ClientConfig> {
    let config = ClientConfig::builder_with_provider(tls::provider())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots(authority))
        .with_no_client_auth();
    Arc::new(config)
}
