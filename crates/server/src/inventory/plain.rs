//! A plain list: one key id a line.
//!
//! The invariant: nothing but what it looks like says that a line is a key id, so each has to be a UUID.

use uuid::Uuid;

use super::{Entry, Error};

pub(super) fn read(text: &str) -> Result<Vec<Entry>, Error> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    let ids = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    ids.map(|(number, line)| one(number, line)).collect()
}

/// The id in a line, which may be quoted.
pub(super) fn one(number: usize, line: &str) -> Result<Entry, Error> {
    let id = line.trim().trim_matches('"');
    if Uuid::try_parse(id).is_err() {
        return Err(Error::Line(number, id.chars().take(60).collect()));
    }
    Entry::new(id, None)
}
