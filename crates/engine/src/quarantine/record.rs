//! The record of a key's quarantine.
//!
//! The invariant: numbers here are part of the data format: they may be added to, never changed.

use kmip::enums::State;
use kmip::ttlv::{DecodeError, Fault as Unfit, Reader};
use kmip::{DateTime, Tag, Timestamp};
use store::{Change, Kind, Record};
use uuid::Uuid;

use super::{Quarantine, Then};
use crate::beside;
use crate::error::Fault;
use crate::object::Before;
use crate::registry::Adapter;
use crate::seal::AdapterKey;
use crate::usage::{read_use, write_use};

/// A key in quarantine, in its adapter's space, beside the object.
pub(crate) const QUARANTINE: Kind = Kind(0x34);

const RECORD: Tag = Tag(0x54_3400);
const SINCE: Tag = Tag(0x54_3401);
const UNTIL: Tag = Tag(0x54_3402);
const THEN: Tag = Tag(0x54_3403);
const BY: Tag = Tag(0x54_3404);
const STATE: Tag = Tag(0x54_3405);
const DEACTIVATION: Tag = Tag(0x54_3406);
const ASKED: [Tag; 4] = [Tag(0x54_3407), Tag(0x54_3408), Tag(0x54_3409), Tag(0x54_340A)];

const DESTROY: i32 = 1;
const KEEP: i32 = 2;

/// The change that writes it at its version.
pub(super) fn put(key: &AdapterKey, adapter: &Adapter, quarantine: &Quarantine) -> Change {
    let place = beside::place(adapter, QUARANTINE, quarantine.object);
    beside::put(key, place, RECORD, quarantine.version - 1, |out| {
        out.long_integer(SINCE, quarantine.since.millis());
        out.long_integer(UNTIL, quarantine.until.millis());
        out.integer(THEN, number(quarantine.then));
        out.text(BY, &quarantine.by);
        let state = quarantine.before.state.map_or(0, State::number);
        out.integer(STATE, i32::try_from(state).unwrap_or_default());
        out.optional(DEACTIVATION, quarantine.before.deactivation.map(|date| date.0).as_ref());
        if let Some(asked) = &quarantine.asked {
            write_use(out, ASKED, asked);
        }
    })
}

/// The change that takes it away.
pub(super) fn remove(adapter: &Adapter, quarantine: &Quarantine) -> Change {
    Change::Delete { key: beside::place(adapter, QUARANTINE, quarantine.object), version: quarantine.version }
}

pub(super) fn read(key: Option<&AdapterKey>, adapter: Uuid, record: &Record) -> Result<Quarantine, Fault> {
    let object = Uuid::from_bytes(record.key.id);
    beside::read(key, record, RECORD, |reader| fields(reader, adapter, object, record.version))
}

fn fields(reader: &mut Reader<'_>, adapter: Uuid, object: Uuid, version: u64) -> Result<Quarantine, DecodeError> {
    let since = Timestamp::from_millis(reader.required(SINCE)?);
    let until = Timestamp::from_millis(reader.required(UNTIL)?);
    let then = then(reader.required(THEN)?)?;
    let by = reader.required(BY)?;
    let state: i32 = reader.required(STATE)?;
    let state = Some(State::from_number(u32::try_from(state).unwrap_or_default()));
    let deactivation = reader.optional(DEACTIVATION)?.map(DateTime);
    let asked = read_use(reader, ASKED)?;
    Ok(Quarantine { object, adapter, since, until, then, by, before: Before { state, deactivation }, asked, version })
}

fn number(then: Then) -> i32 {
    match then {
        Then::Destroy => DESTROY,
        Then::Keep => KEEP,
    }
}

fn then(number: i32) -> Result<Then, DecodeError> {
    match number {
        DESTROY => Ok(Then::Destroy),
        KEEP => Ok(Then::Keep),
        _ => Err(Unfit::Value.at(THEN)),
    }
}
