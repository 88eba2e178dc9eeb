//! Reading the TOML file, so that every error has a line, and a misspelt key the one that was meant.

use super::settings::{self, Setting};
use super::value::Value;
use super::{Config, Error, text};
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// How many letters may differ between a key and the one that was meant.
const LIKENESS: usize = 3;

/// A file with every setting in it, explained and commented out.
pub fn example() -> String {
    text::example()
}

/// Takes what the file at `path` says into `config`.
pub(super) fn apply(config: &mut Config, path: &Path) -> Result<(), Error> {
    let content = std::fs::read_to_string(path)
        .map_err(|error| Error::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    apply_text(config, &content).map_err(|(at, problem)| {
        let before = content.as_bytes().iter().take(at);
        Error::Line { path: path.to_owned(), line: before.filter(|byte| **byte == b'\n').count() + 1, problem }
    })
}

/// A problem and the byte that it is at.
type Problem = (usize, String);

fn apply_text(config: &mut Config, content: &str) -> Result<(), Problem> {
    let table = DeTable::parse(content)
        .map_err(|error| (error.span().map_or(0, |span| span.start), error.message().trim().replace('\n', ", ")))?;
    entries(table.get_ref(), "").into_iter().try_for_each(|(key, at, value)| apply_entry(config, &key, at, value))
}

fn apply_entry(config: &mut Config, key: &str, at: usize, value: &Spanned<DeValue<'_>>) -> Result<(), Problem> {
    let setting = settings::find(key).ok_or_else(|| (at, unknown(key)))?;
    let set = (setting.set)(config, &Value::Toml(value.get_ref()));
    set.map_err(|problem| (value.span().start, format!("{key}: {problem}")))
}

/// All entries with their whole keys. An empty table that holds no setting of ours is an entry itself, so that it is found out.
fn entries<'a>(table: &'a DeTable<'a>, prefix: &str) -> Vec<(String, usize, &'a Spanned<DeValue<'a>>)> {
    let mut found = Vec::new();
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        match value.get_ref().as_table().filter(|inner| !inner.is_empty() || is_table(&key)) {
            Some(inner) => found.extend(entries(inner, &format!("{key}."))),
            None => found.push((key, name.span().start, value)),
        }
    }
    found
}

fn is_table(key: &str) -> bool {
    settings::ALL.iter().any(|setting| setting.key.split_once('.').is_some_and(|(table, _)| table == key))
}

fn unknown(key: &str) -> String {
    match elsewhere(key).or_else(|| alike(key)) {
        Some(setting) => format!("there is no setting `{key}`; did you mean `{}`?", setting.key),
        None => format!("there is no setting `{key}`; there are: {}", all_keys()),
    }
}

/// The key is right, and its table is not.
fn elsewhere(key: &str) -> Option<&'static Setting> {
    settings::ALL.iter().find(|setting| setting.key.rsplit('.').next() == key.rsplit('.').next())
}

/// The key is nearly right.
fn alike(key: &str) -> Option<&'static Setting> {
    let distances = settings::ALL.iter().map(|setting| (distance(key, setting.key), setting));
    let nearest = distances.min_by_key(|(distance, _)| *distance);
    nearest.filter(|(distance, _)| *distance <= LIKENESS).map(|(_, setting)| setting)
}

fn all_keys() -> String {
    settings::ALL.iter().map(|setting| setting.key).collect::<Vec<_>>().join(", ")
}

/// How many letters must be put in, taken out or changed to make one text of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
