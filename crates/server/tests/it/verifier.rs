//! The KMIP port's handshake: every kind of client certificate is taken, and none without its key.

use super::client::{self, Pair, client, handshake, version_1};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, PKCS_RSA_SHA512};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    CertificateError, Error, HandshakeKind, PeerMisbehaved, ServerConfig, SignatureAlgorithm, SignatureScheme,
    SupportedProtocolVersion,
};
use server::tls::{ServerIdentity, kmip_config};
use std::sync::{Arc, LazyLock};
use zeroize::Zeroizing;

static SERVER: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
    let pair = Pair::new(&PKCS_RSA_SHA256, |_| ());
    let chain = server::pki::to_pem("CERTIFICATE", &pair.certificate);
    let key = Zeroizing::new(pair.key.serialize_pem().into_bytes());
    kmip_config(&ServerIdentity::from_pem(chain.as_bytes(), key).unwrap()).unwrap()
});

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// The server sees exactly the certificate that was shown.
fn check_taken(what: &str, pair: &Pair) {
    for version in VERSIONS {
        let outcome = handshake(SERVER.clone(), client(version, Some(pair.certified())), "kms");
        let outcome = outcome.unwrap_or_else(|error| panic!("{what} in {version:?}: {error}"));
        assert_eq!(outcome.certificate.as_deref(), Some(&pair.certificate[..]), "{what} in {version:?}");
    }
}

fn check_refused(
    what: &str,
    key: impl Fn() -> CertifiedKey,
    version: &'static SupportedProtocolVersion,
    wanted: &Error,
) {
    let refused = handshake(SERVER.clone(), client(version, Some(key())), "kms");
    assert_eq!(refused.err().as_ref(), Some(wanted), "{what} in {version:?}");
}

#[test]
fn every_kind_of_certificate_is_taken() {
    let as_v1 = |mut pair: Pair| {
        pair.certificate = version_1(&pair.certificate);
        pair
    };
    let cases = [
        ("RSA, CA:TRUE", Pair::new(&PKCS_RSA_SHA256, client::authority)),
        ("RSA, no extensions", Pair::new(&PKCS_RSA_SHA256, |_| ())),
        ("RSA, signed with SHA-512", Pair::new(&PKCS_RSA_SHA512, |_| ())),
        ("for servers only", Pair::new(&PKCS_RSA_SHA256, client::for_servers_only)),
        ("an unknown critical extension", Pair::new(&PKCS_RSA_SHA256, client::unknown_critical_extension)),
        ("expired", Pair::new(&PKCS_RSA_SHA256, client::expired)),
        ("version 1", as_v1(Pair::new(&PKCS_RSA_SHA256, |_| ()))),
        ("version 1, expired", as_v1(Pair::new(&PKCS_RSA_SHA256, client::expired))),
        ("P-256", Pair::new(&PKCS_ECDSA_P256_SHA256, |_| ())),
        ("P-384", Pair::new(&PKCS_ECDSA_P384_SHA384, |_| ())),
        ("Ed25519", Pair::new(&PKCS_ED25519, |_| ())),
    ];
    cases.iter().for_each(|(what, pair)| check_taken(what, pair));
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let victim = Pair::new(&PKCS_RSA_SHA256, |_| ());
    let thief = Pair::new(&PKCS_RSA_SHA256, |_| ());
    let stolen = || CertifiedKey::new(vec![victim.certificate.clone().into()], thief.signing_key());
    let damaged =
        || CertifiedKey::new(vec![victim.certificate.clone().into()], Arc::new(Damaging(victim.signing_key())));
    let v1 = || CertifiedKey::new(vec![version_1(&victim.certificate).into()], thief.signing_key());
    for version in VERSIONS {
        let bad = Error::InvalidCertificate(CertificateError::BadSignature);
        check_refused("another key's signature", stolen, version, &bad);
        check_refused("a signature with one bit changed", damaged, version, &bad);
        check_refused("another key's signature for a version 1 certificate", v1, version, &bad);
    }
}

#[test]
fn what_is_no_certificate_is_refused() {
    let pair = Pair::new(&PKCS_RSA_SHA256, |_| ());
    let cut = &pair.certificate[..pair.certificate.len() / 2];
    for (what, bytes) in [("empty", &[][..]), ("a text", &b"certificate"[..]), ("cut off", cut)] {
        let key = || CertifiedKey::new(vec![bytes.to_vec().into()], pair.signing_key());
        for version in VERSIONS {
            check_refused(what, key, version, &Error::InvalidCertificate(CertificateError::BadEncoding));
        }
    }
}

#[test]
fn pkcs1_signatures_are_for_tls_1_2_alone() {
    let pair = Pair::new(&PKCS_RSA_SHA256, |_| ());
    let key = || CertifiedKey::new(vec![pair.certificate.clone().into()], Arc::new(Pkcs1(pair.signing_key())));
    let outcome = handshake(SERVER.clone(), client(&TLS12, Some(key())), "kms").unwrap();
    assert!(outcome.certificate.is_some());
    let misbehaved = Error::PeerMisbehaved(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme);
    check_refused("PKCS#1", key, &TLS13, &misbehaved);
}

#[test]
fn without_a_certificate_the_handshake_ends_well_and_shows_nobody() {
    for version in VERSIONS {
        let outcome = handshake(SERVER.clone(), client(version, None), "kms").unwrap();
        assert!(outcome.certificate.is_none(), "{version:?}");
    }
}

#[test]
fn no_session_is_resumed() {
    let pair = Pair::new(&PKCS_ECDSA_P256_SHA256, |_| ());
    for version in VERSIONS {
        let client = client(version, Some(pair.certified()));
        for connection in 1..=3 {
            let outcome = handshake(SERVER.clone(), client.clone(), "kms").unwrap();
            assert_eq!(outcome.kind, Some(HandshakeKind::Full), "connection {connection} in {version:?}");
        }
    }
}

/// Signs, and then changes a bit.
#[derive(Debug)]
struct Damaging(Arc<dyn SigningKey>);

/// Signs with PKCS#1 whatever the version.
#[derive(Debug)]
struct Pkcs1(Arc<dyn SigningKey>);

#[derive(Debug)]
struct DamagingSigner(Box<dyn Signer>);

impl SigningKey for Damaging {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0.choose_scheme(offered).map(|signer| Box::new(DamagingSigner(signer)) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl Signer for DamagingSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = self.0.sign(message)?;
        signature[17] ^= 1;
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme()
    }
}

impl SigningKey for Pkcs1 {
    fn choose_scheme(&self, _offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0.choose_scheme(&[SignatureScheme::RSA_PKCS1_SHA256])
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}
