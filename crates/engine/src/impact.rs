//! What would stop if a root key or an object could not be used any more: adapters, their clients, and what the keys' own tags say.
//!
//! vCenter tags its keys with custom attributes (`x-Name`, `x-Component`, `x-Identifier`): the name of the virtual machine or host, what
//! sort of thing that is, and its identifier in vCenter. The invariant: **everything is counted, so much is named, and nobody waits for
//! it**: objects are read page by page, and others come between.

use std::collections::BTreeMap;

use kmip::Timestamp;
use kmip::attribute::AttributeName;
use kmip::enums::State;
use store::Query;
use uuid::Uuid;
use wrap::KeyRef;

use crate::Engine;
use crate::manage::Error;
use crate::object::Object;
use crate::record::{self, OBJECT, place};
use crate::registry::{Adapter, Standing};
use crate::viewer::Viewer;

/// Keys that are named, at most.
pub const NAMED: usize = 1000;
/// Components that are told apart; what is more counts as another one without a name.
const COMPONENTS: usize = 100;
/// Objects that are read in one go.
const PAGE: usize = 256;

/// What would stop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Impact {
    /// The adapters, by name.
    pub adapters: Vec<AdapterImpact>,
    /// How many keys would be unreadable: those that are not destroyed, in whichever state.
    pub keys: u64,
    /// All keys by their state, destroyed ones too. What has no state counts as active.
    pub states: BTreeMap<&'static str, u64>,
    /// What the keys are for, by `x-Component`; empty where a key does not say.
    pub components: BTreeMap<String, Component>,
}

/// An adapter that would stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdapterImpact {
    /// Its identifier.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The clients and authorities on its list, by name.
    pub clients: Vec<String>,
    /// How many of its keys would be unreadable.
    pub keys: u64,
}

/// The keys of one `x-Component`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// How many.
    pub keys: u64,
    /// The first of them.
    pub named: Vec<Named>,
}

/// A key by what its client says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its unique identifier.
    pub key: Uuid,
    /// `x-Name`: what the virtual machine or host is called.
    pub name: Option<String>,
    /// `x-Identifier`: what vCenter knows it by.
    pub identifier: Option<String>,
}

impl Engine {
    /// What would stop without a root key.
    ///
    /// # Errors
    /// Failures of the store.
    pub async fn impact_of_root_key(&self, root_key: KeyRef, now: Timestamp) -> Result<Impact, Error> {
        let mut impact = Impact::default();
        for adapter in self.registry.adapters_under(root_key) {
            self.add_adapter(&mut impact, &adapter, now).await?;
        }
        Ok(impact)
    }

    /// What would stop without an object of an instance; none where there is no such object.
    ///
    /// # Errors
    /// A record that can't be read, failures of the store.
    pub async fn impact_of_object(&self, instance: Uuid, id: Uuid, now: Timestamp) -> Result<Option<Impact>, Error> {
        for adapter in self.registry.adapters(instance) {
            let Some(record) = self.store.get(&place(&adapter, id)).await? else { continue };
            let mut impact = Impact { adapters: vec![self.described(&adapter)], ..Impact::default() };
            let viewed = Viewer::new(&self.keyring, &adapter).await.view(&record)?;
            impact.add(&record::at(viewed.object, now));
            impact.adapters.iter_mut().for_each(|adapter| adapter.keys = impact.keys);
            return Ok(Some(impact));
        }
        Ok(None)
    }

    async fn add_adapter(&self, impact: &mut Impact, adapter: &Adapter, now: Timestamp) -> Result<(), Error> {
        let viewer = Viewer::new(&self.keyring, adapter).await;
        let (mut query, before) = (every_object(adapter), impact.keys);
        loop {
            let page = self.store.find(&query).await?;
            let objects = page.records.iter().filter_map(|(_, record)| viewer.try_view(record));
            objects.for_each(|viewed| impact.add(&record::at(viewed.object, now)));
            match page.records.last() {
                Some((last, _)) if page.more => query.after = *last,
                Some(_) | None => break,
            }
            tokio::task::yield_now().await;
        }
        impact.adapters.push(AdapterImpact { keys: impact.keys - before, ..self.described(adapter) });
        Ok(())
    }

    fn described(&self, adapter: &Adapter) -> AdapterImpact {
        let listed = self.registry.certificates(adapter.id).into_iter();
        let clients = listed.filter(|entry| entry.standing != Standing::Denied).map(|entry| entry.name);
        AdapterImpact { id: adapter.id, name: adapter.name.clone(), clients: clients.collect(), keys: 0 }
    }
}

impl Impact {
    fn add(&mut self, object: &Object) {
        if object.is_deleted() {
            return;
        }
        *self.states.entry(state(object)).or_default() += 1;
        // What is destroyed has stopped already, also while its material is kept for those who take it back.
        if object.is_destroyed() || object.sealed.is_none() {
            return;
        }
        self.keys += 1;
        let named: usize = self.components.values().map(|component| component.named.len()).sum();
        let component = self.component(text(object, "x-Component").unwrap_or_default());
        component.keys += 1;
        let (name, identifier) = (text(object, "x-Name"), text(object, "x-Identifier"));
        if named < NAMED && (name.is_some() || identifier.is_some()) {
            component.named.push(Named { key: object.id.0, name, identifier });
        }
    }

    fn component(&mut self, name: String) -> &mut Component {
        let is_known = self.components.contains_key(&name) || self.components.len() < COMPONENTS;
        self.components.entry(if is_known { name } else { String::new() }).or_default()
    }
}

fn every_object(adapter: &Adapter) -> Query {
    Query { space: adapter.space(), kind: OBJECT, terms: Vec::new(), after: 0, limit: PAGE }
}

fn state(object: &Object) -> &'static str {
    let stateless = if object.is_destroyed() { State::Destroyed } else { State::Active };
    object.state().unwrap_or(stateless).name().unwrap_or("Unknown")
}

/// The first value of a custom attribute that has one.
fn text(object: &Object, name: &str) -> Option<String> {
    let name = AttributeName::Custom(name.to_owned());
    let value = object.instances(&name).find_map(|attribute| attribute.value.as_text().map(str::to_owned));
    value.filter(|value| !value.is_empty())
}
