//! A table with a header, as `Export-Csv` writes it: commas, semicolons or tabs, quotes, columns in any order (RFC 4180).
//!
//! The invariant: a field ends where its quotes say so, whatever is between them.

use super::field::{self, Field};
use super::{Entry, Error, plain};

const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// Whether a text is a table: its first line is no key id.
pub(super) fn is_one(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let Some(first) = lines.next() else { return false };
    let is_header = first.split(SEPARATORS).any(|name| field::of(name) == Field::Key);
    is_header || first.contains(SEPARATORS) && plain::one(1, first).is_err()
}

pub(super) fn read(text: &str) -> Result<Vec<Entry>, Error> {
    let text = without_type(text);
    let header_line = text.lines().next().unwrap_or_default();
    let separator = separator(header_line);
    let mut rows = rows(text, separator)?.into_iter();
    let header = rows.next().unwrap_or_default();
    let columns: Vec<Field> = header.iter().map(|name| field::of(name)).collect();
    if !columns.contains(&Field::Key) {
        return Err(Error::NoColumn(header_line.chars().take(200).collect()));
    }
    let mut entries = Vec::new();
    for row in rows {
        keys(&columns, &row, &mut entries)?;
    }
    Ok(entries)
}

/// Windows PowerShell puts `#TYPE ...` before the header.
fn without_type(text: &str) -> &str {
    let text = text.trim_start();
    match text.starts_with('#') {
        true => text.split_once('\n').map_or("", |(_, rest)| without_type(rest)),
        false => text,
    }
}

fn separator(header: &str) -> char {
    let count = |separator: &char| header.matches(*separator).count();
    // The first of those that are most: `max_by_key` gives the last.
    SEPARATORS.into_iter().rev().max_by_key(count).unwrap_or(',')
}

fn keys(columns: &[Field], row: &[String], entries: &mut Vec<Entry>) -> Result<(), Error> {
    let cells = || columns.iter().zip(row);
    let provider = cells().find(|(field, cell)| **field == Field::Provider && !cell.trim().is_empty());
    let provider = provider.map(|(_, cell)| cell.as_str());
    for (_, cell) in cells().filter(|(field, _)| **field == Field::Key) {
        // Several keys in a cell were joined by somebody's script.
        let ids = cell.split([' ', ',', ';', '|', '\n', '\r']).filter(|id| !id.is_empty());
        for id in ids {
            entries.push(Entry::new(id, provider)?);
        }
    }
    Ok(())
}

/// The rows of a table, without empty ones.
fn rows(text: &str, separator: char) -> Result<Vec<Vec<String>>, Error> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut line, mut opened) = (1, None);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        line += usize::from(character == '\n');
        match (character, opened) {
            ('"', Some(_)) if characters.peek() == Some(&'"') => cell.extend(characters.next()),
            ('"', Some(_)) => opened = None,
            ('"', None) if cell.is_empty() => opened = Some(line),
            (other, None) if other == separator => row.push(std::mem::take(&mut cell)),
            ('\n', None) => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            ('\r', None) => {}
            (other, _) => cell.push(other),
        }
    }
    if let Some(line) = opened {
        return Err(Error::Quote(line));
    }
    row.push(cell);
    rows.push(row);
    rows.retain(|row| row.iter().any(|cell| !cell.trim().is_empty()));
    Ok(rows)
}
