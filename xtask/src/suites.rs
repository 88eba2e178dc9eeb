//! The suites, in the order in which they run: the quick ones that fail most often come first.
//!
//! The invariant: a suite that did not run is never taken for one that passed.

use std::process::Command;
use std::thread;
use std::time::Instant;

use crate::count::Count;
use crate::setup::{self, Need};
use crate::shell::{self, Ended, command, root, shared};
use crate::{fuzz, rules};

/// A suite: its name for `--only`, what it is, what it needs, and how it runs.
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    needs: &'static [Need],
    run: fn() -> Outcome,
}

/// What a suite came to.
pub(crate) enum Outcome {
    /// It ran, and all is well where nothing failed.
    Ran(Count),
    /// It could not run, for want of a folder that not everybody has.
    Excused(String),
    /// It could not run.
    Broken(String),
}

/// Whether a test that its runner left out fails the run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strictness {
    /// On a developer's machine it is only said.
    Developer,
    /// In CI it fails.
    Ci,
}

impl Strictness {
    pub(crate) fn from_environment() -> Self {
        if std::env::var("CI").is_ok_and(|value| value == "true") { Self::Ci } else { Self::Developer }
    }
}

use setup::{
    AUDIT, CLIPPY, COMPILER, DENY, FAKETIME, FUZZ, KEYPROTECT_2, KEYPROTECT_3, NODE, NPM, OPENSSL, PYTHON, PYTHON_VENV,
    RUSTFMT, SCANNERS, SCHEMATHESIS, STRACE, TESTSSL, VENV,
};

/// All suites.
pub(crate) const SUITES: &[Suite] = &[
    Suite { name: "fmt", what: "formatting", needs: &[RUSTFMT], run: fmt },
    Suite { name: "rules", what: "the house rules", needs: &[], run: rules::suite },
    Suite { name: "clippy", what: "lints, all targets, no warnings", needs: &[CLIPPY, COMPILER], run: clippy },
    Suite { name: "unit", what: "the crates' own tests", needs: &[COMPILER], run: unit },
    Suite { name: "doc", what: "the examples in the documentation", needs: &[COMPILER], run: doc },
    Suite { name: "deny", what: "licences, banned crates, sources", needs: &[DENY], run: deny },
    Suite { name: "audit", what: "known vulnerabilities of dependencies", needs: &[AUDIT], run: audit },
    Suite {
        name: "clients",
        what: "PyKMIP, vCenter's conversation, hand-made messages and REST requests against the release binary",
        needs: &[COMPILER, OPENSSL, PYTHON, PYTHON_VENV, VENV],
        run: clients,
    },
    Suite {
        name: "figures",
        what: "the figures of trust, transport and storage, each with a control that must fail, against the release binary",
        needs: &[COMPILER, OPENSSL, PYTHON, PYTHON_VENV, VENV, FAKETIME, STRACE],
        run: figures,
    },
    Suite {
        name: "scanners",
        what: "sslyze and testssl.sh against both ports of the release binary",
        needs: &[COMPILER, OPENSSL, PYTHON, PYTHON_VENV, VENV, SCANNERS, TESTSSL],
        run: scanners,
    },
    Suite {
        name: "judges",
        what: "IBM's own clients and tests, and Schemathesis, against the release binary",
        needs: &[
            COMPILER,
            OPENSSL,
            PYTHON,
            PYTHON_VENV,
            VENV,
            KEYPROTECT_3,
            KEYPROTECT_2,
            SCHEMATHESIS,
            NODE,
            NPM,
            Need::NodePackages,
        ],
        run: judges,
    },
    Suite {
        name: "oasis",
        what: "OASIS's test cases against the release binary, held above a floor",
        needs: &[COMPILER, PYTHON, PYTHON_VENV, VENV],
        run: oasis,
    },
    Suite {
        name: "fuzz",
        what: "every fuzz target for a minute, side by side",
        needs: &[COMPILER, FUZZ],
        run: fuzz::suite,
    },
];

/// Runs one suite by its name.
pub(crate) fn only(name: &str) -> Result<(), String> {
    let found = SUITES.iter().position(|suite| suite.name == name);
    let index = found.ok_or_else(|| format!("there is no suite {name}\n\n{}", crate::usage()))?;
    run(&SUITES[index..=index], Strictness::from_environment())
}

/// Runs suites one after the other, stops at the first that fails, and sums up.
pub(crate) fn run(suites: &[Suite], strictness: Strictness) -> Result<(), String> {
    let mut total = Count::default();
    let mut report = Vec::new();
    let mut failed = false;
    for suite in suites.iter() {
        println!("\n=== {}: {} ===", suite.name, suite.what);
        let start = Instant::now();
        let outcome = setup::install(suite.needs).map_or_else(Outcome::Broken, |()| (suite.run)());
        let (count, remark) = judge(outcome, strictness);
        total += count;
        report.push(format!("{:9} {:>6} s   {remark}", suite.name, start.elapsed().as_secs()));
        failed = count.failed > 0;
        if failed {
            break;
        }
    }
    let left = suites.len() - report.len();
    println!("\n{}", report.join("\n"));
    if left > 0 {
        println!("stopped at the first failure: {left} suites did not run");
    }
    println!("\n{} passed, {} failed", total.passed, total.failed);
    if failed { Err("there are failures".into()) } else { Ok(()) }
}

fn judge(outcome: Outcome, strictness: Strictness) -> (Count, String) {
    match outcome {
        Outcome::Ran(count) if count.failed == 0 && count.skipped > 0 && strictness == Strictness::Ci => {
            (Count { failed: count.skipped, ..count }, format!("FAILED: {} tests were skipped", count.skipped))
        }
        Outcome::Ran(count) => {
            let word = if count.failed == 0 { "ok" } else { "FAILED" };
            (count, format!("{word}: {} passed, {} failed, {} skipped", count.passed, count.failed, count.skipped))
        }
        Outcome::Excused(why) => {
            println!("\n!!! NOT RUN: {why}\n");
            (Count::default(), format!("NOT RUN: {why}"))
        }
        Outcome::Broken(why) => {
            println!("\n{why}");
            (Count::ONE_FAILED, format!("FAILED: {why}"))
        }
    }
}

/// Runs programs one after the other, and none after one that failed.
pub(crate) fn programs(commands: impl IntoIterator<Item = Command>) -> Outcome {
    sum(commands.into_iter().map(shell::run))
}

/// Runs programs side by side, their lines among each other's.
pub(crate) fn side_by_side(commands: impl IntoIterator<Item = Command>) -> Outcome {
    let run = |command| thread::spawn(|| shell::run(command));
    let running: Vec<_> = commands.into_iter().map(run).collect();
    let ended = running.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err("a thread panicked".into())));
    sum(ended.collect::<Vec<_>>())
}

/// What programs came to; one that counts no tests counts as one test.
fn sum(programs: impl IntoIterator<Item = Result<Ended, String>>) -> Outcome {
    let mut total = Count::default();
    for ended in programs {
        match ended {
            Err(why) => return Outcome::Broken(why),
            Ok(ended) if !ended.succeeded => {
                total += ended.count;
                total += if ended.count.failed == 0 { Count::ONE_FAILED } else { Count::default() };
                return Outcome::Ran(total);
            }
            Ok(ended) if ended.count == Count::default() => total += Count::ONE_PASSED,
            Ok(ended) => total += ended.count,
        }
    }
    Outcome::Ran(total)
}

fn lines(lines: &[&str]) -> Outcome {
    programs(lines.iter().map(|line| command(line)))
}

fn fmt() -> Outcome {
    lines(&["cargo fmt --all --check", "cargo fmt --manifest-path fuzz/Cargo.toml --check"])
}

fn clippy() -> Outcome {
    lines(&["cargo clippy --workspace --all-targets --locked -- --deny warnings"])
}

fn unit() -> Outcome {
    if shell::answers("cargo nextest --version") {
        lines(&["cargo nextest run --workspace --locked --no-fail-fast"])
    } else {
        lines(&["cargo test --workspace --lib --bins --tests --locked --no-fail-fast"])
    }
}

fn doc() -> Outcome {
    lines(&["cargo test --workspace --doc --locked"])
}

fn deny() -> Outcome {
    lines(&[
        "cargo deny --locked check licenses bans sources",
        "cargo deny --locked --config deny.toml --manifest-path fuzz/Cargo.toml check licenses bans sources",
    ])
}

fn audit() -> Outcome {
    let database = shared("advisory-db");
    if !database.is_dir() {
        return Outcome::Excused(format!("no advisory database at {}", database.display()));
    }
    println!("The database is a dated copy: an advisory that is younger than it is not seen.");
    let audit = |lock| {
        let mut command = command(&format!("cargo audit --no-fetch --stale --file {lock} --db"));
        command.arg(&database);
        command
    };
    programs(["Cargo.lock", "fuzz/Cargo.lock"].map(audit))
}

fn clients() -> Outcome {
    if let Err(why) = release_build() {
        return Outcome::Broken(why);
    }
    programs([pytest("not judge and not figure and not scanner", 3)])
}

/// What the Python suites measure, and a tenth of the siege, with the control that shows that the siege bites.
fn figures() -> Outcome {
    // With the tests, for their features are those of the libraries that the unit tests have built already.
    let siege = "cargo build --locked --workspace --tests --bin bench";
    let built = release_build().and_then(|()| shell::must(command(siege)));
    if let Err(why) = built {
        return Outcome::Broken(why);
    }
    let siege = "target/debug/bench siege --binary target/release/keystead --scale 10 --seconds";
    programs([
        pytest("figure and not alone", 2),
        pytest("figure and alone", 1),
        command(&format!("{siege} 5")),
        command(&format!("{siege} 3 --control")),
    ])
}

fn scanners() -> Outcome {
    if let Err(why) = release_build() {
        return Outcome::Broken(why);
    }
    programs([pytest("scanner", 1)])
}

/// Each SDK's script runs in that SDK's environment; what starts other programs, in ours.
fn judges() -> Outcome {
    if let Err(why) = release_build() {
        return Outcome::Broken(why);
    }
    programs([
        // Alone, for else what runs within it could not say its own counts.
        pytest("judge", 1),
        python("venv-keyprotect-3", &["-m", "pytest", "tests/keyprotect_3.py"]),
        python("venv-keyprotect-2", &["-m", "pytest", "tests/keyprotect_2.py"]),
    ])
}

fn oasis() -> Outcome {
    let cases = shared("oasis");
    if !cases.is_dir() {
        return Outcome::Excused(format!("no OASIS test cases at {}", cases.display()));
    }
    if let Err(why) = release_build() {
        return Outcome::Broken(why);
    }
    let mut command = python("venv", &["tests/oasis.py"]);
    command.arg(cases);
    programs([command])
}

fn release_build() -> Result<(), String> {
    shell::must(command("cargo build --release --locked --package server"))
}

/// The tests with these marks. They wait more than they reckon, so several files may run at once; the tests of one stay in one process,
/// since they share their servers.
fn pytest(marks: &str, at_once: u8) -> Command {
    let mut command = python("venv", &["-m", "pytest", "tests", "-m", marks]);
    if at_once > 1 {
        command.args(["--dist", "loadfile", "--numprocesses", &at_once.to_string()]);
    }
    command
}

/// The Python of an environment in `target`.
fn python(environment: &str, arguments: &[&str]) -> Command {
    let mut command = command(&format!("target/{environment}/bin/python"));
    command.args(arguments);
    command.env("KEYSTEAD_BIN", root().join("target/release/keystead"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONUNBUFFERED", "1");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_fails_fails_all_wherever_it_stands() {
        for lines in [["true", "false"], ["false", "true"]] {
            for run in [programs, side_by_side] {
                let Outcome::Ran(count) = run(lines.map(command)) else { panic!("{lines:?} could not run") };
                assert_eq!(count.failed, 1, "{lines:?}");
            }
        }
    }

    #[test]
    fn what_can_t_run_is_no_success() {
        assert!(matches!(side_by_side([command("true"), command("/nowhere/program")]), Outcome::Broken(_)));
    }
}
