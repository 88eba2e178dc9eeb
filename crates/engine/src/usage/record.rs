//! The record of a key's use.
//!
//! The invariant: numbers here are part of the data format: they may be added to, never changed.

use kmip::Tag;
use kmip::Timestamp;
use kmip::ttlv::{DecodeError, Reader, Writer};
use store::{Change, Key, Kind, Record};

use super::{Usage, Use};
use crate::beside;
use crate::error::Fault;
use crate::seal::AdapterKey;

/// The use of a key, in its adapter's space, beside the object.
pub(crate) const USAGE: Kind = Kind(0x33);

const RECORD: Tag = Tag(0x54_3300);
const COUNT: Tag = Tag(0x54_3301);
const LAST: [Tag; 4] = [Tag(0x54_3302), Tag(0x54_3303), Tag(0x54_3304), Tag(0x54_3305)];
const OTHER_AT: Tag = Tag(0x54_3306);
const OTHER: Tag = Tag(0x54_3307);

pub(super) fn put(key: &AdapterKey, place: Key, version: u64, usage: &Usage) -> Change {
    beside::put(key, place, RECORD, version, |out| {
        out.long_integer(COUNT, i64::try_from(usage.count).unwrap_or(i64::MAX));
        if let Some(last) = &usage.last {
            write_use(out, LAST, last);
        }
        if let Some((at, operation)) = &usage.other {
            out.long_integer(OTHER_AT, at.millis());
            out.text(OTHER, operation);
        }
    })
}

pub(super) fn read(key: Option<&AdapterKey>, record: &Record) -> Result<Usage, Fault> {
    beside::read(key, record, RECORD, |reader| {
        let count: i64 = reader.required(COUNT)?;
        let last = read_use(reader, LAST)?;
        let other = match beside::moment(reader, OTHER_AT)? {
            Some(at) => Some((at, reader.required(OTHER)?)),
            None => None,
        };
        Ok(Usage { last, count: u64::try_from(count).unwrap_or(0), other })
    })
}

/// A use under four tags: when, by whom, the certificate's name, the address.
pub(crate) fn write_use(out: &mut Writer, [at, by, name, address]: [Tag; 4], each: &Use) {
    out.long_integer(at, each.at.millis());
    out.text(by, &each.by);
    out.text(name, &each.name);
    out.optional(address, each.address.map(|address| address.to_string()).as_ref());
}

/// The use under four tags, if there is one.
pub(crate) fn read_use(reader: &mut Reader<'_>, [at, by, name, address]: [Tag; 4]) -> Result<Option<Use>, DecodeError> {
    let Some(at) = reader.optional(at)?.map(Timestamp::from_millis) else { return Ok(None) };
    let (by, name) = (reader.required(by)?, reader.required(name)?);
    let address: Option<String> = reader.optional(address)?;
    Ok(Some(Use { at, by, name, address: address.and_then(|text| text.parse().ok()) }))
}
