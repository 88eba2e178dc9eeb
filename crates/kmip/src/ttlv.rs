//! TTLV, the binary encoding (KMIP 1.4, 9.1): a reader over a borrowed frame and a writer into one buffer.
//!
//! The invariant: reading never copies and never goes beyond the item that it was given; writing never leaves a copy of
//! what it wrote behind when its buffer grows.

use zeroize::Zeroizing;

use crate::frame::{DEPTH_LIMIT, HEADER, WIDTH_LIMIT};
use crate::{DateTime, Interval, Tag, Version};

/// The type of an item (KMIP 1.4, 9.1.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum ItemType {
    Structure = 1,
    Integer = 2,
    LongInteger = 3,
    BigInteger = 4,
    Enumeration = 5,
    Boolean = 6,
    TextString = 7,
    ByteString = 8,
    DateTime = 9,
    Interval = 10,
}

impl ItemType {
    /// Every type, in the order of their numbers.
    pub const ALL: [ItemType; 10] = [
        ItemType::Structure,
        ItemType::Integer,
        ItemType::LongInteger,
        ItemType::BigInteger,
        ItemType::Enumeration,
        ItemType::Boolean,
        ItemType::TextString,
        ItemType::ByteString,
        ItemType::DateTime,
        ItemType::Interval,
    ];

    fn from_byte(byte: u8) -> Option<ItemType> {
        ItemType::ALL.into_iter().find(|kind| *kind as u8 == byte)
    }

    /// The length in bytes that a value of this type has, where the type settles it.
    fn fixed_length(self) -> Option<usize> {
        match self {
            ItemType::Integer | ItemType::Enumeration | ItemType::Interval => Some(4),
            ItemType::LongInteger | ItemType::Boolean | ItemType::DateTime => Some(8),
            ItemType::Structure | ItemType::BigInteger | ItemType::TextString | ItemType::ByteString => None,
        }
    }
}

/// Why bytes are not the value that they should be, and the tag at which it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tag}: {fault}")]
pub struct DecodeError {
    /// Where.
    pub tag: Tag,
    /// What.
    pub fault: Fault,
}

/// What is wrong with an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The item claims more bytes than there are.
    #[error("the item is cut short")]
    Truncated,
    /// The type's byte is none of KMIP's.
    #[error("there is no item type {0:#04x}")]
    UnknownType(u8),
    /// Another type than the field has.
    #[error("the type is {found:?} and must be {expected:?}")]
    Type {
        /// What the field is.
        expected: ItemType,
        /// What was sent.
        found: ItemType,
    },
    /// The length does not fit the type.
    #[error("the length {0} does not fit the type")]
    Length(usize),
    /// Padding bytes are zero.
    #[error("the padding is not zero")]
    Padding,
    /// A Boolean is 0 or 1.
    #[error("the Boolean is neither 0 nor 1")]
    Boolean,
    /// A Text String is UTF-8.
    #[error("the text is not UTF-8")]
    Utf8,
    /// Structures in structures beyond the limit.
    #[error("structures are nested deeper than {limit}", limit = DEPTH_LIMIT)]
    Depth,
    /// More fields in a structure than the limit.
    #[error("a structure has more than {limit} fields: send fewer", limit = WIDTH_LIMIT)]
    Width,
    /// A required field is not there.
    #[error("the field is missing")]
    Missing,
    /// A field that is not expected at this place, or not known to this protocol version.
    #[error("the field is not expected here")]
    Unexpected,
    /// The value is none that the field can have.
    #[error("the value is not allowed here")]
    Value,
    /// The protocol version is none that is spoken here.
    #[error("the protocol version is not supported")]
    Version,
    /// The number of batch items is not what the header says, or over the limit.
    #[error("the batch count does not fit")]
    BatchCount,
}

impl Fault {
    /// This fault, at a tag.
    pub fn at(self, tag: Tag) -> DecodeError {
        DecodeError { tag, fault: self }
    }
}

/// One item of a frame: its tag, its type and its value's bytes, not yet looked at.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    tag: Tag,
    kind: ItemType,
    bytes: &'a [u8],
    version: Version,
    depth: u8,
}

impl<'a> Item<'a> {
    /// Reads the one item that `bytes` holds, to the last byte.
    pub fn parse(bytes: &'a [u8], version: Version) -> Result<Item<'a>, DecodeError> {
        let mut reader = Reader::new(bytes, version);
        let item = reader.next()?.ok_or(Fault::Truncated.at(Tag(0)))?;
        reader.finish()?;
        Ok(item)
    }

    /// The tag.
    pub fn tag(&self) -> Tag {
        self.tag
    }

    /// The type.
    pub fn kind(&self) -> ItemType {
        self.kind
    }

    /// The protocol version that the item is read as.
    pub fn version(&self) -> Version {
        self.version
    }

    /// The same item, read as another protocol version.
    pub fn as_version(self, version: Version) -> Item<'a> {
        Item { version, ..self }
    }

    fn fault(&self, fault: Fault) -> DecodeError {
        fault.at(self.tag)
    }

    fn expect(&self, expected: ItemType) -> Result<&'a [u8], DecodeError> {
        if self.kind != expected {
            return Err(self.fault(Fault::Type { expected, found: self.kind }));
        }
        Ok(self.bytes)
    }

    fn fixed<const N: usize>(&self, expected: ItemType) -> Result<[u8; N], DecodeError> {
        let bytes = self.expect(expected)?;
        bytes.try_into().map_err(|_| self.fault(Fault::Length(bytes.len())))
    }

    /// Sees that no structure in this one has more than [`WIDTH_LIMIT`] fields: what is done for each of them beside the others must
    /// stay little.
    ///
    /// # Errors
    /// [`Fault::Width`], and whatever keeps a structure from being read as far as that.
    pub fn check_width(&self) -> Result<(), DecodeError> {
        // Each field takes a header at least.
        if self.kind != ItemType::Structure || self.bytes.len() <= WIDTH_LIMIT * HEADER {
            return Ok(());
        }
        let mut fields = self.structure()?;
        for _ in 0..WIDTH_LIMIT {
            match fields.next()? {
                Some(field) => field.check_width()?,
                None => return Ok(()),
            }
        }
        fields.next()?.map_or(Ok(()), |_| Err(self.fault(Fault::Width)))
    }

    /// A reader over the fields of a Structure.
    pub fn structure(&self) -> Result<Reader<'a>, DecodeError> {
        let rest = self.expect(ItemType::Structure)?;
        if self.depth >= DEPTH_LIMIT {
            return Err(self.fault(Fault::Depth));
        }
        Ok(Reader { rest, parent: self.tag, version: self.version, depth: self.depth + 1 })
    }

    /// An Integer.
    pub fn integer(&self) -> Result<i32, DecodeError> {
        self.fixed(ItemType::Integer).map(i32::from_be_bytes)
    }

    /// A Long Integer.
    pub fn long_integer(&self) -> Result<i64, DecodeError> {
        self.fixed(ItemType::LongInteger).map(i64::from_be_bytes)
    }

    /// A Big Integer: two's complement, most significant byte first, a multiple of eight bytes and at least eight.
    pub fn big_integer(&self) -> Result<&'a [u8], DecodeError> {
        let bytes = self.expect(ItemType::BigInteger)?;
        if bytes.is_empty() || !bytes.len().is_multiple_of(8) {
            return Err(self.fault(Fault::Length(bytes.len())));
        }
        Ok(bytes)
    }

    /// An Enumeration's number.
    pub fn enumeration(&self) -> Result<u32, DecodeError> {
        self.fixed(ItemType::Enumeration).map(u32::from_be_bytes)
    }

    /// A Boolean.
    pub fn boolean(&self) -> Result<bool, DecodeError> {
        match u64::from_be_bytes(self.fixed(ItemType::Boolean)?) {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.fault(Fault::Boolean)),
        }
    }

    /// A Text String.
    pub fn text(&self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.expect(ItemType::TextString)?).map_err(|_| self.fault(Fault::Utf8))
    }

    /// A Byte String.
    pub fn bytes(&self) -> Result<&'a [u8], DecodeError> {
        self.expect(ItemType::ByteString)
    }

    /// A Date-Time.
    pub fn date_time(&self) -> Result<DateTime, DecodeError> {
        self.fixed(ItemType::DateTime).map(|bytes| DateTime(i64::from_be_bytes(bytes)))
    }

    /// An Interval.
    pub fn interval(&self) -> Result<Interval, DecodeError> {
        self.fixed(ItemType::Interval).map(|bytes| Interval(u32::from_be_bytes(bytes)))
    }

    /// The value's bytes as they stand in the frame, whatever the type.
    pub fn raw(&self) -> &'a [u8] {
        self.bytes
    }
}

/// Reads the fields of a structure one after the other.
pub struct Reader<'a> {
    rest: &'a [u8],
    parent: Tag,
    version: Version,
    depth: u8,
}

impl<'a> Reader<'a> {
    /// A reader over items that stand in no structure.
    pub(crate) fn new(bytes: &'a [u8], version: Version) -> Reader<'a> {
        Reader { rest: bytes, parent: Tag(0), version, depth: 0 }
    }

    /// The protocol version that is read.
    pub fn version(&self) -> Version {
        self.version
    }

    /// From here on, reads as this protocol version: a message's header tells its version in its first field.
    pub fn set_version(&mut self, version: Version) {
        self.version = version;
    }

    /// The next field's tag, without taking it.
    pub fn peek(&self) -> Option<Tag> {
        self.rest.first_chunk().map(|[a, b, c]| Tag(u32::from_be_bytes([0, *a, *b, *c])))
    }

    /// The next field, if it has this tag, must have this type.
    pub fn expect(&self, tag: Tag, expected: ItemType) -> Result<(), DecodeError> {
        let kind = self.rest.get(3).filter(|_| self.peek() == Some(tag)).and_then(|kind| ItemType::from_byte(*kind));
        match kind {
            Some(found) if found != expected => Err(Fault::Type { expected, found }.at(tag)),
            Some(_) | None => Ok(()),
        }
    }

    /// The next field.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Result<Option<Item<'a>>, DecodeError> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let truncated = Fault::Truncated.at(self.parent);
        let (&[t0, t1, t2, kind, l0, l1, l2, l3], rest) = self.rest.split_first_chunk().ok_or(truncated)?;
        let tag = Tag(u32::from_be_bytes([0, t0, t1, t2]));
        let kind = ItemType::from_byte(kind).ok_or(Fault::UnknownType(kind).at(tag))?;
        let length = u32::from_be_bytes([l0, l1, l2, l3]) as usize;
        if kind.fixed_length().is_some_and(|fixed| fixed != length) {
            return Err(Fault::Length(length).at(tag));
        }
        let (bytes, rest) = rest.split_at_checked(length).ok_or(Fault::Truncated.at(tag))?;
        let (padding, rest) = rest.split_at_checked(padding(length)).ok_or(Fault::Truncated.at(tag))?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Fault::Padding.at(tag));
        }
        self.rest = rest;
        Ok(Some(Item { tag, kind, bytes, version: self.version, depth: self.depth }))
    }

    /// The next field if it has this tag.
    pub fn take(&mut self, tag: Tag) -> Result<Option<Item<'a>>, DecodeError> {
        if self.peek() == Some(tag) { self.next() } else { Ok(None) }
    }

    /// The next field, which must have this tag.
    pub fn require(&mut self, tag: Tag) -> Result<Item<'a>, DecodeError> {
        self.take(tag)?.ok_or(Fault::Missing.at(tag))
    }

    /// The next field, decoded, if it has this tag.
    pub fn optional<T: Decode>(&mut self, tag: Tag) -> Result<Option<T>, DecodeError> {
        self.take(tag)?.map(T::decode).transpose()
    }

    /// The next field, decoded, which must have this tag.
    pub fn required<T: Decode>(&mut self, tag: Tag) -> Result<T, DecodeError> {
        T::decode(self.require(tag)?)
    }

    /// All of the next fields that have this tag, decoded.
    pub fn repeated<T: Decode>(&mut self, tag: Tag) -> Result<Vec<T>, DecodeError> {
        let mut values = Vec::new();
        while let Some(item) = self.take(tag)? {
            values.push(T::decode(item)?);
        }
        Ok(values)
    }

    /// Nothing may be left.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.peek() {
            Some(tag) => Err(Fault::Unexpected.at(tag)),
            None if self.rest.is_empty() => Ok(()),
            None => Err(Fault::Truncated.at(self.parent)),
        }
    }
}

/// The zero bytes that follow a value of this length.
fn padding(length: usize) -> usize {
    length.wrapping_neg() % 8
}

/// What can be read from an item.
pub trait Decode: Sized {
    /// Reads the value.
    fn decode(item: Item<'_>) -> Result<Self, DecodeError>;
}

/// What can be written as an item.
pub trait Encode {
    /// Writes the value as an item with this tag.
    fn encode(&self, tag: Tag, out: &mut Writer);

    /// Whether a protocol version knows the value. What it doesn't know is left out where it may be: in optional and repeated fields.
    fn known_to(&self, _version: Version) -> bool {
        true
    }
}

/// Where a Structure's fields begin.
pub struct Mark(usize);

/// Writes items into one buffer, for one protocol version. The buffer is wiped when it is dropped and when it grows.
pub struct Writer {
    buffer: Zeroizing<Vec<u8>>,
    version: Version,
}

impl Writer {
    /// A writer for a protocol version, with room for `capacity` bytes.
    pub fn new(version: Version, capacity: usize) -> Self {
        Writer { buffer: Zeroizing::new(Vec::with_capacity(capacity)), version }
    }

    /// The protocol version that is written.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What was written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The bytes, still wiped when dropped.
    pub fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.buffer
    }

    /// Where the next item will stand.
    pub fn position(&self) -> usize {
        self.buffer.len()
    }

    /// Takes back all that was written since `position`.
    pub fn truncate(&mut self, position: usize) {
        self.buffer.truncate(position);
    }

    fn push(&mut self, bytes: &[u8]) {
        let needed = self.buffer.len() + bytes.len();
        if needed > self.buffer.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.buffer.capacity())));
            larger.extend_from_slice(&self.buffer);
            self.buffer = larger;
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn header(&mut self, tag: Tag, kind: ItemType, length: usize) {
        let [_, t0, t1, t2] = tag.0.to_be_bytes();
        let [l0, l1, l2, l3] = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        self.push(&[t0, t1, t2, kind as u8, l0, l1, l2, l3]);
    }

    fn short(&mut self, tag: Tag, kind: ItemType, value: [u8; 4]) {
        let [v0, v1, v2, v3] = value;
        self.header(tag, kind, 4);
        self.push(&[v0, v1, v2, v3, 0, 0, 0, 0]);
    }

    fn long(&mut self, tag: Tag, kind: ItemType, value: [u8; 8]) {
        self.header(tag, kind, 8);
        self.push(&value);
    }

    fn padded(&mut self, tag: Tag, kind: ItemType, value: &[u8]) {
        self.header(tag, kind, value.len());
        self.push(value);
        self.push([0_u8; 8].get(..padding(value.len())).unwrap_or_default());
    }

    /// A Structure with the fields that `fields` writes.
    pub fn structure(&mut self, tag: Tag, fields: impl FnOnce(&mut Writer)) {
        let mark = self.open(tag);
        fields(self);
        self.close(mark);
    }

    /// Begins a Structure that [`Writer::close`] ends: for where its fields can't be written in one go.
    pub fn open(&mut self, tag: Tag) -> Mark {
        self.header(tag, ItemType::Structure, 0);
        Mark(self.buffer.len())
    }

    /// Ends a Structure: all that was written since `mark` are its fields.
    pub fn close(&mut self, Mark(start): Mark) {
        let length = u32::try_from(self.buffer.len().saturating_sub(start)).unwrap_or(u32::MAX);
        if let Some(place) = self.buffer.get_mut(start - 4..start) {
            place.copy_from_slice(&length.to_be_bytes());
        }
    }

    /// Writes another value into the Integer that ends at `end`.
    pub fn rewrite_integer(&mut self, end: usize, value: i32) {
        if let Some(place) = self.buffer.get_mut(end.saturating_sub(8)..end.saturating_sub(4)) {
            place.copy_from_slice(&value.to_be_bytes());
        }
    }

    /// An Integer.
    pub fn integer(&mut self, tag: Tag, value: i32) {
        self.short(tag, ItemType::Integer, value.to_be_bytes());
    }

    /// A Long Integer.
    pub fn long_integer(&mut self, tag: Tag, value: i64) {
        self.long(tag, ItemType::LongInteger, value.to_be_bytes());
    }

    /// A Big Integer, given as a reader gives it.
    pub fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.padded(tag, ItemType::BigInteger, value);
    }

    /// An Enumeration's number.
    pub fn enumeration(&mut self, tag: Tag, value: u32) {
        self.short(tag, ItemType::Enumeration, value.to_be_bytes());
    }

    /// A Boolean.
    pub fn boolean(&mut self, tag: Tag, value: bool) {
        self.long(tag, ItemType::Boolean, u64::from(value).to_be_bytes());
    }

    /// A Text String.
    pub fn text(&mut self, tag: Tag, value: &str) {
        self.padded(tag, ItemType::TextString, value.as_bytes());
    }

    /// A Byte String.
    pub fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.padded(tag, ItemType::ByteString, value);
    }

    /// A Date-Time.
    pub fn date_time(&mut self, tag: Tag, value: DateTime) {
        self.long(tag, ItemType::DateTime, value.0.to_be_bytes());
    }

    /// An Interval.
    pub fn interval(&mut self, tag: Tag, value: Interval) {
        self.short(tag, ItemType::Interval, value.0.to_be_bytes());
    }

    /// A value, if there is one that the protocol version knows.
    pub fn optional<T: Encode>(&mut self, tag: Tag, value: Option<&T>) {
        if let Some(value) = value.filter(|value| value.known_to(self.version)) {
            value.encode(tag, self);
        }
    }

    /// One item for each value that the protocol version knows.
    pub fn repeated<T: Encode>(&mut self, tag: Tag, values: &[T]) {
        let version = self.version;
        for value in values.iter().filter(|value| value.known_to(version)) {
            value.encode(tag, self);
        }
    }
}

/// The types that are one item each: how they are read, and how written.
macro_rules! plain {
    ($($type:ty: |$item:ident| $read:expr, |$value:ident, $tag:ident, $out:ident| $write:expr;)*) => {$(
        impl Decode for $type {
            fn decode($item: Item<'_>) -> Result<Self, DecodeError> {
                $read
            }
        }
        impl Encode for $type {
            fn encode(&self, $tag: Tag, $out: &mut Writer) {
                let $value = self;
                $write
            }
        }
    )*};
}

plain! {
    i32: |item| item.integer(), |value, tag, out| out.integer(tag, *value);
    i64: |item| item.long_integer(), |value, tag, out| out.long_integer(tag, *value);
    bool: |item| item.boolean(), |value, tag, out| out.boolean(tag, *value);
    String: |item| item.text().map(str::to_owned), |value, tag, out| out.text(tag, value);
    Vec<u8>: |item| item.bytes().map(<[u8]>::to_vec), |value, tag, out| out.bytes(tag, value);
    DateTime: |item| item.date_time(), |value, tag, out| out.date_time(tag, *value);
    Interval: |item| item.interval(), |value, tag, out| out.interval(tag, *value);
}
