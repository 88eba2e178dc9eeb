//! [`ByHello`]: which of the server's certificates a client gets.
//!
//! The invariant: **the usual certificate wherever the client can take it.** vCenter pins what it once saw, and VMware wants RSA of its
//! hosts' partners, so the other one is for clients that could not come in otherwise.

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, SignatureScheme};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub(super) struct ByHello {
    usual: Arc<CertifiedKey>,
    other: Option<Arc<CertifiedKey>>,
}

impl ByHello {
    pub(super) fn new(usual: Arc<CertifiedKey>, other: Option<Arc<CertifiedKey>>) -> Self {
        ByHello { usual, other }
    }
}

impl ResolvesServerCert for ByHello {
    /// The schemes are those of the client's that fit one of its cipher suites. Where nothing fits the usual certificate is given, and
    /// the handshake ends with the error that says so.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = usable(&hello);
        let fits = |certified: &Arc<CertifiedKey>| certified.key.choose_scheme(&schemes).is_some();
        let other = self.other.as_ref().filter(|other| !fits(&self.usual) && fits(other));
        Some(other.unwrap_or(&self.usual).clone())
    }
}

/// Without those that TLS 1.3 does not take for a handshake (RFC 8446, 4.2.3), where the client has suites of it: which version it
/// will be is not told here, and both certificates do for TLS 1.2 then.
fn usable(hello: &ClientHello<'_>) -> Vec<SignatureScheme> {
    let modern = hello.cipher_suites().iter().any(is_tls13);
    let schemes = hello.signature_schemes().iter().copied();
    schemes.filter(|scheme| !modern || !super::verifier::is_pkcs1(*scheme)).collect()
}

/// Suites of TLS 1.3 name no key exchange and no signature (RFC 8446, B.4).
fn is_tls13(suite: &CipherSuite) -> bool {
    [
        CipherSuite::TLS13_AES_128_GCM_SHA256,
        CipherSuite::TLS13_AES_256_GCM_SHA384,
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
    ]
    .contains(suite)
}
