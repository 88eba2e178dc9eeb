//! The records of adapters and allow-list entries: TTLV under extension tags of our own.
//!
//! The invariant: numbers here are part of the data format: they may be added to, never changed.

use kmip::ttlv::{DecodeError, Fault, Item, Reader, Writer};
use kmip::{Tag, Timestamp, Version};
use uuid::Uuid;
use wrap::{KeyRef, Wrapped};

use super::{Adapter, Certificate, Fingerprint};
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
    Ok(Adapter { id, instance, name, description, created_at, created_by, updated_at, updated_by, key, version })
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
    });
    out.as_bytes().to_vec()
}

/// The entry in a record that ends with its tag.
pub(super) fn certificate(record: &[u8]) -> Result<Certificate, DecodeError> {
    let length = record.len().checked_sub(TAG_LENGTH).ok_or(Fault::Truncated.at(CERTIFICATE))?;
    let mut reader = open(record.get(..length).unwrap_or_default(), CERTIFICATE)?;
    let adapter = uuid(&mut reader, ID)?;
    let name = reader.required(NAME)?;
    let der: Vec<u8> = reader.required(DER)?;
    let created_at = Timestamp::from_millis(reader.required(CREATED_AT)?);
    let created_by = reader.required(CREATED_BY)?;
    reader.finish()?;
    Ok(Certificate { adapter, name, fingerprint: Fingerprint::of(&der), der, created_at, created_by })
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
