//! `keystead recovery`: the kit that opens backups, made where the administrator is.
//!
//! The invariant: **the private half leaves this process only into the kit's files**, and the server hears of the public half only after
//! the kit has been read back from them.

use std::path::{Path, PathBuf};

use wrap::primitive::SystemRandom;
use wrap::recovery::RecoveryKey;
use zeroize::Zeroizing;

use super::files::{refuse_existing, write};
use super::output::Column;
use super::{Client, Failure, Output};
use crate::api::{NewRecoveryKey, RecoveryKey as Shown};
use crate::backup::{Error, Kit, KitSource};
use crate::cli::confirm::Consent;
use crate::pki::hexadecimal;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Make a recovery kit: from then on the server can make backups, and only the kit opens them
    #[command(after_help = CREATE)]
    Create {
        /// Into how many shares the kit is split, for as many people: 2 to 16
        #[arg(long, value_name = "N", requires = "threshold", conflicts_with = "passphrase_file")]
        shares: Option<u8>,
        /// How many of the shares open a backup: 2 or more
        #[arg(long, value_name = "K", requires = "shares")]
        threshold: Option<u8>,
        /// Instead of shares one file, which the passphrase in this file opens
        #[arg(long, value_name = "FILE", required_unless_present = "shares")]
        passphrase_file: Option<PathBuf>,
        /// Folder to write the kit to: best a USB stick
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        #[command(flatten)]
        consent: Consent,
    },
    /// Show which kit opens the backups that are made now, and of what age backups are
    #[command(
        after_help = "Example: keystead recovery show\n\nWhether the kit at hand is that one: keystead recovery check"
    )]
    Show,
    /// Put a kit together and say which it is: no server is needed, and nothing is changed
    #[command(after_help = CHECK)]
    Check {
        #[command(flatten)]
        kit: KitArgs,
    },
}

const CREATE: &str = "Examples:
  keystead recovery create --shares 3 --threshold 2 --out /media/usb
  keystead recovery create --passphrase-file phrase.txt --out /media/usb

Give each share to another person, and keep all of them away from the server. Without the kit no backup can be opened, by anybody.
Then: keystead backup create --out FILE, and keystead backup verify FILE. A new kit opens none of the backups from before: keep the old
one for as long as them.";

const CHECK: &str =
    "Example: keystead recovery check --share recovery-share-1-of-3.txt --share recovery-share-3-of-3.txt";

/// Where the kit is.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct KitArgs {
    /// A share of the recovery kit; once for each share
    #[arg(long, value_name = "FILE", conflicts_with = "kit")]
    share: Vec<PathBuf>,
    /// The recovery kit, where it is one file with a passphrase
    #[arg(long, value_name = "FILE", requires = "kit_passphrase_file", required_unless_present = "share")]
    kit: Option<PathBuf>,
    /// File with the passphrase of the kit
    #[arg(long, value_name = "FILE", requires = "kit")]
    kit_passphrase_file: Option<PathBuf>,
}

impl KitArgs {
    /// Puts it together.
    pub(super) fn read(self) -> Result<Kit, Failure> {
        let KitArgs { share, kit, kit_passphrase_file } = self;
        Kit::read(&KitSource { shares: share, kit, passphrase: kit_passphrase_file }).map_err(failed)
    }
}

/// What went wrong with a kit or a backup says by itself what to do.
pub(super) fn failed(error: Error) -> Failure {
    Failure::new(error, "")
}

pub(super) const COLUMNS: [Column<Shown>; 7] = [
    Column("Recovery key", |key| key.id.clone().unwrap_or_else(|| "none: keystead recovery create".to_owned())),
    Column("Its kit", |key| key.kept.clone().unwrap_or_default()),
    Column("Since", |key| key.since.clone().unwrap_or_default()),
    Column("Newest backup", |key| key.last_backup.clone().unwrap_or_else(|| "never".to_owned())),
    Column("Newest verified", |key| {
        key.last_verified.clone().unwrap_or_else(|| "never: keystead backup verify".to_owned())
    }),
    Column("Server's folder", |key| key.folder.clone()),
    Column("Installation", |key| short(&key.installation).to_owned()),
];

/// What is different in the names of two installations: what comes before says only what sort of key it is.
pub(super) fn short(installation: &str) -> &str {
    installation.get(24..40).unwrap_or(installation)
}

/// Runs a verb that needs no server; gives back one that does.
pub(crate) fn run_offline(verb: Verb, output: Output) -> Result<Option<Verb>, Failure> {
    match verb {
        Verb::Check { kit } => check(kit, output).map(|()| None),
        other @ (Verb::Create { .. } | Verb::Show) => Ok(Some(other)),
    }
}

pub(crate) async fn run(verb: Verb, to: &Client, output: Output) -> Result<(), Failure> {
    let api = to.installation();
    match verb {
        Verb::Show => output.show(&api.show::<Shown>(&["recovery-key"]).await?, &COLUMNS),
        Verb::Check { kit } => check(kit, output),
        Verb::Create { shares, threshold, passphrase_file, out, consent } => {
            let known: Shown = api.show(&["recovery-key"]).await?;
            if let Some(id) = &known.id {
                consent.obtain(&format!(
                    "Backups from now on will open with the new kit alone. Keep the kit of {id} for as long as you keep a backup of its time."
                ))?;
            }
            let form = match (shares.zip(threshold), passphrase_file) {
                (Some((of, threshold)), _) => Form::Shares { threshold, of },
                (None, Some(file)) => Form::Passphrase(file),
                (None, None) => return Err(Failure::usage("it is not said how the kit is kept", CREATE)),
            };
            let (public, files) = make(known.installation, &form, &out)?;
            let key: Shown = api.put(&["recovery-key"], &NewRecoveryKey { public, kept: form.words() }).await?;
            output.done(&key, &made_text(&form, &files))
        }
    }
}

/// How a kit is kept.
enum Form {
    Shares { threshold: u8, of: u8 },
    Passphrase(PathBuf),
}

impl Form {
    fn words(&self) -> String {
        match self {
            Form::Shares { threshold, of } => format!("{threshold} of {of} shares"),
            Form::Passphrase(_) => "a passphrase".to_owned(),
        }
    }
}

/// Makes a kit, writes it, reads it back; its public half in hexadecimal, and the files.
fn make(installation: String, form: &Form, out: &Path) -> Result<(String, Vec<PathBuf>), Failure> {
    let random = SystemRandom;
    let key = RecoveryKey::generate(&random).map_err(|error| failed(error.into()))?;
    let public = key.public().map_err(|error| failed(error.into()))?;
    let kit = Kit { key, installation };
    let texts = match form {
        Form::Shares { threshold, of } => kit.into_shares(*threshold, *of, &random).map_err(failed)?,
        Form::Passphrase(file) => vec![("recovery-kit.txt".to_owned(), kit.into_file(file, &random).map_err(failed)?)],
    };
    let files = write_all(&texts, out)?;
    let source = match form {
        Form::Shares { .. } => KitSource { shares: files.clone(), ..KitSource::default() },
        Form::Passphrase(passphrase) => {
            KitSource { kit: files.first().cloned(), passphrase: Some(passphrase.clone()), ..KitSource::default() }
        }
    };
    let back = Kit::read(&source).and_then(|kit| Ok(kit.key.public()?)).map_err(failed)?;
    match back == public {
        true => Ok((hexadecimal(public.as_bytes()), files)),
        false => Err(Failure::new(
            "what was written is not what was made",
            "try another --out: this disk is not to be trusted",
        )),
    }
}

fn write_all(texts: &[(String, Zeroizing<String>)], out: &Path) -> Result<Vec<PathBuf>, Failure> {
    let files: Vec<PathBuf> = texts.iter().map(|(name, _)| out.join(name)).collect();
    // A kit is never written over: an older one opens older backups.
    refuse_existing(&files, false).map_err(|_| {
        Failure::new(format!("there is a recovery kit in {} already", out.display()), "give another --out")
    })?;
    std::fs::create_dir_all(out).map_err(|error| {
        Failure::new(format!("cannot make the folder {}: {error}", out.display()), "give another --out")
    })?;
    for (file, (_, text)) in files.iter().zip(texts) {
        write(file, text.as_bytes(), 0o600, false)?;
    }
    Ok(files)
}

fn made_text(form: &Form, files: &[PathBuf]) -> String {
    let list: String = files.iter().map(|file| format!("  {}\n", file.display())).collect();
    let next = match form {
        Form::Shares { threshold, of } => format!(
            "Any {threshold} of these {of} shares open a backup. Give each to another person and remove it here."
        ),
        Form::Passphrase(_) => {
            "With its passphrase this file opens a backup. Move it away from the server, and keep the passphrase elsewhere.".to_owned()
        }
    };
    format!(
        "The recovery kit is made:\n\n{list}\n{next}\nWithout them no backup can be opened, by anybody. Next: keystead backup create --out FILE"
    )
}

fn check(kit: KitArgs, output: Output) -> Result<(), Failure> {
    let kit = kit.read()?;
    let public = kit.key.public().map_err(|error| failed(error.into()))?;
    output.say(&format!(
        "The kit is whole. It is recovery key {} of installation {}.",
        hexadecimal(&public.id()),
        short(&kit.installation)
    ))
}
