//! The records' encoding: TTLV at one pinned version, under extension tags of our own.
//!
//! The invariant: **what is decoded is exactly what was encoded**: every field in its place, none too many. Numbers here are part
//! of the data format: they may be added to, never changed.

use kmip::ttlv::{DecodeError, Fault, Item, Writer};
use kmip::{Tag, Timestamp, Version};
use store::{Key as Place, Kind, Term};
use uuid::Uuid;

mod policies;
mod structures;

use crate::import_token::SealedToken;
use crate::instance::Policies;
use crate::key::{DualAuth, Rotation, SetForDeletion};
use crate::{
    Alias, ApiKey, ApiKeyKind, Authorization, DestroyedSort, Destruction, Erasure, Grant, Instance, InstancePolicy,
    Key, KeyRing, Role, RotationJob, ServiceId, State, Target,
};

/// What a record holds.
pub(crate) trait Entry: Sized + Send + Sync + 'static {
    const KIND: Kind;
    /// What errors call it.
    const WHAT: &'static str;
    /// Where it stands.
    fn key(&self) -> Place;
    /// What it is found by.
    fn terms(&self) -> Vec<Term>;
    fn encode(&self) -> Vec<u8>;
    fn decode(bytes: &[u8]) -> Result<Self, DecodeError>;
}

/// What marks a store as belonging to a master key.
pub(crate) struct Check {
    pub(crate) fingerprint: Vec<u8>,
    /// What its keys are found by: the number of the set of terms. None in records of version 0.1.
    pub(crate) index: Option<u32>,
}

/// A version of a key, with its material sealed: a root key's by an epoch key, a standard key's only one by the installation key.
#[derive(Clone)]
pub(crate) struct SealedVersion {
    pub(crate) id: Uuid,
    pub(crate) instance: Uuid,
    pub(crate) key: Uuid,
    pub(crate) number: u32,
    pub(crate) created: Timestamp,
    /// Empty when it was erased.
    pub(crate) sealed: Vec<u8>,
    /// The epoch that a root key's material is sealed under; none: 0, from before there were epochs. Of what was erased: the one that
    /// its material was under, until that is destroyed.
    pub(crate) epoch: Option<u64>,
    /// Since when it unwraps no more.
    pub(crate) retired: Option<Timestamp>,
    pub(crate) retired_by: Option<String>,
    /// When its material was removed.
    pub(crate) erased: Option<Timestamp>,
}

/// The name of a service ID, which is one's only among those of an owner.
pub(crate) struct ServiceIdName {
    pub(crate) owner: Option<Uuid>,
    pub(crate) name: String,
    pub(crate) service_id: Uuid,
}

const PINNED: Version = Version::V1_4;

/// A record's fields, a row each, in the order in which they are written.
macro_rules! entries {
    ($($entry:ident $kind:literal $what:literal $tag:literal { $($mode:ident $field:ident = $field_tag:literal;)* })*) => {
        $(impl Entry for $entry {
            const KIND: Kind = Kind($kind);
            const WHAT: &'static str = $what;

            fn key(&self) -> Place {
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
    (@write flag $out:ident $tag:literal $value:expr) => { if $value { $value.write(Tag($tag), $out) } };
    (@write repeated $out:ident $tag:literal $value:expr) => { for value in &$value { value.write(Tag($tag), $out) } };
    (@write optional $out:ident $tag:literal $value:expr) => { if let Some(value) = &$value { value.write(Tag($tag), $out) } };
    (@read required $reader:ident $tag:literal) => { Field::read($reader.require(Tag($tag))?)? };
    (@read flag $reader:ident $tag:literal) => { $reader.take(Tag($tag))?.map(raised).transpose()?.unwrap_or(false) };
    (@read repeated $reader:ident $tag:literal) => {{
        let mut values = Vec::new();
        while let Some(item) = $reader.take(Tag($tag))? {
            values.push(Field::read(item)?);
        }
        values
    }};
    (@read optional $reader:ident $tag:literal) => { $reader.take(Tag($tag))?.map(Field::read).transpose()? };
}

entries! {
    Check 0x10 "the master key's check" 0x54_1000 {
        required fingerprint = 0x54_1001;
        optional index = 0x54_1002;
    }
    Instance 0x11 "instance" 0x54_1100 {
        required id = 0x54_1101;
        required name = 0x54_1102;
        required created = 0x54_1103;
        required created_by = 0x54_1104;
    }
    Key 0x12 "key" 0x54_1200 {
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
        // Absent in records of version 0.1, which had root keys only.
        flag extractable = 0x54_120F;
        optional ring = 0x54_1210;
        repeated aliases = 0x54_1211;
        repeated tags = 0x54_1212;
        optional version_created = 0x54_1213;
        optional expires = 0x54_1214;
        optional suspended = 0x54_1215;
        optional synced = 0x54_1216;
        optional rotation = 0x54_1217;
        optional dual_auth = 0x54_1218;
        optional set_for_deletion = 0x54_1219;
    }
    SealedVersion 0x13 "key version" 0x54_1300 {
        required id = 0x54_1301;
        required instance = 0x54_1302;
        required key = 0x54_1303;
        required number = 0x54_1304;
        required created = 0x54_1305;
        required sealed = 0x54_1306;
        optional epoch = 0x54_1307;
        optional retired = 0x54_1310;
        optional retired_by = 0x54_1311;
        optional erased = 0x54_1312;
    }
    ApiKey 0x14 "API key" 0x54_1400 {
        required id = 0x54_1401;
        required instance = 0x54_1402;
        required name = 0x54_1403;
        required kind = 0x54_1404;
        required created = 0x54_1405;
        required created_by = 0x54_1406;
        optional expires = 0x54_1407;
        optional revoked = 0x54_1408;
        required digest = 0x54_1409;
        optional service_id = 0x54_140A;
        optional description = 0x54_140B;
    }
    ServiceId 0x15 "service ID" 0x54_1500 {
        required id = 0x54_1501;
        required name = 0x54_1502;
        optional description = 0x54_1503;
        optional owner = 0x54_1504;
        required created = 0x54_1505;
        required created_by = 0x54_1506;
    }
    Grant 0x16 "grant" 0x54_1600 {
        required id = 0x54_1601;
        required service_id = 0x54_1602;
        repeated roles = 0x54_1603;
        required target = 0x54_1604;
        required created = 0x54_1605;
        required created_by = 0x54_1606;
    }
    Authorization 0x17 "authorization" 0x54_1700 {
        required id = 0x54_1701;
        required source = 0x54_1702;
        required target = 0x54_1703;
        repeated roles = 0x54_1704;
        required created = 0x54_1705;
        required created_by = 0x54_1706;
    }
    KeyRing 0x18 "key ring" 0x54_1800 {
        required name = 0x54_1801;
        required instance = 0x54_1802;
        required created = 0x54_1803;
        required created_by = 0x54_1804;
        flag closing = 0x54_1805;
        flag gone = 0x54_1806;
    }
    Alias 0x19 "alias" 0x54_1900 {
        required name = 0x54_1901;
        required instance = 0x54_1902;
        required key = 0x54_1903;
        required created = 0x54_1904;
        required created_by = 0x54_1905;
    }
    Policies 0x1A "the policies of an instance" 0x54_1A00 {
        required instance = 0x54_1A01;
        repeated each = 0x54_1A02;
    }
    SealedToken 0x1B "import token" 0x54_1B00 {
        required id = 0x54_1B01;
        required instance = 0x54_1B02;
        required created = 0x54_1B03;
        required created_by = 0x54_1B04;
        required expires = 0x54_1B05;
        required max_retrievals = 0x54_1B06;
        required remaining_retrievals = 0x54_1B07;
        required public_key = 0x54_1B08;
        required nonce = 0x54_1B09;
        required sealed = 0x54_1B0A;
    }
    ServiceIdName 0x1C "the name of a service ID" 0x54_1C00 {
        optional owner = 0x54_1C01;
        required name = 0x54_1C02;
        required service_id = 0x54_1C03;
    }
    RotationJob 0x1D "rotation" 0x54_1D00 {
        required key = 0x54_1D01;
        required instance = 0x54_1D02;
        required from = 0x54_1D03;
        required to = 0x54_1D04;
        required total = 0x54_1D05;
        required done = 0x54_1D06;
        required started = 0x54_1D07;
        required by = 0x54_1D08;
        optional finished = 0x54_1D09;
        required failed = 0x54_1D0A;
        optional reason = 0x54_1D0B;
        optional correlation = 0x54_1D0C;
    }
    Destruction 0x40 "record of destruction" 0x54_4000 {
        required id = 0x54_4001;
        required instance = 0x54_4002;
        required key = 0x54_4003;
        required name = 0x54_4004;
        required sort = 0x54_4005;
        optional ring = 0x54_4006;
        repeated versions = 0x54_4007;
        repeated adapters = 0x54_4008;
        optional deleted = 0x54_4009;
        optional deleted_by = 0x54_400A;
        required purged = 0x54_400B;
        required purged_by = 0x54_400C;
        optional asked = 0x54_400D;
        optional asked_by = 0x54_400E;
        optional old_epoch = 0x54_400F;
        optional new_epoch = 0x54_4010;
        optional statement = 0x54_4011;
        optional signature = 0x54_4012;
    }
    Erasure 0x41 "request for an erasure" 0x54_4100 {
        required key = 0x54_4101;
        required instance = 0x54_4102;
        required asked = 0x54_4103;
        required asked_by = 0x54_4104;
        required deleted = 0x54_4105;
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
    u64: |item| known(item, item.long_integer()?.try_into().ok()), |value, tag, out| out.long_integer(tag, i64::try_from(*value).unwrap_or(i64::MAX));
    u32: |item| known(item, item.long_integer()?.try_into().ok()), |value, tag, out| out.long_integer(tag, i64::from(*value));
    State: |item| known(item, small(item)?.and_then(State::from_number)), |value, tag, out| out.enumeration(tag, value.number().into());
    Role: |item| known(item, small(item)?.and_then(Role::from_number)), |value, tag, out| out.enumeration(tag, value.number().into());
    ApiKeyKind: |item| known(item, small(item)?.and_then(ApiKeyKind::from_number)), |value, tag, out| out.enumeration(tag, value.number().into());
    Rotation: |item| structures::rotation(item), |value, tag, out| structures::write_rotation(value, tag, out);
    DualAuth: |item| structures::dual_auth(item), |value, tag, out| structures::write_dual_auth(value, tag, out);
    SetForDeletion: |item| structures::set_for_deletion(item), |value, tag, out| structures::write_set_for_deletion(value, tag, out);
    [u8; 12]: |item| known(item, item.bytes()?.try_into().ok()), |value, tag, out| out.bytes(tag, value);
    InstancePolicy: |item| policies::policy(item), |value, tag, out| policies::write_policy(value, tag, out);
    DestroyedSort: |item| known(item, small(item)?.and_then(DestroyedSort::from_number)), |value, tag, out| out.enumeration(tag, value.number().into());
    Target: |item| structures::target(item), |value, tag, out| structures::write_target(value, tag, out);
}

fn small(item: Item<'_>) -> Result<Option<u8>, DecodeError> {
    item.enumeration().map(|number| number.try_into().ok())
}

/// A flag that is there is raised: one that is not is left out.
fn raised(item: Item<'_>) -> Result<bool, DecodeError> {
    known(item, item.boolean()?.then_some(true))
}

fn known<T>(item: Item<'_>, value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or(Fault::Value.at(item.tag()))
}

#[cfg(test)]
mod tests;
