//! An inventory: the key ids that vCenter knows, from whatever exported them: a table, JSON, or a plain list.
//!
//! The invariant: **what is not understood is an error, never an empty inventory**, since by that every key would be an orphan. Nothing
//! here speaks to a server or a vCenter.

mod field;
mod json;
mod plain;
mod table;
mod text;

#[cfg(test)]
mod tests;

use uuid::Uuid;

/// A key that vCenter names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// Its KMIP unique identifier. A UUID is in lower case with hyphens; what is none stands as it was.
    pub id: String,
    /// The key provider that vCenter has it from, if the inventory says so.
    pub provider: Option<String>,
}

/// Why an inventory could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is neither UTF-8 nor UTF-16.
    #[error("it is no text in UTF-8 or UTF-16")]
    NotText,
    /// It begins like JSON and is none.
    #[error("it begins like JSON, but {0}")]
    Json(String),
    /// A table has no column with key ids.
    #[error("none of its columns holds key ids: {0}")]
    NoColumn(String),
    /// A quote is not closed.
    #[error("line {0} opens a quote that nothing closes")]
    Quote(usize),
    /// A line of a plain list is no key id.
    #[error("line {0} is no key id: `{1}`")]
    Line(usize, String),
    /// PowerShell wrote the name of an object's type, or a part of it, in the place of what is in it.
    #[error(
        "PowerShell wrote `{0}` in the place of a key id: take `.KeyId.KeyId` of the object, or `ConvertTo-Json -Depth 10`"
    )]
    Flattened(String),
    /// It names no key.
    #[error("it names no key at all. By it, every key would be an orphan")]
    NoKeys,
}

/// What an inventory may look like, for whoever brought another.
pub const SHAPES: &str = "give a table with a header, JSON, or one key id a line. For example:

  Name,KeyId,ProviderId
  vm-1,6f2b1c1e-8a0d-4c53-9d8e-2f1f0a7b3c11,keystead
  vm-2,0b9d6a52-1f7e-4b0a-8a52-7c3a0e5d9f42,keystead

`keystead key orphans --help` has the lines for PowerCLI and govc";

/// The keys that an inventory names, in its order, each as often as it does.
///
/// # Errors
/// What is none, or names no key.
pub fn read(bytes: &[u8]) -> Result<Vec<Entry>, Error> {
    let text = text::decode(bytes)?;
    let entries = match text.trim_start().bytes().next() {
        Some(b'{' | b'[') => json::read(&text)?,
        _ if table::is_one(&text) => table::read(&text)?,
        _ => plain::read(&text)?,
    };
    if entries.is_empty() { Err(Error::NoKeys) } else { Ok(entries) }
}

impl Entry {
    fn new(id: &str, provider: Option<&str>) -> Result<Self, Error> {
        if id.starts_with("VMware.") || id.starts_with("@{") || id.starts_with("System.") {
            return Err(Error::Flattened(id.chars().take(60).collect()));
        }
        let provider = provider.map(str::trim).filter(|provider| !provider.is_empty());
        Ok(Entry { id: normal(id), provider: provider.map(str::to_owned) })
    }
}

/// An id as it is compared.
pub fn normal(id: &str) -> String {
    Uuid::try_parse(id).map_or_else(|_| id.to_owned(), |uuid| uuid.to_string())
}
