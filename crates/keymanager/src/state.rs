//! The states of a key and what each allows, as a table. Standard keys, which wrap nothing and can't be disabled, have the same.
//!
//! The numbers and rules are Key Protect's; the names are those of NIST SP 800-57 part 1, section 7. The invariant: **every pair
//! of state and event stands here, and nothing else decides.**

use std::fmt;

/// The state of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Not usable yet.
    PreActive,
    /// Wraps and unwraps.
    Active,
    /// Disabled by an administrator: nothing until it is enabled.
    Suspended,
    /// Past its time: unwraps only.
    Deactivated,
    /// Deleted; can be restored for a time.
    Destroyed,
}

impl State {
    /// Every state, in the order of the numbers.
    pub const ALL: [State; 5] =
        [State::PreActive, State::Active, State::Suspended, State::Deactivated, State::Destroyed];

    /// Key Protect's number.
    pub fn number(self) -> u8 {
        match self {
            State::PreActive => 0,
            State::Active => 1,
            State::Suspended => 2,
            State::Deactivated => 3,
            State::Destroyed => 5,
        }
    }

    /// The state with this number.
    pub fn from_number(number: u8) -> Option<State> {
        State::ALL.into_iter().find(|state| state.number() == number)
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            State::PreActive => "pre-active",
            State::Active => "active",
            State::Suspended => "suspended",
            State::Deactivated => "deactivated",
            State::Destroyed => "destroyed",
        }
    }

    /// The state after `event`, or why there is none.
    ///
    /// # Errors
    /// The [`Refusal`] that the table has for the pair.
    pub fn after(self, event: Event) -> Result<State, Refusal> {
        match (self, event) {
            (State::Active, Event::Wrap | Event::Unwrap | Event::Rotate) => Ok(State::Active),
            (State::Active, Event::Disable) => Ok(State::Suspended),
            (State::Active, Event::Expire) => Ok(State::Deactivated),
            (State::Suspended, Event::Enable) => Ok(State::Active),
            (State::Deactivated, Event::Unwrap | Event::Rotate) => Ok(State::Deactivated),
            (State::Active | State::Suspended | State::Deactivated, Event::Delete) => Ok(State::Destroyed),
            (State::Destroyed, Event::Restore) => Ok(State::Active),

            (
                State::PreActive,
                Event::Wrap
                | Event::Unwrap
                | Event::Rotate
                | Event::Disable
                | Event::Enable
                | Event::Expire
                | Event::Delete,
            ) => Err(Refusal::NotYetActive),
            (State::Suspended, Event::Wrap | Event::Unwrap | Event::Rotate | Event::Disable | Event::Expire) => {
                Err(Refusal::Disabled)
            }
            (State::Deactivated, Event::Wrap | Event::Disable | Event::Expire) => Err(Refusal::Deactivated),
            (State::Active | State::Deactivated, Event::Enable) => Err(Refusal::NotDisabled),
            (
                State::Destroyed,
                Event::Wrap
                | Event::Unwrap
                | Event::Rotate
                | Event::Disable
                | Event::Enable
                | Event::Expire
                | Event::Delete,
            ) => Err(Refusal::Deleted),
            (State::PreActive | State::Active | State::Suspended | State::Deactivated, Event::Restore) => {
                Err(Refusal::NotDeleted)
            }
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is done with a key, or happens to it. A purge is none of these: it ends a destroyed key, and there is no state after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// Something is wrapped under it.
    Wrap,
    /// Something is unwrapped, or wrapped again under its newest version.
    Unwrap,
    /// It gets a new version.
    Rotate,
    /// An administrator suspends it.
    Disable,
    /// An administrator takes the suspension back.
    Enable,
    /// Its time is over.
    Expire,
    /// An administrator deletes it.
    Delete,
    /// An administrator takes the deletion back.
    Restore,
}

impl Event {
    /// Every event.
    pub const ALL: [Event; 8] = [
        Event::Wrap,
        Event::Unwrap,
        Event::Rotate,
        Event::Disable,
        Event::Enable,
        Event::Expire,
        Event::Delete,
        Event::Restore,
    ];
}

/// Why a state does not allow an event. Reads on after "key ...".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// In state pre-active.
    #[error("is not active yet")]
    NotYetActive,
    /// In state suspended.
    #[error("is disabled: enable it first")]
    Disabled,
    /// In state deactivated.
    #[error("is deactivated: it unwraps what was wrapped, and no more")]
    Deactivated,
    /// In state destroyed.
    #[error("is deleted: it can be restored within 30 days of its deletion")]
    Deleted,
    /// Enabling what is not disabled.
    #[error("is not disabled, so it needs no enabling")]
    NotDisabled,
    /// Restoring what is not deleted.
    #[error("is not deleted, so there is nothing to restore")]
    NotDeleted,
}
