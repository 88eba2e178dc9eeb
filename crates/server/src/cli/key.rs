//! `keystead key`: the keys that clients made in an adapter.

use super::cert::AdapterName;
use super::confirm::Consent;
use super::impact;
use super::output::Column;
use super::{Api, Failure, Output};
use crate::api::{Attribute, Key};

/// Keys asked for at a time.
const PAGE: usize = 1000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List the keys of an adapter, with what their client says that they are for
    List {
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
    /// Show what a key is for, and so what would stop without it
    #[command(after_help = "Example: keystead key impact 0f8fad5b-d9cb-469f-a165-70867728950e")]
    Impact {
        /// KMIP unique identifier, with or without `vmware_kmip_` before it
        id: String,
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

const LISTED: [Column<Key>; 7] = [
    Column("Id", |key| key.id.clone()),
    Column("State", |key| key.state.clone()),
    Column("Name", |key| key.attribute("x-Name").to_owned()),
    Column("Component", |key| key.attribute("x-Component").to_owned()),
    Column("Identifier", |key| key.attribute("x-Identifier").to_owned()),
    Column("Algorithm", algorithm),
    Column("Created", |key| key.created_at.clone()),
];

const SHOWN: [Column<Key>; 6] = [
    Column("Id", |key| key.id.clone()),
    Column("Type", |key| key.object_type.clone()),
    Column("State", |key| key.state.clone()),
    Column("Algorithm", algorithm),
    Column("Created", |key| key.created_at.clone()),
    Column("Attributes", attributes),
];

pub(crate) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List { adapter: AdapterName { adapter } } => {
            let keys = api.pages(&["adapters", &adapter, "keys"], PAGE).await?;
            output.list(&keys, &LISTED, &format!("Adapter {adapter} holds no keys."))
        }
        Verb::Show { id, adapter } => {
            output.show(&api.show(&["adapters", &adapter.adapter, "keys", &id]).await?, &SHOWN)
        }
        Verb::Impact { id } => impact::show(api, &id, output).await,
        Verb::Destroy { id, adapter: AdapterName { adapter }, force, consent } => {
            consent.obtain(&format!(
                "Key {id} of adapter {adapter} will be destroyed, and what it encrypts can't be read any more."
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
