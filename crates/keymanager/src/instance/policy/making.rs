//! keyCreateImportAccess: which keys may be made, and which material may be brought along (Key Protect: "Managing a key create and
//! import access policy").
//!
//! The invariant: **no imported material gets in past `enforce_token` without an import token**, whatever else is allowed.

use super::{CreateImportAccess, Rule};
use crate::{Error, KeyManager};
use uuid::Uuid;

/// What is about to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Making {
    pub(crate) extractable: bool,
    pub(crate) imported: bool,
    /// Under an import token.
    pub(crate) with_token: bool,
}

impl CreateImportAccess {
    /// Whether a new key may be made so.
    fn allows(&self, making: Making) -> Result<(), Error> {
        let Making { extractable, imported, with_token } = making;
        let (allowed, why) = match (imported, extractable) {
            (true, _) if self.enforce_token => (with_token, TOKEN),
            (true, false) => (self.import_root_key, "root keys are not imported"),
            (true, true) => (self.import_standard_key, "standard keys are not imported"),
            (false, false) => (self.create_root_key, "root keys are not created"),
            (false, true) => (self.create_standard_key, "standard keys are not created"),
        };
        if allowed { Ok(()) } else { Err(Error::CreateImportAccess(why)) }
    }

    /// Whether a key that is there may get such material: what new keys may be is not asked again.
    fn allows_again(&self, making: Making) -> Result<(), Error> {
        let allowed = !self.enforce_token || !making.imported || making.with_token;
        if allowed { Ok(()) } else { Err(Error::CreateImportAccess(TOKEN)) }
    }
}

const TOKEN: &str = "key material is imported under an import token only";

impl KeyManager {
    /// Whether the instance's keyCreateImportAccess lets a key be made.
    ///
    /// # Errors
    /// [`Error::CreateImportAccess`].
    pub(crate) async fn check_making(&self, instance: Uuid, making: Making) -> Result<(), Error> {
        match self.create_import_access(instance).await? {
            Some(access) => access.allows(making),
            None => Ok(()),
        }
    }

    /// Whether it lets a key that is there be made anew: rotated, or restored with material that is brought along. Of the policy's
    /// attributes only `enforce_token` counts then (Key Protect: "Managing a key create and import access policy",
    /// considerations).
    ///
    /// # Errors
    /// [`Error::CreateImportAccess`].
    pub(crate) async fn check_remaking(&self, instance: Uuid, making: Making) -> Result<(), Error> {
        match self.create_import_access(instance).await? {
            Some(access) => access.allows_again(making),
            None => Ok(()),
        }
    }

    async fn create_import_access(&self, instance: Uuid) -> Result<Option<CreateImportAccess>, Error> {
        let mut found = None;
        self.each_enabled(instance, |rule| {
            if let Rule::KeyCreateImportAccess(access) = rule {
                found = Some(*access);
            }
        })
        .await?;
        Ok(found)
    }
}
