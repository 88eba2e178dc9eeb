//! `keystead master-key`: where it comes from, and another one in its place.

use std::path::{Path, PathBuf};

use wrap::primitive::SystemRandom;

use super::control::Control;
use super::output::Column;
use super::{Failure, Global, Output, shares};
use crate::api::PrivateText;
use crate::config::{self, Config, Flags};
use crate::serve::control::{Request, Target};
use crate::serve::origin::{Mark, Origin};
use crate::serve::{ceremony, shared};

const CHANGE: &str = "Examples: keystead master-key change --new-file /etc/keystead/master-2.key
          keystead master-key change --shares 3 --threshold 2 --out shares
The server goes on serving meanwhile; with the server stopped it works too. Keys stay as they are: only what they are locked with changes.
Cut off anywhere, the next start finds which of the two master keys is in force.";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Put everything under another master key; the old one opens nothing afterwards
    #[command(after_help = CHANGE)]
    Change(Change),
    /// Where the master key comes from, and since when
    #[command(after_help = "Example: keystead master-key show")]
    Show,
}

#[derive(Debug, clap::Args)]
#[group(skip)]
#[command(group(clap::ArgGroup::new("new").required(true).args(["new_file", "new_passphrase_file", "shares"])))]
pub(crate) struct Change {
    /// To a key file, which is made there (one that is there already is taken as it is); the server must be able to read it
    #[arg(long, value_name = "FILE")]
    new_file: Option<PathBuf>,
    /// To the passphrase in this file (12 characters at least); the server must be able to read it
    #[arg(long, value_name = "FILE")]
    new_passphrase_file: Option<PathBuf>,
    /// To this many shares, one for each person
    #[arg(long, value_name = "N", requires = "threshold", requires = "out")]
    shares: Option<u8>,
    /// How many of the shares are needed to start the server
    #[arg(long, value_name = "K", requires = "shares")]
    threshold: Option<u8>,
    /// Folder for the share files, made where it is missing
    #[arg(long, value_name = "FOLDER", requires = "shares")]
    out: Option<PathBuf>,
}

pub(super) fn run(verb: &Verb, global: &Global, output: Output) -> Result<(), Failure> {
    let config = config(global)?;
    match verb {
        Verb::Show => output.show(&show(&config)?, COLUMNS),
        Verb::Change(change) => self::change(change, &config, output),
    }
}

const COLUMNS: &[Column<Mark>] = &[
    Column("Source", |mark| mark.origin.place()),
    Column("Since", |mark| mark.since.clone().unwrap_or_else(|| "the first start".to_owned())),
    Column("Shares", |mark| match mark.origin {
        Origin::Shares { of, .. } => of.to_string(),
        Origin::File { .. } | Origin::Passphrase { .. } => String::new(),
    }),
    Column("Threshold", |mark| match mark.origin {
        Origin::Shares { threshold, .. } => threshold.to_string(),
        Origin::File { .. } | Origin::Passphrase { .. } => String::new(),
    }),
];

fn config(global: &Global) -> Result<Config, Failure> {
    let flags = Flags { data: global.data.clone(), ..Flags::default() };
    let loaded = config::load(&flags, &config::environment());
    loaded.map(|loaded| loaded.config).map_err(|error| Failure::new(error, "mend the configuration"))
}

fn show(config: &Config) -> Result<Mark, Failure> {
    match Control::connect(&config.data)? {
        Some(mut control) => asked(&mut control, &Request::Show),
        None => ceremony::show(config).map_err(|error| Failure::new(error, "")),
    }
}

fn change(change: &Change, config: &Config, output: Output) -> Result<(), Failure> {
    let (to, paths) = target(change)?;
    let mark = match Control::connect(&config.data)? {
        Some(mut control) => asked(&mut control, &Request::Change(to)),
        None => ceremony::change(config, &to).map_err(|error| Failure::new(error, "")),
    };
    let mark = mark.inspect_err(|_| {
        if !paths.is_empty() {
            super::warn("keep the new share files until `keystead master-key show` says which master key is in force");
        }
    })?;
    let shares = match (&mark.origin, paths.is_empty()) {
        (Origin::Shares { threshold, .. }, false) => format!("\n{}", shares::told(&paths, *threshold)),
        (Origin::Shares { .. } | Origin::File { .. } | Origin::Passphrase { .. }, _) => String::new(),
    };
    let sentence = format!(
        "The master key is {} now, and the old one opens nothing.{shares}\nThe configuration has to say: {}",
        mark.origin.place(),
        mark.origin.settings()
    );
    output.done(&mark, &sentence)
}

/// The new source, and the share files that were written for it.
fn target(change: &Change) -> Result<(Target, Vec<PathBuf>), Failure> {
    if let Some(path) = &change.new_file {
        return Ok((Target::File(whole(path)?), Vec::new()));
    }
    if let Some(path) = &change.new_passphrase_file {
        return Ok((Target::PassphraseFile(whole(path)?), Vec::new()));
    }
    let (Some(of), Some(threshold), Some(out)) = (change.shares, change.threshold, &change.out) else {
        return Err(Failure::usage("--shares, --threshold and --out go together", "see --help"));
    };
    let split = shared::split(of, threshold, &SystemRandom);
    let (_, made, _) = split.map_err(|error| Failure::usage(error, "see --help"))?;
    let paths = shares::write(out, &made)?;
    Ok((Target::Shares(made.iter().map(|share| PrivateText::new(share.to_text())).collect()), paths))
}

/// The server has a working folder of its own.
fn whole(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::usage(error, "give a whole path"))
}

fn asked(control: &mut Control, request: &Request) -> Result<Mark, Failure> {
    let answer = control.ask(request)?;
    match (answer.done, answer.mark) {
        (true, Some(mark)) => Ok(mark),
        (_, _) => {
            Err(Failure::new(answer.said, "nothing was changed, unless it says otherwise: keystead master-key show"))
        }
    }
}
