//! Policies of an instance: what they say, and the questions they answer.
//!
//! The invariant: **a policy that was set counts for every question that is asked after the answer to that**: each question is
//! answered from the record as the store has it, never from a copy with a life of its own.

mod making;
mod network;
mod setting;

pub(crate) use making::Making;
pub use network::Network;

use crate::ledger::{place, space};
use crate::{Call, Error, Extent, KeyManager, Overrides, RotationSetting};
use kmip::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;
use store::{Key as Place, Term};
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

impl Rule {
    /// The API's `policy_type`.
    pub fn policy_type(&self) -> &'static str {
        match self {
            Rule::DualAuthDelete => "dualAuthDelete",
            Rule::AllowedNetwork { .. } => "allowedNetwork",
            Rule::AllowedIp(_) => "allowedIP",
            Rule::KeyCreateImportAccess(_) => "keyCreateImportAccess",
            Rule::Metrics => "metrics",
            Rule::Rotation { .. } => "rotation",
        }
    }

    /// Whether a policy with this rule lets requests from an address in. What is no rule about networks does. Nobody knows whether
    /// an address that is not known is allowed, so it is not.
    fn admits(&self, address: Option<IpAddr>) -> bool {
        match self {
            Rule::AllowedNetwork { private_only } => !private_only || address.is_some_and(network::is_private),
            Rule::AllowedIp(networks) => address.is_some_and(|peer| networks.iter().any(|block| block.contains(peer))),
            Rule::DualAuthDelete | Rule::KeyCreateImportAccess(_) | Rule::Metrics | Rule::Rotation { .. } => true,
        }
    }
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

/// All policies of an instance: one record, so that what is set together counts together.
pub(crate) struct Policies {
    pub(crate) instance: Uuid,
    pub(crate) each: Vec<InstancePolicy>,
}

impl Policies {
    pub(crate) fn place(&self) -> Place {
        place::<Policies>(space(self.instance), Uuid::nil())
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        Vec::new()
    }
}

impl KeyManager {
    /// The policies that a new key gets from its instance: two people for the deletion of any key, rotation for those root keys
    /// that can rotate by themselves.
    pub(crate) async fn policies_for(&self, instance: Uuid, making: Making) -> Result<Overrides, Error> {
        let mut policies = Overrides::default();
        self.each_enabled(instance, |rule| match *rule {
            Rule::DualAuthDelete => policies.dual_auth_delete = Some(true),
            Rule::Rotation { interval_month } if !making.extractable && !making.imported => {
                policies.rotation = Some(RotationSetting { enabled: true, interval_month });
            }
            Rule::Rotation { .. }
            | Rule::AllowedNetwork { .. }
            | Rule::AllowedIp(_)
            | Rule::KeyCreateImportAccess(_)
            | Rule::Metrics => {}
        })
        .await?;
        Ok(policies)
    }

    /// Whether the instance asks for two people for the end of a key.
    pub(crate) async fn needs_two_people(&self, instance: Uuid) -> Result<bool, Error> {
        let mut two = false;
        self.each_enabled(instance, |rule| two |= *rule == Rule::DualAuthDelete).await?;
        Ok(two)
    }

    /// Whether the instance's network policies let requests from an address in. Asked for each request, so it is cheap.
    pub(crate) async fn admits(&self, instance: Uuid, address: Option<IpAddr>) -> Result<bool, Error> {
        let mut admits = true;
        self.each_enabled(instance, |rule| admits &= rule.admits(address)).await?;
        Ok(admits)
    }

    /// Whether the instance's metrics are to be served.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub async fn metrics_enabled(&self, instance: Uuid) -> Result<bool, Error> {
        let mut enabled = false;
        self.each_enabled(instance, |rule| enabled |= *rule == Rule::Metrics).await?;
        Ok(enabled)
    }

    /// Every policy of the instance that was ever set.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::Damaged`], [`Error::Store`].
    pub async fn instance_policies(&self, call: &Call) -> Result<Vec<InstancePolicy>, Error> {
        if !call.reaches(Extent::Instance) {
            return Err(Error::Unauthorized);
        }
        Ok(self.policies(call.instance).await?.map(|policies| policies.each.clone()).unwrap_or_default())
    }

    async fn each_enabled(&self, instance: Uuid, look: impl FnMut(&Rule)) -> Result<(), Error> {
        let policies = self.policies(instance).await?;
        let all = policies.iter().flat_map(|policies| &policies.each);
        all.filter(|policy| policy.enabled).map(|policy| &policy.rule).for_each(look);
        Ok(())
    }

    async fn policies(&self, instance: Uuid) -> Result<Option<Arc<Policies>>, Error> {
        self.ledger.kept::<Policies>(space(instance), Uuid::nil()).await
    }
}
