//! A stored object's record, as it comes from a store that is not trusted: decoded, looked at, and written again.

#![no_main]

use engine::object::Object;
use kmip::ttlv::{Decode, Encode, Item, Writer};
use kmip::{Version, tag};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Some(object) = decode(bytes) {
        for version in Version::ALL {
            let visible = object.visible(version);
            assert!(visible.iter().all(|attribute| attribute.name.known_to(version)));
        }
        let once = encode(&object);
        let again = decode(&once).map(|object| encode(&object));
        assert!(again.is_some_and(|again| again == once), "the round trip changed the record");
    }
});

fn decode(bytes: &[u8]) -> Option<Object> {
    Item::parse(bytes, Version::NEWEST).and_then(Object::decode).ok()
}

fn encode(object: &Object) -> Vec<u8> {
    let mut out = Writer::new(Version::NEWEST, 1024);
    object.encode(tag::SYMMETRIC_KEY, &mut out);
    out.as_bytes().to_vec()
}
