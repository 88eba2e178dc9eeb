//! Names and descriptions of adapters and allow-list entries.
//!
//! The invariant: a name is of Key Protect's alphabet and can't be taken for an identifier.

use uuid::Uuid;
use wrap::primitive::Random;

use crate::error::Failure;
use crate::manage::Error;

/// How many characters a description may have (Key Protect: KMIP adapters).
const DESCRIPTION: std::ops::RangeInclusive<usize> = 2..=240;

/// The name that was given, if it is one, or `<prefix>_<random>` where none was.
pub(super) fn given_or_random(name: Option<String>, prefix: &str, random: &dyn Random) -> Result<String, Error> {
    let Some(name) = name else { return Ok(made_up(prefix, random)?) };
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let fits = (2..=40).contains(&name.len()) && name.chars().all(allowed) && Uuid::parse_str(&name).is_err();
    if fits { Ok(name) } else { Err(Error::Name(name)) }
}

/// 64 random bits: no two will ever meet.
fn made_up(prefix: &str, random: &dyn Random) -> Result<String, Failure> {
    let mut bytes = [0; 8];
    random.fill(&mut bytes)?;
    Ok(format!("{prefix}_{:016x}", u64::from_be_bytes(bytes)))
}

/// Sees that a description has a length that is allowed.
pub(super) fn check_description(description: Option<&str>) -> Result<(), Error> {
    let fits = description.is_none_or(|text| DESCRIPTION.contains(&text.chars().count()));
    if fits { Ok(()) } else { Err(Error::Description) }
}
