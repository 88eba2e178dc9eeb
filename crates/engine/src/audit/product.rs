//! [`Products`]: which version of vSphere each client said it is. vCenter 7.0 and later tags its keys with `x-Product_Version`.
//!
//! The invariant: **it is what the client said last, and nothing is decided by it**: it is there for whoever reads the audit. It is not
//! kept over a restart, and there are at most so many.

use std::collections::HashMap;
use std::sync::Arc;

use kmip::Value;
use kmip::attribute::Attribute;
use parking_lot::RwLock;

use crate::origin::Origin;
use crate::registry::Fingerprint;

/// The attribute that says so.
const PRODUCT_VERSION: &str = "x-Product_Version";
/// Clients at most.
const CLIENTS: usize = 65_536;
/// Characters of a version at most.
const LONGEST: usize = 64;

#[derive(Default)]
pub(crate) struct Products(RwLock<HashMap<Fingerprint, Arc<str>>>);

impl Products {
    /// What the client said, if it is one and has said anything.
    pub(crate) fn of(&self, origin: &Origin<'_>) -> Option<Arc<str>> {
        self.0.read().get(&fingerprint(origin)?).cloned()
    }

    /// Takes an attribute that a client sets, if it says which version it is.
    pub(crate) fn note(&self, origin: &Origin<'_>, attribute: &Attribute) {
        let Some(fingerprint) = fingerprint(origin).filter(|_| attribute.name.as_str() == PRODUCT_VERSION) else {
            return;
        };
        let Value::TextString(version) = &attribute.value else { return };
        let version: String = version.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        let mut known = self.0.write();
        if known.len() < CLIENTS || known.contains_key(&fingerprint) {
            known.insert(fingerprint, version.into());
        }
    }
}

fn fingerprint(origin: &Origin<'_>) -> Option<Fingerprint> {
    match origin {
        Origin::Client { client, .. } => Some(client.fingerprint()),
        Origin::Administrator { .. } => None,
    }
}
