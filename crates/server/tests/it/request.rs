//! The few KMIP messages that these tests need, put together by hand.

const STRUCTURE: u8 = 1;
const INTEGER: u8 = 2;
const ENUMERATION: u8 = 5;
const TEXT: u8 = 7;

/// Discover Versions, as vCenter begins each connection.
pub(crate) fn discover_versions() -> Vec<u8> {
    message(30, &[])
}

/// Create of an AES-256 key, as vCenter sends it.
pub(crate) fn create() -> Vec<u8> {
    let attributes = [
        attribute("Cryptographic Algorithm", &enumeration(0x42000b, 3)),
        attribute("Cryptographic Usage Mask", &integer(0x42000b, 12)),
        attribute("Cryptographic Length", &integer(0x42000b, 256)),
    ];
    message(1, &[enumeration(0x420057, 2), structure(0x420091, &attributes)].concat())
}

/// Get by identifier.
pub(crate) fn get(id: &str) -> Vec<u8> {
    message(10, &text(0x420094, id))
}

/// The value of the first item with this tag, which must be there.
pub(crate) fn find(message: &[u8], tag: u32) -> Vec<u8> {
    let head = &tag.to_be_bytes()[1..];
    let at = (0..message.len()).step_by(8).find(|at| message[*at..].starts_with(head));
    let at = at.unwrap_or_else(|| panic!("no {tag:06x} in {message:02x?}"));
    let length = u32::from_be_bytes(message[at + 4..at + 8].try_into().unwrap()) as usize;
    message[at + 8..at + 8 + length].to_vec()
}

/// The identifier in an answer.
pub(crate) fn identifier(answer: &[u8]) -> String {
    String::from_utf8(find(answer, 0x420094)).unwrap()
}

/// The key's bytes in an answer.
pub(crate) fn material(answer: &[u8]) -> Vec<u8> {
    find(answer, 0x420043)
}

/// Whether the first item of an answer says Success.
pub(crate) fn is_success(answer: &[u8]) -> bool {
    find(answer, 0x42007f) == [0; 4]
}

fn message(operation: u32, payload: &[u8]) -> Vec<u8> {
    let version = structure(0x420069, &[integer(0x42006a, 1), integer(0x42006b, 1)]);
    let header = structure(0x420077, &[version, integer(0x42000d, 1)]);
    let payload = structure(0x420079, &[payload.to_vec()]);
    structure(0x420078, &[header, structure(0x42000f, &[enumeration(0x42005c, operation), payload])])
}

fn attribute(name: &str, value: &[u8]) -> Vec<u8> {
    structure(0x420008, &[text(0x42000a, name), value.to_vec()])
}

fn structure(tag: u32, items: &[Vec<u8>]) -> Vec<u8> {
    item(tag, STRUCTURE, &items.concat())
}

fn integer(tag: u32, value: i32) -> Vec<u8> {
    item(tag, INTEGER, &value.to_be_bytes())
}

fn enumeration(tag: u32, value: u32) -> Vec<u8> {
    item(tag, ENUMERATION, &value.to_be_bytes())
}

fn text(tag: u32, value: &str) -> Vec<u8> {
    item(tag, TEXT, value.as_bytes())
}

fn item(tag: u32, kind: u8, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_be_bytes();
    let padding = vec![0; value.len().next_multiple_of(8) - value.len()];
    [&tag.to_be_bytes()[1..], &[kind], &length, value, &padding].concat()
}
