//! [`Failure`]: one line that says what is wrong, one that says what to do, and an exit code.

use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct Failure {
    what: String,
    remedy: String,
    kind: Kind,
}

/// What sort of failure it is, as far as somebody has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It failed.
    Failed,
    /// It was asked for in the wrong way.
    Usage,
    /// The server knows who asks, and that they may not.
    NoAccess,
    /// The server has no such thing.
    NotFound,
    /// A check was made, and it found what it looks for.
    Found,
}

impl Failure {
    /// It failed: exit code 1.
    pub(crate) fn new(what: impl Display, remedy: impl Display) -> Self {
        Failure { what: what.to_string(), remedy: remedy.to_string(), kind: Kind::Failed }
    }

    /// It was asked for in the wrong way: exit code 2.
    pub(crate) fn usage(what: impl Display, remedy: impl Display) -> Self {
        Failure { kind: Kind::Usage, ..Self::new(what, remedy) }
    }

    /// Whoever asks may not do this.
    pub(super) fn no_access(what: impl Display, remedy: impl Display) -> Self {
        Failure { kind: Kind::NoAccess, ..Self::new(what, remedy) }
    }

    /// What was named is not there.
    pub(super) fn not_found(what: impl Display, remedy: impl Display) -> Self {
        Failure { kind: Kind::NotFound, ..Self::new(what, remedy) }
    }

    /// Whether it is [`Failure::no_access`].
    pub(super) fn is_no_access(&self) -> bool {
        self.kind == Kind::NoAccess
    }

    /// Whether it is [`Failure::not_found`].
    pub(super) fn is_not_found(&self) -> bool {
        self.kind == Kind::NotFound
    }

    /// It failed, and what was printed already says all there is to say.
    pub(crate) fn silent() -> Self {
        Self::new("", "")
    }

    /// A check found what it looks for, and what was printed already says so: exit code 3.
    pub(super) fn found() -> Self {
        Failure { kind: Kind::Found, ..Self::silent() }
    }

    /// Prints it and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let mut stderr = std::io::stderr().lock();
        // Nobody is left to tell when standard error is closed; the exit code still speaks.
        let _ = write!(stderr, "{self}");
        ExitCode::from(self.code())
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self.kind {
            Kind::Usage => 2,
            Kind::Found => 3,
            Kind::Failed | Kind::NoAccess | Kind::NotFound => 1,
        }
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
