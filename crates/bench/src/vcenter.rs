//! The requests, as vCenter sends them: protocol version 1.1, nothing in the header but the version and the batch
//! count, batch items numbered `QLKC` and a little-endian counter.
//!
//! Invariant: a step's request has one length only, whatever the key, so that one answer length belongs to it.

use crate::answer::Answer;
use crate::ttlv::{Writer, tag};

/// Operations (KMIP 1.1, section 9.1.3.2.27).
const CREATE: u32 = 1;
const LOCATE: u32 = 8;
const GET: u32 = 10;
const GET_ATTRIBUTES: u32 = 11;
const ADD_ATTRIBUTE: u32 = 13;
const ACTIVATE: u32 = 18;
const DISCOVER_VERSIONS: u32 = 30;

const SYMMETRIC_KEY: u32 = 2;
const AES: u32 = 3;
const ENCRYPT_DECRYPT: i32 = 12;
const KEY_BITS: i32 = 256;
const TEXT_STRING: u32 = 1;

/// What vCenter tags a key with after Create.
const TAGS: [(&str, &str); 3] =
    [("x-Product_Version", "7.0.3 build-19480866"), ("x-Vendor", "VMware, Inc."), ("x-Product", "VMware vSphere")];

/// One request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The first request of a connection: no batch item id.
    Greet,
    /// Discover Versions again, with a batch item id.
    Discover,
    Create,
    Get,
    /// Get Attributes of State.
    State,
    /// Get Attributes of a custom attribute that isn't set.
    ProductVersion,
    /// Three Add Attribute items in one message.
    Tag,
    Activate,
    /// By name.
    Locate,
}

impl Step {
    /// How many steps there are, for tables indexed by `step as usize`.
    pub(crate) const COUNT: usize = 9;

    /// Writes the request; `subject` is the key's unique identifier, or its name for Locate.
    pub(crate) fn write(self, writer: &mut Writer, subject: &str) {
        match self {
            Self::Greet => message(writer, 1, |w| item(w, DISCOVER_VERSIONS, None, |_| {})),
            Self::Discover => single(writer, DISCOVER_VERSIONS, |_| {}),
            Self::Create => single(writer, CREATE, |w| template(w, None)),
            Self::Get => single(writer, GET, |w| w.text(tag::UNIQUE_IDENTIFIER, subject)),
            Self::State => single(writer, GET_ATTRIBUTES, |w| wanted(w, subject, "State")),
            Self::ProductVersion => single(writer, GET_ATTRIBUTES, |w| wanted(w, subject, TAGS[0].0)),
            Self::Tag => tag_key(writer, subject),
            Self::Activate => single(writer, ACTIVATE, |w| w.text(tag::UNIQUE_IDENTIFIER, subject)),
            Self::Locate => single(writer, LOCATE, |w| name(w, subject)),
        }
    }

    /// Whether the answer holds what the step asked for. A fast wrong answer must not count.
    pub(crate) fn accepts(self, answer: &Answer<'_>) -> bool {
        let items = if self == Self::Tag { TAGS.len() } else { 1 };
        answer.successes == items
            && match self {
                Self::Greet | Self::Discover | Self::Tag => true,
                Self::Create | Self::ProductVersion | Self::Activate | Self::Locate => answer.identifiers == 1,
                Self::Get => answer.identifiers == 1 && answer.material == 32,
                Self::State => answer.identifiers == 1 && answer.attributes == 1,
            }
    }
}

/// A batch of Creates, named `key_name(first)` and on; `first` is `None` for keys without a name.
pub(crate) fn create_batch(writer: &mut Writer, first: Option<u64>, count: u32) {
    message(writer, count, |w| {
        for index in 0..count {
            let name = first.map(|first| key_name(first + u64::from(index)));
            item(w, CREATE, Some(index + 1), |w| template(w, name.as_deref()));
        }
    });
}

/// The name of the key with this number, of one length for all.
pub(crate) fn key_name(index: u64) -> String {
    format!("bench-key-{index:010}")
}

fn single(writer: &mut Writer, operation: u32, payload: impl FnOnce(&mut Writer)) {
    message(writer, 1, |w| item(w, operation, Some(1), payload));
}

fn message(writer: &mut Writer, items: u32, fill: impl FnOnce(&mut Writer)) {
    writer.clear();
    writer.structure(tag::REQUEST_MESSAGE, |w| {
        w.structure(tag::REQUEST_HEADER, |w| {
            w.structure(tag::PROTOCOL_VERSION, |w| {
                w.integer(tag::VERSION_MAJOR, 1);
                w.integer(tag::VERSION_MINOR, 1);
            });
            w.integer(tag::BATCH_COUNT, items.cast_signed());
        });
        fill(w);
    });
}

fn item(writer: &mut Writer, operation: u32, id: Option<u32>, payload: impl FnOnce(&mut Writer)) {
    writer.structure(tag::BATCH_ITEM, |w| {
        w.enumeration(tag::OPERATION, operation);
        if let Some(id) = id {
            let [a, b, c, d] = id.to_le_bytes();
            w.byte_string(tag::BATCH_ITEM_ID, &[b'Q', b'L', b'K', b'C', a, b, c, d]);
        }
        w.structure(tag::REQUEST_PAYLOAD, payload);
    });
}

fn template(writer: &mut Writer, key_name: Option<&str>) {
    writer.enumeration(tag::OBJECT_TYPE, SYMMETRIC_KEY);
    writer.structure(tag::TEMPLATE_ATTRIBUTE, |w| {
        attribute(w, "Cryptographic Algorithm", |w| w.enumeration(tag::ATTRIBUTE_VALUE, AES));
        attribute(w, "Cryptographic Usage Mask", |w| w.integer(tag::ATTRIBUTE_VALUE, ENCRYPT_DECRYPT));
        attribute(w, "Cryptographic Length", |w| w.integer(tag::ATTRIBUTE_VALUE, KEY_BITS));
        if let Some(key_name) = key_name {
            name(w, key_name);
        }
    });
}

fn tag_key(writer: &mut Writer, id: &str) {
    message(writer, 3, |w| {
        for ((name, value), number) in TAGS.into_iter().zip(1..) {
            item(w, ADD_ATTRIBUTE, Some(number), |w| {
                w.text(tag::UNIQUE_IDENTIFIER, id);
                attribute(w, name, |w| w.text(tag::ATTRIBUTE_VALUE, value));
            });
        }
    });
}

fn wanted(writer: &mut Writer, id: &str, attribute: &str) {
    writer.text(tag::UNIQUE_IDENTIFIER, id);
    writer.text(tag::ATTRIBUTE_NAME, attribute);
}

fn name(writer: &mut Writer, value: &str) {
    attribute(writer, "Name", |w| {
        w.structure(tag::ATTRIBUTE_VALUE, |w| {
            w.text(tag::NAME_VALUE, value);
            w.enumeration(tag::NAME_TYPE, TEXT_STRING);
        });
    });
}

fn attribute(writer: &mut Writer, name: &str, value: impl FnOnce(&mut Writer)) {
    writer.structure(tag::ATTRIBUTE, |w| {
        w.text(tag::ATTRIBUTE_NAME, name);
        value(w);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ttlv::Walk;

    #[test]
    fn batch_items_are_numbered_as_vcenter_does() {
        check(Step::Greet, &[]);
        check(Step::Discover, &[b"QLKC\x01\0\0\0"]);
        check(Step::Tag, &[b"QLKC\x01\0\0\0", b"QLKC\x02\0\0\0", b"QLKC\x03\0\0\0"]);
    }

    #[test]
    fn a_batch_names_its_keys_in_turn() {
        let mut writer = Writer::default();
        create_batch(&mut writer, Some(41), 2);
        let names: Vec<_> = fields(&writer, tag::NAME_VALUE)
            .into_iter()
            .map(|value| String::from_utf8_lossy(value).into_owned())
            .collect();
        assert_eq!(names, [key_name(41), key_name(42)]);
        assert_eq!(fields(&writer, tag::BATCH_COUNT), [2u32.to_be_bytes()]);
        create_batch(&mut writer, None, 2);
        assert!(fields(&writer, tag::NAME_VALUE).is_empty());
    }

    /// The message that the reference describes for Create: 1.1, one item, three attributes in this order.
    #[test]
    fn create_is_the_known_message() {
        let mut writer = Writer::default();
        Step::Create.write(&mut writer, "");
        let names = fields(&writer, tag::ATTRIBUTE_NAME);
        assert_eq!(names, [&b"Cryptographic Algorithm"[..], b"Cryptographic Usage Mask", b"Cryptographic Length"]);
        assert_eq!(
            fields(&writer, tag::ATTRIBUTE_VALUE),
            [3u32.to_be_bytes(), 12u32.to_be_bytes(), 256u32.to_be_bytes()]
        );
        assert_eq!(fields(&writer, tag::VERSION_MINOR), [1u32.to_be_bytes()]);
    }

    fn check(step: Step, ids: &[&[u8]]) {
        let mut writer = Writer::default();
        step.write(&mut writer, "some-id");
        assert_eq!(fields(&writer, tag::BATCH_ITEM_ID), ids, "{step:?}");
    }

    fn fields(writer: &Writer, tag: u32) -> Vec<&[u8]> {
        Walk::over(writer.bytes()).filter(|field| field.tag == tag).map(|field| field.value).collect()
    }
}
