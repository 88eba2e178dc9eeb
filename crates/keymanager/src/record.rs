//! The records' encoding: TTLV at one pinned version, under extension tags of our own.
//!
//! The invariant: **what is decoded is exactly what was encoded**: every field in its place, none too many. Numbers here are part
//! of the data format: they may be added to, never changed.

use kmip::ttlv::{DecodeError, Fault, Item, Writer};
use kmip::{Tag, Timestamp, Version};
use store::{Key, Kind, Term};
use uuid::Uuid;

use crate::{ApiKey, Instance, Role, RootKey, State};

/// What a record holds.
pub(crate) trait Entry: Sized {
    const KIND: Kind;
    /// What errors call it.
    const WHAT: &'static str;
    /// Where it stands.
    fn key(&self) -> Key;
    /// What it is found by.
    fn terms(&self) -> Vec<Term>;
    fn encode(&self) -> Vec<u8>;
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;
}

/// What marks a store as belonging to a master key.
pub(crate) struct Check {
    pub(crate) fingerprint: Vec<u8>,
}

/// A version of a root key, with its material sealed by the master key.
pub(crate) struct SealedVersion {
    pub(crate) id: Uuid,
    pub(crate) instance: Uuid,
    pub(crate) key: Uuid,
    pub(crate) number: u32,
    pub(crate) created: Timestamp,
    pub(crate) sealed: Vec<u8>,
}

const PINNED: Version = Version::V1_4;

/// A record's fields, a row each, in the order in which they are written.
macro_rules! entries {
    ($($entry:ident $kind:literal $what:literal $tag:literal { $($mode:ident $field:ident = $field_tag:literal;)* })*) => {
        $(impl Entry for $entry {
            const KIND: Kind = Kind($kind);
            const WHAT: &'static str = $what;

            fn key(&self) -> Key {
                self.place()
            }

            fn terms(&self) -> Vec<Term> {
                self.found_by()
            }

            fn encode(&self) -> Vec<u8> {
                let mut out = Writer::new(PINNED, 512);
                out.structure(Tag($tag), |out| {
                    $(entries!(@write $mode out $field_tag self.$field);)*
                });
                out.as_bytes().to_vec()
            }

            fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
                let item = Item::parse(bytes, PINNED)?;
                if item.tag() != Tag($tag) {
                    return Err(Fault::Unexpected.at(item.tag()));
                }
                let mut reader = item.structure()?;
                let entry = $entry { $($field: entries!(@read $mode reader $field_tag),)* };
                reader.finish()?;
                Ok(entry)
            }
        })*
    };
    (@write required $out:ident $tag:literal $value:expr) => { $value.write(Tag($tag), $out) };
    (@write optional $out:ident $tag:literal $value:expr) => { if let Some(value) = &$value { value.write(Tag($tag), $out) } };
    (@read required $reader:ident $tag:literal) => { Field::read($reader.require(Tag($tag))?)? };
    (@read optional $reader:ident $tag:literal) => { $reader.take(Tag($tag))?.map(Field::read).transpose()? };
}

entries! {
    Check 0x10 "the master key's check" 0x54_1000 {
        required fingerprint = 0x54_1001;
    }
    Instance 0x11 "instance" 0x54_1100 {
        required id = 0x54_1101;
        required name = 0x54_1102;
        required created = 0x54_1103;
        required created_by = 0x54_1104;
    }
    RootKey 0x12 "root key" 0x54_1200 {
        required id = 0x54_1201;
        required instance = 0x54_1202;
        required name = 0x54_1203;
        optional description = 0x54_1204;
        required state = 0x54_1205;
        required imported = 0x54_1206;
        required version = 0x54_1207;
        required versions = 0x54_1208;
        required created = 0x54_1209;
        required created_by = 0x54_120A;
        optional rotated = 0x54_120B;
        optional updated = 0x54_120C;
        optional deleted = 0x54_120D;
        optional deleted_by = 0x54_120E;
    }
    SealedVersion 0x13 "root key version" 0x54_1300 {
        required id = 0x54_1301;
        required instance = 0x54_1302;
        required key = 0x54_1303;
        required number = 0x54_1304;
        required created = 0x54_1305;
        required sealed = 0x54_1306;
    }
    ApiKey 0x14 "API key" 0x54_1400 {
        required id = 0x54_1401;
        required instance = 0x54_1402;
        required name = 0x54_1403;
        required role = 0x54_1404;
        required created = 0x54_1405;
        required created_by = 0x54_1406;
        optional expires = 0x54_1407;
        optional revoked = 0x54_1408;
        required digest = 0x54_1409;
    }
}

/// A value of a field.
trait Field: Sized {
    fn read(item: Item<'_>) -> Result<Self, DecodeError>;
    fn write(&self, tag: Tag, out: &mut Writer);
}

/// Rows of `Type: how it is read, how it is written`.
macro_rules! fields {
    ($($type:ty: |$item:ident| $read:expr, |$value:ident, $tag:ident, $out:ident| $write:expr;)*) => {
        $(impl Field for $type {
            fn read($item: Item<'_>) -> Result<Self, DecodeError> {
                $read
            }

            fn write(&self, $tag: Tag, $out: &mut Writer) {
                let $value = self;
                $write
            }
        })*
    };
}

fields! {
    String: |item| item.text().map(str::to_owned), |value, tag, out| out.text(tag, value);
    Vec<u8>: |item| item.bytes().map(<[u8]>::to_vec), |value, tag, out| out.bytes(tag, value);
    bool: |item| item.boolean(), |value, tag, out| out.boolean(tag, *value);
    Timestamp: |item| item.long_integer().map(Timestamp::from_millis), |value, tag, out| out.long_integer(tag, value.millis());
    Uuid: |item| known(item, Uuid::from_slice(item.bytes()?).ok()), |value, tag, out| out.bytes(tag, value.as_bytes());
    [u8; 32]: |item| known(item, item.bytes()?.try_into().ok()), |value, tag, out| out.bytes(tag, value);
    u32: |item| known(item, item.long_integer()?.try_into().ok()), |value, tag, out| out.long_integer(tag, i64::from(*value));
    State: |item| known(item, small(item)?.and_then(State::from_number)), |value, tag, out| out.enumeration(tag, value.number().into());
    Role: |item| known(item, small(item)?.and_then(Role::from_number)), |value, tag, out| out.enumeration(tag, value.number().into());
}

fn small(item: Item<'_>) -> Result<Option<u8>, DecodeError> {
    item.enumeration().map(|number| number.try_into().ok())
}

fn known<T>(item: Item<'_>, value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or(Fault::Value.at(item.tag()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_678);

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn root_key(full: bool) -> RootKey {
        RootKey {
            id: id(1),
            instance: id(2),
            name: "crk".into(),
            description: full.then(|| "a description".into()),
            state: if full { State::Destroyed } else { State::Active },
            imported: full,
            version: id(3),
            versions: if full { u32::MAX } else { 1 },
            created: NOW,
            created_by: "somebody".into(),
            rotated: full.then_some(NOW),
            updated: full.then_some(Timestamp::from_millis(-1)),
            deleted: full.then_some(NOW),
            deleted_by: full.then(String::new),
        }
    }

    fn api_key(full: bool) -> ApiKey {
        ApiKey {
            id: id(1),
            instance: id(2),
            name: "admin".into(),
            role: Role::Administrator,
            created: NOW,
            created_by: "somebody".into(),
            expires: full.then_some(NOW),
            revoked: full.then_some(NOW),
            digest: [7; 32],
        }
    }

    /// An entry of this kind, read and written again.
    type Again = fn(&[u8]) -> Option<Vec<u8>>;

    fn again<T: Entry>(bytes: &[u8]) -> Option<Vec<u8>> {
        T::decode(bytes).ok().map(|entry| entry.encode())
    }

    fn samples() -> Vec<(Vec<u8>, Again)> {
        let (id, created) = (id(1), NOW);
        let instance = Instance { id, name: "tenant".into(), created, created_by: "somebody".into() };
        let sealed = vec![7; 81];
        let version = SealedVersion { id, instance: id, key: id, number: 1, created, sealed };
        vec![
            (Check { fingerprint: vec![1; 8] }.encode(), again::<Check>),
            (instance.encode(), again::<Instance>),
            (root_key(false).encode(), again::<RootKey>),
            (root_key(true).encode(), again::<RootKey>),
            (version.encode(), again::<SealedVersion>),
            (api_key(false).encode(), again::<ApiKey>),
            (api_key(true).encode(), again::<ApiKey>),
        ]
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(RootKey::decode(&root_key(true).encode()).unwrap(), root_key(true));
        assert_eq!(RootKey::decode(&root_key(false).encode()).unwrap(), root_key(false));
        assert_eq!(ApiKey::decode(&api_key(true).encode()).unwrap(), api_key(true));
        for (bytes, again) in samples() {
            assert_eq!(again(&bytes), Some(bytes));
        }
    }

    /// There is one way to write an entry: whatever else is read at all is written as it was read.
    #[test]
    fn no_two_writings_are_the_same_entry() {
        for (bytes, again) in samples() {
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(again(&flipped).is_none_or(|written| written == flipped));
            }
            for length in 0..bytes.len() {
                assert_eq!(again(&bytes[..length]), None);
            }
            assert_eq!(again(&[&bytes[..], &[0]].concat()), None);
            assert_eq!(again(&[&bytes[..], &bytes].concat()), None);
        }
    }

    #[test]
    fn no_entry_is_read_as_another_kind() {
        let kinds: [Again; 5] =
            [again::<Check>, again::<Instance>, again::<RootKey>, again::<SealedVersion>, again::<ApiKey>];
        for (bytes, _) in samples() {
            assert_eq!(kinds.iter().filter(|again| again(&bytes).is_some()).count(), 1);
        }
    }
}
