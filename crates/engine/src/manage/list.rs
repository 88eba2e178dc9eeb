//! An adapter's objects, as administrators see them in lists.
//!
//! The invariant: a list fails for nothing but the store. Where the adapter's key can't be opened, or a record's tag is wrong, the
//! object is shown as it stands and marked; what can't be read at all is left out and logged.

use kmip::attribute::Attribute;
use kmip::enums::{ObjectType, State};
use kmip::{Timestamp, Version};
use store::{Query, Record};
use uuid::Uuid;

use super::Error;
use crate::Engine;
use crate::object::Object;
use crate::record::{self, DELETED, OBJECT};
use crate::registry::Adapter;
use crate::viewer::Viewer;

/// How many records are read at a time.
const PAGE: usize = 1000;

/// An object as administrators see it. Who did something is named as in events: [`crate::registry::certificate_id`] tells the
/// certificate of a KMIP client.
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
    /// When it was made. To the second, as the other times.
    pub created_at: Option<Timestamp>,
    /// Who made it. None, here and below, also where that was not kept yet.
    pub created_by: Option<String>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// Who changed it last.
    pub updated_by: Option<String>,
    /// When its material was destroyed.
    pub destroyed_at: Option<Timestamp>,
    /// Who destroyed it.
    pub destroyed_by: Option<String>,
    /// Whether its material is there: a destroyed object without it can't be restored.
    pub has_material: bool,
    /// Whether its record's tag was seen to be right. False while the adapter's root key can't be used.
    pub verified: bool,
}

/// A page of objects.
pub struct ObjectPage {
    /// The objects, in the order in which they were made.
    pub objects: Vec<ObjectView>,
    /// The cursor after the last one, while more follow.
    pub next: Option<u64>,
}

/// Which objects to list (Key Protect: GET kmip_objects).
#[derive(Clone, Debug)]
pub struct ObjectQuery {
    /// In these states. An object without a state is taken for active until it is destroyed.
    pub states: Vec<State>,
    /// After so many.
    pub offset: usize,
    /// At most so many.
    pub limit: usize,
    /// Whether to count all of them too, for which all of the adapter's objects are looked at.
    pub count: bool,
}

/// The objects that a query found.
pub struct Objects {
    /// The objects, in the order in which they were made.
    pub objects: Vec<ObjectView>,
    /// How many there are without offset and limit, if that was asked for.
    pub total: Option<u64>,
}

impl Default for ObjectQuery {
    /// The first hundred that are not destroyed (Key Protect's defaults).
    fn default() -> Self {
        let states = vec![State::PreActive, State::Active, State::Deactivated, State::Compromised];
        ObjectQuery { states, offset: 0, limit: 100, count: false }
    }
}

impl ObjectView {
    pub(super) fn of(object: &Object, verified: bool) -> Self {
        let history = &object.history;
        ObjectView {
            id: object.id.0,
            object_type: object.object_type,
            state: object.state(),
            attributes: object.visible(Version::NEWEST),
            created_at: object.created_at(),
            created_by: history.created_by.clone(),
            updated_at: object.updated_at(),
            updated_by: history.updated_by.clone(),
            destroyed_at: object.destroyed_at(),
            destroyed_by: history.destroyed_by.clone(),
            has_material: object.sealed.is_some(),
            verified,
        }
    }

    fn counts_as(&self) -> State {
        let stateless = if self.destroyed_at.is_some() { State::Destroyed } else { State::Active };
        self.state.unwrap_or(stateless)
    }
}

impl Engine {
    /// A page of an adapter's objects after a cursor (0: from the start), in whichever state. It may be short though more follow.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn objects(
        &self,
        adapter: &Adapter,
        after: u64,
        limit: usize,
        now: Timestamp,
    ) -> Result<ObjectPage, Error> {
        let viewer = Viewer::new(&self.keyring, adapter).await;
        let page = self.store.find(&every_object(adapter, after, limit)).await?;
        let next = page.records.last().filter(|_| page.more).map(|(cursor, _)| *cursor);
        let objects = page.records.iter().filter_map(|(_, record)| shown(&viewer, record, now));
        Ok(ObjectPage { objects: objects.collect(), next })
    }

    /// An adapter's objects in some states. States follow from dates, so there is no index of them: objects are looked at one by one.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn objects_in(&self, adapter: &Adapter, query: &ObjectQuery, now: Timestamp) -> Result<Objects, Error> {
        let (mut objects, mut total, mut next) = (Vec::new(), 0, Some(0));
        while let Some(after) = next.filter(|_| query.count || objects.len() < query.limit) {
            let page = self.objects(adapter, after, PAGE, now).await?;
            next = page.next;
            for object in page.objects.into_iter().filter(|object| query.states.contains(&object.counts_as())) {
                total += 1;
                if total > query.offset && objects.len() < query.limit {
                    objects.push(object);
                }
            }
        }
        Ok(Objects { objects, total: query.count.then_some(total as u64) })
    }

    /// How many objects an adapter has, destroyed ones too.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn count_objects(&self, adapter: &Adapter) -> Result<u64, Error> {
        let deleted = Query { terms: vec![DELETED], ..every_object(adapter, 0, 0) };
        let deleted = self.store.count(&deleted).await?;
        Ok(self.store.count(&every_object(adapter, 0, 0)).await?.saturating_sub(deleted))
    }
}

fn every_object(adapter: &Adapter, after: u64, limit: usize) -> Query {
    Query { space: adapter.space(), kind: OBJECT, terms: Vec::new(), after, limit }
}

fn shown(viewer: &Viewer, record: &Record, now: Timestamp) -> Option<ObjectView> {
    let viewed = viewer.try_view(record).filter(|viewed| !viewed.object.is_deleted())?;
    Some(ObjectView::of(&record::at(viewed.object, now), viewed.verified))
}
