//! The command line: what a person or a script types, and what it gets to read.
//!
//! Every verb but `serve`, `init`, `unseal`, `master-key`, `doctor`, `plan`, `config` and `completion` speaks to a running server over
//! the REST APIs, with the types of
//! [`crate::api`]. The invariant of this room: **results go to standard output, all else to standard error, and the exit
//! code says which it was**: 0 fine, 1 it failed, 2 wrong usage, 3 a check found something.

mod access;
mod adapter;
mod alarm;
mod api;
mod apikey;
mod audit;
mod authorization;
mod backup;
mod cert;
mod choice;
mod client;
mod completion;
mod config;
mod confirm;
mod connection;
mod control;
mod date;
mod destruction;
mod door;
mod failure;
mod files;
mod health;
mod http;
mod impact;
mod import_token;
mod init;
mod instance;
mod key;
mod keys;
mod master_key;
mod orphans;
mod output;
mod pinned;
mod plan;
mod private;
mod quarantine;
mod recovery;
mod ring;
mod role;
mod rootkey;
mod roots;
mod serve;
mod serviceid;
mod shares;
mod standardkey;
#[cfg(test)]
mod tests;
mod tls;
mod trust;
mod unseal;
mod used;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::doctor;
use api::Api;
pub(crate) use failure::Failure;
pub(crate) use files::{read as read_file, read_text as read_text_file};
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

const EXIT_CODES: &str = "Exit codes: 0 fine, 1 it failed, 2 wrong usage, 3 a check found something (key orphans).

Every verb that talks to a server reads DATA/admin.json, which the first start of `keystead serve` wrote.
From another machine set KEYSTEAD_URL, KEYSTEAD_API_KEY and KEYSTEAD_CA (a PEM file) instead.";

/// Where help shows them.
const GLOBAL: &str = "Options of every command";

/// What every verb takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// Data folder [env: KEYSTEAD_DATA] [default: /var/lib/keystead for root, else ~/.local/share/keystead]
    #[arg(long, global = true, value_name = "DIR", help_heading = GLOBAL)]
    pub(crate) data: Option<PathBuf>,
    /// Print the API's resources as JSON instead of a table
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Instance to work in [env: KEYSTEAD_INSTANCE] [default: the one called `default`, or the only one]
    #[arg(long, global = true, value_name = "NAME|ID", help_heading = GLOBAL)]
    pub(crate) instance: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server; the first start makes everything it needs
    Serve(ServeArgs),
    /// Begin a data folder whose master key is split among people
    Init(init::Args),
    /// Bring a share of the master key to a server that waits for it
    Unseal(unseal::Args),
    /// The master key: where it comes from, and another one in its place
    #[command(subcommand, name = "master-key")]
    MasterKey(master_key::Verb),
    /// Pair with vCenter, in one of the four ways that it offers: does the part here, and says what to do there
    #[command(subcommand)]
    Trust(trust::Verb),
    /// Who came and was on no list, and how to let them in
    #[command(subcommand)]
    Door(door::Verb),
    /// Have a client certificate made: key and certificate, or from vCenter's signing request
    #[command(subcommand)]
    Client(client::Verb),
    /// Certificates of the clients that may connect to an adapter
    #[command(subcommand)]
    Cert(cert::Verb),
    /// Keys that clients made
    #[command(subcommand)]
    Key(key::Verb),
    /// KMIP services: each has a root key, and a list of clients that may connect
    #[command(subcommand)]
    Adapter(adapter::Verb),
    /// The server's own certificates: renewed on the same key, exchanged, put in force when vCenter is ready
    #[command(subcommand)]
    Tls(tls::Verb),
    /// Whether the server can do its work: root keys open, the store takes changes, the journal is flushed, the disk has room
    Health(health::Args),
    /// What somebody has to look after: keys that can't be opened, certificates that are about to expire
    #[command(subcommand)]
    Alarm(alarm::Verb),
    /// Root keys: they seal the keys of adapters, wrap anything else, and never leave the server
    #[command(subcommand, name = "rootkey")]
    RootKey(rootkey::Verb),
    /// Standard keys: they are stored here and given back
    #[command(subcommand, name = "standardkey")]
    StandardKey(standardkey::Verb),
    /// Records of what was destroyed: signed, and checked without a server
    #[command(subcommand)]
    Destruction(destruction::Verb),
    /// The recovery kit: it opens backups, and no server has it
    #[command(subcommand)]
    Recovery(recovery::Verb),
    /// Backups: made while the server runs, verified and restored with the recovery kit
    #[command(subcommand)]
    Backup(backup::Verb),
    /// Key rings: groups of root keys and standard keys that access is granted on
    #[command(subcommand)]
    Ring(ring::Verb),
    /// The key under which key material can be brought along unread
    #[command(subcommand)]
    ImportToken(import_token::Verb),
    /// Instances: each has keys, adapters and policies of its own
    #[command(subcommand)]
    Instance(instance::Verb),
    /// Service IDs: what programs and people are to the server
    #[command(subcommand, name = "serviceid")]
    ServiceId(serviceid::Verb),
    /// API keys: what they show to say which service ID they are
    #[command(subcommand, name = "apikey")]
    ApiKey(apikey::Verb),
    /// Access: which roles service IDs have, and on what
    #[command(subcommand)]
    Access(access::Verb),
    /// Authorizations: what the managers of one instance's adapters may do in another instance
    #[command(subcommand)]
    Authorization(authorization::Verb),
    /// Roles, and what each may do
    #[command(subcommand)]
    Role(role::Verb),
    /// The audit: who did what; who gets to know it; whether anybody changed the record of it
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Go through vCenter's whole conversation with a server and say what vCenter would show
    Doctor(doctor::Args),
    /// Count the keys that a site needs, and size a server for them
    #[command(after_help = plan::EXAMPLE)]
    Plan(plan::Args),
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
        Command::Init(args) => init::run(&args, &global, output),
        Command::Unseal(args) => unseal::run(&args, &global, output),
        Command::MasterKey(verb) => master_key::run(&verb, &global, output),
        Command::Client(verb) => connected(&global, async |to| client::run(verb, &to.adapters().await?, output).await),
        Command::Cert(verb) => connected(&global, async |to| cert::run(verb, &to.adapters().await?, output).await),
        Command::Key(verb) => connected(&global, async |to| key::run(verb, to, output).await),
        Command::Adapter(verb) => connected(&global, async |to| adapter::run(verb, to, output).await),
        Command::Door(verb) => connected(&global, async |to| door::run(verb, to, output).await),
        Command::Trust(verb) => connected(&global, async |to| trust::run(verb, &to.adapters().await?, output).await),
        Command::Tls(verb) => connected(&global, async |to| tls::run(verb, &to.installation(), output).await),
        Command::Health(args) => connected(&global, async |to| health::run(args, to, output).await),
        Command::Alarm(verb) => connected(&global, async |to| alarm::run(verb, &to.identities().await?, output).await),
        Command::RootKey(verb) => {
            connected(&global, async |to| rootkey::run(verb, to.key_protect().await?, output).await)
        }
        Command::StandardKey(verb) => {
            connected(&global, async |to| standardkey::run(verb, to.key_protect().await?, output).await)
        }
        Command::Destruction(verb) => match destruction::run_offline(verb, output)? {
            Some(verb) => connected(&global, async |to| destruction::run(verb, to, output).await),
            None => Ok(()),
        },
        Command::Recovery(verb) => match recovery::run_offline(verb, output)? {
            Some(verb) => connected(&global, async |to| recovery::run(verb, to, output).await),
            None => Ok(()),
        },
        Command::Backup(verb) => match runtime()?.block_on(backup::run_offline(verb, &global, output))? {
            Some(verb) => connected(&global, async |to| backup::run(verb, to, &global, output).await),
            None => Ok(()),
        },
        Command::Ring(verb) => connected(&global, async |to| ring::run(verb, &to.key_protect().await?, output).await),
        Command::ImportToken(verb) => {
            connected(&global, async |to| import_token::run(verb, &to.key_protect().await?, output).await)
        }
        Command::Instance(verb) => connected(&global, async |to| instance::run(verb, to, output).await),
        Command::ServiceId(verb) => connected(&global, async |to| serviceid::run(verb, to, output).await),
        Command::ApiKey(verb) => connected(&global, async |to| apikey::run(verb, to, output).await),
        Command::Access(verb) => connected(&global, async |to| access::run(verb, to, output).await),
        Command::Authorization(verb) => connected(&global, async |to| authorization::run(verb, to, output).await),
        Command::Role(verb) => connected(&global, async |to| role::run(verb, to, output).await),
        Command::Audit(verb) => audit::run(verb, &global, output),
        Command::Doctor(args) => runtime()?.block_on(doctor::run(args, &output)),
        Command::Plan(args) => plan::run(&args, output),
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
