//! Checks of the texts that people give.

use crate::Error;

/// The most characters of a name (Key Protect's limit).
const NAME: usize = 90;
/// The most characters of a description (Key Protect's limit).
const DESCRIPTION: usize = 240;

/// A name: not empty, not too long, on one line.
pub(crate) fn name(text: &str) -> Result<String, Error> {
    if text.trim().is_empty() {
        return Err(wrong("name", "is empty: give one".into()));
    }
    limited("name", text, NAME)
}

/// A description: an empty one is none.
pub(crate) fn description(text: Option<String>) -> Result<Option<String>, Error> {
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| limited("description", &text, DESCRIPTION)).transpose()
}

fn limited(field: &'static str, text: &str, most: usize) -> Result<String, Error> {
    let count = text.chars().count();
    if count > most {
        return Err(wrong(field, format!("has {count} characters: use {most} or fewer")));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong(field, "has a control character: use one line of plain text".into()));
    }
    Ok(text.to_owned())
}

fn wrong(field: &'static str, reason: String) -> Error {
    Error::Field { field, reason }
}
