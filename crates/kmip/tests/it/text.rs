//! The text form: what a dump shows, what it hides, and that it is read back.

use kmip::attribute::ROWS;
use kmip::text::{dump, parse};
use kmip::ttlv::ItemType;
use kmip::{Tag, Value, Version, enums, tag};
use proptest::prelude::*;

use crate::support::{any_value, hex, nested, one_of_each, write};

/// Tags whose value is a secret.
const SECRETS: [Tag; 7] = [
    tag::KEY,
    tag::KEY_MATERIAL,
    tag::KEY_VALUE,
    tag::OPAQUE_DATA_VALUE,
    tag::PASSWORD,
    tag::DATA,
    tag::DERIVATION_DATA,
];

#[test]
fn each_type_is_written_in_its_own_way() {
    let check = |bytes: &str, text: &str| {
        assert_eq!(dump(&hex(bytes)), text);
        assert_eq!(parse(text), Ok(hex(bytes)), "{text}");
    };
    check("42002A 02 00000004 0000000800000000", "Cryptographic Length: 8\n");
    check("42002A 02 00000004 8000000000000000", "Cryptographic Length: -2147483648\n");
    check("420097 03 00000008 01B69B4BA5749200", "Usage Limits Total: Long Integer 123456789000000000\n");
    check("420052 04 00000008 00000000075BCD15", "Modulus: Big Integer 00000000075bcd15\n");
    check("42005C 05 00000004 0000000A00000000", "Operation: Get\n");
    check("42005C 05 00000004 8000000A00000000", "Operation: Enumeration 0x8000000a\n");
    check("540001 05 00000004 0000000A00000000", "0x540001: Enumeration 0x0000000a\n");
    check("420028 05 00000004 0000000200000000", "Cryptographic Algorithm: 3DES\n");
    check("420010 06 00000008 0000000000000001", "Batch Order Option: true\n");
    check("420010 06 00000008 0000000000000000", "Batch Order Option: false\n");
    check("420094 07 00000000", "Unique Identifier: \"\"\n");
    check("420094 07 00000005 610A225C31000000", "Unique Identifier: \"a\\n\\\"\\\\1\"\n");
    check("420093 08 00000003 0102FF0000000000", "Unique Batch Item ID = 0102ff\n");
    check("420093 08 00000000", "Unique Batch Item ID =\n");
    check("420092 09 00000008 0000000047DA67F8", "Time Stamp: 2008-03-14T11:56:40Z\n");
    check("420092 09 00000008 FFFFFFFFFFFFFFFF", "Time Stamp: 1969-12-31T23:59:59Z\n");
    check("420092 09 00000008 0000003AFFF44180", "Time Stamp: Date-Time 253402300800\n");
    check("420092 09 00000008 8000000000000000", "Time Stamp: Date-Time -9223372036854775808\n");
    check("420049 0A 00000004 000D2F0000000000", "Lease Time: 864000 s\n");
    check("420079 01 00000000", "Request Payload\n");
    check("420091 01 00000010 420090 01 00000008 420090 01 00000000", "Template-Attribute\n  Template\n    Template\n");
    check("420090 01 00000000 420091 01 00000000", "Template\nTemplate-Attribute\n");
    check("", "");
}

#[test]
fn dates_are_those_of_the_calendar() {
    let check = |text: &str, seconds: i64| {
        let bytes = write(&Value::DateTime(kmip::DateTime(seconds)), tag::TIME_STAMP, Version::NEWEST);
        assert_eq!(dump(&bytes), format!("Time Stamp: {text}\n"));
        assert_eq!(parse(&format!("Time Stamp: {text}")), Ok(bytes));
    };
    check("1970-01-01T00:00:00Z", 0);
    check("2000-02-29T12:00:00Z", 951_825_600);
    check("2024-12-31T23:59:59Z", 1_735_689_599);
    check("2100-02-28T23:59:59Z", 4_107_542_399);
    check("2100-03-01T00:00:00Z", 4_107_542_400);
    check("9999-12-31T23:59:59Z", 253_402_300_799);
    check("0000-01-01T00:00:00Z", -62_167_219_200);
    for wrong in
        ["2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-01-01T24:00:00Z", "2023-1-1T00:00:00Z", "2023-01-01"]
    {
        assert!(parse(&format!("Time Stamp: {wrong}")).is_err(), "{wrong}");
    }
}

#[test]
fn an_attribute_s_value_is_named_by_the_attribute() {
    let attribute =
        |name: &str, value: &str| format!("Attribute\n  Attribute Name: \"{name}\"\n  Attribute Value: {value}\n");
    let check = |name: &str, number: u32, value: &str| {
        let fields = vec![
            (tag::ATTRIBUTE_NAME, Value::TextString(name.to_owned())),
            (tag::ATTRIBUTE_VALUE, Value::Enumeration(number)),
        ];
        let bytes = write(&Value::Structure(fields), tag::ATTRIBUTE, Version::NEWEST);
        assert_eq!(dump(&bytes), attribute(name, value));
        assert_eq!(parse(&attribute(name, value)), Ok(bytes));
    };
    check("State", 1, "Pre-Active");
    check("Object Type", 2, "Symmetric Key");
    check("State", 99, "Enumeration 0x00000063");
    check("x-State", 1, "Enumeration 0x00000001");
    check("Cryptographic Length", 1, "Enumeration 0x00000001");
    for row in ROWS.iter().filter(|row| row.kind == ItemType::Enumeration) {
        for number in enums::numbers(row.tag) {
            check(row.name, number, enums::name(row.tag, number).unwrap());
        }
    }
}

#[test]
fn a_human_s_form_is_read() {
    let text = "
        # A comment, and an indented first line.
        Get Attributes
    ";
    assert!(parse(text).unwrap_err().to_string().starts_with("line 3: there is no tag"));
    let text = "

    # Comments and empty lines say nothing.
    Request Payload
        Unique Identifier:   \"a: b = c # d\"

            # Nor does this.
        0x540001 = 00 11 22 FF
        0x540002: Integer 7
    ";
    let bytes = hex("420079 01 00000038 420094 07 0000000C 61203A2062203D20 6320232064000000");
    let expected = "Request Payload\n  Unique Identifier: \"a: b = c # d\"\n  0x540001 = 001122ff\n  0x540002: 7\n";
    assert_eq!(dump(&parse(text).unwrap()), expected);
    assert_eq!(bytes[..8], parse(text).unwrap()[..8]);
}

#[test]
fn what_can_t_be_read_is_told_by_its_line() {
    let check = |text: &str, line: usize, problem: &str| {
        let error = parse(text).unwrap_err();
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.problem.contains(problem), "{error}");
        assert_eq!(error.to_string(), format!("line {line}: {}", error.problem));
    };
    check("\n\nNonsense", 3, "no tag \"Nonsense\"");
    check("Nonsense: 1", 1, "no tag \"Nonsense\"");
    check("0x1000000: 1", 1, "no tag");
    check("0xZZ: 1", 1, "no tag");
    check("Request Payload\n    Offset: 1 s\n  Offset: 1 s", 3, "indentation");
    check("Request Payload\n  Offset: 1 s\n    Offset: 1 s", 3, "indentation");
    check("  Request Payload\nRequest Payload", 2, "indentation");
    check("Key Material: <32 bytes>", 1, "hidden secret");
    check("! Key Block: the item is cut short", 1, "no TTLV");
    check("Operation: Nonsense", 1, "no value that Operation can have");
    check("Attribute Value: Active", 1, "no value that Attribute Value can have");
    check("Operation:", 1, "no value");
    check("Batch Count: 2147483648", 1, "no value");
    check("Batch Count: Integer x", 1, "no value");
    check("Usage Limits Total: Long Integer 9223372036854775808", 1, "no value");
    check("Offset: 4294967296 s", 1, "no value");
    check("Modulus: Big Integer 00", 1, "no value");
    check("Modulus: Big Integer", 1, "no value");
    check("Operation: Enumeration 1", 1, "no value");
    check("Operation: Enumeration 0x100000000", 1, "no value");
    check("Unique Batch Item ID = 012", 1, "no value");
    check("Key Material = 012", 1, "that is no value that Key Material can have");
    check("Unique Batch Item ID = 0g", 1, "no value");
    for wrong in ["\"a", "\"", "\"a\"b\"", "\"\\\"", "\"\\x\"", "\"\\u{110000}\"", "\"\\u{41\"", "\"a\" b"] {
        check(&format!("Comment: {wrong}"), 1, "quotes or escapes");
    }
    let deep: String = (0..65).map(|depth| " ".repeat(depth) + "Template\n").collect();
    check(&deep, 65, "deeper than 64");
}

#[test]
fn secrets_are_hidden() {
    let marker = b"SECRET!!".to_vec();
    let shown =
        |text: &str| text.contains("SECRET") || text.contains("534543") || text.to_lowercase().contains("secret!");
    let wrong_types = [
        Value::ByteString(marker.clone()),
        Value::TextString("SECRET!!".to_owned()),
        Value::BigInteger(marker.clone()),
        Value::LongInteger(i64::from_be_bytes(*b"SECRET!!")),
    ];
    for tag in SECRETS {
        for value in &wrong_types {
            let text = dump(&write(value, tag, Version::NEWEST));
            assert_eq!(text, format!("{tag}: <8 bytes>\n"));
            assert!(parse(&text).is_err());
        }
    }
    // The parts of any transparent key, whatever they are called and however deep they are.
    for part in tag::ALL.iter().copied().chain([Tag(0x54_0001)]) {
        for value in &wrong_types {
            let inner = Value::Structure(vec![(part, value.clone())]);
            let outer = Value::Structure(vec![(part, value.clone()), (part, inner)]);
            let text = dump(&write(&outer, tag::KEY_MATERIAL, Version::NEWEST));
            assert!(!shown(&text) && !text.contains("6000"), "{text}");
            assert_eq!(text.matches("<8 bytes>").count(), 2, "{text}");
        }
    }
    let rich = dump(&parse(include_str!("rich.txt")).unwrap());
    assert!(rich.contains("Password: <6 bytes>") && rich.contains("Key Material: <16 bytes>"), "{rich}");
    assert!(!rich.contains("s3cret") && !rich.contains("000102"), "{rich}");
    assert!(rich.contains("Attribute Value: \"nobody\""), "attributes beside the material are shown: {rich}");
}

#[test]
fn a_fault_is_shown_where_it_is_and_shows_no_bytes() {
    let check = |bytes: &str, text: &str| assert_eq!(dump(&hex(bytes)), text);
    check("42", "! 0x000000: the item is cut short\n");
    check("420043 08 00000008 534543524554", "! Key Material: the item is cut short\n");
    check("420043 0C 00000008 5345435245542121", "! Key Material: there is no item type 0x0c\n");
    check("420094 07 00000001 FF00000000000000", "! Unique Identifier: the text is not UTF-8\n");
    check("420010 06 00000008 0000000000000002", "! Batch Order Option: the Boolean is neither 0 nor 1\n");
    let below = "420079 01 00000018 420092 09 00000008 0000000000000000 420094 07 000000FF";
    check(below, "Request Payload\n  Time Stamp: 1970-01-01T00:00:00Z\n  ! Unique Identifier: the item is cut short\n");
    let deep = dump(&nested(tag::TEMPLATE, 40));
    assert!(deep.ends_with("  ! 0x540000: structures are nested deeper than 32\n"), "{deep}");
    assert_eq!(deep.lines().count(), 34);
}

#[test]
fn the_written_messages_are_read_back() {
    for text in [include_str!("rich.txt"), include_str!("response.txt")] {
        let plain = |line: &&str| !line.contains("Key Material =") && !line.contains("Password:");
        let text = text.lines().filter(plain).collect::<Vec<_>>().join("\n");
        let bytes = parse(&text).unwrap();
        assert_eq!(parse(&dump(&bytes)), Ok(bytes));
    }
}

/// Any tag whose value is not a secret.
fn any_tag() -> impl Strategy<Value = Tag> + Clone {
    let known: Vec<Tag> = tag::ALL.iter().copied().filter(|tag| !SECRETS.contains(tag)).collect();
    let any = (0..=0xFF_FFFF_u32).prop_map(Tag).prop_filter("a secret", |tag| !SECRETS.contains(tag));
    let attribute = proptest::sample::select(vec![tag::ATTRIBUTE_VALUE, tag::ATTRIBUTE_NAME]);
    prop_oneof![3 => proptest::sample::select(known), 1 => any, 1 => attribute]
}

/// An attribute of any name, whose value may be an enumeration's.
fn any_attribute() -> impl Strategy<Value = Value> {
    let names: Vec<&str> = ROWS.iter().map(|row| row.name).chain(["x-Name"]).collect();
    let value = prop_oneof![(0..10_u32).prop_map(Value::Enumeration), any_value(any_tag())];
    (proptest::sample::select(names), value).prop_map(|(name, value)| {
        Value::Structure(vec![(tag::ATTRIBUTE_NAME, Value::TextString(name.to_owned())), (tag::ATTRIBUTE_VALUE, value)])
    })
}

proptest! {
    #[test]
    fn what_is_no_secret_is_read_back(tag in any_tag(), value in prop_oneof![any_value(any_tag()), any_attribute()]) {
        let bytes = write(&value, tag, Version::NEWEST);
        let text = dump(&bytes);
        prop_assert_eq!(parse(&text), Ok(bytes), "{}", text);
    }

    #[test]
    fn any_bytes_are_dumped_and_any_text_is_judged(bytes in proptest::collection::vec(any::<u8>(), 0..64), text in any::<String>()) {
        dump(&bytes);
        let _judged = parse(&text);
        let _judged = parse(&format!("Comment: {text}"));
    }
}

#[test]
fn every_type_is_tried() {
    for value in one_of_each() {
        let bytes = write(&value, tag::COMMENT, Version::NEWEST);
        assert_eq!(parse(&dump(&bytes)), Ok(bytes), "{value:?}");
    }
}
