//! [`History`]: who did what to an object and when, as far as no KMIP attribute says so.
//!
//! The invariant: nothing here is ever shown over KMIP. Each field is optional in the record, so that one from before there was such
//! a field is read as if nothing of the kind had happened.

use kmip::enums::State;
use kmip::ttlv::{DecodeError, Reader, Writer};
use kmip::{DateTime, Tag, Timestamp, attribute};

use super::Object;
use crate::beside::moment;

const CREATED_BY: Tag = Tag(0x54_3001);
const UPDATED_BY: Tag = Tag(0x54_3002);
const DESTROYED_BY: Tag = Tag(0x54_3003);
const DELETED_AT: Tag = Tag(0x54_3004);
const DELETED_BY: Tag = Tag(0x54_3005);
const PURGED_AT: Tag = Tag(0x54_3006);
const STATE_BEFORE: Tag = Tag(0x54_3007);
const DEACTIVATION_BEFORE: Tag = Tag(0x54_3008);

/// Who did what to an object: `CertificateID-<fingerprint>` of a KMIP client, or a principal's identifier. The dates of what a
/// KMIP attribute tells (Initial Date, Last Change Date, Destroy Date) are there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Who made it.
    pub created_by: Option<String>,
    /// Who changed it last.
    pub updated_by: Option<String>,
    /// Who destroyed its material, in KMIP's sense.
    pub destroyed_by: Option<String>,
    /// What it was before it was destroyed, while that can be taken back.
    pub before: Option<Before>,
    /// Its deletion as a standard key, while it is deleted.
    pub deleted: Option<Deletion>,
    /// When its material was erased for good and it became a tombstone.
    pub purged_at: Option<Timestamp>,
}

/// What an object was before it was destroyed, or put into quarantine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// Its state; none for an object that has no states.
    pub state: Option<State>,
    /// Its Deactivation Date.
    pub deactivation: Option<DateTime>,
}

impl Before {
    /// What an object is now.
    pub(crate) fn of(object: &Object) -> Self {
        Before { state: object.state(), deactivation: object.date(&attribute::DEACTIVATION_DATE) }
    }

    /// Makes an object that again.
    pub(crate) fn put_back(self, object: &mut Object) {
        if let Some(state) = self.state {
            object.set_state(state);
        }
        match self.deactivation {
            Some(date) => object.set_date(&attribute::DEACTIVATION_DATE, date),
            None => object.unset(&attribute::DEACTIVATION_DATE),
        }
    }
}

/// The deletion of a standard key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// When.
    pub at: Timestamp,
    /// By whom; empty where that is not known.
    pub by: String,
}

impl History {
    /// The history at the end of an object's record.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (created_by, updated_by) = (reader.optional(CREATED_BY)?, reader.optional(UPDATED_BY)?);
        let destroyed_by = reader.optional(DESTROYED_BY)?;
        let deleted = match moment(reader, DELETED_AT)? {
            Some(at) => Some(Deletion { at, by: reader.required(DELETED_BY)? }),
            None => None,
        };
        let purged_at = moment(reader, PURGED_AT)?;
        Ok(History { created_by, updated_by, destroyed_by, before: before(reader)?, deleted, purged_at })
    }

    pub(super) fn write(&self, out: &mut Writer) {
        out.optional(CREATED_BY, self.created_by.as_ref());
        out.optional(UPDATED_BY, self.updated_by.as_ref());
        out.optional(DESTROYED_BY, self.destroyed_by.as_ref());
        if let Some(Deletion { at, by }) = &self.deleted {
            out.long_integer(DELETED_AT, at.millis());
            out.text(DELETED_BY, by);
        }
        out.optional(PURGED_AT, self.purged_at.map(Timestamp::millis).as_ref());
        if let Some(Before { state, deactivation }) = &self.before {
            out.long_integer(STATE_BEFORE, state.map_or(NO_STATE, |state| i64::from(state.number())));
            out.optional(DEACTIVATION_BEFORE, deactivation.map(|date| date.0).as_ref());
        }
    }
}

/// KMIP numbers its states from 1.
const NO_STATE: i64 = 0;

fn before(reader: &mut Reader<'_>) -> Result<Option<Before>, DecodeError> {
    let Some(state) = reader.optional::<i64>(STATE_BEFORE)? else { return Ok(None) };
    let state = u32::try_from(state).ok().filter(|state| i64::from(*state) != NO_STATE).map(State::from_number);
    Ok(Some(Before { state, deactivation: reader.optional(DEACTIVATION_BEFORE)?.map(DateTime) }))
}
