//! The fuzz targets, each for a time, on the stable toolchain.
//!
//! The invariant: the committed seeds are read and never written; what a run finds goes to `fuzz/corpus`, which is not kept.

use std::fs;
use std::process::Command;

use crate::setup;
use crate::shell::{self, command, root};
use crate::suites::{Outcome, side_by_side};

/// For how long each target runs in the suite.
pub(crate) const SECONDS: u64 = 60;

/// Each target, and the folder of seeds that it starts from (`tests/seeds.py` writes them).
const TARGETS: [(&str, &str); 3] = [("frame", "messages"), ("request", "messages"), ("record", "records")];

/// The suite: every target for a minute.
pub(crate) fn suite() -> Outcome {
    run(SECONDS)
}

/// Every target for that many seconds, as a command of its own.
pub(crate) fn alone(seconds: u64) -> Result<(), String> {
    setup::install(&[setup::COMPILER, setup::FUZZ])?;
    match run(seconds) {
        Outcome::Ran(count) if count.failed == 0 => Ok(()),
        Outcome::Ran(_) => Err("a fuzz target failed; an input that crashed one is under fuzz/artifacts".into()),
        Outcome::Excused(why) | Outcome::Broken(why) => Err(why),
    }
}

fn run(seconds: u64) -> Outcome {
    for (target, _) in TARGETS {
        if let Err(error) = fs::create_dir_all(root().join("fuzz/corpus").join(target)) {
            return Outcome::Broken(format!("cannot make the corpus' folder: {error}"));
        }
    }
    // First, for else each would wait for the others' building while its time runs.
    if let Err(why) = shell::must(unstable("cargo fuzz build")) {
        return Outcome::Broken(why);
    }
    side_by_side(TARGETS.map(|(target, seeds)| fuzz(target, seeds, seconds)))
}

fn fuzz(target: &str, seeds: &str, seconds: u64) -> Command {
    let run = format!("cargo fuzz run {target} fuzz/corpus/{target} fuzz/seeds/{seeds}");
    unstable(&format!(
        "{run} -- -max_total_time={seconds} -timeout=10 -max_len=16384 -verbosity=0 -print_final_stats=1"
    ))
}

/// The sanitizer and the coverage counters are unstable flags; this makes a stable compiler take them.
fn unstable(line: &str) -> Command {
    let mut command = command(line);
    command.env("RUSTC_BOOTSTRAP", "1");
    command
}
