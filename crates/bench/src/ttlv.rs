//! A writer and a flat reader of TTLV, just enough to play vCenter's part.
//!
//! Invariant: nothing here is shared with the server, so that a mistake in its codec can't hide in the measurement.

/// Bytes of tag, type and length in front of every value (KMIP 1.1, 9.1.1).
pub(crate) const HEADER: usize = 8;

const STRUCTURE: u8 = 1;
const INTEGER: u8 = 2;
const ENUMERATION: u8 = 5;
const TEXT: u8 = 7;
const BYTES: u8 = 8;

/// Tags of KMIP 1.1 (section 9.1.3.1) that the bench writes or looks for.
pub(crate) mod tag {
    pub(crate) const ATTRIBUTE: u32 = 0x42_0008;
    pub(crate) const ATTRIBUTE_NAME: u32 = 0x42_000A;
    pub(crate) const ATTRIBUTE_VALUE: u32 = 0x42_000B;
    pub(crate) const BATCH_COUNT: u32 = 0x42_000D;
    pub(crate) const BATCH_ITEM: u32 = 0x42_000F;
    pub(crate) const KEY_MATERIAL: u32 = 0x42_0043;
    pub(crate) const NAME_TYPE: u32 = 0x42_0054;
    pub(crate) const NAME_VALUE: u32 = 0x42_0055;
    pub(crate) const OBJECT_TYPE: u32 = 0x42_0057;
    pub(crate) const OPERATION: u32 = 0x42_005C;
    pub(crate) const PROTOCOL_VERSION: u32 = 0x42_0069;
    pub(crate) const VERSION_MAJOR: u32 = 0x42_006A;
    pub(crate) const VERSION_MINOR: u32 = 0x42_006B;
    pub(crate) const REQUEST_HEADER: u32 = 0x42_0077;
    pub(crate) const REQUEST_MESSAGE: u32 = 0x42_0078;
    pub(crate) const REQUEST_PAYLOAD: u32 = 0x42_0079;
    #[cfg(test)]
    pub(crate) const RESPONSE_MESSAGE: u32 = 0x42_007B;
    pub(crate) const RESULT_MESSAGE: u32 = 0x42_007D;
    pub(crate) const RESULT_REASON: u32 = 0x42_007E;
    pub(crate) const RESULT_STATUS: u32 = 0x42_007F;
    pub(crate) const TEMPLATE_ATTRIBUTE: u32 = 0x42_0091;
    pub(crate) const BATCH_ITEM_ID: u32 = 0x42_0093;
    pub(crate) const UNIQUE_IDENTIFIER: u32 = 0x42_0094;
}

/// Writes one message into one buffer, which is reused from message to message.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Forgets the last message and keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// For the echo's requests, which carry the wanted length of the answer.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    pub(crate) fn structure(&mut self, tag: u32, fill: impl FnOnce(&mut Self)) {
        self.header(tag, STRUCTURE, 0);
        let start = self.bytes.len();
        fill(self);
        let length = narrow(self.bytes.len() - start).to_be_bytes();
        self.bytes[start - 4..start].copy_from_slice(&length);
    }

    pub(crate) fn integer(&mut self, tag: u32, value: i32) {
        self.value(tag, INTEGER, &value.to_be_bytes());
    }

    pub(crate) fn enumeration(&mut self, tag: u32, value: u32) {
        self.value(tag, ENUMERATION, &value.to_be_bytes());
    }

    pub(crate) fn text(&mut self, tag: u32, value: &str) {
        self.value(tag, TEXT, value.as_bytes());
    }

    pub(crate) fn byte_string(&mut self, tag: u32, value: &[u8]) {
        self.value(tag, BYTES, value);
    }

    fn value(&mut self, tag: u32, kind: u8, value: &[u8]) {
        self.header(tag, kind, value.len());
        self.bytes.extend_from_slice(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
    }

    fn header(&mut self, tag: u32, kind: u8, length: usize) {
        self.bytes.extend_from_slice(&tag.to_be_bytes()[1..]);
        self.bytes.push(kind);
        self.bytes.extend_from_slice(&narrow(length).to_be_bytes());
    }
}

/// One field of a message, in the order in which it stands there; structures come before what is in them.
#[derive(Debug, PartialEq)]
pub(crate) struct Field<'a> {
    pub(crate) tag: u32,
    pub(crate) value: &'a [u8],
}

impl<'a> Field<'a> {
    pub(crate) fn number(&self) -> Option<u32> {
        self.value.try_into().ok().map(u32::from_be_bytes)
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.value).ok()
    }
}

/// Walks through a message, into every structure. It ends early where the bytes make no sense.
pub(crate) struct Walk<'a> {
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    pub(crate) fn over(message: &'a [u8]) -> Self {
        Self { rest: message }
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let (header, rest) = self.rest.split_first_chunk::<HEADER>()?;
        let length = body_length(header);
        let value = rest.get(..length)?;
        let consumed = if header[3] == STRUCTURE { 0 } else { length.next_multiple_of(8) };
        self.rest = rest.get(consumed..)?;
        Some(Field { tag: u32::from_be_bytes([0, header[0], header[1], header[2]]), value })
    }
}

/// The length that a header announces, in bytes after the header.
pub(crate) fn body_length(header: &[u8; HEADER]) -> usize {
    u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize
}

/// Lengths in TTLV have 32 bits; the bench's messages are some kilobytes.
pub(crate) fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The encodings that KMIP 1.1, section 9.1.2, gives as examples.
    #[test]
    fn writes_what_the_specification_shows() {
        check(|w| w.integer(0x42_0020, 8), "42002002000000040000000800000000");
        check(|w| w.enumeration(0x42_0020, 255), "4200200500000004000000ff00000000");
        check(|w| w.text(0x42_0020, "Hello World"), "420020070000000b48656c6c6f20576f726c640000000000");
        check(|w| w.byte_string(0x42_0020, &[1, 2, 3]), "42002008000000030102030000000000");
        check(
            |w| {
                w.structure(0x42_0020, |w| {
                    w.enumeration(0x42_0004, 254);
                    w.integer(0x42_0005, 255);
                });
            },
            "42002001000000204200040500000004000000fe000000004200050200000004000000ff00000000",
        );
    }

    #[test]
    fn walks_into_structures_and_stops_at_a_cut() {
        let mut writer = Writer::default();
        writer.structure(1, |w| {
            w.structure(2, |w| w.text(3, "abc"));
            w.integer(4, 5);
        });
        let tags = |bytes| Walk::over(bytes).map(|field| field.tag).collect::<Vec<_>>();
        assert_eq!(tags(writer.bytes()), [1, 2, 3, 4]);
        assert_eq!(Walk::over(writer.bytes()).last().and_then(|field| field.number()), Some(5));
        assert!(tags(&writer.bytes()[..writer.bytes().len() - 1]).is_empty(), "the outer length no longer fits");
    }

    fn check(write: impl FnOnce(&mut Writer), hex: &str) {
        let mut writer = Writer::default();
        write(&mut writer);
        let written: String = writer.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(written, hex);
    }
}
