//! What holds for every structure of the tables, payloads above all.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::instance::{self, Wrong};
use super::{Shape, Shaped};
use crate::message::{MessageExtension, RequestHeader, ResponseHeader};
use crate::payload::*;
use crate::ttlv::{Decode, DecodeError, Encode, Fault, Item, Writer};
use crate::{Tag, Value, Version, tag};

/// Choices that between them make every choice: three objects, two forms of a key value, two of its material.
const PICKS: usize = 12;
const TAG: Tag = tag::REQUEST_PAYLOAD;

/// A structure: its name, its shape, and how it is read as one version and written as another.
struct Subject {
    name: &'static str,
    since: Version,
    shape: Shape,
    rewrite: Rewrite,
}

/// Bytes that are read as one version and written as another.
type Rewrite = fn(&[u8], Version, Version) -> Result<Vec<u8>, DecodeError>;

fn rewrite<T: Decode + Encode>(bytes: &[u8], read: Version, write: Version) -> Result<Vec<u8>, DecodeError> {
    let value = T::decode(Item::parse(bytes, read)?)?;
    let mut out = Writer::new(write, 0);
    value.encode(TAG, &mut out);
    Ok(out.as_bytes().to_vec())
}

fn subject<T: Shaped + Decode + Encode>(name: &'static str) -> Subject {
    let shape = T::shapes().remove(0);
    let since = if name == "CapabilityInformation" { Version::V1_3 } else { Version::V1_0 };
    Subject { name, since, shape, rewrite: rewrite::<T> }
}

macro_rules! subjects {
    ($($name:ident)*) => { vec![$(subject::<$name>(stringify!($name))),*] };
}

fn subjects() -> Vec<Subject> {
    subjects! {
        GetAttributesRequest GetAttributesResponse GetAttributeListResponse ChangeAttributeRequest ChangeAttributeResponse
        DeleteAttributeRequest RevocationReason RevokeRequest Check ObtainLeaseResponse GetUsageAllocationRequest LocateRequest
        LocateResponse Name TemplateAttribute CreateRequest CreateResponse RegisterRequest RegisterResponse ReKeyRequest GetRequest
        GetResponse DiscoverVersions QueryRequest QueryResponse CapabilityInformation ObjectRequest ObjectResponse
        RequestHeader ResponseHeader MessageExtension
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Writer::new(Version::NEWEST, 0);
    value.encode(TAG, &mut out);
    out.as_bytes().to_vec()
}

/// Calls `check` with every structure, every version and every choice.
fn each(check: impl Fn(&Subject, Version, usize)) {
    for subject in subjects() {
        for version in Version::ALL {
            (0..PICKS).for_each(|pick| check(&subject, version, pick));
        }
    }
}

/// Holds that a wrong instance is refused, and gives back what is said of it.
fn refused(subject: &Subject, version: Version, value: &Value) -> DecodeError {
    match (subject.rewrite)(&bytes(value), version, version) {
        Err(error) => error,
        Ok(_) => panic!("{} {version} takes {value:?}", subject.name),
    }
}

#[test]
fn every_payload_is_a_subject() {
    let known: Vec<&str> = subjects().iter().map(|subject| subject.name).collect();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/payload");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for file in files.chain([format!("{folder}.rs").into()]) {
        let text = std::fs::read_to_string(&file).unwrap();
        for name in text.lines().filter_map(|line| line.trim_start().strip_prefix("pub struct ")) {
            let name = name.split([' ', ';', '(', '<']).next().unwrap();
            assert!(known.contains(&name), "{name} of {} is tested nowhere", file.display());
        }
    }
}

#[test]
fn random_instances_are_read_and_written_back_in_every_version() {
    for subject in subjects() {
        for version in Version::ALL {
            let mut runner = TestRunner::new(ProptestConfig { cases: 24, ..ProptestConfig::default() });
            let round = |value| {
                let bytes = bytes(&value);
                prop_assert_eq!((subject.rewrite)(&bytes, version, version), Ok(bytes), "{} {}", subject.name, version);
                Ok(())
            };
            runner.run(&instance::random(&subject.shape, version), round).unwrap();
        }
    }
}

#[test]
fn no_truncation_is_taken() {
    each(|subject, version, pick| {
        let bytes = bytes(&instance::full(&subject.shape, version, pick));
        for length in 0..bytes.len() {
            let error = (subject.rewrite)(&bytes[..length], version, version).expect_err(subject.name);
            assert_eq!(error.fault, Fault::Truncated, "{} {version}, {length} bytes", subject.name);
        }
    });
}

#[test]
fn every_wrong_type_is_refused_by_the_tag_of_its_field() {
    each(|subject, version, pick| {
        let full = instance::full(&subject.shape, version, pick);
        for (tag, value) in instance::wrong_types(TAG, &[&subject.shape], &full) {
            let error = refused(subject, version, &value);
            assert_eq!(error.tag, tag, "{} {version}: {error}", subject.name);
            assert!(matches!(error.fault, Fault::Type { .. }), "{} {version}: {error}", subject.name);
        }
    });
}

#[test]
fn every_required_field_is_missed_by_its_tag() {
    each(|subject, version, pick| {
        let full = instance::full(&subject.shape, version, pick);
        for (tag, value) in instance::missing(&[&subject.shape], &full) {
            let error = refused(subject, version, &value);
            assert!(error.fault == Fault::Missing && names(error.tag, tag), "{} {version}: {error}", subject.name);
        }
    });
}

#[test]
fn no_structure_takes_one_more_field() {
    each(|subject, version, pick| {
        let full = instance::full(&subject.shape, version, pick);
        let wrong = instance::more(&[&subject.shape], &full);
        assert!(!wrong.is_empty());
        for (tag, value) in wrong {
            assert_eq!(refused(subject, version, &value), Fault::Unexpected.at(tag), "{} {version}", subject.name);
        }
    });
}

/// Objects have no common tag: where one is missing, the symmetric key is.
fn names(found: Tag, expected: Tag) -> bool {
    found == expected || (found == tag::SYMMETRIC_KEY && [tag::SECRET_DATA, tag::OPAQUE_OBJECT].contains(&expected))
}

#[test]
fn a_version_is_not_written_what_is_younger() {
    each(|subject, version, pick| {
        let newest = bytes(&instance::full(&subject.shape, Version::NEWEST, pick));
        let expected = bytes(&instance::full(&subject.shape, version, pick));
        assert_eq!(
            (subject.rewrite)(&newest, Version::NEWEST, version),
            Ok(expected.clone()),
            "{} {version}",
            subject.name
        );
        if subject.since <= version {
            assert_known(Item::parse(&expected, version).unwrap(), version);
        }
    });
}

/// Holds that a version knows the tags of an item and of all that is in it, by the table of tags, whatever the fields' rows say.
fn assert_known(item: Item<'_>, version: Version) {
    assert!(item.tag().since().is_some_and(|since| since <= version), "{} in {version}", item.tag());
    if let Ok(mut fields) = item.structure() {
        while let Some(field) = fields.next().unwrap() {
            assert_known(field, version);
        }
    }
}

#[test]
fn a_version_does_not_take_what_is_younger() {
    let mut young: Vec<(Version, Tag)> = Vec::new();
    for subject in subjects() {
        for version in Version::ALL {
            for pick in 0..PICKS {
                let wrong: Vec<Wrong> = instance::younger(&subject.shape, version, pick);
                wrong.iter().for_each(|(_, value)| _ = refused(&subject, version, value));
                young.extend(wrong.iter().map(|(tag, _)| (version, *tag)));
            }
        }
    }
    for expected in [(Version::V1_0, tag::OBJECT_GROUP_MEMBER), (Version::V1_3, tag::KEY_WRAP_TYPE)] {
        assert!(young.contains(&expected), "{expected:?} was not tried");
    }
}
