//! `keystead config`: the configuration file.

use std::path::PathBuf;

use super::output::print;
use super::{Failure, Global};
use crate::config::{Flags, environment, example, load, show};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Check a configuration file, and print what would be in force with it and the environment
    #[command(after_help = CHECK)]
    Check {
        /// The file [default: the one that `serve` would read]
        file: Option<PathBuf>,
    },
    /// Print a file with every setting in it, explained and commented out
    #[command(after_help = EXAMPLE)]
    Example,
}

const CHECK: &str = "Example: keystead config check /etc/keystead/keystead.toml

Nothing is started or changed. What is wrong is said by name and line, with exit code 1; where all is right, take it into force:
systemctl restart keystead";

const EXAMPLE: &str = "Example: keystead config example > /etc/keystead/keystead.toml

Take the `#` away before what you set. For numbers on a listener of their own, below [metrics]: listen = \"127.0.0.1:9464\".
Then: keystead config check";

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
