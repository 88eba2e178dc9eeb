//! TTLV to text.

use super::moment;
use crate::attribute::{self, Row};
use crate::ttlv::{DecodeError, Item, ItemType, Reader};
use crate::{Tag, Version, enums, tag};

/// The items in `bytes` as text. Secrets are hidden, and what is no TTLV is said to be none: see the [module](super).
pub fn dump(bytes: &[u8]) -> String {
    let mut dump = Dump { text: String::new() };
    dump.items(Reader::new(bytes, Version::NEWEST), 0, false);
    dump.text
}

/// Items whose value is a secret. Whatever stands below Key Material is one too: the parts of a private key have names of their own.
pub(super) fn is_secret(tag: Tag) -> bool {
    matches!(
        tag,
        tag::KEY
            | tag::KEY_MATERIAL
            | tag::KEY_VALUE
            | tag::OPAQUE_DATA_VALUE
            | tag::PASSWORD
            | tag::DATA
            | tag::DERIVATION_DATA
    )
}

struct Dump {
    text: String,
}

impl Dump {
    fn line(&mut self, depth: usize, line: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn fault(&mut self, depth: usize, error: DecodeError) {
        self.line(depth, &format!("! {error}"));
    }

    fn items(&mut self, mut reader: Reader<'_>, depth: usize, secret: bool) {
        let mut row = None;
        loop {
            match reader.next() {
                Ok(Some(item)) => {
                    row = if item.tag() == tag::ATTRIBUTE_NAME { named(item) } else { row };
                    self.item(item, row, depth, secret);
                }
                Ok(None) => return,
                Err(error) => return self.fault(depth, error),
            }
        }
    }

    fn item(&mut self, item: Item<'_>, row: Option<&Row>, depth: usize, secret: bool) {
        let tag = item.tag();
        if item.kind() == ItemType::Structure {
            self.line(depth, &tag.to_string());
            return match item.structure() {
                Ok(fields) => self.items(fields, depth + 1, secret || tag == tag::KEY_MATERIAL),
                Err(error) => self.fault(depth + 1, error),
            };
        }
        if secret || is_secret(tag) {
            return self.line(depth, &format!("{tag}: <{} bytes>", item.raw().len()));
        }
        match value(item, row) {
            Ok(value) => self.line(depth, &format!("{tag}{value}")),
            Err(error) => self.fault(depth, error),
        }
    }
}

/// The attribute that an Attribute Name names.
fn named(item: Item<'_>) -> Option<&'static Row> {
    item.text().ok().and_then(attribute::row)
}

/// What follows the tag on the item's line.
fn value(item: Item<'_>, row: Option<&Row>) -> Result<String, DecodeError> {
    Ok(match item.kind() {
        ItemType::Structure => String::new(),
        ItemType::Integer => format!(": {}", item.integer()?),
        ItemType::LongInteger => format!(": Long Integer {}", item.long_integer()?),
        ItemType::BigInteger => format!(": Big Integer {}", hex(item.big_integer()?)),
        ItemType::Enumeration => format!(": {}", enumeration(named_by(item.tag(), row), item.enumeration()?)),
        ItemType::Boolean => format!(": {}", item.boolean()?),
        ItemType::TextString => format!(": {}", quoted(item.text()?)),
        ItemType::ByteString => format!(" = {}", hex(item.bytes()?)).trim_end().to_owned(),
        ItemType::DateTime => format!(": {}", date_time(item.date_time()?.0)),
        ItemType::Interval => format!(": {} s", item.interval()?.0),
    })
}

/// The tag by which an enumeration's values are named: an attribute's value is named by the attribute.
pub(super) fn named_by(tag: Tag, row: Option<&Row>) -> Tag {
    if tag == tag::ATTRIBUTE_VALUE { row.map_or(tag, |row| row.tag) } else { tag }
}

fn enumeration(tag: Tag, number: u32) -> String {
    enums::name(tag, number).map_or_else(|| format!("Enumeration {number:#010x}"), str::to_owned)
}

fn date_time(seconds: i64) -> String {
    moment::write(seconds).unwrap_or_else(|| format!("Date-Time {seconds}"))
}

fn quoted(text: &str) -> String {
    let escape = |c: char| if c == '\'' { c.to_string() } else { c.escape_debug().to_string() };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
