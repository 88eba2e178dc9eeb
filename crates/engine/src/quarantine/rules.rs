//! Which keys can go into quarantine, as a table over their states.
//!
//! The life cycle ([`crate::lifecycle`]) knows no way from Deactivated back. A quarantine is none of its transitions: it is an
//! administrator's, and its release undoes it. The invariant: each state has its row.

#![warn(clippy::wildcard_enum_match_arm)]

use kmip::enums::State;

use crate::object::Object;

/// Why a key can't go into quarantine or come out of it. Reads on after "key ...".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is there.
    #[error("is in quarantine already: release it first if it shall be there for another time")]
    There,
    /// It is not there.
    #[error("is not in quarantine: list what is")]
    NotThere,
    /// It is compromised.
    #[error("is compromised, so it is of no use any more: destroy it, or leave it as it is")]
    Compromised,
    /// Its material is gone.
    #[error("is destroyed: there is nothing to take away")]
    Destroyed,
    /// It has no state, so it can't be deactivated.
    #[error("is an opaque object, which has no state: destroy it, or leave it as it is")]
    Stateless,
}

/// Whether a key can go into quarantine.
pub(super) fn may_enter(object: &Object) -> Result<(), Refusal> {
    if object.is_destroyed() {
        return Err(Refusal::Destroyed);
    }
    match object.state() {
        Some(State::PreActive | State::Active | State::Deactivated) => Ok(()),
        Some(State::Compromised) => Err(Refusal::Compromised),
        Some(State::Destroyed | State::DestroyedCompromised) => Err(Refusal::Destroyed),
        Some(State::Unknown(_)) | None => Err(Refusal::Stateless),
    }
}
