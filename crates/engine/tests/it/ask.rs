//! Requests in the text form of [`kmip::text`], and answers taken apart.

use kmip::attribute::{Attribute, AttributeName, Row};
use kmip::enums::{ResultReason, ResultStatus};
use kmip::message::ResponseMessage;
use kmip::ttlv::Decode;
use kmip::{Tag, Value, Version, tag};

/// A batch item: the operation's name, and its payload as text.
pub(crate) type Asked<'a> = (&'a str, &'a str);

/// A request message.
pub(crate) fn message(version: Version, items: &[Asked<'_>]) -> Vec<u8> {
    message_with(version, "", items)
}

/// A request message with these lines between the version and the batch count of its header.
pub(crate) fn message_with(version: Version, header: &str, items: &[Asked<'_>]) -> Vec<u8> {
    let mut text = format!(
        "Request Message\n  Request Header\n    Protocol Version\n      Protocol Version Major: {}\n      \
         Protocol Version Minor: {}\n{}    Batch Count: {}\n",
        version.major(),
        version.minor(),
        indented(header, 4),
        items.len(),
    );
    for (number, (operation, payload)) in items.iter().enumerate() {
        text += &format!("  Batch Item\n    Operation: {operation}\n    Unique Batch Item ID = {number:08x}\n");
        text += &format!("    Request Payload\n{}", indented(payload, 6));
    }
    parse(&text)
}

/// The bytes of a text.
pub(crate) fn parse(text: &str) -> Vec<u8> {
    kmip::text::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn indented(text: &str, by: usize) -> String {
    text.lines().map(|line| format!("{:by$}{line}\n", "")).collect()
}

/// A payload that is no more than the object's identifier.
pub(crate) fn unique(id: &str) -> String {
    format!("Unique Identifier: \"{id}\"\n")
}

/// An attribute whose value is no structure.
pub(crate) fn attribute(name: &str, value: &str) -> String {
    format!("Attribute\n  Attribute Name: \"{name}\"\n  Attribute Value: {value}\n")
}

/// An attribute whose value is a structure of these lines.
pub(crate) fn structured(name: &str, fields: &str) -> String {
    format!("Attribute\n  Attribute Name: \"{name}\"\n  Attribute Value\n{}", indented(fields, 4))
}

/// The attribute Name.
pub(crate) fn named(name: &str) -> String {
    structured("Name", &format!("Name Value: \"{name}\"\nName Type: Uninterpreted Text String"))
}

/// A Date-Time so many seconds after the Unix epoch.
pub(crate) fn date(seconds: i64) -> String {
    format!("Date-Time {seconds}")
}

/// The payload that makes an AES key of 256 bits with these attributes besides.
pub(crate) fn create(attributes: &[String]) -> String {
    let usual = [
        attribute("Cryptographic Algorithm", "AES"),
        attribute("Cryptographic Usage Mask", "12"),
        attribute("Cryptographic Length", "256"),
    ];
    let all = [usual.concat(), attributes.concat()].concat();
    format!("Object Type: Symmetric Key\nTemplate-Attribute\n{}", indented(&all, 2))
}

/// The payload that registers bytes as an AES key.
pub(crate) fn register(hex: &str, attributes: &[String]) -> String {
    let all = [attribute("Cryptographic Usage Mask", "12"), attributes.concat()].concat();
    format!(
        "Object Type: Symmetric Key\nTemplate-Attribute\n{}Symmetric Key\n  Key Block\n    Key Format Type: Raw\n    \
         Key Value\n      Key Material = {hex}\n    Cryptographic Algorithm: AES\n    Cryptographic Length: {}\n",
        indented(&all, 2),
        hex.len() * 4,
    )
}

/// The payload that registers an opaque object.
pub(crate) fn opaque(hex: &str, attributes: &[String]) -> String {
    format!(
        "Object Type: Opaque Object\nTemplate-Attribute\n{}Opaque Object\n  Opaque Data Type: Enumeration 0x80000001\n  \
         Opaque Data Value = {hex}\n",
        indented(&attributes.concat(), 2)
    )
}

/// The payload that revokes an object.
pub(crate) fn revoke(id: &str, reason: &str) -> String {
    format!("{}Revocation Reason\n  Revocation Reason Code: {reason}\n", unique(id))
}

/// Why something was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) reason: ResultReason,
    pub(crate) message: String,
}

/// The answer to an item: its payload, or why there is none.
pub(crate) type Answer = Result<Value, Refused>;

/// The answers in a response message, which must be whole and in this version.
pub(crate) fn answers(bytes: &[u8], version: Version) -> Vec<Answer> {
    let message = ResponseMessage::decode(bytes).expect("a well-formed answer");
    assert_eq!(message.header.protocol_version, version.into());
    assert_eq!(message.header.batch_count as usize, message.items.len());
    let items = message.items.into_iter().map(|item| match item.result_status {
        ResultStatus::Success => {
            assert_eq!((item.result_reason, item.result_message), (None, None));
            Ok(Value::decode(item.payload.expect("a payload")).unwrap())
        }
        _ => {
            assert!(item.payload.is_none());
            Err(Refused { reason: item.result_reason.unwrap(), message: item.result_message.unwrap() })
        }
    });
    items.collect()
}

/// The reason of a refusal.
pub(crate) fn reason(answer: &Answer) -> Option<ResultReason> {
    answer.as_ref().err().map(|refused| refused.reason)
}

/// The identifier in a payload.
pub(crate) fn id(payload: &Value) -> String {
    ids(payload).pop().expect("an identifier")
}

/// All identifiers in a payload.
pub(crate) fn ids(payload: &Value) -> Vec<String> {
    let found = payload.fields().iter().filter(|(tag, _)| *tag == tag::UNIQUE_IDENTIFIER);
    found.map(|(_, value)| value.as_text().unwrap().to_owned()).collect()
}

/// The attributes in a payload.
pub(crate) fn attributes(payload: &Value) -> Vec<Attribute> {
    let found = payload.fields().iter().filter(|(tag, _)| *tag == tag::ATTRIBUTE).map(|(_, value)| value);
    let field = |value: &Value, tag: Tag| value.field(tag).cloned();
    let one = |value: &Value| Attribute {
        name: AttributeName::new(field(value, tag::ATTRIBUTE_NAME).unwrap().as_text().unwrap(), Version::NEWEST),
        index: field(value, tag::ATTRIBUTE_INDEX).and_then(|index| index.as_integer()),
        value: field(value, tag::ATTRIBUTE_VALUE).unwrap(),
    };
    found.map(one).collect()
}

/// An attribute's value in a payload.
pub(crate) fn value(payload: &Value, row: &Row) -> Option<Value> {
    attributes(payload).into_iter().find(|attribute| attribute.name.is(row)).map(|attribute| attribute.value)
}

/// The key material in a payload.
pub(crate) fn material(payload: &Value) -> Option<Vec<u8>> {
    payload.fields().iter().find_map(|(tag, value)| match value {
        Value::ByteString(bytes) if [tag::KEY_MATERIAL, tag::KEY, tag::OPAQUE_DATA_VALUE].contains(tag) => {
            Some(bytes.clone())
        }
        value => material(value),
    })
}
