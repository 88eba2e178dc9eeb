//! Host names of doors.
//!
//! The invariant: what passes is a name that a client can send in its TLS hello (RFC 6066, section 3: a DNS name in ASCII, without the
//! dot at its end, and no address), in lower case, so that two that are the same are equal.

use super::doors::Invalid;
use crate::manage::Error;

const LONGEST: usize = 253;
const LONGEST_LABEL: usize = 63;

/// The name in lower case, if it is one.
pub(super) fn name(text: &str) -> Result<String, Error> {
    let labels = || text.split('.');
    // No top-level domain is a number, so this is what tells a name from an address (RFC 1123, section 2.1).
    let is_address = labels().next_back().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let is_name = text.len() <= LONGEST && labels().all(is_label) && !is_address;
    if is_name { Ok(text.to_ascii_lowercase()) } else { Err(Error::Door(Invalid::HostName(text.to_owned()))) }
}

fn is_label(label: &str) -> bool {
    let allowed = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    (1..=LONGEST_LABEL).contains(&label.len()) && allowed && !label.starts_with('-') && !label.ends_with('-')
}
