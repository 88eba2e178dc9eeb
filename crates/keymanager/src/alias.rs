//! Aliases: names of which each is one key's only.
//!
//! An alias stands in two records, its own and its key's list. The invariant: **they change in one batch**, and since the place of
//! an alias's record is made of the alias, no two keys of an instance can have the same one. Aliases differ by case; a search for
//! them does not.

use crate::change::Decision;
use crate::key::{folded, name_parts, named};
use crate::ledger::{place, space, term};
use crate::{Call, Error, Key, KeyManager, State};
use kmip::Timestamp;
use store::{Change, Expect, Term};
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Aliases of a key (Key Protect: "Using key aliases").
const MOST_OF_A_KEY: usize = 5;
/// Aliases of an instance.
pub(crate) const MOST: usize = 1000;
/// Characters, at the least and at the most.
const LENGTH: std::ops::RangeInclusive<usize> = 2..=90;
/// Words that stand in the paths of the API (Key Protect API: "Create a key alias").
const RESERVED: [&str; 16] = [
    "allowed_ip",
    "key",
    "keys",
    "metadata",
    "policy",
    "policies",
    "registration",
    "registrations",
    "ring",
    "rings",
    "rotate",
    "wrap",
    "unwrap",
    "rewrap",
    "version",
    "versions",
];

/// An alias.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// 2 to 90 of `A-Z a-z 0-9 _ -`, no UUID and none of the words that paths use.
    pub name: String,
    /// The instance that it is unique in.
    pub instance: Uuid,
    /// The key that it names.
    pub key: Uuid,
    /// When it was made.
    pub created: Timestamp,
    /// Who made it.
    pub created_by: String,
}

impl KeyManager {
    /// The key that an alias names, if one has it.
    pub(crate) async fn aliased(&self, instance: Uuid, alias: &str) -> Result<Option<Uuid>, Error> {
        let stored = self.ledger.get::<Alias>(space(instance), id(alias)).await?;
        Ok(stored.map(|stored| stored.entry).filter(|entry| entry.name == alias).map(|entry| entry.key))
    }

    /// The changes that give a new key its aliases, for the key's own batch; checked, and each must be absent.
    ///
    /// # Errors
    /// [`Error::Field`], also for more than 5.
    pub(crate) fn new_aliases(&self, call: &Call, key: Uuid, aliases: &[String]) -> Result<Vec<Change>, Error> {
        if aliases.len() > MOST_OF_A_KEY {
            return Err(wrong("aliases", format!("are {}: use {MOST_OF_A_KEY} or fewer", aliases.len())));
        }
        let mut changes = Vec::with_capacity(aliases.len());
        for (nth, alias) in aliases.iter().enumerate() {
            check(alias)?;
            if aliases.iter().take(nth).any(|earlier| earlier == alias) {
                return Err(wrong("aliases", format!("name `{alias}` twice: give it once")));
            }
            changes.push(self.ledger.put(Expect::Absent, &Alias::of(call, key, alias)));
        }
        Ok(changes)
    }

    /// Whether the instance has room for so many more aliases. Two that ask at once may both be let in.
    ///
    /// # Errors
    /// [`Error::Limit`], [`Error::Store`].
    pub(crate) async fn room_for_aliases(&self, instance: Uuid, more: usize) -> Result<(), Error> {
        if more == 0 {
            return Ok(());
        }
        if self.ledger.count::<Alias>(space(instance), Vec::new()).await? + more as u64 > MOST as u64 {
            return Err(Error::Limit { what: "aliases in the instance", most: MOST });
        }
        Ok(())
    }

    /// The changes that free a key's aliases, for the batch that removes the key.
    ///
    /// # Errors
    /// [`Error::Damaged`], [`Error::Store`].
    pub(crate) async fn freed_aliases(&self, key: &Key) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::with_capacity(key.aliases.len());
        for alias in &key.aliases {
            let stored = self.ledger.get::<Alias>(space(key.instance), id(alias)).await?;
            if let Some(stored) = stored.filter(|stored| stored.entry.key == key.id) {
                changes.push(Change::Delete { key: stored.entry.place(), version: stored.version });
            }
        }
        Ok(changes)
    }

    /// Gives a key an alias: 5 a key and 1000 an instance at most.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::Field`], [`Error::Taken`], [`Error::Limit`], [`Error::Deleted`].
    pub async fn create_alias(&self, call: &Call, id_or_alias: &str, alias: &str) -> Result<Alias, Error> {
        check(alias)?;
        let taken = || Error::Taken { what: "alias", name: alias.to_owned() };
        // Who can't reach the key is not told whether the alias is there.
        self.find(call, id_or_alias, None).await?;
        if self.aliased(call.instance, alias).await?.is_some() {
            return Err(taken());
        }
        self.room_for_aliases(call.instance, 1).await?;
        let made = self.change_named(call, id_or_alias, |key| self.with_alias(call, key, alias)).await;
        match made {
            Ok(key) => Ok(Alias::of(call, key.id, alias)),
            // Somebody else was faster, with this alias or with the key.
            Err(Error::Busy) if self.aliased(call.instance, alias).await?.is_some() => Err(taken()),
            Err(error) => Err(error),
        }
    }

    fn with_alias(&self, call: &Call, key: &Key, alias: &str) -> Result<Decision, Error> {
        if key.state == State::Destroyed {
            return Err(Error::Deleted(key.id));
        }
        if key.aliases.len() >= MOST_OF_A_KEY {
            return Err(Error::Limit { what: "aliases of the key", most: MOST_OF_A_KEY });
        }
        let mut after = key.clone();
        after.aliases.push(alias.to_owned());
        Ok(Decision { after, extra: vec![self.ledger.put(Expect::Absent, &Alias::of(call, key.id, alias))] })
    }

    /// Takes an alias from a key.
    ///
    /// # Errors
    /// As [`KeyManager::key`]; [`Error::NotFound`] when the key has no such alias.
    pub async fn delete_alias(&self, call: &Call, id_or_alias: &str, alias: &str) -> Result<(), Error> {
        let stored = self.ledger.get::<Alias>(space(call.instance), id(alias)).await?;
        let removed = |key: &Key| match &stored {
            Some(stored) if stored.entry.key == key.id => {
                vec![Change::Delete { key: stored.entry.place(), version: stored.version }]
            }
            Some(_) | None => Vec::new(),
        };
        let without = |key: &Key| {
            let mut after = key.clone();
            after.aliases.retain(|own| own != alias);
            if after.aliases.len() == key.aliases.len() {
                return Err(Error::NotFound { what: "alias", name: alias.to_owned() });
            }
            Ok(Decision { after, extra: removed(key) })
        };
        self.change_named(call, id_or_alias, without).await.map(|_| ())
    }
}

impl Alias {
    fn of(call: &Call, key: Uuid, alias: &str) -> Self {
        let (created, created_by) = (call.now, call.actor.clone());
        Alias { name: alias.to_owned(), instance: call.instance, key, created, created_by }
    }

    pub(crate) fn place(&self) -> store::Key {
        place::<Alias>(space(self.instance), id(&self.name))
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        let name = folded(&self.name);
        std::iter::once(named(&name)).chain(name_parts(&name)).collect()
    }
}

fn id(alias: &str) -> Uuid {
    Uuid::from_bytes(term("alias", alias.as_bytes()).0)
}

fn check(alias: &str) -> Result<(), Error> {
    let wrong = |reason: &str| Err(wrong("alias", reason.to_owned()));
    if !LENGTH.contains(&alias.len())
        || !alias.chars().all(|one| one.is_ascii_alphanumeric() || one == '_' || one == '-')
    {
        return wrong("can't be one: use 2 to 90 of `A-Z`, `a-z`, `0-9`, `_` and `-`");
    }
    if alias.len() == Hyphenated::LENGTH && Uuid::parse_str(alias).is_ok() {
        return wrong("is a UUID, which is taken for a key's identifier: choose another");
    }
    if RESERVED.contains(&alias) {
        return wrong("is a word of the API's paths: choose another");
    }
    Ok(())
}

fn wrong(field: &'static str, reason: String) -> Error {
    Error::Field { field, reason }
}
