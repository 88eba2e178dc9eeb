//! Names: no two objects of an adapter have the same (KMIP 1.4, 3.2).
//!
//! The invariant: a name that is in use is a record of its own, which says whose it is; so of two who want it at once, the second's
//! commit finds it there.

use kmip::attribute::{self, AttributeName};
use kmip::{Value, tag};
use store::{Change, Expect, Key, Kind, Record};
use uuid::Uuid;

use super::Scope;
use crate::error::{Failure, Refusal};
use crate::object::Object;
use crate::record::term;

/// A name, in its adapter's space.
const NAME: Kind = Kind(0x31);

impl Scope<'_> {
    /// Takes a name for an object, so that no other object of the adapter can have it (KMIP 1.4, 3.2).
    pub async fn claim_name(&mut self, object: Uuid, name: &Value) -> Result<(), Failure> {
        let key = self.name_key(name);
        let claimed =
            self.changes.iter().any(|change| matches!(change, Change::Put { key: other, .. } if *other == key));
        if claimed || self.engine.store.get(&key).await?.is_some() {
            return Err(Refusal::NameTaken.into());
        }
        let body = object.as_bytes().to_vec();
        self.changes.push(Change::Put { key, expect: Expect::Absent, body, terms: Vec::new() });
        Ok(())
    }

    /// Gives a name back, if it is the object's.
    pub async fn release_name(&mut self, object: Uuid, name: &Value) -> Result<(), Failure> {
        if let Some(Record { key, version, .. }) = self.claim(object, name).await? {
            self.changes.push(Change::Delete { key, version });
        }
        Ok(())
    }

    /// Gives all names of an object back.
    pub async fn release_names(&mut self, object: &Object) -> Result<(), Failure> {
        for name in object.instances(&AttributeName::Standard(&attribute::NAME)) {
            self.release_name(object.id.0, &name.value).await?;
        }
        Ok(())
    }

    /// Takes the names of an object that was destroyed again. Those that another object has by now it loses; gives these back, as text.
    pub(crate) async fn reclaim_names(&mut self, object: &mut Object) -> Result<Vec<String>, Failure> {
        let name = AttributeName::Standard(&attribute::NAME);
        let names: Vec<Value> = object.instances(&name).map(|attribute| attribute.value.clone()).collect();
        let mut lost = Vec::new();
        for value in names {
            match self.claim_name(object.id.0, &value).await {
                Ok(()) => {}
                Err(Failure::Refused(Refusal::NameTaken)) => {
                    object.attributes.retain(|attribute| attribute.name != name || attribute.value != value);
                    lost.extend(value.field(tag::NAME_VALUE).and_then(Value::as_text).map(str::to_owned));
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(lost)
    }

    /// Passes a name on to another object, if it is this object's. Tells whether it was.
    pub async fn pass_name(&mut self, object: Uuid, name: &Value, heir: Uuid) -> Result<bool, Failure> {
        let Some(Record { key, version, .. }) = self.claim(object, name).await? else { return Ok(false) };
        let (expect, body) = (Expect::Version(version), heir.as_bytes().to_vec());
        self.changes.push(Change::Put { key, expect, body, terms: Vec::new() });
        Ok(true)
    }

    async fn claim(&self, object: Uuid, name: &Value) -> Result<Option<Record>, Failure> {
        let record = self.engine.store.get(&self.name_key(name)).await?;
        Ok(record.filter(|record| record.body == object.as_bytes().as_slice()))
    }

    fn name_key(&self, name: &Value) -> Key {
        let term = term(&AttributeName::Standard(&attribute::NAME), name);
        Key { space: self.origin.adapter().space(), kind: NAME, id: term.0 }
    }
}
