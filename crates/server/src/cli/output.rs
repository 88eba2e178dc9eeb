//! What goes to standard output: tables for people, the API's own resources for scripts.

use std::io::{ErrorKind, Write};

use comfy_table::Table;
use serde::Serialize;

use super::Failure;

/// How results are printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Results as JSON, or for people.
    pub(crate) fn new(json: bool) -> Self {
        Output { json }
    }

    /// Whether scripts read the output.
    pub(super) fn is_json(self) -> bool {
        self.json
    }

    /// A list: a JSON array, or a table with a column for each of `columns`. `none` is what people read when it is empty.
    pub(crate) fn list<T: Serialize>(self, items: &[T], columns: &[Column<T>], none: &str) -> Result<(), Failure> {
        if self.json {
            return print_json(items);
        }
        if items.is_empty() {
            return print(&format!("{none}\n"));
        }
        print(&table(items, columns))
    }

    /// One resource: a JSON object, or a line for each of `columns`.
    pub(crate) fn show<T: Serialize>(self, item: &T, columns: &[Column<T>]) -> Result<(), Failure> {
        if self.json { print_json(item) } else { print(&sheet(item, columns)) }
    }

    /// What was done: the resource for scripts, a sentence for people.
    pub(crate) fn done<T: Serialize>(self, item: &T, sentence: &str) -> Result<(), Failure> {
        if self.json { print_json(item) } else { print(&format!("{sentence}\n")) }
    }

    /// JSON, whoever reads it.
    pub(super) fn json<T: Serialize>(self, item: &T) -> Result<(), Failure> {
        print_json(item)
    }

    /// One line of many, whoever reads it.
    pub(super) fn line(self, text: &str) -> Result<(), Failure> {
        print(&format!("{}\n", cell(text)))
    }

    /// A sentence for people; scripts read the exit code.
    pub(crate) fn say(self, sentence: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { print(&format!("{sentence}\n")) }
    }
}

/// A column of a table, or a line of a sheet: its title and how to read it off an item.
pub(crate) struct Column<T>(pub(crate) &'static str, pub(crate) fn(&T) -> String);

/// Writes text to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to standard output. A reader that went away (`| head`) is no failure.
pub(super) fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to standard output: {error}"), "check where the output goes"))
        }
        _ => Ok(()),
    }
}

fn print_json<T: Serialize + ?Sized>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(format!("cannot write JSON: {error}"), "report this as a defect"))?;
    print(&format!("{text}\n"))
}

/// A line for each item, however narrow the terminal is: an identifier that is to be copied must stay in one piece.
fn table<T>(items: &[T], columns: &[Column<T>]) -> String {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(columns.iter().map(|Column(title, _)| title.to_uppercase()));
    table.add_rows(items.iter().map(|item| columns.iter().map(move |Column(_, read)| cell(&read(item)))));
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    lines(&table.to_string())
}

/// A line for each value that there is.
fn sheet<T>(item: &T, columns: &[Column<T>]) -> String {
    let width = columns.iter().map(|Column(title, _)| title.len()).max().unwrap_or(0) + 2;
    let values = columns.iter().map(|Column(title, read)| (title, read(item))).filter(|(_, value)| !value.is_empty());
    values.map(|(title, value)| format!("{title:width$}{}\n", indented(&value, width))).collect()
}

/// A value in a table: control characters (they could drive the terminal) become spaces, nothing becomes a dash.
fn cell(value: &str) -> String {
    if value.is_empty() { "-".to_owned() } else { value.replace(char::is_control, " ") }
}

/// A value on a sheet may have several lines, which start under the first one.
fn indented(value: &str, width: usize) -> String {
    value.lines().map(cell).collect::<Vec<_>>().join(&format!("\n{}", " ".repeat(width)))
}

/// Without the blanks that fill the last column.
fn lines(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::{Column, sheet, table};

    const COLUMNS: [Column<(&str, &str)>; 2] =
        [Column("Name", |row| row.0.to_owned()), Column("Note", |row| row.1.to_owned())];

    #[test]
    fn tables_line_up_and_carry_no_control_characters() {
        let rows = [("short", "one"), ("a-longer-name", ""), ("evil", "\u{1b}[2Jgone")];
        let expected = "NAME           NOTE\nshort          one\na-longer-name  -\nevil            [2Jgone\n";
        assert_eq!(table(&rows, &COLUMNS), expected);
    }

    #[test]
    fn sheets_line_up_and_indent_further_lines() {
        assert_eq!(sheet(&("n", "one\ntwo"), &COLUMNS), "Name  n\nNote  one\n      two\n");
        assert_eq!(sheet(&("n", ""), &COLUMNS), "Name  n\n");
    }
}
