//! [`Call`]: one request to the key manager, after the gate: who does what in which instance, when, from where, and how far their
//! rights reach.
//!
//! The invariant: **a call is made by [`KeyManager::enter`], which decides whether it may be made at all, or by
//! [`Call::internal`] for parts of this server; and no key is read or changed without its extent being asked of the call.**

use crate::identity::{Access, Action, Extent, Principal};
use crate::{Denied, Instance, KeyManager};
use kmip::Timestamp;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use store::Space;
use uuid::Uuid;

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The peer's address.
    pub address: Option<IpAddr>,
    /// The correlation id that ties answer, log and audit event together.
    pub correlation: Option<String>,
}

/// A request that was let in.
#[derive(Debug)]
pub struct Call {
    /// The instance that it is about; the nil UUID when it is about the installation as a whole.
    pub instance: Uuid,
    /// What is done.
    pub action: Action,
    /// Who does it, as IBM's `createdBy` and audit events name them: `iam-ServiceId-...`, or a part of this server.
    pub actor: String,
    /// When.
    pub now: Timestamp,
    /// Where from.
    pub origin: Origin,
    access: Access,
    recorded: AtomicBool,
}

impl Call {
    /// A call by a part of this server, which may do everything.
    pub fn internal(instance: Uuid, action: Action, actor: &str, now: Timestamp) -> Self {
        Self::new(instance, action, actor.to_owned(), now, Origin::default(), Access::All)
    }

    pub(crate) fn new(
        instance: Uuid,
        action: Action,
        actor: String,
        now: Timestamp,
        origin: Origin,
        access: Access,
    ) -> Self {
        Call { instance, action, actor, now, origin, access, recorded: AtomicBool::new(false) }
    }

    /// Whether the caller may do this to what `extent` names.
    pub fn reaches(&self, extent: Extent<'_>) -> bool {
        self.access.allows(self.action, self.instance, extent)
    }

    /// Whether the caller may do this to the whole of another instance.
    pub(crate) fn reaches_instance(&self, instance: Uuid) -> bool {
        self.access.allows(self.action, instance, Extent::Instance)
    }

    /// Whether the caller has anything to do in an instance.
    pub(crate) fn sees(&self, instance: Uuid) -> bool {
        self.access.sees(instance)
    }

    /// Whether an audit event of this call was committed together with a change. Where none was, whoever answers the call must
    /// write one before the answer.
    pub fn is_recorded(&self) -> bool {
        self.recorded.load(Ordering::Acquire)
    }

    /// Notes that the event of this call is on stable storage.
    pub fn set_recorded(&self) {
        self.recorded.store(true, Ordering::Release);
    }
}

impl KeyManager {
    /// The gate: lets a principal in for one action in an instance (none: the installation as a whole), or says why not. What the call
    /// may then touch is asked of [`Call::reaches`] for each key.
    ///
    /// An instance's network policies are for its keys. They do not count for platform actions, as IBM's don't; nor for reading and
    /// writing the instance's policies, where it is an administrator of the installation who asks: else a policy that shuts everybody
    /// out could never be taken back.
    ///
    /// # Errors
    /// [`Denied::Forbidden`] when there is no such instance, when no role of theirs has the action anywhere in it, or when a
    /// network policy of the instance excludes the address: one answer for all three. [`Denied::Failed`].
    pub async fn enter(
        &self,
        principal: &Principal,
        instance: Option<Uuid>,
        action: Action,
        origin: Origin,
        now: Timestamp,
    ) -> Result<Call, Denied> {
        let access = principal.access.clone();
        let instance = instance.unwrap_or_default();
        if instance.is_nil() {
            enter_installation(&access, action)?;
        } else {
            self.enter_instance(&access, instance, action, origin.address).await?;
        }
        Ok(Call::new(instance, action, principal.iam_id.clone(), now, origin, access))
    }

    async fn enter_instance(
        &self,
        access: &Access,
        instance: Uuid,
        action: Action,
        address: Option<IpAddr>,
    ) -> Result<(), Denied> {
        // Adapters, their certificates and objects are in no key ring: who manages them manages those of the whole instance.
        let allowed = match action.is_of_kmip() {
            true => access.allows(action, instance, Extent::Instance),
            false => access.allows_within(action, instance),
        };
        if !allowed {
            return Err(Denied::Forbidden("no role has the action in the instance"));
        }
        if self.ledger.kept::<Instance>(Space::INSTALLATION, instance).await?.is_none() {
            return Err(Denied::Forbidden("there is no such instance"));
        }
        if has_network_policy(access, action) && !self.admits(instance, address).await? {
            return Err(Denied::Forbidden("a network policy of the instance excludes the address"));
        }
        Ok(())
    }
}

/// Without an instance a call is about all of them. To see which there are, it is enough to have any role in one; so it is for the
/// server's certificates, which everybody who connects is shown.
fn enter_installation(access: &Access, action: Action) -> Result<(), Denied> {
    let anybody = [
        Action::ListInstances,
        Action::ReadInstance,
        Action::ReadServerCertificate,
        Action::ReadRoles,
        Action::ReadSigningKey,
    ];
    let anybody = anybody.contains(&action);
    if access.allows(action, Uuid::nil(), Extent::Installation) || anybody && access.is_some() {
        return Ok(());
    }
    Err(Denied::Forbidden("no role has the action on the installation"))
}

/// Whether network policies count: see [`KeyManager::enter`].
fn has_network_policy(access: &Access, action: Action) -> bool {
    let of_policies = [Action::ReadInstancePolicies, Action::WriteInstancePolicies].contains(&action);
    let way_out = of_policies && access.administers_installation();
    !(action.is_platform() || way_out)
}
