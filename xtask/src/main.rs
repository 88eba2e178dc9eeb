//! `cargo xtask`: the project's chores. `cargo xtask test` installs what the tests need and runs all of them.
//!
//! The invariant: nothing here is needed to build or run the server, and no suite passes because it did not run.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a chore talks to a person and measures its own time"
)]

mod count;
mod fuzz;
mod rules;
mod setup;
mod shell;
mod suites;

use std::process::ExitCode;

use suites::{SUITES, Strictness};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["test"] => suites::run(SUITES, Strictness::from_environment()),
        ["ci"] => suites::run(SUITES, Strictness::Ci),
        ["test", "--only", name] => suites::only(name),
        ["rules"] => suites::only("rules"),
        ["fuzz"] => fuzz::alone(fuzz::SECONDS),
        ["fuzz", "--seconds", seconds] => seconds.parse().map_err(|_| usage()).and_then(fuzz::alone),
        _ => Err(usage()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let rows: String = SUITES.iter().map(|suite| format!("    {:9} {}\n", suite.name, suite.what)).collect();
    format!(
        "cargo xtask test [--only SUITE]   install what the tests need and run them, in this order
cargo xtask ci                    the same, and a suite that can't run is a failure
cargo xtask rules                 the house rules alone
cargo xtask fuzz [--seconds N]    every fuzz target for N seconds (default {})

Suites:
{rows}",
        fuzz::SECONDS
    )
}
