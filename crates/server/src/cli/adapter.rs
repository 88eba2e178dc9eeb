//! `keystead adapter`: KMIP services.

mod door;

use std::collections::HashMap;

use serde::Serialize;

use super::confirm::Consent;
use super::keys::{Found, Sort, Wish, find};
use super::output::Column;
use super::{Api, Client, Failure, Output};
use crate::api::Resource;
use crate::api::key_protect::{Key, KmipAdapter, NewKmipAdapter, PROFILE, ProfileData, Request};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make an adapter
    Create {
        /// Its name: 2 to 40 characters of A-Z a-z 0-9 _ -
        name: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        /// Root key to seal its keys under [default: the only active one]
        #[arg(long, value_name = "NAME|ID")]
        root_key: Option<String>,
        /// Also under a root key that has an expiration date
        #[arg(long)]
        allow_expiring_key: bool,
    },
    /// List adapters
    List,
    /// Show an adapter
    Show {
        /// Name or identifier
        #[arg(value_name = "NAME|ID")]
        adapter: String,
    },
    /// Show or set where its clients come in: a port or host name of its own, a password, what becomes of expired certificates
    Door(door::Changes),
    /// Remove an adapter that holds no keys any more
    #[command(visible_alias = "delete")]
    Remove {
        /// Name or identifier
        #[arg(value_name = "NAME|ID")]
        adapter: String,
        /// Also with keys in it, where its root key is deleted and nobody can destroy them
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        consent: Consent,
    },
}

/// The most adapters of a page.
const PAGE: usize = 200;

/// An adapter, with its root key's name.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    adapter: KmipAdapter,
    #[serde(skip)]
    root_key: Option<String>,
}

const LISTED: [Column<Row>; 5] = [
    Column("Name", |row| row.adapter.name.clone()),
    Column("Id", |row| row.adapter.id.clone()),
    Column("Root key", |row| row.root_key.clone().unwrap_or_else(|| row.adapter.profile_data.crk_id.clone())),
    Column("Created", |row| row.adapter.created_at.clone()),
    Column("Description", |row| row.adapter.description.clone()),
];

const SHOWN: [Column<Row>; 6] = [
    Column("Name", |row| row.adapter.name.clone()),
    Column("Id", |row| row.adapter.id.clone()),
    Column("Description", |row| row.adapter.description.clone()),
    Column("Root key", |row| row.root_key.clone().unwrap_or_default()),
    Column("Root key id", |row| row.adapter.profile_data.crk_id.clone()),
    Column("Created", |row| format!("{} by {}", row.adapter.created_at, row.adapter.created_by)),
];

pub(super) async fn run(verb: Verb, client: &Client, output: Output) -> Result<(), Failure> {
    if let Verb::Door(changes) = verb {
        return door::run(changes, &client.adapters().await?, output).await;
    }
    let api = &client.key_protect().await?;
    match verb {
        // Of the other API.
        Verb::Door(_) => Ok(()),
        Verb::Create { name, description, root_key, allow_expiring_key } => {
            let root_key = root_key_for(root_key.as_deref(), api).await?;
            check_lasting(&root_key, allow_expiring_key)?;
            let new = NewKmipAdapter {
                name: Some(name),
                description: description.filter(|text| !text.is_empty()),
                profile: PROFILE.to_owned(),
                profile_data: ProfileData { crk_id: root_key.id },
            };
            create(new, allow_expiring_key, api, output).await
        }
        Verb::List => {
            let adapters = all(api).await?;
            let names = names(api).await;
            let rows: Vec<Row> = adapters.into_iter().map(|adapter| row(adapter, &names)).collect();
            output.list(&rows, &LISTED, "There are no adapters.")
        }
        Verb::Show { adapter } => {
            let adapter = api.show(&["kmip_adapters", &adapter]).await?;
            output.show(&row(adapter, &names(api).await), &SHOWN)
        }
        Verb::Remove { adapter, force, consent } => {
            consent.obtain(&format!("Adapter {adapter} and its list of certificates will be removed."))?;
            api.delete(&["kmip_adapters", &adapter], force).await?;
            output.say(&format!("Adapter {adapter} was removed."))
        }
    }
}

/// Every adapter of the instance.
pub(super) async fn all(api: &Api<'_>) -> Result<Vec<KmipAdapter>, Failure> {
    api.all_by(PAGE, &["kmip_adapters"], &[]).await
}

async fn create(new: NewKmipAdapter, allow_expiring: bool, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let query: &[(&str, &str)] = if allow_expiring { &[("allowExpiringKey", "true")] } else { &[] };
    let adapter: KmipAdapter =
        api.post_asking(&["kmip_adapters"], query, &Request::one(KmipAdapter::TYPE, new)).await?;
    let next = format!(
        "Next, give it a client: keystead client issue --adapter {} --name vcenter --out .{}",
        adapter.name,
        api.here()
    );
    output.done(&adapter, &format!("Adapter {} was made ({}).\n{next}", adapter.name, adapter.id))
}

/// The root key that is named or, where none is, the only one that can be meant.
async fn root_key_for(named: Option<&str>, api: &Api<'_>) -> Result<Found, Failure> {
    if let Some(named) = named {
        return find(api, Sort::Root, named, Wish::Live).await;
    }
    let active: Vec<Key> = api.all(&["keys"], &[("extractable", "false"), ("state", "1")]).await?;
    match active.as_slice() {
        [only] => Ok(Found::from(only)),
        [] => {
            Err(Failure::new("there is no active root key", "make one (keystead rootkey create NAME), or enable one"))
        }
        several => Err(Failure::usage(
            format!("there are {} active root keys", several.len()),
            format!(
                "say which with --root-key: {}",
                several.iter().map(|key| &*key.name).collect::<Vec<_>>().join(", ")
            ),
        )),
    }
}

fn check_lasting(root_key: &Found, allow_expiring: bool) -> Result<(), Failure> {
    match &root_key.expires {
        Some(date) if !allow_expiring => Err(Failure::usage(
            format!("root key {root_key} expires on {date}, and then no keys can be made under it"),
            "choose another with --root-key, or say --allow-expiring-key",
        )),
        Some(_) | None => Ok(()),
    }
}

/// The names of root keys; who may see adapters may not always see those.
async fn names(api: &Api<'_>) -> HashMap<String, String> {
    let keys: Vec<Key> =
        api.all(&["keys"], &[("extractable", "false"), ("state", "0,1,2,3,5")]).await.unwrap_or_default();
    keys.into_iter().map(|key| (key.id, key.name)).collect()
}

fn row(adapter: KmipAdapter, names: &HashMap<String, String>) -> Row {
    Row { root_key: names.get(&adapter.profile_data.crk_id).cloned(), adapter }
}
