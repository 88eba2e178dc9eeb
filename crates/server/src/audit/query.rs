//! Reading the audit: a page of its events, from a place on, that are like what was asked for.
//!
//! The invariant: **a page costs a bounded look at the journal**, however few events are like it; it says where to go on.

use std::path::Path;

use serde_json::Value;
use store::Error;
use store::journal::{At, Follower};
use uuid::Uuid;
use wrap::primitive::digest;

use super::line::{HEAD, Line};
use crate::api::AuditEvent;

/// Records that are looked at for one page.
const LOOKED_AT: usize = 20_000;
/// A segment has less than this many bytes: a cursor is both in one number.
const OFFSET_BITS: u32 = 27;
/// The first segment is number 1; 0 is the journal's beginning, wherever that is.
const LEAST: u64 = 1 << OFFSET_BITS;

/// Which events.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    /// Those of this instance alone.
    pub(crate) instance: Option<Uuid>,
    /// From this time on, in milliseconds.
    pub(crate) since: Option<i64>,
    /// Before this time.
    pub(crate) until: Option<i64>,
    /// The action, or how it begins where this ends with a dot.
    pub(crate) action: Option<String>,
    /// Who.
    pub(crate) initiator: Option<String>,
    /// The identifier of the key, or of whatever else it was done to.
    pub(crate) key: Option<String>,
    /// `success` or `failure`.
    pub(crate) outcome: Option<String>,
}

/// Some of them.
pub(crate) struct Page {
    /// In the journal's order.
    pub(crate) events: Vec<AuditEvent>,
    /// Where to go on.
    pub(crate) next: u64,
    /// Whether there is more to be looked at already.
    pub(crate) more: bool,
}

/// A place as a number.
pub(crate) fn cursor(at: At) -> u64 {
    at.segment << OFFSET_BITS | at.offset
}

fn place(cursor: u64) -> At {
    At { segment: cursor >> OFFSET_BITS, offset: cursor & ((1 << OFFSET_BITS) - 1) }
}

/// A page from a cursor on; without one, from the first event that may be like what is asked for.
///
/// # Errors
/// [`Error::Damaged`] where the cursor is none; [`Error::Io`].
pub(crate) fn page(
    folder: &Path,
    node: &Uuid,
    filter: &Filter,
    from: Option<u64>,
    limit: usize,
) -> Result<Page, Error> {
    let at = match from {
        Some(1..LEAST) => return Err(Error::Damaged("no cursor".to_owned())),
        Some(cursor) => place(cursor),
        None => beginning(folder, node, filter.since)?,
    };
    let mut follower = Follower::new(folder, at, digest);
    let mut events = Vec::new();
    for _ in 0..LOOKED_AT {
        if events.len() == limit {
            break;
        }
        let Some(found) = follower.step()? else {
            return Ok(Page { events, next: cursor(follower.at()), more: false });
        };
        let line = Line::of(&found, node);
        if filter.takes(&line) {
            let id = super::line::id(node, line.at);
            events.push(AuditEvent { id, event: line.event });
        }
    }
    Ok(Page { events, next: cursor(follower.at()), more: true })
}

/// The last segment that begins before a time.
fn beginning(folder: &Path, node: &Uuid, since: Option<i64>) -> Result<At, Error> {
    let mut begin = At::default();
    let Some(since) = since else { return Ok(begin) };
    let mut next = At::default();
    loop {
        let mut follower = Follower::new(folder, next, digest);
        let Some(found) = follower.step()? else { return Ok(begin) };
        if found.at.segment < next.segment || Line::of(&found, node).millis.is_some_and(|first| first >= since) {
            return Ok(begin);
        }
        begin = At { segment: found.at.segment, offset: 0 };
        next = At { segment: found.at.segment + 1, offset: 0 };
    }
}

impl Filter {
    fn takes(&self, line: &Line) -> bool {
        let Filter { instance, since, until, action, initiator, key, outcome } = self;
        let event = &line.event;
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let of_instance = |instance: &Uuid| {
            let named = [text("/requestData/instanceID"), text("/target/instance")];
            named.iter().any(|text| text.parse::<Uuid>().is_ok_and(|named| named == *instance))
        };
        let like = |wanted: &String, there: &str| there == wanted || wanted.ends_with('.') && there.starts_with(wanted);
        line.action != HEAD
            && instance.as_ref().is_none_or(of_instance)
            && since.is_none_or(|since| line.millis.is_some_and(|time| time >= since))
            && until.is_none_or(|until| line.millis.is_some_and(|time| time < until))
            && action.as_ref().is_none_or(|action| like(action, &line.action))
            && initiator.as_ref().is_none_or(|who| text("/initiator/id") == who)
            && key.as_ref().is_none_or(|key| text("/target/id").rsplit(':').next() == Some(key))
            && outcome.as_ref().is_none_or(|outcome| text("/outcome") == outcome)
    }
}
