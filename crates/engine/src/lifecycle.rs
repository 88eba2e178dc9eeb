//! The life cycle of a cryptographic object (KMIP 1.4, 3.22) as a table.
//!
//! The invariant: a state changes by an [`Event`] of this table and in no other way.

#![warn(clippy::wildcard_enum_match_arm)]

use kmip::attribute::{self, Row};
use kmip::enums::State;
use kmip::{DateTime, Timestamp};

use crate::error::Refusal;
use crate::object::{Before, Object};

/// The dates between which an object may be used, in the order that the specification asks for: Activation ≤ Process Start ≤
/// Protect Stop ≤ Deactivation (KMIP 1.4, 3.24 to 3.27).
pub const PERIOD: [&Row; 4] = [
    &attribute::ACTIVATION_DATE,
    &attribute::PROCESS_START_DATE,
    &attribute::PROTECT_STOP_DATE,
    &attribute::DEACTIVATION_DATE,
];

/// What changes a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Activate, or the Activation Date passes.
    Activate,
    /// Revoke for another reason than a compromise, or the Deactivation Date passes.
    Deactivate,
    /// Revoke for a compromise.
    Compromise,
    /// Destroy.
    Destroy,
    /// An administrator takes a deactivation back. KMIP has no such transition (KMIP 1.4, 3.22).
    Reactivate,
}

/// The state that follows, or why there is none. The numbers are those of the specification's transitions; what an administrator takes
/// back has none.
pub fn next(state: State, event: Event) -> Result<State, Refusal> {
    match (state, event) {
        (State::PreActive, Event::Activate) => Ok(State::Active), // 4
        (State::PreActive, Event::Deactivate) => Err(Refusal::State(state)),
        (State::PreActive, Event::Compromise) => Ok(State::Compromised), // 3
        (State::PreActive, Event::Destroy) => Ok(State::Destroyed),      // 2
        (State::PreActive, Event::Reactivate) => Err(Refusal::State(state)),
        (State::Active, Event::Activate) => Err(Refusal::State(state)),
        (State::Active, Event::Deactivate) => Ok(State::Deactivated), // 6
        (State::Active, Event::Compromise) => Ok(State::Compromised), // 5
        (State::Active, Event::Destroy | Event::Reactivate) => Err(Refusal::State(state)),
        (State::Deactivated, Event::Activate) => Err(Refusal::State(state)),
        (State::Deactivated, Event::Deactivate) => Err(Refusal::State(state)),
        (State::Deactivated, Event::Compromise) => Ok(State::Compromised), // 8
        (State::Deactivated, Event::Destroy) => Ok(State::Destroyed),      // 7
        (State::Deactivated, Event::Reactivate) => Ok(State::Active),
        (State::Compromised, Event::Activate) => Err(Refusal::State(state)),
        (State::Compromised, Event::Deactivate) => Err(Refusal::State(state)),
        (State::Compromised, Event::Compromise | Event::Reactivate) => Err(Refusal::State(state)),
        (State::Compromised, Event::Destroy) => Ok(State::DestroyedCompromised), // 9
        (State::Destroyed, Event::Compromise) => Ok(State::DestroyedCompromised), // 10
        (State::Destroyed, Event::Activate | Event::Deactivate | Event::Destroy | Event::Reactivate) => {
            Err(Refusal::Destroyed)
        }
        (
            State::DestroyedCompromised,
            Event::Activate | Event::Deactivate | Event::Compromise | Event::Destroy | Event::Reactivate,
        ) => Err(Refusal::Destroyed),
        (
            State::Unknown(_),
            Event::Activate | Event::Deactivate | Event::Compromise | Event::Destroy | Event::Reactivate,
        ) => Err(Refusal::State(state)),
    }
}

/// Whether an object in this state has no material any more, as far as KMIP knows.
pub fn destroyed(state: State) -> bool {
    matches!(state, State::Destroyed | State::DestroyedCompromised)
}

/// Whether a transition's date has passed.
pub fn is_due(object: &Object, now: Timestamp) -> bool {
    match object.state() {
        Some(State::PreActive) => passed(object, &attribute::ACTIVATION_DATE, now.date_time()),
        Some(State::Active) => passed(object, &attribute::DEACTIVATION_DATE, now.date_time()),
        Some(_) | None => false,
    }
}

/// Takes the transitions whose dates have passed (KMIP 1.4, 3.24 and 3.27). They are written with the object's next change.
pub fn advance(object: &mut Object, now: Timestamp) {
    let now = now.date_time();
    if object.state() == Some(State::PreActive) && passed(object, &attribute::ACTIVATION_DATE, now) {
        object.set_state(State::Active);
    }
    if object.state() == Some(State::Active) && passed(object, &attribute::DEACTIVATION_DATE, now) {
        object.set_state(State::Deactivated);
    }
}

/// Whether an object has a date that is now or before.
pub fn passed(object: &Object, row: &Row, now: DateTime) -> bool {
    object.date(row).is_some_and(|date| date <= now)
}

/// Whether dates are in their order.
pub fn dates_in_order(object: &Object) -> bool {
    let dates: Vec<DateTime> = PERIOD.into_iter().filter_map(|row| object.date(row)).collect();
    dates.is_sorted()
}

/// Destroys an object: KMIP gives out its material no more (KMIP 1.4, 4.21). It stays, sealed, until it is erased, with what the object
/// was before, so that an administrator can take it back. The attributes stay, so that it can be told what it was.
pub fn destroy(object: &mut Object, by: &str, now: Timestamp) -> Result<(), Refusal> {
    end(object, Before::of(object), by, now)
}

/// As [`destroy`], also where the object is active: what KMIP may not, an administrator may.
pub fn destroy_by_force(object: &mut Object, by: &str, now: Timestamp) -> Result<(), Refusal> {
    let before = Before::of(object);
    if object.state() == Some(State::Active) {
        object.set_state(next(State::Active, Event::Deactivate)?);
        object.set_date(&attribute::DEACTIVATION_DATE, now.date_time());
    }
    end(object, before, by, now)
}

fn end(object: &mut Object, before: Before, by: &str, now: Timestamp) -> Result<(), Refusal> {
    if object.is_destroyed() {
        return Err(Refusal::Destroyed);
    }
    if let Some(state) = object.state() {
        object.set_state(next(state, Event::Destroy)?);
    }
    object.set_date(&attribute::DESTROY_DATE, now.date_time());
    (object.history.destroyed_by, object.history.before) = (Some(by.to_owned()), Some(before));
    Ok(())
}

/// Takes a destruction back, where the material is still there: the object is what it was. One that was compromised since is that.
/// Returns whether it was done.
pub fn revive(object: &mut Object) -> bool {
    let Some(before) = object.history.before.filter(|_| object.sealed.is_some()) else { return false };
    let is_compromised = object.state() == Some(State::DestroyedCompromised);
    before.put_back(object);
    if is_compromised {
        object.set_state(State::Compromised);
    }
    object.unset(&attribute::DESTROY_DATE);
    (object.history.destroyed_by, object.history.before) = (None, None);
    true
}

/// Takes the deactivation of an object back. What would deactivate it again at once goes with it: the Deactivation Date and the
/// Revocation Reason.
pub fn reactivate(object: &mut Object) -> Result<(), Refusal> {
    let state = object.state().ok_or(Refusal::Illegal("An object of this type has no state"))?;
    object.set_state(next(state, Event::Reactivate)?);
    object.unset(&attribute::DEACTIVATION_DATE);
    object.unset(&attribute::REVOCATION_REASON);
    Ok(())
}
