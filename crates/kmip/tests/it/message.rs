//! The envelope of messages.

use kmip::enums::{BatchErrorContinuationOption, CredentialType, Operation, ResultStatus};
use kmip::frame::BATCH_LIMIT;
use kmip::message::{Credential, MessageError, RequestHeader, RequestMessage, ResponseMessage, write_request};
use kmip::object::Object;
use kmip::payload::{CreateRequest, GetRequest, ObjectRequest, RegisterRequest};
use kmip::ttlv::{Decode, Fault};
use kmip::{DateTime, Tag, Value, Version, tag, text};

use crate::support::{nested, write};

/// A message with everything in it that a message can have.
const RICH: &str = include_str!("rich.txt");

fn rich() -> Vec<u8> {
    text::parse(RICH).unwrap()
}

/// A message of one version, with a batch count and a number of items that may differ.
fn message(version: &str, count: i32, items: usize) -> Vec<u8> {
    let (major, minor) = version.split_once('.').unwrap();
    let item = "\n  Batch Item\n    Operation: Discover Versions\n    Request Payload";
    let text = format!(
        "Request Message\n  Request Header\n    Protocol Version\n      Protocol Version Major: {major}\n      \
         Protocol Version Minor: {minor}\n    Batch Count: {count}{}",
        item.repeat(items)
    );
    text::parse(&text).unwrap()
}

fn refused(bytes: &[u8]) -> MessageError {
    RequestMessage::decode(bytes).map(|_| ()).unwrap_err()
}

#[test]
fn a_rich_message_is_read() {
    let bytes = rich();
    let message = RequestMessage::decode(&bytes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(message.version, Version::V1_4);
    let header = &message.header;
    assert_eq!(header.maximum_response_size, Some(65536));
    assert_eq!(header.client_correlation_value.as_deref(), Some("session 7"));
    assert_eq!(header.asynchronous_indicator, Some(false));
    assert_eq!(header.batch_error_continuation_option, Some(BatchErrorContinuationOption::Continue));
    assert_eq!(header.batch_order_option, Some(true));
    assert_eq!(header.time_stamp, Some(DateTime(0x47DA_67F8)));
    let credentials = &header.authentication.as_ref().unwrap().credentials;
    assert!(matches!(&credentials[0], Credential::UsernameAndPassword(user) if user.username == "vcenter"
        && user.password.as_ref().unwrap().secret().expose() == b"s3cret"));
    assert!(matches!(&credentials[1], Credential::Other(CredentialType::Device)));

    let operations: Vec<Operation> = message.items.iter().map(|item| item.operation).collect();
    assert_eq!(operations, [Operation::Create, Operation::Register, Operation::Get, Operation::Unknown(0x8000_0001)]);
    let ids: Vec<Option<&[u8]>> = message.items.iter().map(|item| item.unique_batch_item_id).collect();
    assert_eq!(ids, [Some(&b"QLKC\x01\0\0\0"[..]), Some(b"QLKC\x02\0\0\0"), Some(b""), None]);
    let create = CreateRequest::decode(message.items[0].payload).unwrap();
    assert_eq!(create.template_attribute.attributes.len(), 3);
    let register = RegisterRequest::decode(message.items[1].payload).unwrap();
    let Some(Object::SymmetricKey(key)) = register.object else { panic!("no symmetric key") };
    assert_eq!(key.key_block.cryptographic_length, Some(128));
    assert!(GetRequest::decode(message.items[2].payload).unwrap().key_wrapping_specification.is_some());
    assert!(message.items[3].extension.as_ref().unwrap().criticality_indicator);
}

#[test]
fn no_truncation_of_a_message_is_read() {
    let bytes = rich();
    for length in 0..bytes.len() {
        refused(&bytes[..length]);
    }
    // Cut between two fields, with a header that says so.
    for length in (8..bytes.len()).step_by(8) {
        let mut cut = bytes[..length].to_vec();
        cut[4..8].copy_from_slice(&u32::try_from(length - 8).unwrap().to_be_bytes());
        refused(&cut);
    }
}

#[test]
fn no_flipped_byte_makes_a_panic() {
    let bytes = rich();
    for at in 0..bytes.len() {
        for flip in [1, 0x80, 0xFF] {
            let mut bytes = bytes.clone();
            bytes[at] ^= flip;
            if let Ok(message) = RequestMessage::decode(&bytes) {
                assert_eq!(message.items.len(), 4);
                message.items.iter().for_each(|item| _ = Value::decode(item.payload));
            }
        }
    }
}

#[test]
fn the_version_is_the_message_s_own() {
    for version in Version::ALL {
        let bytes = message(&version.to_string(), 1, 1);
        assert_eq!(RequestMessage::decode(&bytes).unwrap_or_else(|error| panic!("{error}")).version, version);
    }
    for version in ["0.9", "1.5", "2.0", "1.-1", "-1.1"] {
        let error = refused(&message(version, 1, 1));
        assert_eq!(error.error, Fault::Version.at(tag::PROTOCOL_VERSION), "{version}");
        assert_eq!(error.version, None, "{version}");
    }
}

/// The rich message is one of 1.4, and has fields that each older version does not know.
#[test]
fn a_header_is_read_as_its_own_version() {
    for minor in 0..4 {
        let bytes = without("      Protocol Version Minor: 4", &format!("      Protocol Version Minor: {minor}"));
        let error = refused(&bytes);
        assert_eq!(error.version.map(Version::minor), Some(minor));
        assert_eq!(error.error.fault, Fault::Missing, "1.{minor}: {error}");
    }
}

#[test]
fn an_operation_that_the_version_does_not_know_is_unknown() {
    let check = |version, expected| {
        let bytes = message(version, 1, 1);
        assert_eq!(
            RequestMessage::decode(&bytes).unwrap_or_else(|error| panic!("{error}")).items[0].operation,
            expected
        );
    };
    check("1.0", Operation::Unknown(30));
    check("1.1", Operation::DiscoverVersions);
}

#[test]
fn the_batch_count_must_be_true() {
    let check = |count: i32, items: usize, fits: bool| match RequestMessage::decode(&message("1.1", count, items)) {
        Ok(message) => assert!(fits && message.items.len() == items, "{count} {items}"),
        Err(MessageError { error, version }) => {
            assert!(!fits, "{count} {items}");
            assert_eq!(
                (error, version),
                (Fault::BatchCount.at(tag::BATCH_COUNT), Some(Version::V1_1)),
                "{count} {items}"
            );
        }
    };
    check(1, 1, true);
    check(2, 2, true);
    check(BATCH_LIMIT, 128, true);
    check(BATCH_LIMIT + 1, 129, false);
    check(2, 1, false);
    check(1, 2, false);
    check(1, 0, false);
    check(0, 0, false);
    check(0, 1, false);
    check(-1, 1, false);
    check(i32::MAX, 1, false);
    check(i32::MIN, 1, false);
}

/// Replaces a line of the rich message, and all that is indented below it.
fn without(line: &str, instead: &str) -> Vec<u8> {
    assert_eq!(RICH.lines().filter(|found| *found == line).count(), 1, "{line}");
    let indent = line.len() - line.trim_start().len();
    let mut below = false;
    let mut text = String::new();
    for found in RICH.lines() {
        below = found == line || (below && found.len() - found.trim_start().len() > indent);
        text += if found == line {
            instead
        } else if below {
            ""
        } else {
            found
        };
        text.push('\n');
    }
    text::parse(&text).unwrap()
}

#[test]
fn the_envelope_must_be_whole() {
    let check = |line: &str, instead: &str, fault: Fault, tag: Tag| {
        assert_eq!(refused(&without(line, instead)).error, fault.at(tag), "{line}");
    };
    check("  Request Header", "", Fault::Missing, tag::REQUEST_HEADER);
    check("    Protocol Version", "", Fault::Missing, tag::PROTOCOL_VERSION);
    check("    Batch Count: 4", "", Fault::Missing, tag::BATCH_COUNT);
    check("    Operation: Create", "", Fault::Missing, tag::OPERATION);
    check("    Batch Order Option: true", "    Comment: \"what?\"", Fault::Missing, tag::BATCH_COUNT);
    check("    Batch Count: 4", "    Batch Count: 4\n    Comment: \"what?\"", Fault::Unexpected, tag::COMMENT);
    check("    Message Extension", "    Comment: \"what?\"", Fault::Unexpected, tag::COMMENT);
    check("    Operation: Get", "    Operation: Get\n    Comment: \"what?\"", Fault::Missing, tag::REQUEST_PAYLOAD);
}

#[test]
fn nesting_counts_from_the_message() {
    let payload = |depth: usize| {
        let fields = nested(tag::REQUEST_PAYLOAD, depth);
        let header = RequestHeader::new(Version::V1_4, 1);
        let payload: Value = crate::support::read(&fields, Version::NEWEST).unwrap();
        write_request(&header, &[(Operation::Get, None, &payload)])
    };
    // The payload is the third structure.
    for (depth, fits) in [(30, true), (31, false)] {
        let bytes = payload(depth);
        let message = RequestMessage::decode(bytes.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        let read = Value::decode(message.items[0].payload);
        assert_eq!(read.map_err(|error| error.fault).is_ok(), fits, "{depth}");
    }
}

#[test]
fn a_written_request_is_read() {
    let id = |text: &str| ObjectRequest { unique_identifier: Some(text.to_owned()) };
    let (first, second) = (id("one"), id("two"));
    for version in Version::ALL {
        let header = RequestHeader::new(version, 2);
        let items: [(Operation, Option<&[u8]>, &dyn kmip::ttlv::Encode); 2] =
            [(Operation::Activate, Some(&[1, 2]), &first), (Operation::Destroy, None, &second)];
        let bytes = write_request(&header, &items);
        let message = RequestMessage::decode(bytes.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(message.version, version);
        assert_eq!(message.items[0].unique_batch_item_id, Some(&[1, 2][..]));
        let read = ObjectRequest::decode(message.items[1].payload).unwrap();
        assert_eq!((message.items[1].operation, read.unique_identifier.as_deref()), (Operation::Destroy, Some("two")));
    }
}

#[test]
fn a_response_is_read() {
    let bytes = text::parse(include_str!("response.txt")).unwrap();
    let response = ResponseMessage::decode(&bytes).unwrap();
    let [pending, failed] = response.items.as_slice() else { panic!("{} items", response.items.len()) };
    assert_eq!((pending.operation, pending.result_status), (Some(Operation::Get), ResultStatus::OperationPending));
    assert_eq!((failed.operation, failed.payload.is_none()), (None, true));
    assert_eq!(failed.result_message.as_deref(), Some("no such key"));
    for length in 0..bytes.len() {
        assert!(ResponseMessage::decode(&bytes[..length]).is_err(), "{length}");
    }
}

#[test]
fn another_credential_is_not_looked_at() {
    let any = vec![(Tag(0x54_0001), Value::Boolean(true))];
    let fields = |number| {
        vec![(tag::CREDENTIAL_TYPE, Value::Enumeration(number)), (tag::CREDENTIAL_VALUE, Value::Structure(any.clone()))]
    };
    let read = |number| {
        let bytes = write(&Value::Structure(fields(number)), tag::CREDENTIAL, Version::NEWEST);
        crate::support::read::<Credential>(&bytes, Version::NEWEST)
    };
    assert!(matches!(read(2), Ok(Credential::Other(CredentialType::Device))));
    assert!(matches!(read(0x8000_0000), Ok(Credential::Other(CredentialType::Unknown(0x8000_0000)))));
    assert!(read(1).is_err());
}
