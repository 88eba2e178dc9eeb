//! Policies set: all that are asked for, or none.
//!
//! The invariant: **what is stored was checked**, so that the questions need not check it again; and who set a policy is who is named.

use super::{InstancePolicy, Network, NewInstancePolicy, Policies, Rule};
use crate::audit::{Target, success};
use crate::identity::again;
use crate::key::MONTHS;
use crate::ledger::{Stored, space};
use crate::{Call, Error, Extent, KeyManager};
use std::mem::discriminant;
use store::{Batch, Expect};
use uuid::Uuid;

/// The most networks of an allowedIP policy (Key Protect's limit).
const NETWORKS: usize = 1000;

impl KeyManager {
    /// Sets policies, all or none of them. They count for what happens from now on.
    ///
    /// Enabling takes the policy's attributes, disabling takes none (but for allowedNetwork, which always has its attribute) and keeps
    /// what the policy said last.
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::NotFound`] for the instance, [`Error::Field`], [`Error::Busy`], [`Error::Store`].
    pub async fn set_instance_policies(&self, call: &Call, policies: Vec<NewInstancePolicy>) -> Result<(), Error> {
        if !call.reaches(Extent::Instance) {
            return Err(Error::Unauthorized);
        }
        let policies = checked(policies)?;
        again(|| self.try_set_policies(call, &policies)).await
    }

    async fn try_set_policies(&self, call: &Call, new: &[NewInstancePolicy]) -> Result<(), Error> {
        let instance = call.instance;
        let stored = self.ledger.get::<Policies>(space(instance), Uuid::nil()).await?;
        let (mut policies, expect, touched) = match stored {
            Some(Stored { entry, version }) => (entry, Expect::Version(version), None),
            None => {
                (Policies { instance, each: Vec::new() }, Expect::Absent, self.touch_instance(Some(instance)).await?)
            }
        };
        new.iter().for_each(|new| policies.set(call, new));
        let target = Target { id: instance.to_string(), name: "" };
        let changes = touched.into_iter().chain([self.ledger.put(expect, &policies)]).collect();
        self.commit(call, Batch { changes, events: vec![success(call, &target)] }, false).await
    }
}

impl Policies {
    fn set(&mut self, call: &Call, new: &NewInstancePolicy) {
        let (updated, updated_by) = (call.now, call.actor.clone());
        let same = |policy: &&mut InstancePolicy| discriminant(&policy.rule) == discriminant(&new.rule);
        match self.each.iter_mut().find(same) {
            Some(policy) => {
                policy.rule = new.rule.clone().or_as_it_was(new.enabled, &policy.rule);
                (policy.enabled, policy.updated, policy.updated_by) = (new.enabled, updated, updated_by);
            }
            None => self.each.push(InstancePolicy {
                rule: new.rule.clone(),
                enabled: new.enabled,
                created: call.now,
                created_by: call.actor.clone(),
                updated,
                updated_by,
            }),
        }
    }
}

impl Rule {
    /// What the policy says from now on, where `was` is what it said. One that is disabled keeps its attributes.
    fn or_as_it_was(self, enabled: bool, was: &Rule) -> Rule {
        match self {
            Rule::AllowedIp(_) | Rule::KeyCreateImportAccess(_) | Rule::Rotation { .. } if !enabled => was.clone(),
            Rule::AllowedIp(_)
            | Rule::KeyCreateImportAccess(_)
            | Rule::Rotation { .. }
            | Rule::AllowedNetwork { .. }
            | Rule::DualAuthDelete
            | Rule::Metrics => self,
        }
    }
}

/// The policies, each of which is one that can be set, and no two of a sort.
fn checked(policies: Vec<NewInstancePolicy>) -> Result<Vec<NewInstancePolicy>, Error> {
    if policies.is_empty() {
        return Err(wrong("resources", "are empty: name one policy or more"));
    }
    let mut seen = Vec::new();
    for policy in &policies {
        let policy_type = policy.rule.policy_type();
        if seen.contains(&policy_type) {
            return Err(wrong("policy_type", &format!("{policy_type} is given twice: set a policy once in a request")));
        }
        seen.push(policy_type);
    }
    policies.into_iter().map(NewInstancePolicy::checked).collect()
}

impl NewInstancePolicy {
    fn checked(self) -> Result<Self, Error> {
        let enabled = self.enabled;
        let rule = match self.rule {
            Rule::AllowedIp(networks) => Rule::AllowedIp(allowed(networks, enabled)?),
            Rule::Rotation { interval_month } => Rule::Rotation { interval_month: interval(interval_month, enabled)? },
            rule @ (Rule::DualAuthDelete
            | Rule::AllowedNetwork { .. }
            | Rule::KeyCreateImportAccess(_)
            | Rule::Metrics) => rule,
        };
        Ok(NewInstancePolicy { rule, enabled })
    }
}

fn allowed(networks: Vec<Network>, enabled: bool) -> Result<Vec<Network>, Error> {
    match (networks.len(), enabled) {
        (0, false) => Ok(networks),
        (0, true) => Err(wrong("allowed_ip", "is empty: give one address or block at least")),
        (_, false) => Err(wrong("allowed_ip", "is given to disable the policy: leave it out")),
        (1..=NETWORKS, true) => networks.into_iter().map(Network::checked).collect(),
        (count, true) => {
            Err(wrong("allowed_ip", &format!("has {count} addresses and blocks: give {NETWORKS} at most")))
        }
    }
}

fn interval(interval: Option<u32>, enabled: bool) -> Result<Option<u32>, Error> {
    match (interval, enabled) {
        (None, false) => Ok(None),
        (Some(months), true) if MONTHS.contains(&months) => Ok(interval),
        (Some(_), true) => Err(wrong("interval_month", "is out of range: give 1 to 12 months")),
        (None, true) => Err(wrong("interval_month", "is missing: give 1 to 12 months")),
        (Some(_), false) => Err(wrong("interval_month", "is given to disable the policy: leave it out")),
    }
}

fn wrong(field: &'static str, reason: &str) -> Error {
    Error::Field { field, reason: reason.to_owned() }
}
