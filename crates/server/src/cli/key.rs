//! `keystead key`: the keys that clients made in an adapter.

use super::cert::AdapterName;
use super::confirm::Consent;
use super::impact;
use super::output::Column;
use super::{Api, Client, Failure, Output, orphans, quarantine, used};
use crate::api::key_protect::Key as StandardKey;
use crate::api::{Attribute, Key, Reactivate};
use keymanager::KMIP_PREFIX;
use serde_json::Map;

/// Keys asked for at a time.
const PAGE: usize = 1000;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List the keys of an adapter, with what their client says that they are for
    #[command(after_help = LIST)]
    List {
        #[command(flatten)]
        adapter: AdapterName,
        /// Only those neither made nor handed out since: 90d, 12h, or a date such as 2026-01-31; destroyed ones never
        #[arg(long, value_name = "TIME")]
        unused_since: Option<String>,
        /// Those of the whole instance that were destroyed or deleted, and until when each can be restored
        #[arg(long, conflicts_with = "adapter")]
        deleted: bool,
    },
    /// Find keys that vCenter does not know, and keys that it needs and we lack
    Orphans(orphans::Args),
    /// Deactivate keys for a while, and destroy them then if no client asked for them
    Quarantine(quarantine::Args),
    /// End a key's quarantine: it is then what it was before
    #[command(after_help = RELEASE)]
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
    /// Show what a key is for, and so what would stop without it
    #[command(after_help = IMPACT)]
    Impact {
        /// KMIP unique identifier, with or without `vmware_kmip_` before it
        id: String,
    },
    /// Restore a key that was destroyed or deleted within the last 30 days: it is what it was
    #[command(after_help = RESTORE)]
    Restore {
        /// KMIP unique identifier
        id: String,
    },
    /// Make a deactivated key active again, which vCenter can't: KMIP has no way back
    #[command(after_help = REACTIVATE)]
    Reactivate {
        /// KMIP unique identifier
        id: String,
        #[command(flatten)]
        adapter: AdapterName,
        /// Why, for the audit
        #[arg(long)]
        reason: Option<String>,
    },
    /// Destroy a key: what is encrypted with it can't be read any more, unless it is restored within 30 days
    #[command(after_help = DESTROY)]
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

const LIST: &str = "Examples:
  keystead key list --unused-since 90d    what nobody fetched lately; then: keystead key orphans --help
  keystead key list --deleted             what can be brought back; then: keystead key restore ID";

const IMPACT: &str = "Example: keystead key impact 0b4c1d9e-7d5a-4c3f-8a44-0d6f5b2c9e11

It only looks. To stop what the key is for, in a way that can be taken back: keystead standardkey delete vmware_kmip_ID";

const RELEASE: &str = "Example: keystead key release 0b4c1d9e-7d5a-4c3f-8a44-0d6f5b2c9e11

Which keys are in quarantine, and which of them somebody asked for: keystead key quarantine list";

const RESTORE: &str = "Example: keystead key restore 0b4c1d9e-7d5a-4c3f-8a44-0d6f5b2c9e11

Identifiers, and until when each can be restored: keystead key list --deleted. A key can be restored 30 seconds after its deletion or
later. See that it worked: keystead key show ID. A whole root key comes back with: keystead rootkey restore NAME";

const REACTIVATE: &str = "Example: keystead key reactivate 0b4c1d9e-7d5a-4c3f-8a44-0d6f5b2c9e11 --reason 'deactivated by mistake'

Whoever asked for the deactivated key had it all the same; once it is active, vSphere takes it for new encryption too. A key that was
revoked for a compromise stays so: exchange it in vCenter (rekey).";

const DESTROY: &str = "Example: keystead key destroy 0b4c1d9e-7d5a-4c3f-8a44-0d6f5b2c9e11

Look first: keystead key impact ID. Where you are not sure that nothing needs it: keystead key quarantine ID.
Back again, within 30 days: keystead key restore ID";

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

const DELETED: [Column<StandardKey>; 5] = [
    Column("Id", |key| key.id.clone()),
    Column("Deleted", |key| key.deletion_date.clone().unwrap_or_default()),
    Column("By", |key| key.deleted_by.clone().unwrap_or_default()),
    Column("Can be restored until", restorable),
    Column("Erased for good", |key| key.purge_scheduled_on.clone().unwrap_or_default()),
];

pub(crate) async fn run(verb: Verb, client: &Client, output: Output) -> Result<(), Failure> {
    let api = &client.adapters().await?;
    match verb {
        Verb::Orphans(args) => orphans::run(args, client, output).await,
        Verb::Quarantine(args) => quarantine::run(args, api, output).await,
        Verb::Release { id, adapter } => quarantine::release(&id, &adapter.adapter, api, output).await,
        Verb::List { deleted: true, .. } => list_deleted(&client.key_protect().await?, output).await,
        Verb::Restore { id } => {
            let api = client.key_protect().await?;
            let restored: StandardKey = api.post(&["keys", &id, "restore"], &Map::new()).await?;
            output.done(&restored, &format!("Key {id} was restored: clients find it again, in the state that it had."))
        }
        Verb::Reactivate { id, adapter: AdapterName { adapter }, reason } => {
            let path = ["adapters", &adapter, "keys", &id, "reactivate"];
            let key: Key = api.post(&path, &Reactivate { reason }).await?;
            output
                .done(&key, &format!("Key {id} is active again. Its Deactivation Date and Revocation Reason are gone."))
        }
        Verb::List { adapter: AdapterName { adapter }, unused_since, deleted: false } => {
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
        Verb::Impact { id } => impact::show(api, &id, output).await,
        Verb::Destroy { id, adapter: AdapterName { adapter }, force, consent } => {
            let key: Key = api.show(&["adapters", &adapter, "keys", &id]).await?;
            let warning = used::warning(&key);
            consent.obtain(&format!(
                "{warning}Key {id} of adapter {adapter} will be destroyed, and what it encrypts can't be read unless it is restored within 30 days."
            ))?;
            api.delete(&["adapters", &adapter, "keys", &id], force).await?;
            output.say(&format!(
                "Key {id} was destroyed. Until 30 days from now: keystead key restore {id}{}",
                api.here()
            ))
        }
    }
}

/// What clients made and what was then destroyed or deleted, of all adapters of the instance.
async fn list_deleted(api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let keys: Vec<StandardKey> = api.all(&["keys"], &[("state", "5"), ("extractable", "true")]).await?;
    let kmip: Vec<StandardKey> = keys.into_iter().filter(|key| key.name.starts_with(KMIP_PREFIX)).collect();
    output.list(&kmip, &DELETED, "No key that a client made is destroyed or deleted.")
}

fn restorable(key: &StandardKey) -> String {
    match key.restore_allowed {
        Some(true) => key.restore_expiration_date.clone().unwrap_or_default(),
        Some(false) | None => "no more".to_owned(),
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
