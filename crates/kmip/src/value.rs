//! [`Value`]: any TTLV value, for what the tables don't type: custom attributes, extensions, records of later versions.

use crate::ttlv::{Decode, DecodeError, Encode, Item, ItemType, Writer};
use crate::{DateTime, Interval, Tag};

/// A value of any type. It survives decoding and encoding whatever it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Fields in their order.
    Structure(Vec<(Tag, Value)>),
    /// 32 bits, signed.
    Integer(i32),
    /// 64 bits, signed.
    LongInteger(i64),
    /// Two's complement, most significant byte first, a multiple of eight bytes.
    BigInteger(Vec<u8>),
    /// The number.
    Enumeration(u32),
    /// True or false.
    Boolean(bool),
    /// UTF-8 text.
    TextString(String),
    /// Bytes.
    ByteString(Vec<u8>),
    /// Seconds since the Unix epoch.
    DateTime(DateTime),
    /// Seconds.
    Interval(Interval),
}

impl Value {
    /// The value's type.
    pub fn kind(&self) -> ItemType {
        match self {
            Value::Structure(_) => ItemType::Structure,
            Value::Integer(_) => ItemType::Integer,
            Value::LongInteger(_) => ItemType::LongInteger,
            Value::BigInteger(_) => ItemType::BigInteger,
            Value::Enumeration(_) => ItemType::Enumeration,
            Value::Boolean(_) => ItemType::Boolean,
            Value::TextString(_) => ItemType::TextString,
            Value::ByteString(_) => ItemType::ByteString,
            Value::DateTime(_) => ItemType::DateTime,
            Value::Interval(_) => ItemType::Interval,
        }
    }

    /// The fields, if it is a Structure.
    pub fn fields(&self) -> &[(Tag, Value)] {
        if let Value::Structure(fields) = self { fields } else { &[] }
    }

    /// The first field with this tag.
    pub fn field(&self, tag: Tag) -> Option<&Value> {
        self.fields().iter().find(|(found, _)| *found == tag).map(|(_, value)| value)
    }

    /// The text, if it is a Text String.
    pub fn as_text(&self) -> Option<&str> {
        if let Value::TextString(text) = self { Some(text) } else { None }
    }

    /// The number, if it is an Enumeration.
    pub fn as_enumeration(&self) -> Option<u32> {
        if let Value::Enumeration(number) = self { Some(*number) } else { None }
    }

    /// The number, if it is an Integer.
    pub fn as_integer(&self) -> Option<i32> {
        if let Value::Integer(number) = self { Some(*number) } else { None }
    }

    /// The number, if it is a Long Integer.
    pub fn as_long_integer(&self) -> Option<i64> {
        if let Value::LongInteger(number) = self { Some(*number) } else { None }
    }

    /// The time, if it is a Date-Time.
    pub fn as_date_time(&self) -> Option<DateTime> {
        if let Value::DateTime(time) = self { Some(*time) } else { None }
    }
}

impl Decode for Value {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        Ok(match item.kind() {
            ItemType::Structure => Value::Structure(fields(item)?),
            ItemType::Integer => Value::Integer(item.integer()?),
            ItemType::LongInteger => Value::LongInteger(item.long_integer()?),
            ItemType::BigInteger => Value::BigInteger(item.big_integer()?.to_vec()),
            ItemType::Enumeration => Value::Enumeration(item.enumeration()?),
            ItemType::Boolean => Value::Boolean(item.boolean()?),
            ItemType::TextString => Value::TextString(item.text()?.to_owned()),
            ItemType::ByteString => Value::ByteString(item.bytes()?.to_vec()),
            ItemType::DateTime => Value::DateTime(item.date_time()?),
            ItemType::Interval => Value::Interval(item.interval()?),
        })
    }
}

fn fields(item: Item<'_>) -> Result<Vec<(Tag, Value)>, DecodeError> {
    let mut reader = item.structure()?;
    let mut fields = Vec::new();
    while let Some(field) = reader.next()? {
        fields.push((field.tag(), Value::decode(field)?));
    }
    Ok(fields)
}

impl Encode for Value {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        match self {
            Value::Structure(fields) => {
                out.structure(tag, |out| fields.iter().for_each(|(tag, value)| value.encode(*tag, out)));
            }
            Value::Integer(value) => out.integer(tag, *value),
            Value::LongInteger(value) => out.long_integer(tag, *value),
            Value::BigInteger(value) => out.big_integer(tag, value),
            Value::Enumeration(value) => out.enumeration(tag, *value),
            Value::Boolean(value) => out.boolean(tag, *value),
            Value::TextString(value) => out.text(tag, value),
            Value::ByteString(value) => out.bytes(tag, value),
            Value::DateTime(value) => out.date_time(tag, *value),
            Value::Interval(value) => out.interval(tag, *value),
        }
    }
}
