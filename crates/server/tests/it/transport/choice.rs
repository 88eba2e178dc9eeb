//! Which certificate a client gets, and how the two come to their keys.

use crate::client::{Pair, handshake, showing_schemes};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite as suite, kx_group};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, HandshakeKind, NamedGroup, ServerConfig, SignatureScheme, SupportedProtocolVersion};
use server::tls::{ServerIdentity, admin_config, kmip_config, provider};
use std::sync::{Arc, LazyLock};
use zeroize::Zeroizing;

struct Server {
    rsa: Vec<u8>,
    ecdsa: Vec<u8>,
    configs: [Arc<ServerConfig>; 2],
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let (rsa, ecdsa) = (Pair::new(&PKCS_RSA_SHA256, |_| ()), Pair::new(&PKCS_ECDSA_P256_SHA256, |_| ()));
    let both = identity(&rsa).with_ecdsa(identity(&ecdsa)).unwrap();
    assert_eq!(both.certificates().collect::<Vec<_>>(), [&rsa.certificate, &ecdsa.certificate]);
    assert_eq!(both.certificate(), rsa.certificate);
    let configs = [kmip_config(&both).unwrap(), admin_config(&both).unwrap()];
    Server { rsa: rsa.certificate, ecdsa: ecdsa.certificate, configs }
});

fn identity(pair: &Pair) -> ServerIdentity {
    let chain = server::pki::to_pem("CERTIFICATE", &pair.certificate);
    ServerIdentity::from_pem(chain.as_bytes(), Zeroizing::new(pair.key.serialize_pem().into_bytes())).unwrap()
}

fn client(
    version: &'static SupportedProtocolVersion,
    provider: CryptoProvider,
    schemes: &[SignatureScheme],
) -> Arc<ClientConfig> {
    showing_schemes(version, Arc::new(provider), schemes)
}

fn check(
    version: &'static SupportedProtocolVersion,
    provider: &CryptoProvider,
    schemes: &[SignatureScheme],
    expected: &[u8],
) {
    for config in &SERVER.configs {
        let outcome = handshake(config.clone(), client(version, provider.clone(), schemes), "kms").unwrap();
        let same = outcome.server_certificate == expected;
        assert!(same, "{version:?}, {schemes:?}, {:?}", provider.cipher_suites);
    }
}

#[test]
fn who_can_take_rsa_gets_it_and_who_cannot_gets_ecdsa() {
    use SignatureScheme::{ECDSA_NISTP256_SHA256 as ECDSA, RSA_PKCS1_SHA256 as PKCS1, RSA_PSS_SHA256 as PSS};
    let all = (*provider()).clone();
    let only = |suites: &[_]| CryptoProvider { cipher_suites: suites.to_vec(), ..all.clone() };
    let both = [suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let rsa_suite = only(&[suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]);
    let ecdsa_suite = only(&[suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]);
    let (rsa, ecdsa) = (&SERVER.rsa, &SERVER.ecdsa);
    for version in [&TLS12, &TLS13] {
        check(version, &all, &[ECDSA, PSS, PKCS1], rsa);
        check(version, &all, &[PSS], rsa);
        check(version, &all, &[ECDSA], ecdsa);
    }
    check(&TLS12, &only(&both), &[ECDSA, PKCS1], rsa);
    check(&TLS13, &all, &[PKCS1, ECDSA], ecdsa);
    check(&TLS12, &rsa_suite, &[ECDSA, PSS], rsa);
    check(&TLS12, &ecdsa_suite, &[ECDSA, PSS, PKCS1], ecdsa);
}

#[test]
fn the_second_certificate_has_to_be_an_ecdsa_one() {
    let (first, second) = (Pair::new(&PKCS_RSA_SHA256, |_| ()), Pair::new(&PKCS_RSA_SHA256, |_| ()));
    let refused = identity(&first).with_ecdsa(identity(&second)).err().unwrap();
    assert!(refused.to_string().contains("an ECDSA key is wanted"), "{refused}");
}

/// The hybrid is taken by who prefers it, and nobody else pays another round for it.
#[test]
fn the_hybrid_key_exchange_is_taken_and_costs_nobody_a_round() {
    let cases: [(&[&'static dyn rustls::crypto::SupportedKxGroup], NamedGroup); 5] = [
        (&[kx_group::X25519MLKEM768, kx_group::X25519], NamedGroup::X25519MLKEM768),
        (&[kx_group::X25519MLKEM768], NamedGroup::X25519MLKEM768),
        (&[kx_group::X25519, kx_group::SECP256R1], NamedGroup::X25519),
        (&[kx_group::SECP256R1], NamedGroup::secp256r1),
        (&[kx_group::SECP384R1, kx_group::X25519], NamedGroup::secp384r1),
    ];
    for (groups, expected) in cases {
        let provider = CryptoProvider { kx_groups: groups.to_vec(), ..(*provider()).clone() };
        let client = client(&TLS13, provider, &[SignatureScheme::RSA_PSS_SHA256]);
        let outcome = handshake(SERVER.configs[0].clone(), client, "kms").unwrap();
        assert_eq!((outcome.group, outcome.kind), (Some(expected), Some(HandshakeKind::Full)), "{groups:?}");
    }
}
