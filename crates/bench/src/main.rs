//! Measures a running `keystead serve` beside a bare TLS echo: same TLS library, same kind of certificate, same client
//! certificate, requests of the same bytes, answers of the same length.
//!
//! The figure to trust is the server's CPU time for one unit of work as a multiple of the echo's, since what else the
//! machine does falls on both. Invariant: the bench depends on nothing of what it measures.

#![allow(clippy::disallowed_methods, reason = "measuring time is what this program is for")]

mod answer;
mod child;
mod cli;
mod client;
mod drive;
mod echo;
mod error;
mod fill;
mod flush;
mod idle;
mod keystead;
mod pair;
mod process;
mod report;
mod rest;
mod run;
mod siege;
mod start;
mod stats;
mod table;
#[cfg(test)]
mod tests;
mod tls;
mod ttlv;
mod twin;
mod vcenter;
mod workload;

use clap::Parser;
use cli::{Cli, Command};
use error::{Doing, Error};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("bench: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Error> {
    let report = match &cli.command {
        Command::Echo { files } => return echo::run(files),
        Command::Run(args) => block_on(cli.threads, run::server(args))?,
        Command::HttpsEcho { work, files } => return rest::echo::run(work.as_deref(), files),
        Command::Rest(args) => {
            let report = block_on(cli.threads, rest::run(args))?;
            return report::print(&if cli.json { report::to_json(&report)? } else { report.table() });
        }
        Command::Siege(args) => {
            let report = block_on(cli.threads, siege::run(args))?;
            report::print(&if cli.json { report::to_json(&report)? } else { report.table() })?;
            return report.judge();
        }
        Command::Rotation(args) => {
            let report = block_on(cli.threads, rest::rotation::run(args))?;
            report::print(&if cli.json { report::to_json(&report)? } else { report.table() })?;
            return report.judge();
        }
        Command::SelfTest(cells) => block_on(cli.threads, run::self_test(cells))?,
    };
    report::print(&if cli.json { report.json()? } else { report.table() })
}

fn block_on<T>(threads: u16, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads.into()).enable_all().build();
    let run = async {
        tokio::select! {
            done = work => done,
            error = interrupted() => Err(error),
        }
    };
    runtime.doing(|| "starting the load's threads".into())?.block_on(Box::pin(run))
}

/// Comes back on SIGINT and SIGTERM, so that the work is dropped, and with it the children and the folder.
async fn interrupted() -> Error {
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => Error::Interrupted,
                _ = terminate.recv() => Error::Interrupted,
            }
        }
        Err(source) => Error::Io { what: "listening for signals".into(), source },
    }
}
