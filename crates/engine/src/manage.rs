//! What administrators do to an adapter's objects and to adapters, beside KMIP.
//!
//! The invariant: nothing here gives out material.

use kmip::attribute::Attribute;
use kmip::enums::{ObjectType, State};
use kmip::{Timestamp, Version, attribute};
use store::Query;
use uuid::Uuid;

use crate::Engine;
use crate::error::{Failure, Fault, Refusal};
use crate::exchange::ATTEMPTS;
use crate::lifecycle::{self, Event};
use crate::object::Object;
use crate::origin::Origin;
use crate::record::{OBJECT, Stored, place, read};
use crate::registry::{Actor, Adapter};
use crate::scope;

/// Why an administrator's request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A name that is not allowed.
    #[error("`{0}` is no name: use 2 to 40 of A-Z a-z 0-9 _ -, and no UUID")]
    Name(String),
    /// A name that is taken.
    #[error("the name `{0}` is taken: choose another")]
    NameTaken(String),
    /// The certificate is on a list already; its name there, if that is the same list.
    #[error("the certificate is on {} already: a certificate stands on one list only", listed(.0))]
    Listed(Option<String>),
    /// A limit is reached.
    #[error("the limit is reached: {0}")]
    Limit(&'static str),
    /// The adapter has objects that are not destroyed.
    #[error("the adapter has objects that are not destroyed, {0} of them at least: destroy them first")]
    InUse(Uuid),
    /// The object's state does not allow it.
    #[error("{0}")]
    Refused(Refusal),
    /// It failed on our side.
    #[error(transparent)]
    Failed(#[from] Fault),
}

fn listed(name: &Option<String>) -> String {
    name.as_ref().map_or_else(|| "another adapter's list".to_owned(), |name| format!("this list, as `{name}`,"))
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => Error::Refused(refusal),
            Failure::Failed(fault) => Error::Failed(fault),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Error::Failed(Fault::Store(error))
    }
}

/// An object as administrators see it.
#[derive(Clone, Debug)]
pub struct ObjectView {
    /// Its Unique Identifier.
    pub id: Uuid,
    /// What it is.
    pub object_type: ObjectType,
    /// Its state, if it has one.
    pub state: Option<State>,
    /// Every attribute that is set.
    pub attributes: Vec<Attribute>,
}

/// A page of objects.
pub struct ObjectPage {
    /// The objects, in the order in which they were made.
    pub objects: Vec<ObjectView>,
    /// The cursor after the last one, while more follow.
    pub next: Option<u64>,
}

impl Engine {
    /// A page of an adapter's objects after a cursor (0: from the start).
    ///
    /// # Errors
    /// A root key that can't be used, a damaged record, failures of the store.
    pub async fn objects(
        &self,
        adapter: &Adapter,
        after: u64,
        limit: usize,
        now: Timestamp,
    ) -> Result<ObjectPage, Error> {
        let key = self.keyring.key(&adapter.key).await?;
        let query = Query { space: adapter.space(), kind: OBJECT, terms: Vec::new(), after, limit };
        let page = self.store.find(&query).await?;
        let next = page.records.last().filter(|_| page.more).map(|(cursor, _)| *cursor);
        let read = page
            .records
            .iter()
            .map(|(_, record)| read(&key, &record.key, record, now).map(|stored| view(&stored.object)));
        Ok(ObjectPage { objects: read.collect::<Result<_, _>>()?, next })
    }

    /// How many objects an adapter has, destroyed ones too.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn count_objects(&self, adapter: &Adapter) -> Result<u64, Error> {
        let query = Query { space: adapter.space(), kind: OBJECT, terms: Vec::new(), after: 0, limit: 0 };
        Ok(self.store.count(&query).await?)
    }

    /// One of an adapter's objects.
    ///
    /// # Errors
    /// No such object, and as [`Engine::objects`].
    pub async fn object(&self, adapter: &Adapter, id: Uuid, now: Timestamp) -> Result<ObjectView, Error> {
        Ok(view(&self.stored(adapter, id, now).await?.object))
    }

    async fn stored(&self, adapter: &Adapter, id: Uuid, now: Timestamp) -> Result<Stored, Error> {
        let key = self.keyring.key(&adapter.key).await?;
        let place = place(adapter, id);
        let record = self.store.get(&place).await?.ok_or(Error::NotFound("key"))?;
        Ok(read(&key, &place, &record, now)?)
    }

    /// Destroys an object's material, in whichever state it is: an administrator may do what KMIP may not.
    ///
    /// # Errors
    /// No such object, one that is destroyed already, and as [`Engine::objects`].
    pub async fn destroy_object(
        &self,
        adapter: &Adapter,
        id: Uuid,
        by: &Actor,
        now: Timestamp,
    ) -> Result<ObjectView, Error> {
        for _ in 0..ATTEMPTS {
            match self.try_to_destroy(adapter, id, by, now).await {
                Err(Error::Failed(Fault::Store(store::Error::Conflict(_)))) => {}
                outcome => return outcome,
            }
        }
        Err(Error::Refused(Refusal::Busy))
    }

    async fn try_to_destroy(
        &self,
        adapter: &Adapter,
        id: Uuid,
        by: &Actor,
        now: Timestamp,
    ) -> Result<ObjectView, Error> {
        let mut stored = self.stored(adapter, id, now).await?;
        let object = stored.change();
        if object.state() == Some(State::Active) {
            object.set_state(lifecycle::next(State::Active, Event::Deactivate).map_err(Failure::from)?);
            object.set_date(&attribute::DEACTIVATION_DATE, now.date_time());
        }
        lifecycle::erase(object, now).map_err(Failure::from)?;
        scope::write(self, &Origin::Administrator { adapter, by }, &mut stored, now).await?;
        Ok(view(&stored.object))
    }

    /// Removes an adapter and its allow-list.
    ///
    /// # Errors
    /// An adapter that has an object which is not destroyed, failures of the store.
    pub async fn remove_adapter(&self, adapter: &Adapter, by: &Actor, now: Timestamp) -> Result<(), Error> {
        let seen = self.all_destroyed(adapter, 0, now).await?;
        // What was made in the meantime is looked at while nothing more can be made.
        let _held_off = self.registry.hold_off().await;
        self.all_destroyed(adapter, seen, now).await?;
        self.registry.remove_adapter(adapter, by, now).await
    }

    /// Sees whether all of an adapter's objects after a cursor are destroyed, and gives back the last one's cursor.
    async fn all_destroyed(&self, adapter: &Adapter, mut after: u64, now: Timestamp) -> Result<u64, Error> {
        let key = self.keyring.key(&adapter.key).await?;
        loop {
            let query = Query { space: adapter.space(), kind: OBJECT, terms: Vec::new(), after, limit: 1000 };
            let page = self.store.find(&query).await?;
            for (cursor, record) in &page.records {
                let object = read(&key, &record.key, record, now)?.object;
                if !object.is_destroyed() {
                    return Err(Error::InUse(object.id.0));
                }
                after = *cursor;
            }
            if !page.more {
                return Ok(after);
            }
        }
    }
}

fn view(object: &Object) -> ObjectView {
    ObjectView {
        id: object.id.0,
        object_type: object.object_type,
        state: object.state(),
        attributes: object.visible(Version::NEWEST),
    }
}
