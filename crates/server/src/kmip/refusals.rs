//! [`Refusals`]: why connections come to nothing before a client is known, counted, and said in words that an administrator can act on.
//!
//! The invariant: **each connection that ends without a client is counted under one label**, whether or not its line was logged. Labels
//! are stable: they are what graphs and alarms are made of.

mod cause;

pub(super) use cause::cause;

use crate::tls::Offer;
use std::sync::atomic::{AtomicU64, Ordering};

/// The table: variant, what is told of the client's offer, label, what happened and what to do.
macro_rules! refusals {
    ($($variant:ident $offered:ident $label:literal $sentence:literal)*) => {
        /// Why a connection came to nothing.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Refusal {
            $(#[doc = $sentence] $variant,)*
        }

        impl Refusal {
            const ALL: &[Refusal] = &[$(Refusal::$variant),*];

            /// What it is counted under.
            pub(super) fn label(self) -> &'static str {
                match self {
                    $(Refusal::$variant => $label,)*
                }
            }

            fn offered(self) -> Offered {
                match self {
                    $(Refusal::$variant => Offered::$offered,)*
                }
            }

            /// What happened, and what to do.
            fn sentence(self) -> &'static str {
                match self {
                    $(Refusal::$variant => $sentence,)*
                }
            }
        }
    };
}

refusals! {
    NoCertificate Nothing "trust_probe"
        "trust probe: a client without a certificate was shown the server's, and is not served. vCenter does so when the key provider \
         is added; should the client be served, give it a client certificate"
    GoneBefore Nothing "gone_before_hello"
        "trust probe: the connection was closed before anything was said, as port checks and load balancers do"
    GoneWithin Name "gone_in_handshake"
        "trust probe: the client went away in the middle of the handshake, as one that only fetches the server's certificate does; if \
         it should be served, look on the client's side whether it trusts that certificate"
    Silent Nothing "silent"
        "the TLS handshake took too long: the client said nothing (limits.handshake_seconds)"
    Slow Nothing "slow"
        "the TLS handshake took too long: the client did not finish it, so look at the network, its MTU and what filters it \
         (limits.handshake_seconds)"
    Crowded Nothing "crowded_out"
        "more connections wait to be let in than there is room for (limits.waiting), so the longest-waiting one of the address that has \
         most of them was closed; see what floods the port"
    PlainHttp Nothing "plain_http"
        "plain HTTP came to the KMIP port, which speaks TLS alone: give KMIP clients this port, and use https:// with the \
         administration port for all else"
    PlainKmip Nothing "plain_kmip"
        "KMIP came without TLS: switch TLS on in the client"
    NotTls Nothing "not_tls"
        "what came is no TLS: see what speaks to this port"
    ProxyUnlisted Nothing "proxy_unlisted"
        "a PROXY protocol header came from an address that is not listed as a load balancer: add the address to proxy.from if it is \
         one, or else see who claims other people's addresses"
    ProxyMissing Nothing "proxy_missing"
        "a load balancer that is listed in proxy.from sent no PROXY protocol header: switch version 2 on in it (send-proxy-v2 in \
         haproxy), or take its address off proxy.from"
    ProxyOld Nothing "proxy_version_1"
        "a PROXY protocol header of version 1 came, which is not spoken here: use version 2 (send-proxy-v2 in haproxy)"
    ProxyMalformed Nothing "proxy_malformed"
        "a PROXY protocol header was malformed, too long or of an unknown version: use version 2 over TCP, without large additions"
    Version Versions "tls_version"
        "the client speaks neither TLS 1.2 nor TLS 1.3: update it or switch one of them on"
    Suites Suites "cipher_suites"
        "client and server have no cipher suite in common: switch ECDHE with AES-GCM or ChaCha20-Poly1305 on in the client"
    Groups Groups "groups"
        "client and server have no key exchange group in common: switch X25519 or a NIST curve (P-256, P-384) on in the client"
    Schemes Schemes "signature_schemes"
        "the client can't verify the signature of any certificate that the server has: switch RSA with SHA-256 or ECDSA with SHA-256 \
         on in the client (for TLS 1.3, RSA-PSS)"
    Incompatible Name "incompatible"
        "the client lacks something that TLS needs here: update it"
    UnknownAuthority Name "server_certificate_untrusted"
        "the client does not trust the server's certificate: have it trust the server or its authority (in vCenter: make vCenter trust \
         the KMS), and see that it uses a name that is in the certificate"
    BadCertificate Name "server_certificate_refused"
        "the client refuses the server's certificate: see that the name it uses is in the certificate, and that it accepts the sort of key"
    Expired Name "server_certificate_expired"
        "the client says that the server's certificate has expired or is not valid yet: see both clocks, and renew the certificate if it \
         is so"
    ClientAlert Name "client_alert"
        "the client ended the handshake with an alert: its own log says why"
    ClientSignature Nothing "client_signature"
        "the client's signature does not fit the certificate that it showed: certificate and private key on the client don't belong \
         together, or something in between changes what is sent"
    ClientCertificate Nothing "client_certificate_unreadable"
        "the client's certificate can't be read, has a key of an unknown sort, or comes with too long a chain: make it anew, with RSA or \
         ECDSA"
    TooLarge Nothing "too_large"
        "the client's handshake is larger than any honest one: see what speaks to this port"
    Malformed Nothing "malformed"
        "the client's handshake is malformed: see what speaks to this port, and what stands in between"
    Network Nothing "network"
        "the network ended the connection in the handshake"
    Internal Nothing "internal"
        "the handshake failed on the server's side: see the cause, and report it"
    Full Nothing "full"
        "a client was turned away"
}

/// What of the client's offer helps to understand.
enum Offered {
    Nothing,
    Versions,
    Suites,
    Groups,
    Schemes,
    Name,
}

impl Refusal {
    /// The whole line: the sentence, and where it helps what the client offered.
    pub(super) fn words(self, offer: &Offer) -> String {
        let offered = match self.offered() {
            Offered::Nothing => None,
            Offered::Versions => Some(format!("It offered {}", offer.version_names())),
            Offered::Suites => Some(format!("It offered {}", offer.suite_names())),
            Offered::Groups => Some(format!("It offered {}", offer.group_names())),
            Offered::Schemes => Some(format!("It offered {} with {}", offer.scheme_names(), offer.suite_names())),
            Offered::Name => offer.name.as_ref().map(|name| format!("It asked for the name {name}")),
        };
        [Some(self.sentence().to_owned()), offered].into_iter().flatten().collect::<Vec<_>>().join(". ")
    }
}

/// How often each of them happened since the start.
pub struct Refusals(Vec<AtomicU64>);

impl Default for Refusals {
    fn default() -> Self {
        Refusals(Refusal::ALL.iter().map(|_| AtomicU64::new(0)).collect())
    }
}

impl Refusals {
    /// Those that happened: the label, what it means and what to do, the count.
    pub fn reasons(&self) -> Vec<(&'static str, &'static str, u64)> {
        let all = Refusal::ALL.iter().zip(&self.0);
        let all = all.map(|(refusal, count)| (refusal.label(), refusal.sentence(), count.load(Ordering::Relaxed)));
        all.filter(|(_, _, count)| *count > 0).collect()
    }

    /// How often each of them happened, by its label.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let all = Refusal::ALL.iter().zip(&self.0);
        all.map(|(refusal, count)| (refusal.label(), count.load(Ordering::Relaxed)))
    }

    pub(super) fn count(&self, refusal: Refusal) {
        if let Some(count) = self.0.get(refusal as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_is_counted_under_its_own_label() {
        let refusals = Refusals::default();
        for refusal in Refusal::ALL {
            refusals.count(*refusal);
        }
        let counts = refusals.reasons();
        assert!(counts.iter().all(|(_, _, count)| *count == 1), "{counts:?}");
        assert_eq!(counts.iter().map(|(label, ..)| label).collect::<HashSet<_>>().len(), Refusal::ALL.len());
    }

    #[test]
    fn the_words_name_what_was_offered() {
        let offer = Offer { versions: vec![0x0301], name: Some("kms".into()), ..Offer::default() };
        assert!(Refusal::Version.words(&offer).ends_with(". It offered TLS 1.0"));
        assert!(Refusal::UnknownAuthority.words(&offer).ends_with(". It asked for the name kms"));
        assert!(!Refusal::Silent.words(&offer).contains("kms"));
    }
}
