//! `keystead destruction`: records of what was destroyed, and their check without a server.

mod verify;

use std::path::PathBuf;

use super::files::write;
use super::output::{Column, print};
use super::{Client, Failure, Output};
use crate::api::{Destruction, SigningKey};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List what was destroyed: of the instance that is named with --instance, else of all
    #[command(
        after_help = "Example: keystead destruction list\n\nThe proof of one, for an auditor: keystead destruction show ID --out FILE"
    )]
    List,
    /// Show a record of destruction, or write it to a file that can be handed to an auditor
    #[command(after_help = SHOW)]
    Show {
        /// The record's identifier
        id: String,
        /// Write the signed document to this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Check a record that was written to a file: no server is needed
    #[command(after_help = VERIFY)]
    Verify {
        /// The signed document
        file: PathBuf,
        /// The installation's public key in PEM, which you had from it before
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
    },
    /// Print the public key that records are checked with: keep it where the server's administrators can't change it
    #[command(after_help = "Example: keystead destruction public-key --out signing-key.pem")]
    PublicKey {
        /// Write it to this file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
}

const SHOW: &str = "Example: keystead destruction show 6f1f... --out destruction.json";
const VERIFY: &str = "Example: keystead destruction verify destruction.json --public-key signing-key.pem

Without --public-key the key in the file itself is taken: that shows that the record is whole, not whose it is.";

const COLUMNS: [Column<Destruction>; 7] = [
    Column("Purged", |record| record.purged.clone()),
    Column("Sort", |record| record.sort.clone()),
    Column("Name", |record| record.name.clone()),
    Column("Key", |record| record.key.clone()),
    Column("By", |record| match &record.asked_by {
        Some(first) => format!("{first}, {}", record.purged_by),
        None => record.purged_by.clone(),
    }),
    Column("State", |record| record.state.clone()),
    Column("Record", |record| record.id.clone()),
];

/// Runs a verb that needs no server; gives back one that does.
pub(crate) fn run_offline(verb: Verb, output: Output) -> Result<Option<Verb>, Failure> {
    match verb {
        Verb::Verify { file, public_key } => verify::run(&file, public_key.as_deref(), output).map(|()| None),
        other => Ok(Some(other)),
    }
}

pub(crate) async fn run(verb: Verb, to: &Client, output: Output) -> Result<(), Failure> {
    let api = to.identities().await?;
    match verb {
        Verb::List => {
            let records: Vec<Destruction> = api.list(&["destructions"]).await?;
            output.list(&records, &COLUMNS, "Nothing was destroyed.")
        }
        Verb::Show { id, out, force } => show(&api.show(&["destructions", &id]).await?, out, force, output),
        Verb::PublicKey { out, force } => {
            let key: SigningKey = to.installation().show(&["signing-key"]).await?;
            match out {
                None if output.is_json() => output.json(&key),
                None => print(&key.public_key),
                Some(out) => {
                    write(&out, &key.public_key, 0o644, force)?;
                    output.done(&key, &format!("The public key is in {}, SHA-256 {}.", out.display(), key.sha256))
                }
            }
        }
        Verb::Verify { file, public_key } => verify::run(&file, public_key.as_deref(), output),
    }
}

fn show(record: &Destruction, out: Option<PathBuf>, force: bool, output: Output) -> Result<(), Failure> {
    let Some(document) = &record.document else {
        let remedy = "it is taken up again within a minute or so; the server's log says what is in the way";
        return Err(Failure::new("the destruction is not finished, so nothing is signed yet", remedy));
    };
    let Some(out) = out else { return output.json(document) };
    let text = serde_json::to_string_pretty(document)
        .map_err(|error| Failure::new(format!("cannot write JSON: {error}"), "report this as a defect"))?;
    write(&out, format!("{text}\n"), 0o644, force)?;
    let sentence =
        format!("The record is in {}. Check it with: keystead destruction verify {0} --public-key FILE", out.display());
    output.done(document, &sentence)
}
