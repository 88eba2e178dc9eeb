//! The records of adapters, allow-list entries and doors: TTLV under extension tags of our own.
//!
//! The invariant: numbers here are part of the data format: they may be added to, never changed.

use std::sync::{Arc, OnceLock};

use kmip::ttlv::{DecodeError, Fault, Item, Reader, Writer};
use kmip::{Tag, Timestamp, Version};
use store::Key;
use uuid::Uuid;
use wrap::{KeyRef, Wrapped};

use super::door::{Expired, Kept, Signed};
use super::{Adapter, Certificate, Door, Fingerprint, Standing};
use crate::seal::credential::Verifier;
use crate::seal::{TAG_LENGTH, WrappedAdapterKey};

const PINNED: Version = Version::V1_4;

const ADAPTER: Tag = Tag(0x54_2000);
const CERTIFICATE: Tag = Tag(0x54_2100);
const ID: Tag = Tag(0x54_2001);
const INSTANCE: Tag = Tag(0x54_2002);
const NAME: Tag = Tag(0x54_2003);
const DESCRIPTION: Tag = Tag(0x54_2004);
const CREATED_AT: Tag = Tag(0x54_2005);
const CREATED_BY: Tag = Tag(0x54_2006);
const ROOT_KEY: Tag = Tag(0x54_2007);
const ROOT_KEY_VERSION: Tag = Tag(0x54_2008);
const WRAPPED_KEY: Tag = Tag(0x54_2009);
const UPDATED_AT: Tag = Tag(0x54_200A);
const UPDATED_BY: Tag = Tag(0x54_200B);
const DER: Tag = Tag(0x54_2101);
const STANDING: Tag = Tag(0x54_2102);
const PATTERN: Tag = Tag(0x54_2103);
const DOOR: Tag = Tag(0x54_2200);
const HOST_NAME: Tag = Tag(0x54_2201);
const PORT: Tag = Tag(0x54_2202);
const SHARED: Tag = Tag(0x54_2203);
const EXPIRED: Tag = Tag(0x54_2204);
const USER: Tag = Tag(0x54_2205);
const VERIFIER: Tag = Tag(0x54_2206);

const AUTHORITY: u32 = 1;
const DENIED: u32 = 2;
const SERVED: u32 = 1;
const REFUSED: u32 = 2;

/// An adapter's record.
pub(super) fn encode_adapter(adapter: &Adapter) -> Vec<u8> {
    let mut out = Writer::new(PINNED, 512);
    out.structure(ADAPTER, |out| {
        out.bytes(ID, adapter.id.as_bytes());
        out.bytes(INSTANCE, adapter.instance.as_bytes());
        out.text(NAME, &adapter.name);
        out.optional(DESCRIPTION, adapter.description.as_ref());
        out.long_integer(CREATED_AT, adapter.created_at.millis());
        out.text(CREATED_BY, &adapter.created_by);
        out.bytes(ROOT_KEY, adapter.key.root_key.key.as_bytes());
        out.bytes(ROOT_KEY_VERSION, adapter.key.wrapped.key_version.as_bytes());
        out.bytes(WRAPPED_KEY, &adapter.key.wrapped.ciphertext);
        out.optional(UPDATED_AT, adapter.updated_at.map(Timestamp::millis).as_ref());
        out.optional(UPDATED_BY, adapter.updated_by.as_ref());
    });
    out.as_bytes().to_vec()
}

/// The adapter in a record.
pub(super) fn adapter(body: &[u8], version: u64) -> Result<Adapter, DecodeError> {
    let mut reader = open(body, ADAPTER)?;
    let id = uuid(&mut reader, ID)?;
    let instance = uuid(&mut reader, INSTANCE)?;
    let name = reader.required(NAME)?;
    let description = reader.optional(DESCRIPTION)?;
    let created_at = Timestamp::from_millis(reader.required(CREATED_AT)?);
    let created_by = reader.required(CREATED_BY)?;
    let root_key = KeyRef { instance, key: uuid(&mut reader, ROOT_KEY)? };
    let key_version = uuid(&mut reader, ROOT_KEY_VERSION)?;
    let wrapped = Wrapped { ciphertext: reader.required(WRAPPED_KEY)?, key_version };
    let updated_at = reader.optional(UPDATED_AT)?.map(Timestamp::from_millis);
    let updated_by = reader.optional(UPDATED_BY)?;
    reader.finish()?;
    let key = WrappedAdapterKey { adapter: id, root_key, wrapped };
    Ok(Adapter {
        id,
        instance,
        name,
        description,
        created_at,
        created_by,
        updated_at,
        updated_by,
        door: Arc::default(),
        key,
        version,
    })
}

/// An allow-list entry's record, before its tag.
pub(super) fn encode_certificate(certificate: &Certificate) -> Vec<u8> {
    let mut out = Writer::new(PINNED, 2048);
    out.structure(CERTIFICATE, |out| {
        out.bytes(ID, certificate.adapter.as_bytes());
        out.text(NAME, &certificate.name);
        out.bytes(DER, &certificate.der);
        out.long_integer(CREATED_AT, certificate.created_at.millis());
        out.text(CREATED_BY, &certificate.created_by);
        match &certificate.standing {
            Standing::Listed => {}
            Standing::Authority(patterns) => {
                out.enumeration(STANDING, AUTHORITY);
                out.repeated(PATTERN, patterns);
            }
            Standing::Denied => out.enumeration(STANDING, DENIED),
        }
    });
    out.as_bytes().to_vec()
}

/// The entry in a record that ends with its tag, and that stands where this certificate's does.
pub(super) fn certificate(place: &Key, record: &[u8]) -> Result<Certificate, DecodeError> {
    let mut reader = open(untagged(record, CERTIFICATE)?, CERTIFICATE)?;
    let adapter = uuid(&mut reader, ID)?;
    let name = reader.required(NAME)?;
    let der: Vec<u8> = reader.required(DER)?;
    let created_at = Timestamp::from_millis(reader.required(CREATED_AT)?);
    let created_by = reader.required(CREATED_BY)?;
    let standing = standing(&mut reader)?;
    reader.finish()?;
    let entry =
        Certificate { adapter, name, fingerprint: Fingerprint::of(&der), der, created_at, created_by, standing };
    if entry.place() == *place { Ok(entry) } else { Err(Fault::Value.at(DER)) }
}

/// What an entry says of its certificate. An earlier version said nothing, and meant a client.
fn standing(reader: &mut Reader<'_>) -> Result<Standing, DecodeError> {
    match reader.take(STANDING)?.map(|item| item.enumeration()).transpose()? {
        None => Ok(Standing::Listed),
        Some(AUTHORITY) => Ok(Standing::Authority(reader.repeated(PATTERN)?)),
        Some(DENIED) => Ok(Standing::Denied),
        Some(_) => Err(Fault::Value.at(STANDING)),
    }
}

/// A door's record, before its tag.
pub(super) fn encode_door(adapter: Uuid, door: &Door, verifier: Option<&Verifier>) -> Vec<u8> {
    let mut out = Writer::new(PINNED, 256);
    out.structure(DOOR, |out| {
        out.bytes(ID, adapter.as_bytes());
        out.repeated(HOST_NAME, &door.names);
        out.optional(PORT, door.port.map(i32::from).as_ref());
        out.boolean(SHARED, door.shared);
        let expired = match door.expired {
            Expired::Served => SERVED,
            Expired::Refused => REFUSED,
        };
        out.enumeration(EXPIRED, expired);
        out.optional(USER, door.user.as_ref());
        verifier.iter().for_each(|verifier| out.bytes(VERIFIER, verifier.as_bytes()));
    });
    out.as_bytes().to_vec()
}

/// The door in a record that ends with its tag.
pub(super) fn door(adapter: Uuid, record: &[u8], version: u64) -> Result<Door, DecodeError> {
    let mut reader = open(untagged(record, DOOR)?, DOOR)?;
    if uuid(&mut reader, ID)? != adapter {
        return Err(Fault::Value.at(ID));
    }
    let names = reader.repeated(HOST_NAME)?;
    let port = reader.optional(PORT)?.map(|port: i32| u16::try_from(port).map_err(|_| Fault::Value.at(PORT)));
    let (port, shared) = (port.transpose()?, reader.required(SHARED)?);
    let expired = match reader.require(EXPIRED)?.enumeration()? {
        SERVED => Expired::Served,
        REFUSED => Expired::Refused,
        _ => return Err(Fault::Value.at(EXPIRED)),
    };
    let (user, verifier) = credential(&mut reader)?;
    reader.finish()?;
    let kept = Kept::Record(Signed { record: record.to_vec(), version, verifier, verified: OnceLock::new() });
    Ok(Door { names, port, shared, expired, user, kept })
}

/// A user name and what tells its password: both, or neither.
fn credential(reader: &mut Reader<'_>) -> Result<(Option<String>, Option<Verifier>), DecodeError> {
    let Some(user) = reader.optional(USER)? else { return Ok((None, None)) };
    let tag = reader.require(VERIFIER)?.bytes()?.try_into().map_err(|_| Fault::Value.at(VERIFIER))?;
    Ok((Some(user), Some(Verifier::from_record(tag))))
}

/// A record without the tag at its end.
fn untagged(record: &[u8], what: Tag) -> Result<&[u8], DecodeError> {
    let length = record.len().checked_sub(TAG_LENGTH).ok_or(Fault::Truncated.at(what))?;
    Ok(record.get(..length).unwrap_or_default())
}

fn open(body: &[u8], tag: Tag) -> Result<Reader<'_>, DecodeError> {
    let item = Item::parse(body, PINNED)?;
    if item.tag() != tag {
        return Err(Fault::Unexpected.at(item.tag()));
    }
    item.structure()
}

fn uuid(reader: &mut Reader<'_>, tag: Tag) -> Result<Uuid, DecodeError> {
    let item = reader.require(tag)?;
    Uuid::from_slice(item.bytes()?).map_err(|_| Fault::Value.at(tag))
}
