//! [`Failure`]: one line that says what is wrong, one that says what to do, and an exit code.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    remedy: String,
    code: u8,
}

impl Failure {
    /// It failed: exit code 1.
    pub(crate) fn new(what: impl Display, remedy: impl Display) -> Self {
        Failure { what: what.to_string(), remedy: remedy.to_string(), code: 1 }
    }

    /// It was asked for in the wrong way: exit code 2.
    pub(crate) fn usage(what: impl Display, remedy: impl Display) -> Self {
        Failure { code: 2, ..Self::new(what, remedy) }
    }

    /// It failed, and what was printed already says all there is to say.
    pub(crate) fn silent() -> Self {
        Self::new("", "")
    }

    /// Prints it and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let mut stderr = std::io::stderr().lock();
        // Nobody is left to tell when standard error is closed; the exit code still speaks.
        let _ = write!(stderr, "{self}");
        ExitCode::from(self.code)
    }

    /// The exit code.
    #[cfg(test)]
    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.what.is_empty() {
            writeln!(formatter, "error: {}", self.what)?;
        }
        if !self.remedy.is_empty() {
            writeln!(formatter, "  try: {}", self.remedy)?;
        }
        Ok(())
    }
}
