//! The four sorts of certificate that the authority makes, and how long each lives.

use super::Error;
use kmip::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose,
    SerialNumber,
};
use time::{Duration, OffsetDateTime};
use wrap::primitive::Random;

/// A new authority means that every vCenter must be told to trust it again, so it outlives any server.
const AUTHORITY_DAYS: i64 = 20 * 365;
/// vCenter stops talking to a server whose certificate has expired, and hosts then stay locked. It is kept private, bound to one key and
/// replaced at will, so a short life would buy nothing.
const SERVER_DAYS: i64 = 10 * 365;
/// A client is shut out by taking it off the list, not by waiting; five years keep the renewal a planned one.
const CLIENT_DAYS: i64 = 5 * 365;
/// Clocks differ: what is made now must be valid for a peer whose clock is behind.
const BACKDATED: Duration = Duration::hours(24);
const ORGANIZATION: &str = "Keystead";
/// X.520's upper bound of a common name.
const COMMON_NAME: usize = 64;

/// When a certificate is made, and where its serial number comes from.
#[derive(Clone, Copy)]
pub(super) struct Making<'a> {
    pub(super) random: &'a dyn Random,
    pub(super) now: Timestamp,
}

/// The authority's own certificate.
pub(super) fn authority(making: Making<'_>) -> Result<CertificateParams, Error> {
    let mut params = base(making, AUTHORITY_DAYS, common_name(&format!("Keystead CA {}", making.now.seconds())))?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = false;
    Ok(params)
}

/// A server certificate for `names`, host names or IP addresses.
pub(super) fn server(making: Making<'_>, names: &[String]) -> Result<CertificateParams, Error> {
    let first = names.first().map_or("keystead", String::as_str);
    let mut params = base(making, SERVER_DAYS, common_name(first))?;
    params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

/// A client certificate for `subject`.
pub(super) fn client(making: Making<'_>, subject: DistinguishedName) -> Result<CertificateParams, Error> {
    let mut params = base(making, CLIENT_DAYS, subject)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

/// A subject with this common name.
pub(super) fn common_name(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, ORGANIZATION);
    subject.push(DnType::CommonName, name.chars().take(COMMON_NAME).collect::<String>());
    subject
}

fn base(making: Making<'_>, days: i64, subject: DistinguishedName) -> Result<CertificateParams, Error> {
    let now = OffsetDateTime::from_unix_timestamp(making.now.seconds())
        .map_err(|_| Error::Installation("the clock is far off: set it right".into()))?;
    let mut params = CertificateParams::default();
    params.distinguished_name = subject;
    params.not_before = now - BACKDATED;
    params.not_after = now + Duration::days(days);
    params.serial_number = Some(serial_number(making.random)?);
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// RFC 5280, 4.1.2.2: positive, at most 20 bytes, and never the same twice.
fn serial_number(random: &dyn Random) -> Result<SerialNumber, Error> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes).map_err(|error| Error::Installation(error.to_string()))?;
    bytes[0] = bytes[0] & 0x7f | 0x40;
    Ok(SerialNumber::from_slice(&bytes))
}
