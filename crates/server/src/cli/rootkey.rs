//! `keystead rootkey`: the keys under which adapters seal theirs.

use std::path::{Path, PathBuf};

use super::confirm::Consent;
use super::output::Column;
use super::{Client, Failure, Output, files};
use crate::api::{NewRootKey, PrivateText, RootKey, RotateRootKey};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Make a root key, or import one
    Create {
        /// Its name
        name: String,
        /// What it is for
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
        /// File with 16, 24 or 32 bytes in base64 to import; - reads standard input [default: random]
        #[arg(long, value_name = "FILE")]
        import: Option<PathBuf>,
    },
    /// List root keys
    List,
    /// Show one
    Show(Name),
    /// Give a root key a new version and wrap what was wrapped under the old one again; no client notices
    Rotate {
        #[command(flatten)]
        name: Name,
        /// For an imported root key: file with 16, 24 or 32 bytes in base64; - reads standard input
        #[arg(long, value_name = "FILE")]
        import: Option<PathBuf>,
    },
    /// Make a disabled root key usable again
    Enable(Name),
    /// Suspend a root key: the keys of its adapters can't be read until it is enabled again
    Disable {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete a root key; it can be restored within 30 days
    Delete {
        #[command(flatten)]
        name: Name,
        /// Also when adapters seal under it
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Bring back a deleted root key within 30 days
    Restore(Name),
}

/// Which root key a verb is about.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Name {
    /// Name or identifier
    #[arg(value_name = "NAME|ID")]
    root_key: String,
}

const LISTED: [Column<RootKey>; 6] = [
    Column("Name", |key| key.name.clone()),
    Column("Id", |key| key.id.clone()),
    Column("State", |key| key.state_name.clone()),
    Column("Versions", |key| key.versions.to_string()),
    Column("Adapters", |key| key.adapters.join(", ")),
    Column("Created", |key| key.created_at.clone()),
];

const SHOWN: [Column<RootKey>; 11] = [
    Column("Name", |key| key.name.clone()),
    Column("Id", |key| key.id.clone()),
    Column("Description", |key| key.description.clone()),
    Column("State", |key| format!("{} ({})", key.state_name, key.state)),
    Column("Material", |key| if key.imported { "imported".to_owned() } else { "generated".to_owned() }),
    Column("Versions", |key| key.versions.to_string()),
    Column("Adapters", |key| key.adapters.join(", ")),
    Column("Created", |key| format!("{} by {}", key.created_at, key.created_by)),
    Column("Rotated", |key| key.rotated_at.clone().unwrap_or_default()),
    Column("Deleted", |key| key.deleted_at.clone().unwrap_or_default()),
    Column("Restorable until", |key| key.restorable_until.clone().unwrap_or_default()),
];

pub(crate) async fn run(verb: Verb, client: &Client, output: &Output) -> Result<(), Failure> {
    match verb {
        Verb::Create { name, description, import } => {
            let body = NewRootKey { name, description, payload: payload(import.as_deref())? };
            let key: RootKey = client.post(&["rootkeys"], &body).await?;
            output.done(&key, &format!("Root key {} was made ({}).", key.name, key.id))
        }
        Verb::List => output.list(&client.list(&["rootkeys"]).await?, &LISTED, "There are no root keys."),
        Verb::Show(Name { root_key }) => output.show(&client.show(&["rootkeys", &root_key]).await?, &SHOWN),
        Verb::Rotate { name, import } => {
            let body = RotateRootKey { payload: payload(import.as_deref())? };
            let key: RootKey = client.post(&["rootkeys", &name.root_key, "actions", "rotate"], &body).await?;
            output.done(&key, &format!("Root key {} has version {} now.", key.name, key.versions))
        }
        Verb::Enable(name) => act(client, output, &name.root_key, "enable", "is enabled").await,
        Verb::Restore(name) => act(client, output, &name.root_key, "restore", "was restored").await,
        Verb::Disable { name: Name { root_key }, consent } => {
            consent.obtain(&format!(
                "The keys of every adapter under root key {root_key} will be unreadable until it is enabled again."
            ))?;
            act(client, output, &root_key, "disable", "is disabled").await
        }
        Verb::Delete { name: Name { root_key }, force, consent } => {
            consent.obtain(&format!("Root key {root_key} will be deleted, and every key sealed under it is lost unless it is restored within 30 days."))?;
            client.delete(&["rootkeys", &root_key], force).await?;
            output.say(&format!(
                "Root key {root_key} was deleted. Until 30 days from now: keystead rootkey restore {root_key}"
            ))
        }
    }
}

async fn act(client: &Client, output: &Output, root_key: &str, action: &str, did: &str) -> Result<(), Failure> {
    let key: RootKey = client.post(&["rootkeys", root_key, "actions", action], &serde_json::Map::new()).await?;
    output.done(&key, &format!("Root key {} {did}.", key.name))
}

/// Key material from a file. What it holds is judged by the server.
fn payload(import: Option<&Path>) -> Result<Option<PrivateText>, Failure> {
    let Some(path) = import else { return Ok(None) };
    let text = files::read_text(path)?;
    Ok(Some(PrivateText::new(zeroize::Zeroizing::new(text.trim().to_owned()))))
}
