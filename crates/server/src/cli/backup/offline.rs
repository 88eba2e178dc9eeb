//! Verifying and restoring: with the file and the kit alone.

use serde::Serialize;

use super::{RestoreArgs, VerifyArgs};
use crate::api::{RecoveryKey, VerifiedBackup, rfc3339};
use crate::backup::restore::{self, NewMaster, Restored};
use crate::backup::verify;
use crate::cli::output::Column;
use crate::cli::recovery::{failed, short};
use crate::cli::{Client, Failure, Global, Output, connection};
use crate::clock;
use keymanager::Examined;

/// What is in a backup, for scripts and people.
#[derive(Serialize)]
struct Content {
    made: String,
    installation: String,
    recovery_key: String,
    instances: usize,
    root_keys: usize,
    root_key_versions: usize,
    standard_keys: usize,
    deleted_keys: usize,
    adapters: usize,
    closed_adapters: usize,
    kmip_objects: usize,
    active: usize,
    newest_key: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_revived: Vec<String>,
    told_server: Option<bool>,
}

const COLUMNS: [Column<Content>; 14] = [
    Column("Made", |content| content.made.clone()),
    Column("Installation", |content| short(&content.installation).to_owned()),
    Column("Recovery key", |content| content.recovery_key.clone()),
    Column("Instances", |content| content.instances.to_string()),
    Column("Root keys", |content| format!("{} in {} versions", content.root_keys, content.root_key_versions)),
    Column("Standard keys", |content| content.standard_keys.to_string()),
    Column("Deleted", |content| content.deleted_keys.to_string()),
    Column("Adapters", |content| content.adapters.to_string()),
    Column("Closed", |content| match content.closed_adapters {
        0 => String::new(),
        some => format!("{some} adapters whose root key is disabled or deleted: their keys were not opened"),
    }),
    Column("KMIP objects", |content| format!("{}, {} of them Active", content.kmip_objects, content.active)),
    Column("Newest key", |content| {
        content.newest_key.as_ref().map_or_else(String::new, |date| format!("{date}; what was made later is not in it"))
    }),
    Column("Not revived", |content| content.not_revived.join("\n")),
    Column("All of it", |_| "was opened".to_owned()),
    Column("The server", |content| match content.told_server {
        Some(true) => "knows now that this backup opens".to_owned(),
        Some(false) => {
            "could not be told; run this again where its API can be reached, and it stops warning".to_owned()
        }
        None => String::new(),
    }),
];

/// KMIP 1.4, 9.1.3.2.18 (State): Active.
const ACTIVE: u32 = 2;

fn content(head: &crate::backup::Head, keys: &Examined, objects: &engine::examine::Examined) -> Content {
    let newest = keys.newest.max(objects.newest);
    Content {
        made: rfc3339(head.created.div_euclid(1000)),
        installation: head.installation.clone(),
        recovery_key: head.recovery_key.clone(),
        instances: keys.instances,
        root_keys: keys.root_keys,
        root_key_versions: keys.versions,
        standard_keys: keys.standard_keys,
        deleted_keys: keys.deleted + objects.deleted,
        adapters: objects.adapters,
        closed_adapters: objects.closed,
        kmip_objects: objects.objects(),
        active: objects.states.get(&ACTIVE).copied().unwrap_or_default(),
        newest_key: newest.map(|moment| rfc3339(moment.seconds())),
        not_revived: Vec::new(),
        told_server: None,
    }
}

pub(super) async fn verify(args: VerifyArgs, global: &Global, output: Output) -> Result<(), Failure> {
    let kit = args.kit.read()?;
    let report = verify::verify(&args.file, &kit).await.map_err(failed)?;
    let told = tell(&report.head, global).await.is_ok();
    let content = Content { told_server: Some(told), ..content(&report.head, &report.keys, &report.objects) };
    output.show(&content, &COLUMNS)
}

/// Tells the server of this installation, if it can be reached.
async fn tell(head: &crate::backup::Head, global: &Global) -> Result<(), Failure> {
    let client = Client::new(connection::find(global)?)?;
    let api = client.installation();
    let known: RecoveryKey = api.show(&["recovery-key"]).await?;
    if known.installation != head.installation {
        return Err(Failure::new("the server there is another installation", ""));
    }
    let _: RecoveryKey = api.post(&["backups", "verified"], &VerifiedBackup { created: head.created }).await?;
    Ok(())
}

pub(super) async fn restore(args: RestoreArgs, global: &Global, output: Output) -> Result<(), Failure> {
    let Some(data) = &global.data else {
        return Err(Failure::usage("it is not said where to restore to", "name an empty folder with --data DIR"));
    };
    let master = match (args.master_key_file, args.master_passphrase_file) {
        (Some(file), _) => NewMaster::File(file),
        (None, Some(file)) => NewMaster::Passphrase(file),
        (None, None) => NewMaster::InFolder,
    };
    let kit = args.kit.read()?;
    let later = (args.tombstones.as_deref(), args.older);
    let restored = restore::restore(&args.file, &kit, data, &master, later, clock::now()).await.map_err(failed)?;
    let Restored { head, keys, objects, buried } = restored;
    let not_revived = buried.into_iter().map(|(name, id)| format!("{name} ({id})")).collect();
    output.show(&Content { not_revived, ..content(&head, &keys, &objects) }, &COLUMNS)?;
    output.say(&next(&master, data))
}

fn next(master: &NewMaster, data: &std::path::Path) -> String {
    let data = data.display();
    let start = format!("keystead serve --data {data}");
    match master {
        NewMaster::InFolder => {
            format!("\nThe data folder is {data}. Copy {data}/master.key to a safe place, then start it: {start}")
        }
        NewMaster::File(file) => format!(
            "\nThe data folder is {data}. Set master_key.file = \"{}\" in the configuration, then start it: {start}",
            file.display()
        ),
        NewMaster::Passphrase(file) => format!(
            "\nThe data folder is {data}. Set master_key.passphrase_file = \"{}\" in the configuration, then start it: {start}",
            file.display()
        ),
    }
}
