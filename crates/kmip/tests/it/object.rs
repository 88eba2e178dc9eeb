//! Objects of the types that are not kept.

use kmip::object::Object;
use kmip::payload::RegisterRequest;
use kmip::ttlv::{DecodeError, Fault};
use kmip::{Tag, Value, Version, tag};

use crate::support::{read, write};

fn registered(object: Tag) -> Result<Option<Object>, DecodeError> {
    let content = vec![(Tag(0x54_0001), Value::ByteString(vec![1, 2, 3]))];
    let request = vec![
        (tag::OBJECT_TYPE, Value::Enumeration(1)),
        (tag::TEMPLATE_ATTRIBUTE, Value::Structure(Vec::new())),
        (object, Value::Structure(content)),
    ];
    let bytes = write(&Value::Structure(request), tag::REQUEST_PAYLOAD, Version::NEWEST);
    read::<RegisterRequest>(&bytes, Version::NEWEST).map(|request| request.object)
}

#[test]
fn an_object_that_is_not_kept_is_told_by_its_tag() {
    for object in [tag::CERTIFICATE, tag::PUBLIC_KEY, tag::PRIVATE_KEY, tag::SPLIT_KEY, tag::TEMPLATE, tag::PGP_KEY] {
        let read = registered(object).unwrap().unwrap();
        assert!(matches!(read, Object::Unsupported(tag) if tag == object), "{object}");
        assert_eq!(read.object_type(), None);
    }
}

#[test]
fn what_is_no_object_is_refused() {
    for tag in [tag::KEY_BLOCK, tag::NAME, Tag(0x54_0000)] {
        assert_eq!(registered(tag).map(|_| ()), Err(Fault::Unexpected.at(tag)));
    }
}
