//! Policies of an instance: what they say, and the questions they answer.

use crate::{Call, Error, KeyManager, Overrides};
use kmip::Timestamp;
use std::net::IpAddr;
use uuid::Uuid;

/// A policy of an instance (Key Protect: "Managing policies": dualAuthDelete, allowedNetwork, allowedIP, keyCreateImportAccess,
/// metrics, rotation).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstancePolicy {
    /// Which it is, and what it says.
    pub rule: Rule,
    /// Whether it counts.
    pub enabled: bool,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Who changed it.
    pub updated_by: String,
}

/// What a policy says. What a disabled one said last is kept where IBM shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// New keys need two people to be deleted.
    DualAuthDelete,
    /// Requests come from private networks only.
    AllowedNetwork {
        /// `private-only`; else `public-and-private`.
        private_only: bool,
    },
    /// Requests come from these only: addresses and CIDR blocks, at most 1000.
    AllowedIp(Vec<Network>),
    /// Which keys may be made and brought along.
    KeyCreateImportAccess(CreateImportAccess),
    /// Metrics of this instance are served.
    Metrics,
    /// New root keys are rotated every so many months, 1 to 12.
    Rotation {
        /// Months of 30 days; none on a policy that is disabled and never said.
        interval_month: Option<u32>,
    },
}

/// An address block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its first address.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix: u8,
}

/// What keyCreateImportAccess allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreateImportAccess {
    /// Generated root keys (true unless said otherwise, as the next three).
    pub create_root_key: bool,
    /// Generated standard keys.
    pub create_standard_key: bool,
    /// Imported root keys.
    pub import_root_key: bool,
    /// Imported standard keys.
    pub import_standard_key: bool,
    /// Imports under an import token only (false unless said otherwise); wins over the import rules.
    pub enforce_token: bool,
}

/// A policy as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInstancePolicy {
    /// What it says.
    pub rule: Rule,
    /// Whether it counts.
    pub enabled: bool,
}

/// What is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Making {
    pub(crate) extractable: bool,
    pub(crate) imported: bool,
    /// Under an import token.
    pub(crate) with_token: bool,
}

impl KeyManager {
    /// Whether the instance's keyCreateImportAccess lets a key be made, rotated or restored.
    ///
    /// # Errors
    /// [`Error::CreateImportAccess`].
    pub(crate) async fn check_making(&self, instance: Uuid, making: Making) -> Result<(), Error> {
        let _ = (instance, making);
        todo!("policies")
    }

    /// The policies that a new key gets from its instance.
    pub(crate) async fn policies_for(&self, instance: Uuid, making: Making) -> Result<Overrides, Error> {
        let _ = (instance, making);
        todo!("policies")
    }

    /// Whether the instance's network policies let requests from an address in. Asked for each request, so it is cheap.
    pub(crate) async fn admits(&self, instance: Uuid, address: Option<IpAddr>) -> Result<bool, Error> {
        let _ = (instance, address);
        todo!("policies")
    }

    /// Whether the instance's metrics are to be served.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn metrics_enabled(&self, instance: Uuid) -> Result<bool, Error> {
        let _ = instance;
        todo!("policies")
    }

    /// Every policy of the instance that was ever set.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Damaged`], [`Error::Store`].
    pub async fn instance_policies(&self, call: &Call) -> Result<Vec<InstancePolicy>, Error> {
        let _ = call;
        todo!("policies")
    }

    /// Sets policies, all or none of them. They count for what happens from now on.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Field`], [`Error::Busy`], [`Error::Store`].
    pub async fn set_instance_policies(&self, call: &Call, policies: Vec<NewInstancePolicy>) -> Result<(), Error> {
        let _ = (call, policies);
        todo!("policies")
    }
}
