//! [`Scope`]: what an operation may see and do: the objects of one adapter, at one moment, for one client.
//!
//! The invariant: a scope is made by the gate ([`crate::exchange`]) and by nothing else; it reads and writes in its adapter's space only;
//! what it was told to write is written by its commit, with the audit event, all or nothing.

use std::sync::Arc;

use kmip::attribute::{self, Attribute, AttributeName};
use kmip::ttlv::{Decode, Encode, Item, Writer};
use kmip::{DateTime, Timestamp, Value, Version, tag};
use store::{Batch, Change, Expect, Key, Kind, Query, Record, Term};
use uuid::Uuid;
use wrap::primitive::Random;

use crate::Engine;
use crate::error::{Failure, Fault, Refusal};
use crate::exchange::Origin;
use crate::lifecycle;
use crate::object::Object;
use crate::policy::Permission;
use crate::registry::Adapter;
use crate::seal::{AdapterKey, Material};

/// KMIP objects, in their adapter's space.
pub(crate) const OBJECT: Kind = Kind(0x30);
/// The names that are in use in an adapter's space: a record each, which says whose it is.
const NAME: Kind = Kind(0x31);

/// The protocol version that records are written in, whatever the client speaks.
const PINNED: Version = Version::V1_4;

/// An object as it is stored, and what it was when it was read.
pub struct Stored {
    /// The object. It is shared with other readers until it is changed.
    pub object: Arc<Object>,
    pub(crate) version: u64,
}

impl Stored {
    /// The object, to change it.
    pub fn change(&mut self) -> &mut Object {
        Arc::make_mut(&mut self.object)
    }
}

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

    /// The object that a request names, or that the ID placeholder holds (KMIP 1.4, 4). A destroyed one too.
    pub async fn object(&mut self, identifier: Option<&str>) -> Result<Stored, Failure> {
        let id = match identifier {
            Some(text) => Uuid::parse_str(text).map_err(|_| Refusal::NotFound)?,
            None => self.placeholder.ok_or(Refusal::NoIdentifier)?,
        };
        self.target = Some(id);
        let key = self.key().await?;
        let place = place(self.origin.adapter(), id);
        let record = self.engine.store.get(&place).await?.ok_or(Refusal::NotFound)?;
        Ok(read(&key, &place, &record, self.now)?)
    }

    /// As [`Scope::object`], and the object must not be destroyed.
    pub async fn live(&mut self, identifier: Option<&str>) -> Result<Stored, Failure> {
        let stored = self.object(identifier).await?;
        if stored.object.is_destroyed() { Err(Refusal::Destroyed.into()) } else { Ok(stored) }
    }

    /// The object's material, opened.
    pub async fn material(&self, object: &Object) -> Result<Material, Failure> {
        let sealed = object.sealed.as_ref().ok_or(Refusal::Destroyed)?;
        self.key().await?.open(object.id.0, sealed)
    }

    /// The object with its Digest (KMIP 1.4, 3.17). A symmetric key keeps it as an attribute. That of anything else is made when it is
    /// asked for and stored nowhere: outside of the seal it would let a thief of the records test guesses of a password.
    pub async fn with_digest(&self, mut object: Arc<Object>) -> Result<Arc<Object>, Failure> {
        if object.sealed.is_some() && object.get(&attribute::DIGEST).is_none() {
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

    /// Has a changed object written.
    pub async fn update(&mut self, stored: &mut Stored) -> Result<(), Failure> {
        stored.change().set_date(&attribute::LAST_CHANGE_DATE, self.date());
        self.put(&stored.object, Expect::Version(stored.version), stored.version + 1).await
    }

    async fn put(&mut self, object: &Object, expect: Expect, version: u64) -> Result<(), Failure> {
        let key = self.key().await?;
        self.changes.push(put(&key, self.origin.adapter(), object, expect, version));
        Ok(())
    }

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

    /// A page of the adapter's objects that bear all of these terms.
    pub async fn find(
        &self,
        terms: &[Term],
        after: u64,
        limit: usize,
    ) -> Result<(Vec<(u64, Arc<Object>)>, bool), Failure> {
        let key = self.key().await?;
        let query = self.query(terms, after, limit);
        let page = self.engine.store.find(&query).await?;
        let objects = page
            .records
            .iter()
            .map(|(cursor, record)| Ok((*cursor, read(&key, &record.key, record, self.now)?.object)));
        Ok((objects.collect::<Result<_, Fault>>()?, page.more))
    }

    /// How many of the adapter's objects bear all of these terms.
    pub async fn count(&self, terms: &[Term]) -> Result<u64, Failure> {
        Ok(self.engine.store.count(&self.query(terms, 0, 0)).await?)
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

/// Writes an object outside of an exchange, with its audit event.
pub(crate) async fn write(
    engine: &Engine,
    origin: &Origin<'_>,
    stored: &mut Stored,
    now: Timestamp,
) -> Result<(), Failure> {
    let mut scope = Scope::new(engine, origin, Version::NEWEST, now, None);
    scope.target = Some(stored.object.id.0);
    scope.release_names(&stored.object).await?;
    scope.update(stored).await?;
    let event = origin.event(Permission::Destroy.action(), None, scope.target, now, None);
    scope.commit(event).await.map(|_| ())
}

/// Where an object stands.
pub(crate) fn place(adapter: &Adapter, id: Uuid) -> Key {
    Key { space: adapter.space(), kind: OBJECT, id: *id.as_bytes() }
}

/// The object in the record that was found at a place, at this moment: transitions whose dates have passed are taken.
pub(crate) fn read(key: &AdapterKey, place: &Key, record: &Record, now: Timestamp) -> Result<Stored, Fault> {
    let mut object = verified(key, place, record)?;
    if lifecycle::is_due(&object, now) {
        lifecycle::advance(Arc::make_mut(&mut object), now);
    }
    Ok(Stored { object, version: record.version })
}

/// What a record's memo holds: the object in it, and at which opening of the adapter's key, at which place, its tag was right.
struct Verified {
    opening: u64,
    place: Key,
    object: Arc<Object>,
}

/// The object in a record whose tag is right. That is checked once for each opening of the key, and for as long as the store keeps
/// the record at hand: the material in it is sealed.
fn verified(key: &AdapterKey, place: &Key, record: &Record) -> Result<Arc<Object>, Fault> {
    let known = record.memo.get::<Verified>();
    if let Some(known) = known.filter(|known| known.opening == key.opening() && known.place == *place) {
        return Ok(Arc::clone(&known.object));
    }
    let body = key.verify(place, record.version, &record.body)?;
    let unreadable = |error| Fault::Record(Uuid::from_bytes(place.id).to_string(), error);
    let object = Arc::new(Item::parse(body, PINNED).and_then(Object::decode).map_err(unreadable)?);
    let verified = Verified { opening: key.opening(), place: *place, object: Arc::clone(&object) };
    record.memo.set(Arc::new(verified));
    Ok(object)
}

fn put(key: &AdapterKey, adapter: &Adapter, object: &Object, expect: Expect, version: u64) -> Change {
    let place = place(adapter, object.id.0);
    let mut out = Writer::new(PINNED, 1024);
    object.encode(tag::SYMMETRIC_KEY, &mut out);
    let body = key.sign(&place, version, out.as_bytes().to_vec());
    Change::Put { key: place, expect, body, terms: terms(object) }
}

/// A random identifier: a UUID of version 4, 122 random bits.
pub(crate) fn random_id(random: &dyn Random) -> Result<Uuid, Failure> {
    let mut bytes = [0; 16];
    random.fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// The term that an attribute is found by.
pub(crate) fn term(name: &AttributeName, value: &Value) -> Term {
    let mut out = Writer::new(PINNED, 128);
    value.encode(tag::ATTRIBUTE_VALUE, &mut out);
    let digest = wrap::primitive::digest(&[name.as_str().as_bytes(), &[0], out.as_bytes()]);
    let mut term = [0; 16];
    term.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    Term(term)
}

/// Whether objects are indexed by this attribute: those that a client may choose freely, and so looks for.
pub(crate) fn is_indexed(name: &AttributeName) -> bool {
    let indexed = [
        &attribute::NAME,
        &attribute::OBJECT_GROUP,
        &attribute::LINK,
        &attribute::APPLICATION_SPECIFIC_INFORMATION,
        &attribute::ALTERNATIVE_NAME,
        &attribute::CONTACT_INFORMATION,
    ];
    match name {
        AttributeName::Standard(row) => indexed.contains(row),
        AttributeName::Custom(_) => true,
        AttributeName::Unknown(_) => false,
    }
}

fn terms(object: &Object) -> Vec<Term> {
    let indexed = object.attributes.iter().filter(|attribute| is_indexed(&attribute.name));
    let mut terms: Vec<Term> = indexed.map(|Attribute { name, value, .. }| term(name, value)).collect();
    terms.sort_unstable();
    terms.dedup();
    terms
}
