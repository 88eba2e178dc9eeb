//! `keystead completion`: scripts that let a shell complete our verbs and options.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Failure, output};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Which shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "keystead", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
