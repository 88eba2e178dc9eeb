//! `keystead config`: the configuration file.

use std::path::PathBuf;

use super::output::print;
use super::{Failure, Global};
use crate::config::{Flags, environment, example, load, show};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Check a configuration file, and print what would be in force with it and the environment
    Check {
        /// The file [default: the one that `serve` would read]
        file: Option<PathBuf>,
    },
    /// Print a file with every setting in it, explained and commented out
    Example,
}

pub(super) fn run(verb: &Verb, global: &Global) -> Result<(), Failure> {
    match verb {
        Verb::Check { file } => check(file.clone(), global),
        Verb::Example => print(&example()),
    }
}

fn check(file: Option<PathBuf>, global: &Global) -> Result<(), Failure> {
    let flags = Flags { config: file, data: global.data.clone(), ..Flags::default() };
    let loaded = load(&flags, &environment()).map_err(|error| Failure::new(error, "mend it and check again"))?;
    for warning in &loaded.warnings {
        super::warn(warning);
    }
    print(&show(&loaded))
}
