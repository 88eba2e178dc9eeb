//! The import token: a key pair of an instance under which customers send their key material (Key Protect: "Creating import
//! tokens", "Bringing your encryption keys to the cloud").
//!
//! The invariant: **it is had as often as was said, and no more**, however many ask at once; and what an importer sent is key
//! material only once the token's nonce came out of it.

mod open;

use crate::audit::{Target, success};
use crate::identity::again;
use crate::ledger::{Stored, place, space};
use crate::{Call, Error, Extent, KeyManager};
use kmip::Timestamp;
use std::ops::RangeInclusive;
use store::{Batch, Change, Expect, Key as Place, Term};
use tokio::sync::Semaphore;
use uuid::Uuid;
use wrap::Secret;
use wrap::primitive::ImportKey;

/// What the private key is sealed for.
const PURPOSE: &str = "keystead import token";
/// Seconds that a token can be valid for, and is when nobody says.
const EXPIRATION: (RangeInclusive<i64>, i64) = (300..=86_400, 600);
/// How often a token can be had, and can be when nobody says.
const RETRIEVALS: (RangeInclusive<i64>, i64) = (1..=500, 1);
/// A key pair takes a processor seconds to make: one at a time, so that the rest of the server has the others.
static MAKING: Semaphore = Semaphore::const_new(1);

/// An import token, without its private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportToken {
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// How often it can be had.
    pub max_retrievals: u32,
    /// How often still.
    pub remaining_retrievals: u32,
}

/// What an importer needs.
pub struct ImportKit {
    /// The token, after this retrieval.
    pub token: ImportToken,
    /// The public key: PEM of an RSA-4096 SubjectPublicKeyInfo.
    pub public_key: String,
    /// 12 bytes, to be sent back under the material.
    pub nonce: [u8; 12],
}

/// An import token as it is at rest: an instance has one or none.
pub(crate) struct SealedToken {
    pub(crate) id: Uuid,
    pub(crate) instance: Uuid,
    pub(crate) created: Timestamp,
    pub(crate) created_by: String,
    pub(crate) expires: Timestamp,
    pub(crate) max_retrievals: u32,
    pub(crate) remaining_retrievals: u32,
    pub(crate) public_key: String,
    pub(crate) nonce: [u8; 12],
    /// The private key, sealed by the master key.
    pub(crate) sealed: Vec<u8>,
}

impl SealedToken {
    pub(crate) fn place(&self) -> Place {
        place::<SealedToken>(space(self.instance), Uuid::nil())
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        Vec::new()
    }

    fn token(&self) -> ImportToken {
        let SealedToken { created, expires, max_retrievals, remaining_retrievals, .. } = *self;
        ImportToken { created, expires, max_retrievals, remaining_retrievals }
    }

    /// What its private key is bound to: instance and token, each of fixed length.
    fn owner(&self) -> Vec<u8> {
        [&self.instance.as_bytes()[..], self.id.as_bytes()].concat()
    }

    fn check_time(&self, now: Timestamp) -> Result<(), Error> {
        if now < self.expires { Ok(()) } else { Err(Error::ImportTokenExpired) }
    }
}

impl KeyManager {
    /// Makes an import token in the place of the one that was: `expiration` 300 to 86,400 seconds (600), `retrievals` 1 to 500 (1).
    ///
    /// # Errors
    /// [`Error::Unauthorized`], [`Error::NotFound`] for the instance, [`Error::Field`], [`Error::Busy`], [`Error::Store`].
    pub async fn create_import_token(
        &self,
        call: &Call,
        expiration: Option<i64>,
        retrievals: Option<i64>,
    ) -> Result<ImportToken, Error> {
        if !call.reaches(Extent::Instance) {
            return Err(Error::Unauthorized);
        }
        let seconds = within("expiration", expiration, EXPIRATION)?;
        let retrievals = within("maxAllowedRetrievals", retrievals, RETRIEVALS)?;
        let token = self.new_token(call, seconds, retrievals).await?;
        again(|| self.try_replace(call, &token)).await?;
        Ok(token.token())
    }

    async fn try_replace(&self, call: &Call, token: &SealedToken) -> Result<(), Error> {
        match self.token(call.instance).await? {
            Some(stored) => self.put_token(call, Expect::Version(stored.version), token, None).await,
            None => self.put_token(call, Expect::Absent, token, self.touch_instance(Some(call.instance)).await?).await,
        }
    }

    /// The public key and nonce, which takes one of the retrievals.
    ///
    /// # Errors
    /// [`Error::Unauthorized`]; [`Error::NotFound`] when there is none, [`Error::ImportTokenExpired`] when it is over or used up;
    /// [`Error::Busy`], [`Error::Store`].
    pub async fn import_token(&self, call: &Call) -> Result<ImportKit, Error> {
        if !call.reaches(Extent::Instance) {
            return Err(Error::Unauthorized);
        }
        again(|| self.try_retrieve(call)).await
    }

    async fn try_retrieve(&self, call: &Call) -> Result<ImportKit, Error> {
        let Stored { entry: mut token, version } = self.token(call.instance).await?.ok_or_else(|| absent(call))?;
        token.check_time(call.now)?;
        let remaining = token.remaining_retrievals.checked_sub(1).ok_or(Error::ImportTokenExpired)?;
        token.remaining_retrievals = remaining;
        self.put_token(call, Expect::Version(version), &token, None).await?;
        Ok(token.into())
    }

    async fn token(&self, instance: Uuid) -> Result<Option<Stored<SealedToken>>, Error> {
        self.ledger.get(space(instance), Uuid::nil()).await
    }

    async fn put_token(
        &self,
        call: &Call,
        expect: Expect,
        token: &SealedToken,
        also: Option<Change>,
    ) -> Result<(), Error> {
        let target = Target { id: token.id.to_string(), name: "" };
        let changes = also.into_iter().chain([self.ledger.put(expect, token)]).collect();
        self.commit(call, Batch { changes, events: vec![success(call, &target)] }, false).await
    }

    async fn new_token(&self, call: &Call, seconds: i64, retrievals: u32) -> Result<SealedToken, Error> {
        let pair = new_pair().await?;
        let mut nonce = [0; 12];
        self.random.fill(&mut nonce)?;
        let mut token = SealedToken {
            id: self.new_id()?,
            instance: call.instance,
            created: call.now,
            created_by: call.actor.clone(),
            expires: Timestamp::from_millis(call.now.millis().saturating_add(seconds.saturating_mul(1000))),
            max_retrievals: retrievals,
            remaining_retrievals: retrievals,
            public_key: pair.public_pem(),
            nonce,
            sealed: Vec::new(),
        };
        let (installation, private) = (self.keys.installation(), pair.to_der()?);
        token.sealed = installation.seal(PURPOSE, &token.owner(), private.expose(), self.random.as_ref())?;
        Ok(token)
    }

    /// A token's key pair, in the clear.
    fn private_key(&self, token: &SealedToken) -> Result<Secret, Error> {
        let damaged = |_| Error::Damaged { what: "import token", id: token.id };
        self.keys.installation().open(PURPOSE, &token.owner(), &token.sealed).map_err(damaged)
    }
}

impl From<SealedToken> for ImportKit {
    fn from(token: SealedToken) -> Self {
        ImportKit { token: token.token(), public_key: token.public_key, nonce: token.nonce }
    }
}

/// A number within its limits, or the one that is meant when none is given.
fn within<N: TryFrom<i64>>(
    field: &'static str,
    value: Option<i64>,
    (limits, default): (RangeInclusive<i64>, i64),
) -> Result<N, Error> {
    let value = value.unwrap_or(default);
    let (least, most) = (limits.start(), limits.end());
    let wrong = || Error::Field { field, reason: format!("is {value}: give {least} to {most}") };
    if !limits.contains(&value) {
        return Err(wrong());
    }
    value.try_into().map_err(|_| wrong())
}

fn absent(call: &Call) -> Error {
    Error::NotFound { what: "import token", name: call.instance.to_string() }
}

/// A new key pair, made where that holds up nobody. Who stops waiting for it keeps the turn until it is made.
async fn new_pair() -> Result<ImportKey, Error> {
    let turn = MAKING.acquire().await.map_err(|_| Error::Unknown)?;
    let make = move || {
        let pair = ImportKey::generate();
        drop(turn);
        pair
    };
    Ok(tokio::task::spawn_blocking(make).await.map_err(|_| Error::Unknown)??)
}
