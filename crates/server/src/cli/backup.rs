//! `keystead backup`: made by the server; verified and restored without one.

mod offline;

use std::path::PathBuf;

use super::output::Column;
use super::recovery::KitArgs;
use super::{Client, Failure, Global, Output};
use crate::api::{Backup, RecoveryKey};
use crate::cli::files;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Make a backup while the server serves; it is sealed to the recovery kit
    #[command(after_help = CREATE)]
    Create {
        /// Write it to this file too, best on another machine; else it stays in the server's backup folder alone
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// List the backups in the server's folder, the newest first
    #[command(after_help = LIST)]
    List,
    /// Show of what age backups are, and whether one was ever seen to open
    #[command(after_help = STATUS)]
    Status,
    /// Fetch a backup from the server's folder
    #[command(after_help = FETCH)]
    Fetch {
        /// Its name, as the list has it
        name: String,
        /// Write it to this file
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Open all that is in a backup, without restoring it, and say what that is
    #[command(after_help = VERIFY)]
    Verify(VerifyArgs),
    /// Make a data folder from a backup: the same keys, identifiers and certificates, under a new master key
    #[command(after_help = RESTORE)]
    Restore(RestoreArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct VerifyArgs {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    kit: KitArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    kit: KitArgs,
    /// Key file of the new master key: taken if it is there, else made [default: master.key in the data folder]
    #[arg(long, value_name = "FILE", conflicts_with = "master_passphrase_file")]
    master_key_file: Option<PathBuf>,
    /// Derive the new master key from the passphrase in this file
    #[arg(long, value_name = "FILE")]
    master_passphrase_file: Option<PathBuf>,
    /// The old data folder or a newer backup, as far as you have one: what was destroyed since is not brought back
    #[arg(long, value_name = "PATH")]
    tombstones: Option<PathBuf>,
    /// Restore it though a newer backup lies beside it
    #[arg(long)]
    older: bool,
}

const CREATE: &str = "Example: keystead backup create --out /mnt/nas/keystead-today.backup

The server serves meanwhile. A backup wants a recovery kit: keystead recovery create. Then see that it opens:
keystead backup verify FILE with the kit";

const LIST: &str = "Example: keystead backup list

The server makes one a day (backup.every_hours) and keeps 14 (backup.keep). Have one elsewhere: keystead backup fetch NAME --out FILE";

const STATUS: &str = "Example: keystead backup status

`Newest verified` should not be older than 35 days: keystead backup verify FILE with the recovery kit";

const FETCH: &str = "Example: keystead backup fetch keystead-20260131T030000Z.backup --out /mnt/nas/keystead.backup

It is sealed to the recovery kit: whoever finds the file can't open it. Then: keystead backup verify FILE with the kit";

const VERIFY: &str = "Examples:
  keystead backup verify today.backup --share recovery-share-1-of-3.txt --share recovery-share-2-of-3.txt
  keystead backup verify today.backup --kit recovery-kit.txt --kit-passphrase-file phrase

It wants as much room below TMPDIR (/tmp) as the backup has. Where a server of the same installation can be reached, it hears of it and
stops warning.";

const RESTORE: &str = "Example:
  keystead backup restore today.backup --data /var/lib/keystead --share recovery-share-1-of-3.txt --share recovery-share-2-of-3.txt

The data folder must be empty or not there. It appears when all in it has been opened, or not at all. Stop the old server for good
first, and give --tombstones its data folder, where there still is one. Then: keystead serve --data /var/lib/keystead";

const COLUMNS: [Column<Backup>; 4] = [
    Column("Made", |backup| backup.created_at.clone()),
    Column("Bytes", |backup| backup.size.to_string()),
    Column("Recovery key", |backup| backup.recovery_key.clone()),
    Column("Name", |backup| backup.name.clone()),
];

/// Runs a verb that needs no server; gives back one that does.
pub(crate) async fn run_offline(verb: Verb, global: &Global, output: Output) -> Result<Option<Verb>, Failure> {
    match verb {
        Verb::Verify(args) => offline::verify(args, global, output).await.map(|()| None),
        Verb::Restore(args) => offline::restore(args, global, output).await.map(|()| None),
        other @ (Verb::Create { .. } | Verb::List | Verb::Status | Verb::Fetch { .. }) => Ok(Some(other)),
    }
}

pub(crate) async fn run(verb: Verb, to: &Client, global: &Global, output: Output) -> Result<(), Failure> {
    let api = to.installation();
    match verb {
        Verb::Create { out, force } => {
            files::refuse_existing(out.as_slice(), force)?;
            let made: Backup = api.post(&["backups"], &()).await?;
            match out {
                Some(out) => fetch(&made.name.clone(), made, out, force, to, output).await,
                None => output.done(&made, &made_text(&made)),
            }
        }
        Verb::Fetch { name, out, force } => {
            files::refuse_existing(std::slice::from_ref(&out), force)?;
            let all: Vec<Backup> = api.list(&["backups"]).await?;
            let none = || Failure::new(format!("there is no backup {name} on the server"), "see: keystead backup list");
            let known = all.into_iter().find(|backup| backup.name == name).ok_or_else(none)?;
            fetch(&name, known, out, force, to, output).await
        }
        Verb::List => {
            let all: Vec<Backup> = api.list(&["backups"]).await?;
            output.list(&all, &COLUMNS, "There is no backup in the server's folder: keystead backup create")
        }
        Verb::Status => output.show(&api.show::<RecoveryKey>(&["recovery-key"]).await?, &super::recovery::COLUMNS),
        Verb::Verify(_) | Verb::Restore(_) => run_offline(verb, global, output).await.map(drop),
    }
}

async fn fetch(
    name: &str,
    backup: Backup,
    out: PathBuf,
    force: bool,
    to: &Client,
    output: Output,
) -> Result<(), Failure> {
    to.download(&["backups", name], &out, force, backup.size).await?;
    output.done(
        &backup,
        &format!(
            "The backup is in {} ({} bytes). See that it opens: keystead backup verify {0} with the recovery kit",
            out.display(),
            backup.size
        ),
    )
}

fn made_text(made: &Backup) -> String {
    format!(
        "Backup {} is made ({} bytes), in the server's folder. A copy elsewhere: keystead backup fetch {0} --out FILE",
        made.name, made.size
    )
}
