//! A server of the real binary, on free ports, in a data folder of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The binary under test.
const KEYSTEAD: &str = env!("CARGO_BIN_EXE_keystead");

/// A running server. It is killed when this is dropped.
pub(crate) struct Running {
    child: Child,
    folder: TempDir,
    /// `HOST:PORT` of its KMIP port.
    pub(crate) kmip: String,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Running {
    /// A first start.
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), &[])
    }

    /// A first start, with a key manager that makes nobody wait.
    pub(crate) fn start_without_waits() -> Self {
        let waits = ["ENABLE_AFTER", "RESTORE_AFTER", "PURGE_AFTER", "ROTATE_EVERY", "SYNC_EVERY"];
        let variables = waits.map(|wait| (format!("KEYSTEAD_TIMERS_{wait}"), "0"));
        Self::start_in(tempfile::tempdir().unwrap(), &variables)
    }

    /// Kills the server as a crash would, and starts it again on the same data.
    pub(crate) fn crash_and_restart(mut self) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        Self::start_in(folder, &[])
    }

    fn start_in(folder: TempDir, environment: &[(String, &str)]) -> Self {
        let mut child = command()
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .args([
                "serve",
                "--name",
                "localhost",
                "--kmip-listen",
                "127.0.0.1:0",
                "--admin-listen",
                "127.0.0.1:0",
                "--data",
            ])
            .arg(data(folder.path()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.find(|line| line.contains("listening on ")).expect("the server says where it listens");
        let (_, address) = line.rsplit_once("listening on ").unwrap();
        let kmip = address.trim_end_matches(')').replace("127.0.0.1", "localhost");
        // The rest of what it says is taken off its hands, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Running { child, folder, kmip }
    }

    /// The data folder.
    pub(crate) fn data(&self) -> PathBuf {
        data(self.folder.path())
    }

    /// A path for a file of the test.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Runs a command against this server; words are split at blanks.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.run_with(line, &[], b"")
    }

    /// As [`Running::run`], with environment variables and standard input.
    pub(crate) fn run_with(&self, line: &str, environment: &[(&str, &str)], stdin: &[u8]) -> Outcome {
        let mut command = command();
        command.args(line.split_whitespace()).env("KEYSTEAD_DATA", self.data());
        finish(command.envs(environment.iter().copied()), stdin)
    }

    /// Runs a command that must succeed, and gives the one line that it prints on standard output.
    pub(crate) fn line(&self, line: &str) -> String {
        let outcome = self.run(line);
        assert_eq!((outcome.code, outcome.stdout.lines().count()), (0, 1), "{line}: {outcome:?}");
        outcome.stdout.trim().to_owned()
    }

    /// Puts a file where commands find it, and gives its path.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Runs a command that must succeed, and gives its JSON.
    pub(crate) fn json(&self, line: &str) -> Value {
        let outcome = self.run(&format!("{line} --json"));
        assert_eq!(outcome.code, 0, "{line}: {outcome:?}");
        serde_json::from_str(&outcome.stdout).unwrap_or(Value::Null)
    }

    /// Runs a command and holds it to its exit code and to something that it says, on either stream.
    pub(crate) fn check(&self, line: &str, code: i32, part: &str) -> Outcome {
        let outcome = self.run(line);
        assert_eq!(outcome.code, code, "{line}: {outcome:?}");
        assert!(format!("{}{}", outcome.stdout, outcome.stderr).contains(part), "{line}: no `{part}` in {outcome:?}");
        outcome
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary without any variable of the test's own environment that it would heed.
pub(crate) fn command() -> Command {
    let mut command = Command::new(KEYSTEAD);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KEYSTEAD_")) {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub(crate) fn finish(command: &mut Command, stdin: &[u8]) -> Outcome {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read it closes it, which is fine.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Outcome { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}
