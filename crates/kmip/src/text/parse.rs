//! Text to TTLV.

use super::dump::{is_secret, named_by};
use super::moment;
use crate::attribute::{self, Row};
use crate::ttlv::{Encode, ItemType, Writer};
use crate::{DateTime, Interval, Tag, Value, Version, enums, tag};

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

    /// The tag, and what is said of it: no tag's name has a mark in it.
    fn split(self) -> Result<(Tag, Content<'t>), ParseError> {
        if self.text.starts_with('!') {
            return Err(self.problem("the dumped bytes were no TTLV here, and can't be read back"));
        }
        let (name, content) = match self.text.find([':', '=']).and_then(|at| self.text.split_at_checked(at)) {
            Some((name, marked)) => (name, Content::new(marked)),
            None => (self.text, Content::Structure),
        };
        let tag = read_tag(name.trim_end()).ok_or_else(|| self.problem(format!("there is no tag {name:?}")))?;
        Ok((tag, content))
    }
}

/// What a line says of a tag.
enum Content<'t> {
    Structure,
    Bytes(&'t str),
    Value(&'t str),
}

impl<'t> Content<'t> {
    fn new(marked: &'t str) -> Self {
        match marked.strip_prefix('=') {
            Some(hex) => Content::Bytes(hex.trim_start()),
            None => Content::Value(marked.strip_prefix(':').unwrap_or(marked).trim_start()),
        }
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
    fn item(&mut self, line: Line<'_>, row: Named, depth: usize, out: &mut Writer) -> Result<Named, ParseError> {
        let (tag, content) = line.split()?;
        let (value, text) = match content {
            Content::Structure => {
                let mut done = Ok(());
                out.structure(tag, |out| done = self.items(Some(line.indent), depth + 1, out));
                return done.map(|()| row);
            }
            Content::Bytes(hex) => (unhex(hex).map(Value::ByteString), hex),
            Content::Value(text) => (value(named_by(tag, row), text), text),
        };
        let value = value.ok_or_else(|| line.problem(reason(tag, text)))?;
        value.encode(tag, out);
        Ok(if tag == tag::ATTRIBUTE_NAME { value.as_text().and_then(attribute::row) } else { row })
    }
}

/// The attribute that was named, if it is a standard one.
type Named = Option<&'static Row>;

/// What is wrong with the text of a value. That of a secret is not repeated.
fn reason(tag: Tag, text: &str) -> String {
    match text.chars().next() {
        Some('<') => format!("a hidden secret can't be read back: write its bytes in hex, as `{tag} = 00ff`"),
        Some('"') => "the text's quotes or escapes are wrong".to_owned(),
        _ if is_secret(tag) => format!("that is no value that {tag} can have"),
        _ => format!("{text:?} is no value that {tag} can have"),
    }
}

fn read_tag(name: &str) -> Option<Tag> {
    if let Some(number) = name.strip_prefix("0x") {
        return u32::from_str_radix(number, 16).ok().filter(|number| *number <= 0xFF_FFFF).map(Tag);
    }
    tag::ALL.iter().copied().find(|tag| tag.name() == Some(name))
}

/// The value that `text` stands for, where enumerations are named by `tag`.
fn value(tag: Tag, text: &str) -> Option<Value> {
    if let Some((kind, text)) = typed(text) {
        return value_of(kind, text);
    }
    if let Some(seconds) = text.strip_suffix(" s").and_then(|seconds| seconds.trim_end().parse().ok()) {
        return Some(Value::Interval(Interval(seconds)));
    }
    if let Some(seconds) = moment::read(text) {
        return Some(Value::DateTime(DateTime(seconds)));
    }
    match text {
        "true" | "false" => Some(Value::Boolean(text == "true")),
        _ if text.starts_with('"') => unquoted(text).map(Value::TextString),
        _ => text.parse().map(Value::Integer).ok().or_else(|| enums::number(tag, text).map(Value::Enumeration)),
    }
}

/// The type that is said before a value, where it is.
fn typed(text: &str) -> Option<(ItemType, &str)> {
    let words = [
        ("Integer ", ItemType::Integer),
        ("Long Integer ", ItemType::LongInteger),
        ("Big Integer ", ItemType::BigInteger),
        ("Enumeration ", ItemType::Enumeration),
        ("Date-Time ", ItemType::DateTime),
    ];
    words.into_iter().find_map(|(word, kind)| Some((kind, text.strip_prefix(word)?.trim_start())))
}

fn value_of(kind: ItemType, text: &str) -> Option<Value> {
    match kind {
        ItemType::Integer => text.parse().map(Value::Integer).ok(),
        ItemType::LongInteger => text.parse().map(Value::LongInteger).ok(),
        ItemType::DateTime => text.parse().map(|seconds| Value::DateTime(DateTime(seconds))).ok(),
        ItemType::Enumeration => u32::from_str_radix(text.strip_prefix("0x")?, 16).map(Value::Enumeration).ok(),
        ItemType::BigInteger => {
            unhex(text).filter(|bytes| !bytes.is_empty() && bytes.len().is_multiple_of(8)).map(Value::BigInteger)
        }
        ItemType::Structure | ItemType::Boolean | ItemType::TextString | ItemType::ByteString | ItemType::Interval => {
            None
        }
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
