//! Checks of the texts that people give.

use crate::Error;

/// The most characters of a name (Key Protect's limit).
const NAME: usize = 90;
/// The most characters of a description (Key Protect's limit).
const DESCRIPTION: usize = 240;
/// The fewest characters of a key's description (Key Protect's limit).
const LEAST: usize = 2;
/// The most tags of a key (Key Protect's limit).
const TAGS: usize = 30;
/// The most characters of a tag (Key Protect's limit).
const TAG: usize = 30;
/// What no tag has in it (Key Protect's rule).
const NOT_IN_TAGS: [char; 6] = ['<', '>', ',', ':', '&', '|'];

/// A name: not empty, not too long, on one line.
pub(crate) fn name(text: &str) -> Result<String, Error> {
    if text.trim().is_empty() {
        return Err(wrong("name", "is empty: give one".into()));
    }
    limited("name", text, NAME)
}

/// A key's description: an empty one is none, else 2 characters or more (Key Protect's limit).
pub(crate) fn key_description(text: Option<String>) -> Result<Option<String>, Error> {
    match description(text)? {
        Some(text) if text.chars().count() < LEAST => {
            Err(wrong("description", "has 1 character: use 2 or more".into()))
        }
        description => Ok(description),
    }
}

/// Tags: at most 30 of at most 30 characters (Key Protect's limits and alphabet).
pub(crate) fn tags(tags: Vec<String>) -> Result<Vec<String>, Error> {
    if tags.len() > TAGS {
        return Err(wrong("tags", format!("are {}: use {TAGS} or fewer", tags.len())));
    }
    for tag in &tags {
        limited("tags", tag, TAG)?;
        if tag.contains(NOT_IN_TAGS) {
            return Err(wrong("tags", format!("have `{tag}` among them: leave out < > , : & |")));
        }
    }
    Ok(tags)
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
