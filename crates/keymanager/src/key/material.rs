//! The material of keys: what may be brought along, what is made here, and how it is kept.
//!
//! The invariant: **material is in the clear only between the request and its seal**, and a root key's never comes back out of its
//! seal but as a sealing key ([`crate::wrapper`]); only a standard key's payload does.

use crate::key::Payload;
use crate::ledger::space;
use crate::record::{Entry, SealedVersion};
use crate::shred::Sealing;
use crate::{Call, Error, Key, KeyManager, State};
use std::ops::RangeInclusive;
use wrap::Secret;
use wrap::primitive::random_secret;

/// The length of generated material: 256 bits.
const GENERATED: usize = 32;
/// The lengths of imported root keys (Key Protect API, `payload`): AES-128, AES-192 and AES-256 keys.
const ROOT: [usize; 3] = [16, 24, 32];
/// The lengths of imported standard keys (Key Protect API, `payload`).
const STANDARD: RangeInclusive<usize> = 1..=7500;
/// The lengths of what may be wrapped (Key Protect API, `plaintext`).
const PLAINTEXT: RangeInclusive<usize> = 1..=4096;

impl KeyManager {
    /// Material for a key: what was brought along, once it was found fit, else random bytes.
    ///
    /// # Errors
    /// [`Error::Field`], and as [`KeyManager::open_payload`].
    pub(super) async fn material(
        &self,
        call: &Call,
        payload: Option<Payload>,
        extractable: bool,
    ) -> Result<Secret, Error> {
        let material = match payload {
            None => return self.generated(),
            Some(Payload::Plain(material)) => material,
            Some(Payload::Encrypted(payload)) => self.open_payload(call, &payload).await?,
        };
        check_material(&material, extractable)?;
        Ok(material)
    }

    /// 32 random bytes.
    pub(super) fn generated(&self) -> Result<Secret, Error> {
        Ok(random_secret(self.random.as_ref(), GENERATED)?)
    }

    /// A key's newest version, with its material sealed. It must be committed while `sealing` is held.
    pub(super) fn new_version(
        &self,
        key: &Key,
        material: &Secret,
        sealing: &Sealing<'_>,
    ) -> Result<SealedVersion, Error> {
        let mut version = SealedVersion {
            id: key.version,
            instance: key.instance,
            key: key.id,
            number: key.versions,
            created: key.version_created.unwrap_or(key.created),
            sealed: Vec::new(),
            epoch: None,
            retired: None,
            retired_by: None,
            erased: None,
        };
        match key.extractable {
            true => self.seal_payload(&mut version, material)?,
            false => self.seal_version(&mut version, material, &sealing.epoch)?,
        }
        Ok(version)
    }

    /// A standard key's payload, unless it is deleted.
    pub(super) async fn payload(&self, key: &Key) -> Result<Option<Secret>, Error> {
        match (key.extractable, key.state) {
            (false, _) | (true, State::Destroyed) => return Ok(None),
            (true, State::PreActive | State::Active | State::Suspended | State::Deactivated) => {}
        }
        let damaged = || Error::Damaged { what: SealedVersion::WHAT, id: key.version };
        let stored = self.ledger.get::<SealedVersion>(space(key.instance), key.version).await?.ok_or_else(damaged)?;
        if stored.entry.key != key.id {
            return Err(damaged());
        }
        self.open_payload_of(&stored.entry).map(Some)
    }
}

fn check_material(material: &Secret, extractable: bool) -> Result<(), Error> {
    let length = material.expose().len();
    let (fits, rule) = if extractable {
        (STANDARD.contains(&length), "a standard key has 1 to 7500")
    } else {
        (ROOT.contains(&length), "a root key has 16, 24 or 32 random ones")
    };
    if fits { Ok(()) } else { Err(Error::Field { field: "payload", reason: format!("has {length} bytes: {rule}") }) }
}

/// What is to be wrapped: 1 to 4096 bytes.
///
/// # Errors
/// [`Error::Field`].
pub(super) fn check_plaintext(plaintext: &Secret) -> Result<(), Error> {
    let length = plaintext.expose().len();
    if PLAINTEXT.contains(&length) {
        return Ok(());
    }
    let reason = format!("has {length} bytes: give 1 to 4096, or none to have 32 random ones made");
    Err(Error::Field { field: "plaintext", reason })
}
