//! `keystead init`: a data folder whose master key nobody has alone.

use std::path::PathBuf;

use super::{Failure, Global, Output, connection, shares};
use crate::serve::{Error, ceremony};

const EXAMPLE: &str = "Example: keystead init --shares 3 --threshold 2 --out shares
  makes three files; any two of them start the server. Then: keystead serve, and `keystead unseal` by two of the holders.
Without `init`, the first `keystead serve` makes a key file, which needs nobody at a start.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Args {
    /// How many shares to make, one for each person (2 to 16)
    #[arg(long, value_name = "N")]
    shares: u8,
    /// How many of them are needed to start the server (2 or more)
    #[arg(long, value_name = "K")]
    threshold: u8,
    /// Folder for the share files, made where it is missing
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
}

/// What stopped it.
struct Stopped(Failure);

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Stopped(Failure::new(error, ""))
    }
}

pub(super) fn run(args: &Args, global: &Global, output: Output) -> Result<(), Failure> {
    let data = connection::data_folder(global)?;
    let mut paths = Vec::new();
    let begun = ceremony::init(&data, (args.shares, args.threshold), |made| {
        paths = shares::write(&args.out, made).map_err(Stopped)?;
        Ok::<_, Stopped>(())
    });
    let mark = begun.map_err(|Stopped(failure)| failure)?;
    let told = shares::told(&paths, args.threshold);
    let sentence = format!(
        "{} is begun. Its master key exists only as these shares:\n{told}\nNext: keystead serve, then `keystead unseal` by {} holders.",
        data.display(),
        args.threshold
    );
    output.done(&mark, &sentence)
}
