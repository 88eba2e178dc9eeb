//! The versions of a root key: listed, with who is still under each; retired, taken back, erased.
//!
//! An older version goes on unwrapping until it is retired. The invariant: **no version is retired or erased while an adapter is under
//! it**, and a retirement can be taken back for as long as a deletion can.

use crate::audit::success;
use crate::change::ATTEMPTS;
use crate::ledger::{Stored, space, term};
use crate::record::SealedVersion;
use crate::{Call, Error, Event, Key, KeyManager, Registration, State};
use kmip::Timestamp;
use std::cmp::Reverse;
use std::sync::Arc;
use store::{Batch, Expect, Term};
use uuid::Uuid;

/// A version of a root key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyVersion {
    /// Its identifier.
    pub id: Uuid,
    /// 1 for the first.
    pub number: u32,
    /// When it was made.
    pub created: Timestamp,
}

/// A version of a root key, and what is still under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionUse {
    /// The version.
    pub version: KeyVersion,
    /// Whether new things are wrapped under it.
    pub newest: bool,
    /// The names of the adapters whose keys are under it.
    pub adapters: Vec<String>,
    /// Since when it unwraps no more.
    pub retired: Option<Timestamp>,
    /// Who retired it.
    pub retired_by: Option<String>,
    /// When its material was removed for good.
    pub erased: Option<Timestamp>,
    /// Until when a retirement can be taken back.
    pub retrievable_until: Option<Timestamp>,
}

/// Why a version can't be retired, taken back or used. Reads on after "version ...".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionRefusal {
    /// New things are wrapped under it.
    #[error("is the newest: rotate the key first")]
    Newest,
    /// Adapters' keys are under it.
    #[error("still holds the keys of adapters {0}: wait for the rotation to come to its end, or sync the key")]
    InUse(String),
    /// It unwraps no more.
    #[error("is retired, so what was wrapped under it can't be unwrapped: take the retirement back if it must be")]
    Retired,
    /// There is nothing to take back.
    #[error("is not retired, so there is nothing to take back")]
    NotRetired,
    /// Its material is gone.
    #[error("was retired too long ago: its material is erased")]
    Erased,
}

/// What becomes of a version.
#[derive(Clone, Copy)]
enum Step {
    Retire,
    Unretire,
}

/// What every version bears that is retired and not yet erased.
pub(crate) fn retired() -> Term {
    term("root key version", b"retired")
}

/// What a version bears that was erased, as long as the epoch that its material was under is not destroyed.
pub(crate) fn owing() -> Term {
    term("root key version", b"erased under an epoch")
}

impl KeyManager {
    /// The versions of a root key, the newest first.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::RootKeyRequired`]; [`Error::Deleted`], [`Error::State`] when it is not active and `all_states`
    /// is false.
    pub async fn versions(&self, call: &Call, id_or_alias: &str, all_states: bool) -> Result<Vec<KeyVersion>, Error> {
        let key = self.find(call, id_or_alias, None).await?.root()?;
        if !all_states {
            // What an active key may do and no other.
            key.after(Event::Wrap)?;
        }
        let stored = self.sealed_versions(&key).await?;
        let mut versions: Vec<_> = stored.iter().map(|stored| KeyVersion::of(&stored.entry)).collect();
        versions.sort_by_key(|version| Reverse(version.number));
        Ok(versions)
    }

    /// The versions of a root key in whichever state, the newest first, with what is still under each.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::RootKeyRequired`].
    pub async fn version_use(&self, call: &Call, id_or_alias: &str) -> Result<(Arc<Key>, Vec<VersionUse>), Error> {
        let key = self.find(call, id_or_alias, None).await?.root()?;
        let adapters = self.kmip().registrations(key.instance, Some(key.id));
        let stored = self.sealed_versions(&key).await?;
        let mut versions: Vec<_> = stored.iter().map(|stored| self.used(&key, &stored.entry, &adapters)).collect();
        versions.sort_by_key(|each| Reverse(each.version.number));
        Ok((key, versions))
    }

    /// Retires a version, by its identifier or number: it unwraps no more. One that is retired already stays so since then.
    ///
    /// # Errors
    /// As [`KeyManager::version_use`]; [`Error::Version`] for the newest, and for one that adapters are still under; [`Error::Deleted`].
    pub async fn retire_version(&self, call: &Call, id_or_alias: &str, version: &str) -> Result<VersionUse, Error> {
        self.change_version(call, id_or_alias, version, Step::Retire).await
    }

    /// Takes the retirement of a version back: it unwraps again.
    ///
    /// # Errors
    /// As [`KeyManager::version_use`]; [`Error::Version`] for one that is not retired, or was for 30 days; [`Error::Deleted`].
    pub async fn unretire_version(&self, call: &Call, id_or_alias: &str, version: &str) -> Result<VersionUse, Error> {
        self.change_version(call, id_or_alias, version, Step::Unretire).await
    }

    async fn retired(&self, call: &Call, key: &Key, version: SealedVersion) -> Result<SealedVersion, VersionRefusal> {
        if key.version == version.id {
            return Err(VersionRefusal::Newest);
        }
        // An adapter that is made at this moment may be under it, and is seen then.
        self.kmip().settled().await;
        let users = users(&self.users_of(key), version.id);
        if !users.is_empty() {
            return Err(VersionRefusal::InUse(users.join(", ")));
        }
        let (since, by) = (version.retired.or(Some(call.now)), version.retired_by.clone());
        Ok(SealedVersion { retired: since, retired_by: by.or_else(|| Some(call.actor.clone())), ..version })
    }

    fn unretired(&self, call: &Call, version: SealedVersion) -> Result<SealedVersion, VersionRefusal> {
        let since = version.retired.ok_or(VersionRefusal::NotRetired)?;
        if version.erased.is_some() || self.retrievable_until(since) < call.now {
            return Err(VersionRefusal::Erased);
        }
        Ok(SealedVersion { retired: None, retired_by: None, ..version })
    }

    /// Removes the material of a version that was retired, for good. This is the one place where a retired version's material ends.
    pub(crate) async fn erase_version(&self, call: &Call, stored: &Stored<SealedVersion>) -> Result<(), Error> {
        let version = &stored.entry;
        self.kmip().settled().await;
        let users = users(&self.kmip().registrations(version.instance, Some(version.key)), version.id);
        if !users.is_empty() {
            let refusal = VersionRefusal::InUse(users.join(", "));
            return Err(Error::Version { key: version.key, version: version.id, refusal });
        }
        let Some(key) = self.ledger.kept::<Key>(space(version.instance), version.key).await? else { return Ok(()) };
        // The epoch stays until it is destroyed: see `owing`.
        let erased = SealedVersion {
            sealed: Vec::new(),
            erased: Some(call.now),
            retired_by: version.retired_by.clone(),
            ..*version
        };
        let changes = vec![self.ledger.put(Expect::Version(stored.version), &erased)];
        self.commit(call, Batch { changes, events: vec![success(call, &key.target())] }, true).await?;
        self.shredder.want_scrub();
        Ok(())
    }

    /// The versions of an instance that were retired so long ago that nothing can be taken back.
    pub(crate) async fn versions_to_erase(&self, call: &Call) -> Result<Vec<Stored<SealedVersion>>, Error> {
        let stored = self.ledger.all::<SealedVersion>(space(call.instance), vec![retired()]).await?;
        let is_over = |version: &SealedVersion| {
            version.erased.is_none() && version.retired.is_some_and(|since| self.retrievable_until(since) < call.now)
        };
        Ok(stored.into_iter().filter(|stored| is_over(&stored.entry)).collect())
    }

    async fn change_version(
        &self,
        call: &Call,
        id_or_alias: &str,
        which: &str,
        step: Step,
    ) -> Result<VersionUse, Error> {
        for _ in 0..ATTEMPTS {
            let key = self.find(call, id_or_alias, None).await?.root()?;
            is_there(&key)?;
            let Stored { entry: version, version: number } = self.version_of(&key, which).await?;
            let id = version.id;
            let changed = match step {
                Step::Retire => self.retired(call, &key, version).await,
                Step::Unretire => self.unretired(call, version),
            };
            let version = changed.map_err(|refusal| Error::Version { key: key.id, version: id, refusal })?;
            let changes = vec![self.ledger.put(Expect::Version(number), &version)];
            let batch = Batch { changes, events: vec![success(call, &key.target())] };
            match self.commit(call, batch, true).await {
                Err(Error::Store(store::Error::Conflict(_))) => {}
                other => return other.map(|()| self.used(&key, &version, &self.users_of(&key))),
            }
        }
        Err(Error::Busy)
    }

    fn users_of(&self, key: &Key) -> Vec<Registration> {
        self.kmip().registrations(key.instance, Some(key.id))
    }

    /// A key's version by its identifier or number.
    async fn version_of(&self, key: &Key, which: &str) -> Result<Stored<SealedVersion>, Error> {
        let is_it = |version: &SealedVersion| version.id.to_string() == which || version.number.to_string() == which;
        let found = self.sealed_versions(key).await?.into_iter().find(|stored| is_it(&stored.entry));
        found.ok_or_else(|| Error::NotFound { what: "version", name: which.to_owned() })
    }

    fn used(&self, key: &Key, version: &SealedVersion, adapters: &[Registration]) -> VersionUse {
        let until = version.retired.filter(|_| version.erased.is_none()).map(|since| self.retrievable_until(since));
        VersionUse {
            version: KeyVersion::of(version),
            newest: version.id == key.version,
            adapters: users(adapters, version.id),
            retired: version.retired,
            retired_by: version.retired_by.clone(),
            erased: version.erased,
            retrievable_until: until,
        }
    }

    fn retrievable_until(&self, since: Timestamp) -> Timestamp {
        Timestamp::from_millis(since.millis().saturating_add(self.timers.restorable))
    }
}

impl KeyVersion {
    fn of(version: &SealedVersion) -> Self {
        KeyVersion { id: version.id, number: version.number, created: version.created }
    }
}

fn users(adapters: &[Registration], version: Uuid) -> Vec<String> {
    adapters.iter().filter(|adapter| adapter.key_version == version).map(|adapter| adapter.name.clone()).collect()
}

/// A deleted key's versions stay as they are, so that all of it can be restored.
fn is_there(key: &Key) -> Result<(), Error> {
    match key.state {
        State::Destroyed => Err(Error::Deleted(key.id)),
        State::PreActive | State::Active | State::Suspended | State::Deactivated => Ok(()),
    }
}
