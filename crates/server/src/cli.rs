//! The command line: what a person or a script types, and what it gets to read.
//!
//! Every verb but `serve`, `doctor`, `config` and `completion` speaks to a running server over the administration API, with the
//! types of [`crate::api`]. The invariant of this room: **results go to standard output, all else to standard error, and the exit
//! code says which it was**: 0 fine, 1 it failed, 2 wrong usage.

mod cert;
mod client;
mod completion;
mod config;
mod confirm;
mod connection;
mod failure;
mod files;
mod http;
mod key;
mod output;
mod serve;
#[cfg(test)]
mod tests;
mod trust;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::doctor;
pub(crate) use failure::Failure;
pub(crate) use files::read as read_file;
use http::Client;
pub(crate) use output::Output;
pub(crate) use serve::ServeArgs;

/// Keystead: a key provider for vCenter and ESXi.
#[derive(Debug, Parser)]
#[command(
    name = "keystead",
    version,
    propagate_version = true,
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
#[command(after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 fine, 1 it failed, 2 wrong usage.

Every verb that talks to a server reads DATA/admin.json, which the first start of `keystead serve` wrote.
From another machine set KEYSTEAD_URL, KEYSTEAD_API_KEY and KEYSTEAD_CA (a PEM file) instead.";

/// What every verb takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// Data folder [env: KEYSTEAD_DATA] [default: /var/lib/keystead for root, else ~/.local/share/keystead]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print the API's resources as JSON instead of a table
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; the first start makes everything it needs
    Serve(ServeArgs),
    /// Certificates of the clients that may connect to an adapter
    #[command(subcommand)]
    Cert(cert::Verb),
    /// Have a client certificate made: key and certificate, or from vCenter's signing request
    #[command(subcommand)]
    Client(client::Verb),
    /// Keys that clients made
    #[command(subcommand)]
    Key(key::Verb),
    /// Go through vCenter's whole conversation with a server and say what vCenter would show
    Doctor(doctor::Args),
    /// The configuration file
    #[command(subcommand)]
    Config(config::Verb),
    /// Print a completion script for a shell
    Completion(completion::Args),
}

/// Reads the command line and does what it says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match execute(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn execute(cli: Cli) -> Result<(), Failure> {
    let Cli { global, command } = cli;
    let output = Output::new(global.json);
    match command {
        Command::Serve(args) => serve::run(&global, args),
        Command::Cert(verb) => connected(&global, async |client| cert::run(verb, client, &output).await),
        Command::Client(verb) => connected(&global, async |client| client::run(verb, client, &output).await),
        Command::Key(verb) => connected(&global, async |client| key::run(verb, client, &output).await),
        Command::Doctor(args) => runtime()?.block_on(doctor::run(args, &output)),
        Command::Config(verb) => config::run(&verb, &global),
        Command::Completion(args) => completion::run(&args),
    }
}

/// Runs a verb with a client for the server that the environment or the data folder names.
fn connected(global: &Global, verb: impl AsyncFnOnce(&Client) -> Result<(), Failure>) -> Result<(), Failure> {
    let client = Client::new(connection::find(global)?)?;
    runtime()?.block_on(verb(&client))
}

/// Tells a person what is odd though not wrong.
fn warn(text: &str) {
    use std::io::Write;
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "warning: {text}");
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(format!("cannot start: {error}"), "check the limits of open files and processes"))
}
