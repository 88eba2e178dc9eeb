//! [`Scope`]: what an operation may see and do: the objects of one adapter, at one moment, for one client.
//!
//! The invariant: a client's scope is made by the gate ([`crate::exchange`]) and by nothing else; it reads and writes in its adapter's
//! space only, and sees no object that is deleted as a standard key; what it was told to write is written by its commit, with the audit
//! event, all or nothing.

mod names;

use std::sync::Arc;

use kmip::attribute;
use kmip::{DateTime, Timestamp, Version};
use store::{Batch, Change, Expect, Key, Query, Record, Term};
use uuid::Uuid;
use wrap::primitive::Random;

use crate::Engine;
use crate::beside;
use crate::error::{Failure, Fault, Refusal};
use crate::object::Object;
use crate::origin::Origin;
use crate::quarantine::QUARANTINE;
use crate::record::{OBJECT, Stored, grave, place, put, read};
use crate::seal::{AdapterKey, Material};
use crate::usage::{Place, USAGE};

/// What an operation works in.
pub struct Scope<'e> {
    engine: &'e Engine,
    origin: &'e Origin<'e>,
    version: Version,
    now: Timestamp,
    placeholder: Option<Uuid>,
    target: Option<Uuid>,
    changes: Vec<Change>,
    /// Whether the changes may be left undone.
    optional: bool,
}

impl<'e> Scope<'e> {
    pub(crate) fn new(
        engine: &'e Engine,
        origin: &'e Origin<'e>,
        version: Version,
        now: Timestamp,
        placeholder: Option<Uuid>,
    ) -> Self {
        Scope { engine, origin, version, now, placeholder, target: None, changes: Vec::new(), optional: false }
    }

    /// The scope of a change that an administrator makes, outside of any exchange.
    pub(crate) fn administrative(engine: &'e Engine, origin: &'e Origin<'e>, now: Timestamp) -> Self {
        Scope::new(engine, origin, Version::NEWEST, now, None)
    }

    /// The protocol version of the exchange.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Now, as KMIP writes it.
    pub fn date(&self) -> DateTime {
        self.now.date_time()
    }

    /// Who asks, as records name them.
    pub(crate) fn initiator(&self) -> &'e str {
        self.origin.initiator()
    }

    /// What a client says of itself beside what it asks for.
    pub(crate) fn hear(&self, attribute: &attribute::Attribute) {
        self.engine.products.note(self.origin, attribute);
    }

    /// The source of randomness.
    pub fn random(&self) -> &dyn Random {
        &*self.engine.random
    }

    /// The adapter's key, if its root key may be used now.
    pub async fn key(&self) -> Result<Arc<AdapterKey>, Failure> {
        let key = self.engine.keyring.key(&self.origin.adapter().key).await?;
        self.origin.verify(&key)?;
        Ok(key)
    }

    /// The object that a request names, or that the ID placeholder holds (KMIP 1.4, 4). A destroyed one too; one that is deleted in the
    /// key manager is as one that never was.
    pub async fn object(&mut self, identifier: Option<&str>) -> Result<Stored, Failure> {
        let id = match identifier {
            Some(text) => Uuid::parse_str(text).map_err(|_| Refusal::NotFound)?,
            None => self.placeholder.ok_or(Refusal::NoIdentifier)?,
        };
        self.target = Some(id);
        let key = self.key().await?;
        let place = place(self.origin.adapter(), id);
        let record = self.engine.store.get(&place).await?.ok_or(Refusal::NotFound)?;
        let stored = read(&key, &place, &record, self.now)?;
        if stored.object.is_deleted() { Err(Refusal::NotFound.into()) } else { Ok(stored) }
    }

    /// As [`Scope::object`], and the object must not be destroyed.
    pub async fn live(&mut self, identifier: Option<&str>) -> Result<Stored, Failure> {
        let stored = self.object(identifier).await?;
        if stored.object.is_destroyed() { Err(Refusal::Destroyed.into()) } else { Ok(stored) }
    }

    /// The object's material, opened.
    pub async fn material(&self, object: &Object) -> Result<Material, Failure> {
        let sealed = object.sealed.as_ref().filter(|_| !object.is_destroyed()).ok_or(Refusal::Destroyed)?;
        self.key().await?.open(object.id.0, sealed)
    }

    /// The object with its Digest (KMIP 1.4, 3.17). A symmetric key keeps it as an attribute. That of anything else is made when it is
    /// asked for and stored nowhere: outside of the seal it would let a thief of the records test guesses of a password.
    pub async fn with_digest(&self, mut object: Arc<Object>) -> Result<Arc<Object>, Failure> {
        if object.sealed.is_some() && !object.is_destroyed() && object.get(&attribute::DIGEST).is_none() {
            let digest = self.material(&object).await?.digest();
            Arc::make_mut(&mut object).set_digest(digest);
        }
        Ok(object)
    }

    /// Gives an object its material, sealed.
    pub async fn seal(&self, object: &mut Object, material: &Material) -> Result<(), Failure> {
        object.sealed = Some(self.key().await?.seal(object.id.0, material, self.random())?);
        Ok(())
    }

    /// A new object identifier.
    pub fn new_id(&self) -> Result<Uuid, Failure> {
        random_id(self.random())
    }

    /// From here on the ID placeholder means this object.
    pub fn hold(&mut self, id: Option<Uuid>) {
        self.placeholder = id;
    }

    /// Has a new object written. The ID placeholder then means it.
    pub async fn insert(&mut self, object: &Object) -> Result<(), Failure> {
        self.target = Some(object.id.0);
        self.hold(self.target);
        self.put(object, Expect::Absent, 1).await
    }

    /// Has a changed object written, if the store takes changes; where it doesn't, the operation is a read and goes on.
    pub async fn note(&mut self, stored: &mut Stored) -> Result<(), Failure> {
        self.optional = true;
        self.put(&stored.object, Expect::Version(stored.version), stored.version + 1).await
    }

    /// Has a changed object written, with the date of the change and who made it.
    pub async fn update(&mut self, stored: &mut Stored) -> Result<(), Failure> {
        let (date, by) = (self.date(), self.initiator().to_owned());
        let object = stored.change();
        object.set_date(&attribute::LAST_CHANGE_DATE, date);
        object.history.updated_by = Some(by);
        self.replace(stored).await
    }

    /// Has an object written as it is.
    pub(crate) async fn replace(&mut self, stored: &Stored) -> Result<(), Failure> {
        self.put(&stored.object, Expect::Version(stored.version), stored.version + 1).await
    }

    /// Has one more change written, of a record beside an object.
    pub(crate) fn also(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// As [`Scope::also`]; where nothing else is to be written, the operation goes on as a read if the store takes no changes.
    pub(crate) fn also_if_possible(&mut self, change: Change) {
        self.optional = self.optional || self.changes.is_empty();
        self.changes.push(change);
    }

    /// Has an object taken away, and what is left of it written as its tombstone.
    pub(crate) async fn bury(&mut self, stored: &Stored) -> Result<(), Failure> {
        let (adapter, id) = (self.origin.adapter(), stored.object.id.0);
        let key = self.key().await?;
        self.changes.push(put(&key, grave(adapter, id), &stored.object, Expect::Absent, 1));
        self.take_away(id, place(adapter, id), stored.version).await
    }

    /// Has an object's record taken away, and what stands beside it.
    pub(crate) async fn take_away(&mut self, id: Uuid, key: Key, version: u64) -> Result<(), Failure> {
        let adapter = self.origin.adapter();
        self.changes.push(Change::Delete { key, version });
        self.engine.uses.forget(&Place { adapter: adapter.id, object: id });
        for kind in [USAGE, QUARANTINE] {
            if let Some(Record { key, version, .. }) = self.engine.store.get(&beside::place(adapter, kind, id)).await? {
                self.changes.push(Change::Delete { key, version });
            }
        }
        Ok(())
    }

    async fn put(&mut self, object: &Object, expect: Expect, version: u64) -> Result<(), Failure> {
        let key = self.key().await?;
        self.changes.push(put(&key, place(self.origin.adapter(), object.id.0), object, expect, version));
        Ok(())
    }

    /// A page of the adapter's objects that bear all of these terms, and the cursor after it while more follow.
    pub async fn find(
        &self,
        terms: &[Term],
        after: u64,
        limit: usize,
    ) -> Result<(Vec<Arc<Object>>, Option<u64>), Failure> {
        let key = self.key().await?;
        let query = self.query(terms, after, limit);
        let page = self.engine.store.find(&query).await?;
        let next = page.records.last().filter(|_| page.more).map(|(cursor, _)| *cursor);
        let read = |record: &Record| Ok(read(&key, &record.key, record, self.now)?.object);
        let objects: Result<Vec<_>, Fault> = page.records.iter().map(|(_, record)| read(record)).collect();
        Ok((objects?.into_iter().filter(|object| !object.is_deleted()).collect(), next))
    }

    fn query(&self, terms: &[Term], after: u64, limit: usize) -> Query {
        Query { space: self.origin.adapter().space(), kind: OBJECT, terms: terms.to_vec(), after, limit }
    }

    /// Ends the scope: what it was told to write is written with this audit event, or the event alone goes to the journal.
    pub(crate) async fn commit(self, event: Vec<u8>) -> Result<Option<Uuid>, Failure> {
        let Scope { engine, origin, changes, optional, placeholder, .. } = self;
        if changes.is_empty() {
            engine.record(&event)?;
            return Ok(placeholder);
        }
        let _held =
            engine.registry.hold(origin.adapter().id).await.ok_or(Refusal::Denied("the adapter was removed"))?;
        let journal = optional.then(|| event.clone());
        match (engine.store.commit(Batch { changes, events: vec![event] }).await, journal) {
            (Err(store::Error::Full(_) | store::Error::Io(_) | store::Error::Failed(_)), Some(event)) => {
                engine.record(&event)?;
            }
            (result, _) => result?,
        }
        Ok(placeholder)
    }

    /// The object that the operation was about, whether there is one or not.
    pub(crate) fn target(&self) -> Option<Uuid> {
        self.target
    }
}

/// A random identifier: a UUID of version 4, 122 random bits.
pub(crate) fn random_id(random: &dyn Random) -> Result<Uuid, Failure> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}
