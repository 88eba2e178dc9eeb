//! What the port lets in: TLS versions and key exchange, yesterday's TLS, plain text, sessions that outlive their connection, clients
//! without a certificate.
//!
//! The invariant: each check opens connections of its own, and none of them is told apart by the server from a client's.

use std::sync::Arc;

use rustls::SupportedProtocolVersion;
use rustls::crypto::aws_lc_rs::{self, kx_group};
use rustls::version::{TLS12, TLS13};

use super::certificate::is_rsa;
use super::hello;
use super::identity::Identity;
use super::report::Report;
use super::session::Session;
use super::tls::{Client, Error, Offer, Shown, Target};

const VERSIONS: [(&str, &[&SupportedProtocolVersion]); 2] = [("TLS 1.2", &[&TLS12]), ("TLS 1.3", &[&TLS13])];

/// Makes all of them. `probe` is what the trust probe saw.
pub(super) async fn judge(target: &Target, identity: Option<&Identity>, probe: &Shown, report: &mut Report) {
    client_certificate(probe, report);
    kind(target, probe, report).await;
    versions(target, identity, report).await;
    old_versions(target, report).await;
    plain_text(target, report).await;
    resumption(target, identity, report).await;
}

fn client_certificate(probe: &Shown, report: &mut Report) {
    const NAME: &str = "Client certificate asked for";
    const OPEN: &str = "everything works, for anybody: the certificate is all that vCenter shows, and this server never looks at it. \
        Whoever reaches the port may fetch keys";
    match probe.asked {
        true => report.passed(NAME, "in the handshake"),
        false => report.failed_check(NAME, "the server asks for none", OPEN),
    }
}

/// A server with certificates of both kinds must show the RSA one to a client that takes both, as vCenter does.
async fn kind(target: &Target, probe: &Shown, report: &mut Report) {
    const NAME: &str = "RSA certificate first";
    if probe.chain.first().is_some_and(|shown| is_rsa(shown)) {
        return report.passed(NAME, "shown to a client that takes RSA and ECDSA");
    }
    let offer = Offer { rsa_only: true, ..Offer::default() };
    let other = look(target, None, offer).await.ok().and_then(|shown| shown.chain.into_iter().next());
    if other.is_some_and(|shown| is_rsa(&shown)) {
        let vcenter = "\"Make vCenter Trust KMS\" takes the ECDSA certificate, which VMware does not ask for";
        report.warning(NAME, "there is one, but a client that takes both is shown another", vcenter);
    }
}

async fn versions(target: &Target, identity: Option<&Identity>, report: &mut Report) {
    const NAME: &str = "TLS versions";
    let mut spoken = Vec::new();
    for (name, versions) in VERSIONS {
        if let Ok(shown) =
            look(target, identity, Offer { versions, provider: hybrid_first(), ..Offer::default() }).await
        {
            spoken.push((name, suite(&shown)));
        }
    }
    let detail: Vec<_> = spoken.iter().map(|(name, suite)| format!("{name} ({suite})")).collect();
    let speaks_12 = spoken.iter().any(|(name, _)| *name == "TLS 1.2");
    match (speaks_12, spoken.is_empty()) {
        (true, _) => report.passed(NAME, detail.join(", ")),
        (false, false) => report.warning(
            NAME,
            format!("{}, and not TLS 1.2", detail.join(", ")),
            "\"Not connected\" where vCenter or a host speaks no TLS 1.3",
        ),
        (false, true) => report.noted(NAME, "neither came to its end when asked for alone"),
    }
}

/// Key exchange and suite, as far as the server let them be seen.
fn suite(shown: &Shown) -> String {
    shown.group.as_ref().map_or_else(|| shown.cipher.clone(), |group| format!("{group}, {}", shown.cipher))
}

/// Offers X25519MLKEM768 first, so that a server that knows it takes it.
fn hybrid_first() -> Arc<rustls::crypto::CryptoProvider> {
    let groups = vec![kx_group::X25519MLKEM768, kx_group::X25519, kx_group::SECP256R1, kx_group::SECP384R1];
    Arc::new(rustls::crypto::CryptoProvider { kx_groups: groups, ..aws_lc_rs::default_provider() })
}

async fn old_versions(target: &Target, report: &mut Report) {
    const NAME: &str = "Old TLS refused";
    let mut taken = Vec::new();
    for (name, version) in hello::OLD {
        match hello::takes(target, version).await {
            Ok(false) => {}
            Ok(true) => taken.push(name),
            Err(error) => return report.noted(NAME, format!("could not be tried: {error}")),
        }
    }
    match taken.is_empty() {
        true => report.passed(NAME, "TLS 1.0 and 1.1"),
        false => report.warning(
            NAME,
            format!("the server takes {}", taken.join(" and ")),
            "nothing; somebody between the two can press them down to it (RFC 8996)",
        ),
    }
}

async fn plain_text(target: &Target, report: &mut Report) {
    const NAME: &str = "Plain text refused";
    match hello::answers_plain_text(target).await {
        Ok(false) => report.passed(NAME, "a request without TLS is not answered"),
        Ok(true) => report.failed_check(
            NAME,
            "a request without TLS is answered",
            "nothing; keys can be fetched without a certificate, and be read on the way",
        ),
        Err(error) => report.noted(NAME, format!("could not be tried: {error}")),
    }
}

async fn resumption(target: &Target, identity: Option<&Identity>, report: &mut Report) {
    const NAME: &str = "No resumption";
    let mut resumed = Vec::new();
    for (name, versions) in VERSIONS {
        // A version that the server does not speak can't be resumed either.
        if resumes(target, identity, versions).await.unwrap_or(false) {
            resumed.push(name);
        }
    }
    match resumed.is_empty() {
        true => report.passed(NAME, "each connection is a full handshake"),
        false => report.warning(
            NAME,
            format!("the server takes up old sessions, in {}", resumed.join(" and ")),
            "nothing; a client that was taken off the list may come back with an old session",
        ),
    }
}

async fn resumes(
    target: &Target,
    identity: Option<&Identity>,
    versions: &'static [&'static SupportedProtocolVersion],
) -> Result<bool, Error> {
    let client = Client::new(target, identity, Offer { versions, resumes: true, ..Offer::default() })?;
    // The ticket of TLS 1.3 comes with the first answer, whatever that is.
    let _ = Session::over(client.open().await?, target).greet().await;
    Ok(client.look().await?.resumed)
}

async fn look(target: &Target, identity: Option<&Identity>, offer: Offer) -> Result<Shown, Error> {
    Client::new(target, identity, offer)?.look().await
}
