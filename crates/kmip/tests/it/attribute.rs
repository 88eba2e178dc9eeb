//! Attributes: what survives, what each version knows of them, what fits.

use kmip::attribute::{self, Attribute, AttributeName, Part, ROWS, Row, fits};
use kmip::enums::{ObjectType, Operation};
use kmip::payload::{GetAttributeListResponse, GetAttributesResponse, QueryResponse};
use kmip::ttlv::{Encode, Fault, ItemType};
use kmip::{Tag, Value, Version, tag};

use crate::support::{one_of_each, read, write};

fn attribute(name: &str, value: Value, version: Version) -> Attribute {
    Attribute { name: AttributeName::new(name, version), index: Some(3), value }
}

/// A value that fits a row: with all of its fields, and with enumerations that 1.0 knows.
fn full(row: &Row) -> Value {
    if row.kind != ItemType::Structure {
        return of_kind(row.kind);
    }
    Value::Structure(row.shape.iter().map(|part| (part.tag, of_kind(part.kind))).collect())
}

fn of_kind(kind: ItemType) -> Value {
    one_of_each().into_iter().find(|value| value.kind() == kind).unwrap()
}

fn all() -> Vec<Attribute> {
    ROWS.iter().map(|row| Attribute::new(row, full(row))).collect()
}

#[test]
fn attributes_that_are_no_standard_ones_survive_with_any_value() {
    for version in Version::ALL {
        for value in one_of_each() {
            for name in ["x-Product_Version", "y-server", "x-", "Nonsense", "", "X-upper"] {
                let attribute = attribute(name, value.clone(), version);
                let bytes = write(&attribute, tag::ATTRIBUTE, version);
                assert_eq!(read(&bytes, version), Ok(attribute), "{name} {version}");
            }
        }
    }
}

#[test]
fn a_name_is_standard_from_its_version_on() {
    for row in ROWS {
        for version in Version::ALL {
            let name = AttributeName::new(row.name, version);
            let expected = if row.since <= version {
                AttributeName::Standard(row)
            } else {
                AttributeName::Unknown(row.name.to_owned())
            };
            assert_eq!(name, expected, "{} {version}", row.name);
            assert_eq!(AttributeName::Standard(row).known_to(version), row.since <= version);
        }
    }
    assert_eq!(AttributeName::new("x-a", Version::V1_0), AttributeName::Custom("x-a".to_owned()));
    assert_eq!(AttributeName::new("y-a", Version::V1_0), AttributeName::Custom("y-a".to_owned()));
    assert_eq!(AttributeName::new("z-a", Version::V1_0), AttributeName::Unknown("z-a".to_owned()));
}

#[test]
fn lists_hold_what_the_version_knows() {
    let names: Vec<AttributeName> = ROWS.iter().map(|row| AttributeName::Standard(row)).collect();
    for version in Version::ALL {
        let known: Vec<&str> = ROWS.iter().filter(|row| row.since <= version).map(|row| row.name).collect();
        let id = "id".to_owned();

        let list = GetAttributeListResponse { unique_identifier: id.clone(), attribute_names: names.clone() };
        let list: GetAttributeListResponse = rewritten(&list, version);
        assert!(list.attribute_names.iter().map(AttributeName::as_str).eq(known.iter().copied()), "{version}");

        let got = GetAttributesResponse { unique_identifier: id, attributes: all() };
        let got: GetAttributesResponse = rewritten(&got, version);
        assert!(got.attributes.iter().map(|attribute| attribute.name.as_str()).eq(known), "{version}");
    }
}

fn rewritten<T: Encode + kmip::ttlv::Decode>(value: &T, version: Version) -> T {
    read(&write(value, tag::RESPONSE_PAYLOAD, version), version).unwrap()
}

#[test]
fn lists_of_enumerations_hold_what_the_version_knows() {
    let check = |version, operations: usize, object_types: usize| {
        let all = QueryResponse {
            operations: Operation::ALL.to_vec(),
            object_types: ObjectType::ALL.to_vec(),
            ..QueryResponse::default()
        };
        let known: QueryResponse = rewritten(&all, version);
        assert_eq!((known.operations.len(), known.object_types.len()), (operations, object_types), "{version}");
    };
    check(Version::V1_0, 28, 8);
    check(Version::V1_1, 30, 8);
    check(Version::V1_2, 41, 9);
    check(Version::V1_3, 41, 9);
    check(Version::V1_4, 43, 9);
}

#[test]
fn an_attribute_whose_value_is_younger_is_left_out() {
    let check = |row: &'static Row, value: Value, since: Version| {
        for version in Version::ALL {
            let id = "id".to_owned();
            let got =
                GetAttributesResponse { unique_identifier: id, attributes: vec![Attribute::new(row, value.clone())] };
            let got: GetAttributesResponse = rewritten(&got, version);
            assert_eq!(got.attributes.len(), usize::from(since <= version), "{} {version}", row.name);
        }
    };
    check(&attribute::CRYPTOGRAPHIC_ALGORITHM, Value::Enumeration(3), Version::V1_0);
    check(&attribute::CRYPTOGRAPHIC_ALGORITHM, Value::Enumeration(0x1C), Version::V1_4);
    check(&attribute::CRYPTOGRAPHIC_ALGORITHM, Value::Enumeration(0x8000_0001), Version::V1_0);
    let link = |number| {
        let id = Value::TextString("id".to_owned());
        Value::Structure(vec![(tag::LINK_TYPE, Value::Enumeration(number)), (tag::LINKED_OBJECT_IDENTIFIER, id)])
    };
    check(&attribute::LINK, link(0x101), Version::V1_0);
    check(&attribute::LINK, link(0x108), Version::V1_2);
}

#[test]
fn a_value_s_fields_are_those_of_the_version() {
    for attribute in all() {
        let row = attribute.name.row().unwrap();
        let newest = write(&attribute, tag::ATTRIBUTE, Version::NEWEST);
        for version in Version::ALL.into_iter().filter(|version| row.since <= *version) {
            let known: Vec<Tag> = row.shape.iter().filter(|part| part.since <= version).map(|part| part.tag).collect();
            let written: Attribute = read(&write(&attribute, tag::ATTRIBUTE, version), version).unwrap();
            assert!(written.value.fields().iter().map(|(tag, _)| *tag).eq(known), "{} {version}", row.name);

            let young = row.shape.iter().find(|part| part.since > version);
            let taken = read::<Attribute>(&newest, version);
            match young {
                Some(part) => assert_eq!(taken, Err(Fault::Unexpected.at(part.tag)), "{} {version}", row.name),
                None => assert_eq!(taken.as_ref(), Ok(&attribute), "{} {version}", row.name),
            }
        }
    }
}

#[test]
fn what_fits_has_the_row_s_type_and_fields() {
    for row in ROWS {
        assert!(fits(row, &full(row)), "{}", row.name);
        for value in one_of_each().into_iter().filter(|value| value.kind() != row.kind) {
            assert!(!fits(row, &value), "{} {value:?}", row.name);
        }
        let fields = full(row).fields().to_vec();
        for (at, part) in row.shape.iter().enumerate() {
            each_field(row, &fields, at, part);
        }
        if row.kind == ItemType::Structure {
            let mut more = fields.clone();
            more.push((Tag(0x54_0001), Value::Integer(1)));
            assert!(!fits(row, &Value::Structure(more)), "{} with one more", row.name);
            let backwards: Vec<_> = fields.iter().rev().cloned().collect();
            assert!(!fits(row, &Value::Structure(backwards)), "{} backwards", row.name);
        }
    }
}

fn each_field(row: &Row, fields: &[(Tag, Value)], at: usize, part: &Part) {
    let mut without = fields.to_vec();
    without.remove(at);
    assert_eq!(fits(row, &Value::Structure(without)), !part.required, "{} without {}", row.name, part.tag);
    for value in one_of_each().into_iter().filter(|value| value.kind() != part.kind) {
        let mut wrong = fields.to_vec();
        wrong[at].1 = value;
        assert!(!fits(row, &Value::Structure(wrong)), "{} with a wrong {}", row.name, part.tag);
    }
}
