//! Text to TTLV.

use super::dump::named_by;
use super::moment;
use crate::attribute::{self, Row};
use crate::ttlv::Writer;
use crate::{DateTime, Interval, Tag, Version, enums, tag};

/// The deepest nesting that is read: beyond what a message may have, so that messages can be written which are to be refused.
const DEPTH: usize = 64;

/// What can't be read, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct ParseError {
    /// The line's number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// The bytes of the items that `text` shows: see the [module](super) for how it is written.
pub fn parse(text: &str) -> Result<Vec<u8>, ParseError> {
    let mut out = Writer::new(Version::NEWEST, text.len());
    let lines = text.lines().enumerate().map(|(index, text)| Line::new(index + 1, text));
    let mut lines = Lines { rest: lines.filter(Line::says_something).collect::<Vec<_>>().into_iter().peekable() };
    lines.items(None, 0, &mut out)?;
    Ok(out.into_bytes().to_vec())
}

/// A line: its number, its indentation, and the rest.
#[derive(Clone, Copy)]
struct Line<'t> {
    number: usize,
    indent: usize,
    text: &'t str,
}

impl<'t> Line<'t> {
    fn new(number: usize, line: &'t str) -> Self {
        let text = line.trim_start_matches(' ');
        Line { number, indent: line.len() - text.len(), text: text.trim_end() }
    }

    fn says_something(&self) -> bool {
        !self.text.is_empty() && !self.text.starts_with('#')
    }

    fn problem(self, problem: impl Into<String>) -> ParseError {
        ParseError { line: self.number, problem: problem.into() }
    }

    /// The tag, and the mark and the text that follow it: no tag's name has a mark in it.
    fn split(self) -> Result<(Tag, Option<(char, &'t str)>), ParseError> {
        if self.text.starts_with('!') {
            return Err(self.problem("the dumped bytes were no TTLV here, and can't be read back"));
        }
        let (name, value) = match self.text.split_once(':') {
            Some((name, value)) if !name.contains('=') => (name, Some((':', value.trim_start()))),
            _ => match self.text.split_once('=') {
                Some((name, value)) => (name, Some(('=', value.trim_start()))),
                None => (self.text, None),
            },
        };
        let tag = read_tag(name.trim_end()).ok_or_else(|| self.problem(format!("there is no tag {name:?}")))?;
        Ok((tag, value))
    }
}

struct Lines<'t> {
    rest: std::iter::Peekable<std::vec::IntoIter<Line<'t>>>,
}

impl Lines<'_> {
    /// The lines that are indented deeper than `parent`: all of them alike, but for those in between that belong to them.
    fn items(&mut self, parent: Option<usize>, depth: usize, out: &mut Writer) -> Result<(), ParseError> {
        let (mut row, mut expected) = (None, None);
        while let Some(line) = self.rest.next_if(|line| parent.is_none_or(|parent| line.indent > parent)) {
            if *expected.get_or_insert(line.indent) != line.indent {
                return Err(line.problem("the indentation is not that of the lines above it"));
            }
            if depth >= DEPTH {
                return Err(line.problem(format!("structures are nested deeper than {DEPTH}")));
            }
            row = self.item(line, row, depth, out)?;
        }
        Ok(())
    }

    /// One item. Gives back the attribute that the items next to it are about.
    fn item(
        &mut self,
        line: Line<'_>,
        row: Option<&'static Row>,
        depth: usize,
        out: &mut Writer,
    ) -> Result<Option<&'static Row>, ParseError> {
        match line.split()? {
            (tag, None) => {
                let mut done = Ok(());
                out.structure(tag, |out| done = self.items(Some(line.indent), depth + 1, out));
                done?;
            }
            (tag, Some((mark, text))) => {
                let written = if mark == '=' { bytes(tag, text, out) } else { value(tag, text, row, out) };
                written.ok_or_else(|| line.problem(reason(tag, mark, text)))?;
                if tag == tag::ATTRIBUTE_NAME {
                    return Ok(unquoted(text).and_then(|name| attribute::row(&name)));
                }
            }
        }
        Ok(row)
    }
}

fn reason(tag: Tag, mark: char, text: &str) -> String {
    match (mark, text.chars().next()) {
        ('=', _) => format!("{text:?} is no hex"),
        (_, Some('<')) => format!("a hidden secret can't be read back: write its bytes in hex, as `{tag} = 00ff`"),
        (_, Some('"')) => "the text's quotes or escapes are wrong".to_owned(),
        _ => format!("{text:?} is no value of any type, and no name of a value of {tag}"),
    }
}

fn read_tag(name: &str) -> Option<Tag> {
    if let Some(number) = name.strip_prefix("0x") {
        return u32::from_str_radix(number, 16).ok().filter(|number| *number <= 0xFF_FFFF).map(Tag);
    }
    tag::ALL.iter().copied().find(|tag| tag.name() == Some(name))
}

fn bytes(tag: Tag, text: &str, out: &mut Writer) -> Option<()> {
    unhex(text).map(|bytes| out.bytes(tag, &bytes))
}

/// Writes the value that `text` stands for; none if it stands for none.
fn value(tag: Tag, text: &str, row: Option<&Row>, out: &mut Writer) -> Option<()> {
    if let Some((kind, text)) = ["Integer", "Long Integer", "Big Integer", "Enumeration", "Date-Time"]
        .into_iter()
        .find_map(|kind| Some((kind, text.strip_prefix(kind)?.strip_prefix(' ')?.trim_start())))
    {
        return typed(tag, kind, text, out);
    }
    if let Some(seconds) = text.strip_suffix(" s").and_then(|seconds| seconds.trim_end().parse().ok()) {
        return Some(out.interval(tag, Interval(seconds)));
    }
    if let Some(seconds) = moment::read(text) {
        return Some(out.date_time(tag, DateTime(seconds)));
    }
    match text {
        "true" | "false" => Some(out.boolean(tag, text == "true")),
        _ if text.starts_with('"') => unquoted(text).map(|text| out.text(tag, &text)),
        _ => match text.parse() {
            Ok(integer) => Some(out.integer(tag, integer)),
            Err(_) => enums::number(named_by(tag, row), text).map(|number| out.enumeration(tag, number)),
        },
    }
}

fn typed(tag: Tag, kind: &str, text: &str, out: &mut Writer) -> Option<()> {
    match kind {
        "Integer" => text.parse().ok().map(|value| out.integer(tag, value)),
        "Long Integer" => text.parse().ok().map(|value| out.long_integer(tag, value)),
        "Date-Time" => text.parse().ok().map(|value| out.date_time(tag, DateTime(value))),
        "Enumeration" => {
            let number = u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()?;
            Some(out.enumeration(tag, number))
        }
        _ => unhex(text)
            .filter(|bytes| !bytes.is_empty() && bytes.len().is_multiple_of(8))
            .map(|bytes| out.big_integer(tag, &bytes)),
    }
}

/// The bytes of hex digits, which may stand in groups.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16)).collect();
    let byte = |pair: &[u32]| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    };
    digits?.chunks(2).map(byte).collect()
}

/// The text between quotes, its escapes resolved.
fn unquoted(text: &str) -> Option<String> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut plain = String::new();
    while let Some(c) = rest.next() {
        plain.push(match c {
            '"' => return None,
            '\\' => escape(&mut rest)?,
            c => c,
        });
    }
    Some(plain)
}

fn escape(rest: &mut std::str::Chars<'_>) -> Option<char> {
    Some(match rest.next()? {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        '0' => '\0',
        'u' => {
            let (number, after) = rest.as_str().strip_prefix('{')?.split_once('}')?;
            *rest = after.chars();
            return u32::from_str_radix(number, 16).ok().and_then(char::from_u32);
        }
        c @ ('"' | '\\' | '\'') => c,
        _ => return None,
    })
}
