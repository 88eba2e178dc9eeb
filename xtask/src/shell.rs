//! Running other programs: what they print is shown as it comes and counted on the way.
//!
//! The invariant: a program gets no standard input, so that nothing here can wait for a person.

use std::io::{BufRead, BufReader, pipe};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::count::Count;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The folder beside the repository that holds what is too big, or not ours, to be in it.
pub(crate) fn shared(name: &str) -> PathBuf {
    root().join("../shared").join(name)
}

/// A command with its arguments, separated by single spaces, to be run in the repository's root.
pub(crate) fn command(line: &str) -> Command {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().unwrap_or_default());
    command.args(words).current_dir(root());
    command
}

/// What a program came to.
pub(crate) struct Ended {
    pub(crate) succeeded: bool,
    pub(crate) count: Count,
}

/// Runs a program and shows what it prints; an error is one that kept it from running at all.
pub(crate) fn run(mut command: Command) -> Result<Ended, String> {
    let name = describe(&command);
    println!("$ {name}");
    let broken = |error| format!("cannot run `{name}`: {error}");
    let (output, input) = pipe().map_err(broken)?;
    command.stdin(Stdio::null()).stdout(input.try_clone().map_err(broken)?).stderr(input);
    let mut child = command.spawn().map_err(broken)?;
    drop(command); // it holds the pipe's other end, and the loop below would never see the end
    let mut count = Count::default();
    for line in BufReader::new(output).split(b'\n') {
        let line = line.map_err(broken)?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        count += Count::of_line(&line);
    }
    let status = child.wait().map_err(broken)?;
    Ok(Ended { succeeded: status.success(), count })
}

/// Runs a program that must succeed.
pub(crate) fn must(command: Command) -> Result<(), String> {
    let name = describe(&command);
    if run(command)?.succeeded { Ok(()) } else { Err(format!("`{name}` failed")) }
}

/// Whether a program is there and ends well, with all that it prints thrown away.
pub(crate) fn answers(line: &str) -> bool {
    let mut command = command(line);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
