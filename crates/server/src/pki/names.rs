//! The names that a server certificate bears.

use super::Error;
use std::net::IpAddr;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::X509Certificate;

/// What the server is always called, so that the command line on the same machine can reach it.
const LOCAL: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// RFC 1035, 2.3.4.
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// What the server shall be called.
#[derive(Clone, Debug, Default)]
pub struct ServerNames {
    /// What the administrator gave: host names or IP addresses. Empty: what it was called before, or else the machine's own name.
    pub given: Vec<String>,
    /// Addresses that it listens on in particular.
    pub addresses: Vec<IpAddr>,
}

impl ServerNames {
    /// All names for the certificate, the one to show first. `before` are those of the certificate that there is, if any.
    pub(super) fn all(&self, before: Option<&[String]>, host: &str) -> Vec<String> {
        let host = [host.to_owned()];
        let first = if self.given.is_empty() { before.unwrap_or(&host) } else { &self.given };
        let addresses = self.addresses.iter().map(IpAddr::to_string);
        let all = first.iter().cloned().chain(addresses).chain(LOCAL.map(str::to_owned));
        let mut names: Vec<String> = Vec::new();
        for name in all.filter(|name| check_name(name).is_ok()) {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
                names.push(name);
            }
        }
        names
    }
}

/// Checks a name that an administrator gives for the server: a host name or an IP address.
///
/// # Errors
/// [`Error::Name`] with the reason.
pub fn check_name(name: &str) -> Result<(), Error> {
    if name.parse::<IpAddr>().is_ok() {
        return Ok(());
    }
    match fault(name) {
        Some(reason) => Err(Error::Name { name: name.into(), reason }),
        None => Ok(()),
    }
}

/// Whether only this machine knows it by the name.
pub(super) fn is_local(name: &str) -> bool {
    LOCAL.iter().any(|local| local.eq_ignore_ascii_case(name))
}

/// The names that a certificate bears: its subject alternative names that are host names or IP addresses.
pub(super) fn names_of(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    extension.map_or(Vec::new(), |names| names.value.general_names.iter().filter_map(name_text).collect())
}

/// Whether both are the same names, in whatever order and case.
pub(super) fn same(old: &[String], new: &[String]) -> bool {
    let sorted = |names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    };
    sorted(old) == sorted(new)
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::IPAddress(bytes) = name {
        let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
        let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
        return address.ok().map(|address| address.to_string());
    }
    if let GeneralName::DNSName(name) = name { Some((*name).to_owned()) } else { None }
}

fn fault(name: &str) -> Option<&'static str> {
    let labels_fit = name.split('.').all(|label| (1..=LONGEST_LABEL).contains(&label.len()));
    match name {
        "" => Some("it is empty"),
        _ if name.contains('*') => Some("vCenter takes no wildcards"),
        _ if name.contains("://") => Some("it is an address with a scheme; give the host name alone"),
        _ if name.contains(':') => Some("give it without the port"),
        _ if !name.is_ascii() => Some("give it in its ASCII form, with xn--"),
        _ if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) => {
            Some("host names have letters, digits, hyphens and dots")
        }
        _ if name.len() > LONGEST_NAME || !labels_fit => Some("it is too long, or has an empty part between dots"),
        _ => None,
    }
}
