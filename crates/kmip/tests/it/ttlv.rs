//! The encoding: known answers, what is refused, and that each accepted message has one form.

use kmip::ttlv::{DecodeError, Fault, Item, ItemType, Writer};
use kmip::{DateTime, Interval, Tag, Value, Version};
use proptest::prelude::*;

use crate::support::{any_value, hex, nested, read, write};

const TAG: Tag = Tag(0x42_0020);

/// The examples of KMIP 1.4, 9.1.2.
#[test]
fn the_specification_s_examples() {
    let check = |bytes: &str, value: Value| {
        assert_eq!(write(&value, TAG, Version::NEWEST), hex(bytes), "{value:?}");
        assert_eq!(read(&hex(bytes), Version::NEWEST), Ok(value));
    };
    check("420020 02 00000004 0000000800000000", Value::Integer(8));
    check("420020 03 00000008 01B69B4BA5749200", Value::LongInteger(123_456_789_000_000_000));
    let big = "0000000003FD35EB 6BC2DF4618080000";
    check(&format!("420020 04 00000010 {big}"), Value::BigInteger(hex(big)));
    check("420020 05 00000004 000000FF00000000", Value::Enumeration(255));
    check("420020 06 00000008 0000000000000001", Value::Boolean(true));
    check("420020 07 0000000B 48656C6C6F20576F 726C640000000000", Value::TextString("Hello World".to_owned()));
    check("420020 08 00000003 0102030000000000", Value::ByteString(vec![1, 2, 3]));
    check("420020 09 00000008 0000000047DA67F8", Value::DateTime(DateTime(0x47DA_67F8)));
    check("420020 0A 00000004 000D2F0000000000", Value::Interval(Interval(864_000)));
    let fields = vec![(Tag(0x42_0004), Value::Enumeration(254)), (Tag(0x42_0005), Value::Integer(255))];
    let structure = "420020 01 00000020 420004 05 00000004 000000FE00000000 420005 02 00000004 000000FF00000000";
    check(structure, Value::Structure(fields));
}

#[test]
fn the_ends_of_the_ranges_survive() {
    let check = |value: Value| assert_eq!(read(&write(&value, TAG, Version::NEWEST), Version::NEWEST), Ok(value));
    for value in [i32::MIN, -1, 0, i32::MAX] {
        check(Value::Integer(value));
    }
    for value in [i64::MIN, -1, i64::MAX] {
        check(Value::LongInteger(value));
        check(Value::DateTime(DateTime(value)));
    }
    for length in 0..=17 {
        check(Value::ByteString(vec![0xAB; length]));
        check(Value::TextString("a".repeat(length)));
    }
}

#[test]
fn what_is_not_ttlv_is_refused() {
    let check = |bytes: &str, fault| {
        let expected: Result<Value, DecodeError> = Err(DecodeError { tag: TAG, fault });
        assert_eq!(read(&hex(bytes), Version::NEWEST), expected, "{bytes}");
    };
    check("420020 00 00000000", Fault::UnknownType(0));
    check("420020 0B 00000008 0000000000000000", Fault::UnknownType(11));
    check("420020 FF 00000000", Fault::UnknownType(255));
    // A length that the type can't have.
    check("420020 02 00000000", Fault::Length(0));
    check("420020 02 00000003 0000000000000000", Fault::Length(3));
    check("420020 02 00000008 0000000000000000", Fault::Length(8));
    check("420020 03 00000004 0000000000000000", Fault::Length(4));
    check("420020 04 00000000", Fault::Length(0));
    check("420020 04 00000007 0000000000000000", Fault::Length(7));
    check("420020 04 00000009 0000000000000000 0000000000000000", Fault::Length(9));
    check("420020 05 00000005 0000000000000000", Fault::Length(5));
    check("420020 06 00000001 0100000000000000", Fault::Length(1));
    check("420020 09 00000010 0000000000000000 0000000000000000", Fault::Length(16));
    check("420020 0A 00000002 0000000000000000", Fault::Length(2));
    // A length beyond what is there, up to 4 GiB: nothing is allocated for it.
    check("420020 08 00000009 0000000000000000", Fault::Truncated);
    check("420020 08 80000000 0000000000000000", Fault::Truncated);
    check("420020 07 FFFFFFFF", Fault::Truncated);
    check("420020 01 7FFFFFF8 420020 06 00000008", Fault::Truncated);
    check("420020 08 00000003 01020300000000", Fault::Truncated);
    // Padding, Booleans, text.
    check("420020 08 00000003 0102030000000001", Fault::Padding);
    check("420020 02 00000004 0000000800000100", Fault::Padding);
    check("420020 06 00000008 0000000000000002", Fault::Boolean);
    check("420020 06 00000008 0100000000000000", Fault::Boolean);
    check("420020 07 00000001 FF00000000000000", Fault::Utf8);
    check("420020 07 00000002 C3280000 00000000", Fault::Utf8);
    check("420020 07 00000003 EDA08000 00000000", Fault::Utf8);
}

/// A length that its type can't have is refused also where nobody looks at the value.
#[test]
fn a_wrong_length_is_seen_without_reading_the_value() {
    for (kind, length) in [(2, 8), (3, 4), (5, 8), (6, 4), (9, 4), (10, 8)] {
        let item = format!("420020 {kind:02X} {length:08X} 0000000000000000");
        let fault = Item::parse(&hex(&item), Version::NEWEST).map(|item| item.kind()).unwrap_err();
        assert_eq!(fault, Fault::Length(length).at(TAG));
    }
}

#[test]
fn bytes_after_the_item_and_inside_a_structure_are_refused() {
    let check = |bytes: &str, tag, fault| {
        let expected: Result<Value, DecodeError> = Err(DecodeError { tag: Tag(tag), fault });
        assert_eq!(read(&hex(bytes), Version::NEWEST), expected, "{bytes}");
    };
    check("", 0, Fault::Truncated);
    check("420020 06", 0, Fault::Truncated);
    check("420020 01 00000000 420021 01 00000000", 0x42_0021, Fault::Unexpected);
    check("420020 01 00000000 42", 0, Fault::Truncated);
    check("420020 01 00000007 420021 01 000000", 0x42_0020, Fault::Truncated);
    check("420020 01 00000008 420021 01 00000008", 0x42_0021, Fault::Truncated);
}

#[test]
fn structures_nest_32_deep_and_no_deeper() {
    assert!(read::<Value>(&nested(TAG, 32), Version::NEWEST).is_ok());
    for depth in [33, 34, 1000] {
        let error = read::<Value>(&nested(TAG, depth), Version::NEWEST).unwrap_err();
        assert_eq!(error.fault, Fault::Depth, "{depth}");
    }
}

#[test]
fn a_structure_has_512_fields_and_no_more() {
    let wide = |fields: usize, above: usize| {
        let mut out = Writer::new(Version::NEWEST, 0);
        let marks: Vec<_> = (0..=above).map(|_| out.open(TAG)).collect();
        (0..fields).for_each(|_| out.text(TAG, ""));
        marks.into_iter().rev().for_each(|mark| out.close(mark));
        Item::parse(out.as_bytes(), Version::NEWEST).unwrap().check_width().map_err(|error| error.fault)
    };
    for above in [0, 1, 30] {
        assert_eq!(wide(512, above), Ok(()), "{above}");
        assert_eq!(wide(513, above), Err(Fault::Width), "{above}");
        assert_eq!(wide(50_000, above), Err(Fault::Width), "{above}");
    }
    assert_eq!(wide(513, 33), Err(Fault::Depth));
}

fn any_tag() -> impl Strategy<Value = Tag> + Clone {
    (0..=0xFF_FFFF_u32).prop_map(Tag)
}

proptest! {
    #[test]
    fn any_value_is_read_and_written_back(tag in any_tag(), value in any_value(any_tag())) {
        let bytes = write(&value, tag, Version::NEWEST);
        prop_assert_eq!(bytes.len() % 8, 0);
        let read: Value = read(&bytes, Version::NEWEST).unwrap();
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(write(&read, tag, Version::NEWEST), bytes);
    }

    /// One value, one form: whatever is accepted is what would be written.
    #[test]
    fn what_is_accepted_is_canonical(value in any_value(any_tag()), at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut bytes = write(&value, TAG, Version::NEWEST);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(value) = read::<Value>(&bytes, Version::NEWEST) {
            let tag = Tag(u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]));
            prop_assert_eq!(write(&value, tag, Version::NEWEST), bytes);
        }
    }

    #[test]
    fn no_prefix_is_accepted(value in any_value(any_tag()), at in any::<prop::sample::Index>()) {
        let bytes = write(&value, TAG, Version::NEWEST);
        prop_assert_eq!(read::<Value>(&bytes[..at.index(bytes.len())], Version::NEWEST).unwrap_err().fault, Fault::Truncated);
    }
}

#[test]
fn types_are_numbered_as_in_the_specification() {
    let numbers: Vec<u8> = ItemType::ALL.iter().map(|kind| *kind as u8).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}
