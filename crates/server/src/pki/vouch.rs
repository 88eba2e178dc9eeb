//! Certificate authorities on an adapter's list, and for whom they vouch.
//!
//! The invariant: **a client is vouched for only by a chain that is valid at this moment, up to an authority on a list, and only where
//! its subject is what the authority's patterns allow.** Names alone open nothing: they are looked at once the chain was verified.

mod pattern;

pub use pattern::{Pattern, PatternError};

use super::facts::parse;
use crate::tls;
use kmip::Timestamp;
use pattern::Subject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use std::time::Duration;
use webpki::{EndEntityCert, KeyUsage};

/// The longest chain that is looked at: the client's own certificate and five above it.
pub const LONGEST_CHAIN: usize = 6;

/// An authority that vouches for clients.
pub struct Voucher {
    anchor: TrustAnchor<'static>,
    patterns: Vec<Pattern>,
    not_before: i64,
    not_after: i64,
}

/// Why an authority can't vouch for anybody.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// Its certificate.
    #[error("the authority's certificate can't be used to verify others: {0}")]
    Certificate(webpki::Error),
    /// One of its patterns.
    #[error(transparent)]
    Pattern(#[from] PatternError),
}

/// Why nobody vouches for a client.
#[derive(Debug, thiserror::Error)]
pub enum NotVouched {
    /// There are no authorities that could.
    #[error("it is on no list")]
    Nobody,
    /// Too much to look at.
    #[error(
        "it is on no list, and came with a chain of {0} certificates, of which at most {LONGEST_CHAIN} are looked at"
    )]
    Long(usize),
    /// The chain is not valid.
    #[error("it is on no list, and no authority on a list vouches for it: {0}")]
    Chain(webpki::Error),
    /// The chain is valid, and the client is none of those that the authority may vouch for.
    #[error("it is on no list, and its subject fits no pattern of the authority that signed it")]
    Subject,
}

impl Voucher {
    /// The authority with the certificate `der`, which vouches for clients that one of the `patterns` fits; without any, for all.
    ///
    /// # Errors
    /// Where the certificate or a pattern can't be read: it vouches for nobody then.
    pub fn new(der: &[u8], patterns: &[String]) -> Result<Self, Unusable> {
        let certificate = parse(der).map_err(|_| Unusable::Certificate(webpki::Error::BadDer))?;
        let der = CertificateDer::from(der);
        let anchor = webpki::anchor_from_trusted_cert(&der).map_err(Unusable::Certificate)?.to_owned();
        let patterns = patterns.iter().map(|pattern| pattern.parse()).collect::<Result<_, _>>()?;
        let validity = certificate.validity();
        let (not_before, not_after) = (validity.not_before.timestamp(), validity.not_after.timestamp());
        Ok(Voucher { anchor, patterns, not_before, not_after })
    }

    fn is_valid(&self, now: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&now.seconds())
    }

    fn allows(&self, subject: &Subject) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|pattern| pattern.fits(subject))
    }
}

/// The one of `vouchers` that vouches for the first certificate of `chain`, by its place: the nearest above it, and of several the first,
/// so that whoever lists an authority further up takes nobody's clients. And until when (in seconds since the Unix
/// epoch) what was found can't change by the passing of time.
///
/// # Errors
/// Why none of them does.
pub fn vouch(vouchers: &[&Voucher], chain: &[CertificateDer<'_>], now: Timestamp) -> Result<(usize, i64), NotVouched> {
    let [leaf, above @ ..] = chain else { return Err(NotVouched::Nobody) };
    if vouchers.is_empty() {
        return Err(NotVouched::Nobody);
    }
    if chain.len() > LONGEST_CHAIN {
        return Err(NotVouched::Long(chain.len()));
    }
    let leaf_path = EndEntityCert::try_from(leaf).map_err(NotVouched::Chain)?;
    let path = Path { leaf: leaf_path, above, now };
    let valid: Vec<_> = vouchers.iter().enumerate().filter(|(_, voucher)| voucher.is_valid(now)).collect();
    // One search for all of them, so that what a stranger's chain can cost is spent once and not for each.
    let anchors: Vec<_> = valid.iter().map(|(_, voucher)| voucher.anchor.clone()).collect();
    path.leads_to(&anchors, above).map_err(NotVouched::Chain)?;
    let subject = Subject::of(leaf).ok_or(NotVouched::Subject)?;
    let fitting = valid.iter().filter(|(_, voucher)| voucher.allows(&subject));
    let reached = fitting.filter_map(|(place, voucher)| Some((path.distance(&voucher.anchor)?, *place, *voucher)));
    let nearest = reached.min_by_key(|(distance, place, _)| (*distance, *place));
    let (_, place, voucher) = nearest.ok_or(NotVouched::Subject)?;
    Ok((place, until(voucher, chain, now)))
}

/// A chain at a moment.
struct Path<'a> {
    leaf: EndEntityCert<'a>,
    above: &'a [CertificateDer<'a>],
    now: Timestamp,
}

impl Path<'_> {
    /// How many of the certificates above are needed to reach an authority; none: it is not reached.
    fn distance(&self, anchor: &TrustAnchor<'_>) -> Option<usize> {
        let anchor = std::slice::from_ref(anchor);
        (0..=self.above.len()).find(|count| self.leads_to(anchor, self.above.get(..*count).unwrap_or_default()).is_ok())
    }

    /// RFC 5280, 6.1, with the library's own bounds on the search. A certificate without extended key usages may be a client's.
    fn leads_to(&self, anchors: &[TrustAnchor<'_>], above: &[CertificateDer<'_>]) -> Result<(), webpki::Error> {
        let since = Duration::from_millis(u64::try_from(self.now.millis()).unwrap_or(0));
        let algorithms = tls::provider().signature_verification_algorithms.all;
        let (time, usage) = (UnixTime::since_unix_epoch(since), KeyUsage::client_auth());
        self.leaf.verify_for_usage(algorithms, anchors, above, time, usage, None, None).map(drop)
    }
}

/// The next moment at which a certificate that may be on the path expires.
fn until(voucher: &Voucher, chain: &[CertificateDer<'_>], now: Timestamp) -> i64 {
    let shown = chain.iter().filter_map(|der| parse(der).ok()).map(|cert| cert.validity().not_after.timestamp());
    shown.filter(|end| *end >= now.seconds()).chain([voucher.not_after]).min().unwrap_or(voucher.not_after)
}
