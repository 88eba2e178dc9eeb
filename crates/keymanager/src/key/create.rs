//! Keys made and imported.
//!
//! The invariant: **a new key is there whole or not at all**: record, material, aliases and event are one batch, in an instance
//! and a ring that stand.

use crate::audit::success;
use crate::identity::again;
use crate::instance::Making;
use crate::key::life::named;
use crate::key::{DEFAULT_RING, DualAuth, PolicyStamp, Rotation, RotationSetting};
use crate::ledger::space;
use crate::record::{Entry, SealedVersion};
use crate::{Call, Error, Extent, Instance, Key, KeyManager, State, text};
use kmip::Timestamp;
use store::{Batch, Change, Expect, Space};
use uuid::Uuid;
use wrap::Secret;

/// What makes a key (Key Protect API: "Create a key").
pub struct NewKey {
    /// 1 to 90 characters.
    pub name: String,
    /// 2 to 240 characters.
    pub description: Option<String>,
    /// At most 5, see `alias`.
    pub aliases: Vec<String>,
    /// At most 30 of at most 30 characters, without `< > , : & |`.
    pub tags: Vec<String>,
    /// After now.
    pub expires: Option<Timestamp>,
    /// True for a standard key, false for a root key.
    pub extractable: bool,
    /// Its key ring; none: `default`.
    pub ring: Option<String>,
    /// Material to import; generated (256 bits) where there is none.
    pub payload: Option<Payload>,
    /// Policies that override the instance's; none: the instance's policies apply.
    pub overrides: Option<Overrides>,
}

impl Making {
    /// What is made with or without material that is brought along.
    pub(super) fn of(extractable: bool, payload: Option<&Payload>) -> Self {
        let with_token = match payload {
            Some(Payload::Encrypted(_)) => true,
            Some(Payload::Plain(_)) | None => false,
        };
        Making { extractable, imported: payload.is_some(), with_token }
    }
}

impl NewKey {
    /// A root key or standard key with a name, and all else as it comes.
    pub fn named(name: &str, extractable: bool) -> Self {
        NewKey {
            name: name.to_owned(),
            description: None,
            aliases: Vec::new(),
            tags: Vec::new(),
            expires: None,
            extractable,
            ring: None,
            payload: None,
            overrides: None,
        }
    }
}

/// Policies of a new key in the place of the instance's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Overrides {
    /// Its rotation.
    pub rotation: Option<RotationSetting>,
    /// Whether two people are needed to delete it.
    pub dual_auth_delete: Option<bool>,
}

/// Material that is brought along.
pub enum Payload {
    /// In the clear (inside TLS): root keys 16, 24 or 32 bytes; standard keys up to 7500.
    Plain(Secret),
    /// Under the instance's import token.
    Encrypted(EncryptedPayload),
}

/// Material under the import token's public key (Key Protect: "Importing keys with an import token").
pub struct EncryptedPayload {
    /// The material by RSAES-OAEP.
    pub ciphertext: Vec<u8>,
    /// The token's nonce, encrypted under the material itself.
    pub nonce: Vec<u8>,
    /// The initialisation vector of that.
    pub iv: Vec<u8>,
    /// `RSAES_OAEP_SHA_256` or `RSAES_OAEP_SHA_1`; none: the former.
    pub algorithm: Option<String>,
}

impl KeyManager {
    /// Makes or imports a key, which is active at once.
    ///
    /// # Errors
    /// [`Error::Unauthorized`] for the ring; [`Error::NotFound`] for an instance or a ring that is not there; [`Error::Field`];
    /// [`Error::CreateImportAccess`]; [`Error::Taken`] for an alias; [`Error::RootKeyRequired`] for an import token with a standard
    /// key; [`Error::RotationOfImported`]; [`Error::Nonce`], [`Error::NonceIv`], [`Error::ImportTokenExpired`]; [`Error::Busy`],
    /// [`Error::Store`].
    pub async fn create_key(&self, call: &Call, mut new: NewKey) -> Result<Key, Error> {
        let making = Making::of(new.extractable, new.payload.as_ref());
        if !call.reaches(Extent::Ring(new.ring.as_deref().unwrap_or(DEFAULT_RING))) {
            return Err(Error::Unauthorized);
        }
        let (payload, overrides) = (new.payload.take(), new.overrides.take());
        let mut key = self.drafted(call, new, making)?;
        self.ring_stands(call.instance, key.ring()).await?;
        self.check_making(call.instance, making).await?;
        let policies = match overrides {
            Some(overrides) => overrides,
            None => self.policies_for(call.instance, making).await?,
        };
        self.set_policies(call, &mut key, policies)?;
        let material = self.material(call, payload, key.extractable).await?;
        let sealing = self.sealing().await;
        let version = self.new_version(&key, &material, &sealing)?;
        self.room_for_aliases(call.instance, key.aliases.len()).await?;
        again(|| self.insert(call, &key, &version)).await?;
        Ok(key)
    }

    async fn insert(&self, call: &Call, key: &Key, version: &SealedVersion) -> Result<(), Error> {
        let mut changes = vec![self.ledger.put(Expect::Absent, key), self.ledger.put(Expect::Absent, version)];
        changes.extend(self.new_aliases(call, key.id, &key.aliases)?);
        changes.extend(self.ring_stands(call.instance, key.ring()).await?);
        changes.push(self.instance_stands(call.instance).await?);
        let committed = self.commit(call, Batch { changes, events: vec![success(call, &key.target())] }, false).await;
        if let Err(Error::Store(store::Error::Conflict(_))) = committed {
            self.check_free(call, &key.aliases).await?;
        }
        committed
    }

    /// A change for the batch that puts a key into an instance: it fails should the instance be deleted in the meantime, and an
    /// instance that is empty can't be deleted once it is made.
    async fn instance_stands(&self, instance: Uuid) -> Result<Change, Error> {
        let stored = self.ledger.shared::<Instance>(Space::INSTALLATION, instance).await?;
        let stored = stored.ok_or_else(|| Error::NotFound { what: "instance", name: instance.to_string() })?;
        let expect = Expect::Version(stored.version);
        if self.ledger.is_empty(space(instance), Key::KIND).await? {
            // A new version of its record: who looks whether it is empty before this and deletes it after this is too late.
            return Ok(self.ledger.put(expect, &*stored.entry));
        }
        Ok(Change::Check { key: stored.entry.place(), expect })
    }

    /// A key with all that its maker said of it, once that was found fit.
    fn drafted(&self, call: &Call, new: NewKey, making: Making) -> Result<Key, Error> {
        let id = self.new_id()?;
        if making.with_token && making.extractable {
            return Err(Error::RootKeyRequired(id));
        }
        if new.expires.is_some_and(|expires| expires <= call.now) {
            let reason = "is past: give a time in the future".to_owned();
            return Err(Error::Field { field: "expirationDate", reason });
        }
        Ok(Key {
            id,
            instance: call.instance,
            name: text::name(&new.name)?,
            description: text::key_description(new.description)?,
            aliases: new.aliases,
            tags: text::tags(new.tags)?,
            extractable: new.extractable,
            ring: new.ring.as_deref().and_then(named),
            state: State::Active,
            imported: making.imported,
            version: self.new_id()?,
            version_created: Some(call.now),
            versions: 1,
            created: call.now,
            created_by: call.actor.clone(),
            rotated: None,
            updated: None,
            expires: new.expires,
            suspended: None,
            deleted: None,
            deleted_by: None,
            synced: None,
            rotation: None,
            dual_auth: None,
            set_for_deletion: None,
        })
    }

    /// Gives a new key its policies.
    fn set_policies(&self, call: &Call, key: &mut Key, policies: Overrides) -> Result<(), Error> {
        if let Some(setting) = policies.rotation {
            key.rotates_by_itself()?;
            let interval_month = setting.months(None)?;
            let stamp = PolicyStamp::new(self.new_id()?, call);
            key.rotation = Some(Rotation { enabled: setting.enabled, interval_month, stamp });
        }
        if let Some(enabled) = policies.dual_auth_delete {
            key.dual_auth = Some(DualAuth { enabled, stamp: PolicyStamp::new(self.new_id()?, call) });
        }
        Ok(())
    }

    /// Whether no key has one of these aliases.
    async fn check_free(&self, call: &Call, aliases: &[String]) -> Result<(), Error> {
        for alias in aliases {
            if self.aliased(call.instance, alias).await?.is_some() {
                return Err(Error::Taken { what: "alias", name: alias.clone() });
            }
        }
        Ok(())
    }
}
