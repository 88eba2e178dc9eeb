//! Records that stand beside an object, at its identifier under a kind of their own: its use, its quarantine.
//!
//! The invariant: each bears a tag under its adapter's key, as the object does, and is in TTLV at the protocol version that all records
//! are in.

use kmip::ttlv::{DecodeError, Fault as Unfit, Item, Reader, Writer};
use kmip::{Tag, Timestamp, Version};
use store::{Change, Expect, Key, Kind, Record};
use uuid::Uuid;

use crate::error::Fault;
use crate::record;
use crate::registry::Adapter;
use crate::seal::{AdapterKey, TAG_LENGTH};

const PINNED: Version = Version::V1_4;

/// Where a record of a kind stands beside an object.
pub(crate) fn place(adapter: &Adapter, kind: Kind, object: Uuid) -> Key {
    Key { kind, ..record::place(adapter, object) }
}

/// The change that writes such a record: a structure under `tag`.
pub(crate) fn put(key: &AdapterKey, place: Key, tag: Tag, version: u64, fields: impl FnOnce(&mut Writer)) -> Change {
    let mut out = Writer::new(PINNED, 256);
    out.structure(tag, fields);
    let expect = if version == 0 { Expect::Absent } else { Expect::Version(version) };
    let body = key.sign(&place, version + 1, out.as_bytes().to_vec());
    Change::Put { key: place, expect, body, terms: Vec::new() }
}

/// What `fields` makes of a record. Without the adapter's key its tag is unseen: that is good for showing, and for nothing else.
pub(crate) fn read<T>(
    key: Option<&AdapterKey>,
    record: &Record,
    tag: Tag,
    fields: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<T, Fault> {
    let untagged = || record.body.get(..record.body.len().saturating_sub(TAG_LENGTH)).unwrap_or_default();
    let body = match key {
        Some(key) => key.verify(&record.key, record.version, &record.body)?,
        None => untagged(),
    };
    decode(body, tag, fields).map_err(|error| Fault::Record(Uuid::from_bytes(record.key.id).to_string(), error))
}

fn decode<T>(
    body: &[u8],
    tag: Tag,
    fields: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let item = Item::parse(body, PINNED)?;
    if item.tag() != tag {
        return Err(Unfit::Unexpected.at(item.tag()));
    }
    let mut reader = item.structure()?;
    let value = fields(&mut reader)?;
    reader.finish()?;
    Ok(value)
}

/// A moment under a tag, if it is there.
pub(crate) fn moment(reader: &mut Reader<'_>, tag: Tag) -> Result<Option<Timestamp>, DecodeError> {
    Ok(reader.optional(tag)?.map(Timestamp::from_millis))
}
