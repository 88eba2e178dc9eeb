//! What `keystead rootkey` and `keystead standardkey` have in common: keys that are found by name, shown, deleted and brought back.
//!
//! The invariant: **a verb for one sort of key touches none of the other**, whatever name or identifier it is given.

mod alias;
mod erase;
mod find;
mod list;
mod material;
mod new;
pub(super) mod policy;
mod shown;

use serde_json::{Map, Value};

use super::confirm::Consent;
use super::impact::{self, DryRun};
use super::{Api, Failure, Output};
use crate::api::key_protect::{Key, PatchKey};
pub(super) use find::{Found, Wish, find};
pub(super) use material::{Brought, Material};

pub(super) use new::{Options, Policies, create};
pub(super) use shown::versions;

/// A sort of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    /// It never leaves the key manager, and wraps.
    Root,
    /// It is stored, and given back.
    Standard,
}

impl Sort {
    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Sort::Root => "root key",
            Sort::Standard => "standard key",
        }
    }

    /// The same where a sentence begins.
    pub(super) fn title(self) -> &'static str {
        match self {
            Sort::Root => "Root key",
            Sort::Standard => "Standard key",
        }
    }

    /// The verb that is about it.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Sort::Root => "rootkey",
            Sort::Standard => "standardkey",
        }
    }

    /// `extractable`, as the API has it.
    fn extractable(self) -> &'static str {
        match self {
            Sort::Root => "false",
            Sort::Standard => "true",
        }
    }

    fn of(key: &Key) -> Self {
        if key.extractable { Sort::Standard } else { Sort::Root }
    }

    fn lost(self) -> &'static str {
        match self {
            Sort::Root => "every key sealed under it can't be read",
            Sort::Standard => "whatever was encrypted with it can't be read",
        }
    }
}

/// Which key a verb is about.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Name {
    /// Name, alias or identifier
    #[arg(value_name = "NAME|ID")]
    pub(super) key: String,
}

/// What is done with keys of either sort.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List keys
    List(list::Args),
    /// Show a key, without its material
    Show(Name),
    /// Delete a key; it can be restored within 30 days
    #[command(after_help = DELETE)]
    Delete {
        #[command(flatten)]
        name: Name,
        /// Also when adapters seal under it
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        consent: Consent,
        #[command(flatten)]
        dry: DryRun,
    },
    /// Bring back a deleted key within 30 days
    #[command(after_help = RESTORE)]
    Restore(Name),
    /// Erase a deleted key for good, 4 hours after its deletion or later (needs the role KeyPurge)
    #[command(after_help = PURGE)]
    Purge {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        consent: Consent,
    },
    /// Erase a deleted key at once, without waiting 4 hours: one person asks for it, another one says the same within 7 days
    #[command(after_help = ERASE)]
    Erase(erase::Args),
    /// Agree to a key's deletion as the first of two people, where its policy asks for two; it counts for 7 days
    SetForDeletion(Name),
    /// Take back the agreement to a key's deletion
    UnsetForDeletion(Name),
    /// Move a key into another key ring
    Move {
        #[command(flatten)]
        name: Name,
        /// The key ring
        ring: String,
    },
    /// Other names of a key, which work wherever its identifier does
    #[command(subcommand)]
    Alias(alias::Verb),
}

const DELETE: &str = "Example: keystead rootkey delete main --dry-run    what would stop; without --dry-run it is asked, then done

What is under a deleted root key stops at once. Back again, 30 seconds to 30 days later: keystead rootkey restore NAME.
Gone for good after 90 days, or before that with `purge` or `erase`. For standard keys the same: keystead standardkey delete NAME";

const RESTORE: &str = "Example: keystead rootkey restore main

30 seconds after the deletion or later. What the key seals is served again at once, on open connections too. For standard keys:
keystead standardkey restore NAME; for keys of KMIP clients: keystead key restore ID";

const PURGE: &str =
    "Nobody has the role KeyPurge at first, not even the administrator. Give it to a service ID for as long as it is
needed: keystead access grant SERVICE_ID KeyPurge

Example, with an API key of that service ID: keystead rootkey purge vmware-old
The proof: keystead destruction list, then keystead destruction show ID --out FILE";

const ERASE: &str = "Both people need the role KeyPurge, and each their own API key. Example, for each of them:
keystead rootkey erase vmware-old

Nothing brings the key back afterwards. The proof: keystead destruction list, then keystead destruction show ID --out FILE";

pub(super) async fn run(sort: Sort, verb: Verb, api: Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List(args) => list::run(sort, args, api, output).await,
        Verb::Show(name) => shown::run(&api, &find(&api, sort, &name.key, Wish::Live).await?, output).await,
        Verb::Delete { name, force, consent, dry } => {
            let key = find(&api, sort, &name.key, Wish::Live).await?;
            match impact::preview(&api.own(), &key.id, (dry, consent), output).await? {
                true => delete(sort, &key, force, consent, &api, output).await,
                false => Ok(()),
            }
        }
        Verb::Restore(name) => {
            let key = find(&api, sort, &name.key, Wish::Deleted).await?;
            let restored: Key = api.post(&["keys", &key.id, "restore"], &Map::new()).await?;
            output.done(&restored, &format!("{} {} was restored.", sort.title(), restored.name))
        }
        Verb::Purge { name, consent } => {
            let key = find(&api, sort, &name.key, Wish::Deleted).await?;
            consent.obtain(&format!("{} {key} will be erased, and nothing brings it back.", sort.title()))?;
            api.delete(&["keys", &key.id, "purge"], false).await?;
            erase::tell(sort, &key, &api, output).await
        }
        Verb::Erase(args) => erase::run(sort, args, &api, output).await,
        Verb::SetForDeletion(name) => {
            let next = "is set for deletion. Within 7 days another person can delete it";
            act(sort, &name, "setKeyForDeletion", next, &api, output).await
        }
        Verb::UnsetForDeletion(name) => {
            act(sort, &name, "unsetKeyForDeletion", "is no longer set for deletion", &api, output).await
        }
        Verb::Move { name, ring } => {
            let key = find(&api, sort, &name.key, Wish::Live).await?;
            let moved: Key = api.patch(&["keys", &key.id], &PatchKey { key_ring_id: ring }).await?;
            output.done(&moved, &format!("{} {} is in key ring {} now.", sort.title(), moved.name, moved.key_ring_id))
        }
        Verb::Alias(verb) => alias::run(sort, verb, &api, output).await,
    }
}

/// Does something of which the API shows nothing; scripts get the key as it is then.
pub(super) async fn act(
    sort: Sort,
    name: &Name,
    action: &str,
    did: &str,
    api: &Api<'_>,
    output: Output,
) -> Result<(), Failure> {
    let key = find(api, sort, &name.key, Wish::Live).await?;
    api.act(&["keys", &key.id, "actions", action], None::<&Value>).await?;
    tell(&key, &format!("{} {} {did}.", sort.title(), key.name), api, output).await
}

/// Says what was done to a key: the key for scripts, a sentence for people.
pub(super) async fn tell(key: &Found, sentence: &str, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    if !output.is_json() {
        return output.say(sentence);
    }
    let key: Key = api.show(&["keys", &key.id, "metadata"]).await?;
    output.done(&key, sentence)
}

async fn delete(
    sort: Sort,
    key: &Found,
    force: bool,
    consent: Consent,
    api: &Api<'_>,
    output: Output,
) -> Result<(), Failure> {
    consent.obtain(&format!(
        "{} {key} will be deleted, and {} unless it is restored within 30 days.",
        sort.title(),
        sort.lost()
    ))?;
    api.delete(&["keys", &key.id], force).await?;
    output.say(&format!(
        "{} {} was deleted. Until 30 days from now: keystead {} restore {}{}",
        sort.title(),
        key.name,
        sort.verb(),
        key.id,
        api.here()
    ))
}
