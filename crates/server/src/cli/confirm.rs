//! Asking before something is destroyed: on a terminal a person is asked, a script must say `--yes`.

use std::io::{IsTerminal, Write};

use super::Failure;

/// Consent given on the command line.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Consent {
    /// Do not ask
    #[arg(long, short = 'y')]
    yes: bool,
}

impl Consent {
    /// Whether nobody is to be asked.
    pub(crate) fn is_given(self) -> bool {
        self.yes
    }

    /// Returns when the administrator agrees to `what`, a sentence that says what will be lost.
    pub(crate) fn obtain(self, what: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        if !std::io::stdin().is_terminal() {
            return Err(Failure::usage(format!("{what} Nothing was done"), "say --yes if you mean it"));
        }
        ask(what)
    }
}

fn ask(what: &str) -> Result<(), Failure> {
    let mut line = String::new();
    let unreadable = |error| Failure::new(format!("cannot ask for confirmation: {error}"), "say --yes if you mean it");
    write!(std::io::stderr(), "{what} Continue? [y/N] ").map_err(unreadable)?;
    std::io::stdin().read_line(&mut line).map_err(unreadable)?;
    match line.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new("nothing was done", "answer y, or say --yes")),
    }
}
