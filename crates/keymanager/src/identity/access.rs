//! [`Access`]: how far a principal's rights reach, and the decision.
//!
//! The invariant: **no grant, no access**, and an extent is allowed only by a grant that covers the whole of it.

use crate::identity::{Action, Role};
use std::sync::Arc;
use uuid::Uuid;

/// What a call is about, as far as access goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent<'a> {
    /// The installation: every instance.
    Installation,
    /// The whole of the call's instance.
    Instance,
    /// A key ring of it, with all keys in it.
    Ring(&'a str),
    /// One key, in its ring.
    Key {
        /// The ring that it is in.
        ring: &'a str,
        /// Its identifier.
        key: Uuid,
    },
}

/// Who makes a request, once they have shown who they are.
#[derive(Clone, Debug)]
pub struct Principal {
    /// `iam-ServiceId-<uuid>`.
    pub iam_id: String,
    /// The service ID.
    pub service_id: Option<Uuid>,
    /// The API key that was shown, or that their token was made for.
    pub api_key: Uuid,
    /// The service ID's name.
    pub name: String,
    /// The instance that they mean when they name none.
    pub home: Option<Uuid>,
    pub(crate) access: Access,
}

impl Principal {
    /// Whether any role of theirs is on the installation as a whole, so that they mean that where they name no instance.
    pub fn is_of_the_installation(&self) -> bool {
        self.access.any(|reach| reach.covers(Uuid::nil(), Extent::Installation))
    }
}

/// How far somebody's rights reach.
#[derive(Clone, Debug)]
pub enum Access {
    /// Everything: parts of this server.
    All,
    /// What these say.
    Reaches(Arc<[Reach]>),
}

/// A role, and what of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    pub(crate) role: Role,
    /// None: every instance.
    pub(crate) instance: Option<Uuid>,
    /// None: every ring.
    pub(crate) ring: Option<String>,
    /// None: every key.
    pub(crate) key: Option<Uuid>,
}

impl Access {
    /// Whether the action may be done to the extent in the instance.
    pub(crate) fn allows(&self, action: Action, instance: Uuid, extent: Extent<'_>) -> bool {
        self.any(|reach| reach.role.may(action) && reach.covers(instance, extent))
    }

    /// Whether the action may be done to anything in the instance, be it a single key.
    pub(crate) fn allows_within(&self, action: Action, instance: Uuid) -> bool {
        self.any(|reach| reach.role.may(action) && reach.touches(instance))
    }

    /// Whether there is anything to be done in the instance.
    pub(crate) fn sees(&self, instance: Uuid) -> bool {
        self.any(|reach| reach.touches(instance))
    }

    /// Whether there is anything to be done anywhere.
    pub(crate) fn is_some(&self) -> bool {
        self.any(|_| true)
    }

    /// Whether the installation is administered.
    pub(crate) fn administers_installation(&self) -> bool {
        self.any(|reach| reach.role == Role::Administrator && reach.covers(Uuid::nil(), Extent::Installation))
    }

    fn any(&self, holds: impl Fn(&Reach) -> bool) -> bool {
        match self {
            Access::All => true,
            Access::Reaches(reaches) => reaches.iter().any(holds),
        }
    }
}

impl Reach {
    /// A role on the whole of an instance, or of every instance.
    pub(super) fn on(role: Role, instance: Option<Uuid>) -> Self {
        Reach { role, instance, ring: None, key: None }
    }

    /// Whether the extent lies wholly within this reach.
    pub(super) fn covers(&self, instance: Uuid, extent: Extent<'_>) -> bool {
        let same_instance = self.touches(instance);
        let same_ring = |ring: &str| self.ring.as_deref().is_none_or(|own| own == ring);
        match extent {
            Extent::Installation => self.instance.is_none() && self.ring.is_none() && self.key.is_none(),
            Extent::Instance => same_instance && self.ring.is_none() && self.key.is_none(),
            Extent::Ring(ring) => same_instance && same_ring(ring) && self.key.is_none(),
            Extent::Key { ring, key } => same_instance && same_ring(ring) && self.key.is_none_or(|own| own == key),
        }
    }

    /// Whether anything in the instance lies within this reach.
    fn touches(&self, instance: Uuid) -> bool {
        self.instance.is_none_or(|own| own == instance)
    }
}
