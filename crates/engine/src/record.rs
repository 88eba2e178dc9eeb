//! An object's record: where it stands, how it is read and written, what it is found by.
//!
//! The invariant: no object leaves a record whose tag is wrong, but to be shown as what it is ([`unverified`]), and none enters one
//! without its tag.

use std::sync::Arc;

use kmip::attribute::{self, Attribute, AttributeName};
use kmip::ttlv::{Decode, DecodeError, Encode, Item, Writer};
use kmip::{Timestamp, Value, Version, tag};
use store::{Change, Expect, Key, Kind, Record, Term};
use uuid::Uuid;

use crate::error::Fault;
use crate::lifecycle;
use crate::object::Object;
use crate::registry::Adapter;
use crate::seal::{AdapterKey, TAG_LENGTH};

/// KMIP objects, in their adapter's space.
pub(crate) const OBJECT: Kind = Kind(0x30);
/// What is left of objects that were purged: no operation and no list looks here.
pub(crate) const TOMBSTONE: Kind = Kind(0x32);
/// Borne by each object that is deleted as a standard key. No digest that [`term`] makes is like it.
pub(crate) const DELETED: Term = Term(*b"keystead deleted");
/// Borne by each object whose material was destroyed. No object bears both.
pub(crate) const DESTROYED: Term = Term(*b"keystead destroy");
/// The protocol version that records are written in, whatever the client speaks.
const PINNED: Version = Version::V1_4;

/// An object as it is stored, and what it was when it was read.
pub struct Stored {
    /// The object. It is shared with other readers until it is changed.
    pub object: Arc<Object>,
    pub(crate) version: u64,
}

impl Stored {
    /// The object, to change it.
    pub fn change(&mut self) -> &mut Object {
        Arc::make_mut(&mut self.object)
    }
}

/// Where an object stands.
pub(crate) fn place(adapter: &Adapter, id: Uuid) -> Key {
    Key { space: adapter.space(), kind: OBJECT, id: *id.as_bytes() }
}

/// Where an object's tombstone stands.
pub(crate) fn grave(adapter: &Adapter, id: Uuid) -> Key {
    Key { kind: TOMBSTONE, ..place(adapter, id) }
}

/// The object in the record that was found at a place, at this moment: transitions whose dates have passed are taken.
pub(crate) fn read(key: &AdapterKey, place: &Key, record: &Record, now: Timestamp) -> Result<Stored, Fault> {
    let object = at(verified(key, place, record)?, now);
    Ok(Stored { object, version: record.version })
}

/// An object at this moment.
pub(crate) fn at(mut object: Arc<Object>, now: Timestamp) -> Arc<Object> {
    if lifecycle::is_due(&object, now) {
        lifecycle::advance(Arc::make_mut(&mut object), now);
    }
    object
}

/// What a record's memo holds: the object in it, and at which opening of the adapter's key, at which place, its tag was right.
struct Verified {
    opening: u64,
    place: Key,
    object: Arc<Object>,
}

/// The object in a record whose tag is right. That is checked once for each opening of the key, and for as long as the store keeps
/// the record at hand: the material in it is sealed.
pub(crate) fn verified(key: &AdapterKey, place: &Key, record: &Record) -> Result<Arc<Object>, Fault> {
    let known = record.memo.get::<Verified>();
    if let Some(known) = known.filter(|known| known.opening == key.opening() && known.place == *place) {
        return Ok(Arc::clone(&known.object));
    }
    let body = key.verify(place, record.version, &record.body)?;
    let object = Item::parse(body, PINNED).and_then(Object::decode).map_err(|error| unreadable(place, error))?;
    let object = Arc::new(object);
    let verified = Verified { opening: key.opening(), place: *place, object: Arc::clone(&object) };
    record.memo.set(Arc::new(verified));
    Ok(object)
}

/// The object in a record as it stands there, its tag unseen. It is good for showing what there is and for nothing else: somebody
/// may have written it who is not this server.
pub(crate) fn unverified(record: &Record) -> Result<Object, Fault> {
    let length = record.body.len().saturating_sub(TAG_LENGTH);
    let body = record.body.get(..length).unwrap_or_default();
    Item::parse(body, PINNED).and_then(Object::decode).map_err(|error| unreadable(&record.key, error))
}

fn unreadable(place: &Key, error: DecodeError) -> Fault {
    Fault::Record(Uuid::from_bytes(place.id).to_string(), error)
}

/// The change that writes an object at a place.
pub(crate) fn put(key: &AdapterKey, place: Key, object: &Object, expect: Expect, version: u64) -> Change {
    let mut out = Writer::new(PINNED, 1024);
    object.encode(tag::SYMMETRIC_KEY, &mut out);
    let body = key.sign(&place, version, out.as_bytes().to_vec());
    Change::Put { key: place, expect, body, terms: terms(object) }
}

/// The term that an attribute is found by.
pub(crate) fn term(name: &AttributeName, value: &Value) -> Term {
    let mut out = Writer::new(PINNED, 128);
    value.encode(tag::ATTRIBUTE_VALUE, &mut out);
    let digest = wrap::primitive::digest(&[name.as_str().as_bytes(), &[0], out.as_bytes()]);
    let mut term = [0; 16];
    term.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    Term(term)
}

/// Whether objects are indexed by this attribute: those that a client may choose freely, and so looks for.
pub(crate) fn is_indexed(name: &AttributeName) -> bool {
    let indexed = [
        &attribute::NAME,
        &attribute::OBJECT_GROUP,
        &attribute::LINK,
        &attribute::APPLICATION_SPECIFIC_INFORMATION,
        &attribute::ALTERNATIVE_NAME,
        &attribute::CONTACT_INFORMATION,
    ];
    match name {
        AttributeName::Standard(row) => indexed.contains(row),
        AttributeName::Custom(_) => true,
        AttributeName::Unknown(_) => false,
    }
}

fn terms(object: &Object) -> Vec<Term> {
    let indexed = object.attributes.iter().filter(|attribute| is_indexed(&attribute.name));
    let mut terms: Vec<Term> = indexed.map(|Attribute { name, value, .. }| term(name, value)).collect();
    terms.extend(object.is_deleted().then_some(DELETED));
    terms.extend((object.is_destroyed() && !object.is_deleted()).then_some(DESTROYED));
    terms.sort_unstable();
    terms.dedup();
    terms
}
