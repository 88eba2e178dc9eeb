//! [`Object`]: a KMIP object as it is kept: its attributes, the shape of its key block, and its material, sealed.
//!
//! The invariant: no material is ever here in the clear, and every attribute is in one list, in which each instance has its index.

mod codec;
mod history;

use kmip::attribute::{self, Attribute, AttributeName, Row};
use kmip::enums::{HashingAlgorithm, KeyFormatType, ObjectType, SecretDataType, State};
use kmip::object::OpaqueDataType;
use kmip::ttlv::Encode;
use kmip::{DateTime, Timestamp, Value, Version, tag};
use uuid::Uuid;

pub use history::{Before, Deletion, History};

use crate::lifecycle;
use crate::seal::Sealed;

/// A KMIP object. Its record is this structure in TTLV, at the newest protocol version.
#[derive(Clone)]
pub struct Object {
    /// The Unique Identifier, a random UUID.
    pub id: Id,
    /// What it is.
    pub object_type: ObjectType,
    /// The format that its material is in.
    pub format: KeyFormatType,
    /// What sort of secret data it is.
    pub secret_data_type: Option<SecretDataType>,
    /// What sort of opaque object it is.
    pub opaque_data_type: Option<OpaqueDataType>,
    /// Every attribute that is set, State and dates included.
    pub attributes: Vec<Attribute>,
    /// The material; none when it was erased. A destroyed object keeps it for as long as that can be taken back.
    pub sealed: Option<Sealed>,
    /// What no KMIP attribute says of it.
    pub history: History,
}

/// A Unique Identifier. On the wire and in records it is the UUID's text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Id(pub Uuid);

impl Object {
    /// An object without attributes or material.
    pub fn new(id: Uuid, object_type: ObjectType, format: KeyFormatType) -> Self {
        let attributes = Vec::new();
        Object {
            id: Id(id),
            object_type,
            format,
            secret_data_type: None,
            opaque_data_type: None,
            attributes,
            sealed: None,
            history: History::default(),
        }
    }

    /// The identifier's text.
    pub fn identifier(&self) -> String {
        self.id.0.to_string()
    }

    /// The value of a single-valued attribute, or of the first instance of a multi-valued one.
    pub fn get(&self, row: &Row) -> Option<&Value> {
        self.attributes.iter().find(|attribute| attribute.name.is(row)).map(|attribute| &attribute.value)
    }

    /// Sets a single-valued attribute.
    pub fn set(&mut self, row: &'static Row, value: Value) {
        match self.attributes.iter_mut().find(|attribute| attribute.name.is(row)) {
            Some(attribute) => attribute.value = value,
            None => self.attributes.push(Attribute::new(row, value)),
        }
    }

    /// Unsets an attribute, with all of its instances.
    pub fn unset(&mut self, row: &Row) {
        self.attributes.retain(|attribute| !attribute.name.is(row));
    }

    /// The state, of an object that has one (opaque objects don't: KMIP 1.4, 3.22).
    pub fn state(&self) -> Option<State> {
        self.get(&attribute::STATE).and_then(Value::as_enumeration).map(State::from_number)
    }

    /// Sets the state.
    pub fn set_state(&mut self, state: State) {
        self.set(&attribute::STATE, Value::Enumeration(state.number()));
    }

    /// Whether its material was destroyed.
    pub fn is_destroyed(&self) -> bool {
        self.state().is_some_and(lifecycle::destroyed) || self.get(&attribute::DESTROY_DATE).is_some()
    }

    /// Whether it was deleted as a standard key, in the key manager: KMIP then finds it no more than one that never was.
    pub fn is_deleted(&self) -> bool {
        self.history.deleted.is_some()
    }

    /// A date attribute.
    pub fn date(&self, row: &Row) -> Option<DateTime> {
        self.get(row).and_then(Value::as_date_time)
    }

    /// When it was made.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.moment(&attribute::INITIAL_DATE)
    }

    /// When it was last changed; none while it never was.
    pub fn updated_at(&self) -> Option<Timestamp> {
        let changed = self.moment(&attribute::LAST_CHANGE_DATE);
        changed.filter(|at| self.history.updated_by.is_some() || Some(*at) > self.created_at())
    }

    /// When its material was destroyed, in KMIP's sense.
    pub fn destroyed_at(&self) -> Option<Timestamp> {
        self.moment(&attribute::DESTROY_DATE)
    }

    fn moment(&self, row: &Row) -> Option<Timestamp> {
        self.date(row).map(|date| Timestamp::from_seconds(date.0))
    }

    /// Sets a date attribute.
    pub fn set_date(&mut self, row: &'static Row, date: DateTime) {
        self.set(row, Value::DateTime(date));
    }

    /// Sets the Digest: the SHA-256 of the material in the object's own format.
    pub fn set_digest(&mut self, digest: [u8; 32]) {
        let fields = vec![
            (tag::HASHING_ALGORITHM, Value::Enumeration(HashingAlgorithm::SHA256.number())),
            (tag::DIGEST_VALUE, Value::ByteString(digest.to_vec())),
            (tag::KEY_FORMAT_TYPE, Value::Enumeration(self.format.number())),
        ];
        self.set(&attribute::DIGEST, Value::Structure(fields));
    }

    /// The instances of an attribute, in the order of their indices.
    pub fn instances<'a>(&'a self, name: &'a AttributeName) -> impl Iterator<Item = &'a Attribute> {
        self.attributes.iter().filter(move |attribute| attribute.name == *name)
    }

    /// The place of an instance of an attribute.
    pub fn instance_mut(&mut self, name: &AttributeName, index: i32) -> Option<&mut Attribute> {
        self.attributes.iter_mut().find(|attribute| attribute.name == *name && attribute.index() == index)
    }

    /// Adds an instance of an attribute under the lowest index that none ever had since the last was added, and gives it back.
    pub fn push(&mut self, name: AttributeName, value: Value) -> Attribute {
        let next = self.instances(&name).map(|attribute| attribute.index() + 1).max().unwrap_or(0);
        let attribute = Attribute { name, index: (next > 0).then_some(next), value };
        self.attributes.push(attribute.clone());
        attribute
    }

    /// The attributes that a protocol version knows, as it knows them, in the order of the specification's table.
    pub fn visible(&self, version: Version) -> Vec<Attribute> {
        let known = self.attributes.iter().filter(|attribute| attribute.known_to(version));
        let mut visible: Vec<Attribute> = known.map(|attribute| shown(attribute, version)).collect();
        visible.sort_by_key(|attribute| (position(&attribute.name), attribute.index()));
        visible
    }
}

/// An attribute as a protocol version may see it.
pub fn shown(attribute: &Attribute, version: Version) -> Attribute {
    let value = match &attribute.name {
        AttributeName::Standard(row) => attribute::for_version(row, &attribute.value, version),
        AttributeName::Custom(_) | AttributeName::Unknown(_) => attribute.value.clone(),
    };
    Attribute { name: attribute.name.clone(), index: attribute.index, value }
}

fn position(name: &AttributeName) -> usize {
    let place = name.row().and_then(|row| attribute::ROWS.iter().position(|other| *other == row));
    place.unwrap_or(usize::MAX)
}
