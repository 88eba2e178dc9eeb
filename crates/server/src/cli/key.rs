//! `keystead key`: the keys that clients made in an adapter.

use super::cert::AdapterName;
use super::confirm::Consent;
use super::output::Column;
use super::{Client, Failure, Output, orphans, quarantine, used};
use crate::api::{Attribute, Key};

/// Keys asked for at a time.
const PAGE: usize = 1000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List the keys of an adapter, with what their client says that they are for
    List {
        #[command(flatten)]
        adapter: AdapterName,
        /// Only those neither made nor handed out since: 90d, 12h, or a date such as 2026-01-31; destroyed ones never
        #[arg(long, value_name = "TIME")]
        unused_since: Option<String>,
    },
    /// Find keys that vCenter does not know, and keys that it needs and we lack
    Orphans(orphans::Args),
    /// Deactivate keys for a while, and destroy them then if no client asked for them
    Quarantine(quarantine::Args),
    /// End a key's quarantine
    Release {
        /// KMIP unique identifier
        id: String,
        #[command(flatten)]
        adapter: AdapterName,
    },
    /// Show a key, without its material
    Show {
        /// KMIP unique identifier
        id: String,
        #[command(flatten)]
        adapter: AdapterName,
    },
    /// Destroy a key: what is encrypted with it can't be read any more
    Destroy {
        /// KMIP unique identifier
        id: String,
        #[command(flatten)]
        adapter: AdapterName,
        /// Also when it is active
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        consent: Consent,
    },
}

const LISTED: [Column<Key>; 8] = [
    Column("Id", |key| key.id.clone()),
    Column("State", |key| key.state.clone()),
    Column("Name", |key| key.attribute("x-Name").to_owned()),
    Column("Component", |key| key.attribute("x-Component").to_owned()),
    Column("Identifier", |key| key.attribute("x-Identifier").to_owned()),
    Column("Algorithm", algorithm),
    Column("Created", |key| key.created_at.clone()),
    Column("Last used", used::last_used),
];

const SHOWN: [Column<Key>; 7] = [
    Column("Id", |key| key.id.clone()),
    Column("Type", |key| key.object_type.clone()),
    Column("State", |key| key.state.clone()),
    Column("Algorithm", algorithm),
    Column("Created", |key| key.created_at.clone()),
    Column("Last used", used::in_full),
    Column("Attributes", attributes),
];

pub(crate) async fn run(verb: Verb, to: &Client, output: Output) -> Result<(), Failure> {
    let api = &to.adapters().await?;
    match verb {
        Verb::Orphans(args) => orphans::run(args, to, output).await,
        Verb::Quarantine(args) => quarantine::run(args, api, output).await,
        Verb::Release { id, adapter } => quarantine::release(&id, &adapter.adapter, api, output).await,
        Verb::List { adapter: AdapterName { adapter }, unused_since } => {
            let since = unused_since.as_deref().map(used::since).transpose()?;
            let mut keys: Vec<Key> = api.pages(&["adapters", &adapter, "keys"], PAGE).await?;
            if let Some(since) = since {
                keys.retain(|key| used::is_unused_since(key, since));
                return output.list(
                    &keys,
                    &LISTED,
                    &format!("Adapter {adapter} has no key that is unused since then."),
                );
            }
            output.list(&keys, &LISTED, &format!("Adapter {adapter} holds no keys."))
        }
        Verb::Show { id, adapter } => {
            output.show(&api.show(&["adapters", &adapter.adapter, "keys", &id]).await?, &SHOWN)
        }
        Verb::Destroy { id, adapter: AdapterName { adapter }, force, consent } => {
            let key: Key = api.show(&["adapters", &adapter, "keys", &id]).await?;
            let warning = used::warning(&key);
            consent.obtain(&format!(
                "{warning}Key {id} of adapter {adapter} will be destroyed, and what it encrypts can't be read any more."
            ))?;
            api.delete(&["adapters", &adapter, "keys", &id], force).await?;
            output.say(&format!("Key {id} was destroyed."))
        }
    }
}

fn algorithm(key: &Key) -> String {
    let length = key.length.map(|bits| bits.to_string());
    [key.algorithm.clone(), length].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn attributes(key: &Key) -> String {
    let line = |Attribute { name, value }: &Attribute| format!("{name} = {value}");
    key.attributes.iter().map(line).collect::<Vec<_>>().join("\n")
}
