//! An inventory beside the keys of an adapter.
//!
//! The invariant: a key of a provider that may be ours counts as needed; what is another provider's is counted as such, by its name.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::api::Key;
use crate::api::key_protect::Key as Standard;
use crate::cli::Failure;
use crate::inventory::{Entry, normal};

/// An inventory, sorted.
pub(super) struct Sorted {
    /// The keys that vCenter has from us.
    pub(super) ours: BTreeSet<String>,
    /// How many keys it has from others, by their names.
    pub(super) others: BTreeMap<String, usize>,
    /// How often a key was named again.
    pub(super) duplicates: usize,
}

/// Where keys may be that the adapter lacks.
#[derive(Default)]
pub(super) struct Elsewhere {
    /// Whether it could be looked at.
    pub(super) looked: bool,
    /// Deleted standard keys, by the identifier of their object.
    pub(super) deleted: HashMap<String, Standard>,
    /// The keys of other adapters, with the names of these.
    pub(super) of_others: HashMap<String, String>,
}

/// Sorts an inventory by providers. `named` says which are ours; where none is, those of whose keys there is one here.
pub(super) fn sort(entries: Vec<Entry>, keys: &[Key], named: &[String]) -> Result<Sorted, Failure> {
    let here: HashSet<&str> = keys.iter().map(|key| key.id.as_str()).collect();
    let total = entries.len();
    let distinct: HashSet<Entry> = entries.into_iter().collect();
    let ours = providers(&distinct, &here, named)?;
    let is_ours = |entry: &&Entry| entry.provider.as_ref().is_none_or(|provider| ours.contains(provider.as_str()));
    let mut others = BTreeMap::new();
    for provider in distinct.iter().filter(|entry| !is_ours(entry)).filter_map(|entry| entry.provider.clone()) {
        *others.entry(provider).or_default() += 1;
    }
    let ids = distinct.iter().filter(is_ours).map(|entry| normal(&entry.id)).collect();
    Ok(Sorted { ours: ids, others, duplicates: total - distinct.len() })
}

fn providers<'a>(
    entries: &'a HashSet<Entry>,
    here: &HashSet<&str>,
    named: &'a [String],
) -> Result<HashSet<&'a str>, Failure> {
    let all: BTreeSet<&str> = entries.iter().filter_map(|entry| entry.provider.as_deref()).collect();
    if let Some(unknown) = named.iter().find(|name| !all.contains(name.as_str())) {
        let known = all.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Failure::usage(format!("the inventory has no provider `{unknown}`"), format!("it has: {known}")));
    }
    if !named.is_empty() {
        return Ok(named.iter().map(String::as_str).collect());
    }
    if all.len() < 2 {
        return Ok(all.into_iter().collect());
    }
    let known = entries.iter().filter(|entry| here.contains(entry.id.as_str()));
    let ours: HashSet<&str> = known.filter_map(|entry| entry.provider.as_deref()).collect();
    if ours.is_empty() {
        let all = all.into_iter().collect::<Vec<_>>().join(", ");
        let what = format!("the inventory has keys of several providers ({all}), and of none there is a key here");
        return Err(Failure::usage(what, "say which one is this server: --provider NAME"));
    }
    Ok(ours)
}

impl Sorted {
    /// The keys that vCenter needs and the adapter lacks.
    pub(super) fn missing(&self, keys: &[Key]) -> Vec<&str> {
        let there = keys.iter().filter(|key| !crate::cli::used::is_destroyed(key));
        let there: HashSet<&str> = there.map(|key| key.id.as_str()).collect();
        self.ours.iter().map(String::as_str).filter(|id| !there.contains(id)).collect()
    }
}
