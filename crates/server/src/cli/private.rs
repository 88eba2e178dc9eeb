//! Secrets between files and the API, which has them in base64: material that is brought along, and what is given out once.
//!
//! The invariant: **a secret goes where it was asked to go and nowhere else**: to a file of its owner's, or to standard output. What
//! is no text is not let loose on a terminal.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::output::{print, print_bytes};
use super::{Failure, files};
use crate::api::PrivateText;

/// What a file holds.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Form {
    /// The file holds base64 text instead of the bytes themselves
    #[arg(long)]
    base64: bool,
}

/// Where a secret goes.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Delivery {
    /// Write base64 text instead of the bytes themselves
    #[arg(long)]
    base64: bool,
    /// Write to this file, which only you may read, instead of to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace a file that is there already
    #[arg(long, requires = "out")]
    force: bool,
}

/// The bytes of a file, or of standard input where the path is `-`, in base64.
pub(super) fn encoded(path: &Path, form: Form) -> Result<PrivateText, Failure> {
    if form.base64 {
        return text(path);
    }
    Ok(PrivateText::new(Zeroizing::new(STANDARD.encode(&*files::read(path)?))))
}

/// Base64 text out of a file. What it holds is judged by the server.
pub(super) fn text(path: &Path) -> Result<PrivateText, Failure> {
    let text = files::read_text(path)?;
    let mut whole = Zeroizing::new(String::with_capacity(text.len()));
    // Other programs break it into lines.
    text.split_whitespace().for_each(|line| whole.push_str(line));
    Ok(PrivateText::new(whole))
}

impl Delivery {
    /// Into a file, as it is.
    pub(super) fn to(out: PathBuf, force: bool) -> Self {
        Delivery { base64: false, out: Some(out), force }
    }

    /// Whether it goes into a file.
    pub(super) fn is_to_a_file(&self) -> bool {
        self.out.is_some()
    }

    /// Refuses a file that is there already: asked before the server is.
    pub(super) fn check(&self) -> Result<(), Failure> {
        self.out.as_ref().map_or(Ok(()), |out| files::refuse_existing(std::slice::from_ref(out), self.force))
    }

    /// Hands over a secret, which the API gave in base64.
    pub(super) fn hand_over(&self, secret: &PrivateText) -> Result<(), Failure> {
        let content = self.content(secret)?;
        if let Some(out) = &self.out {
            return files::write(out, &*content, 0o600, self.force);
        }
        if std::io::stdout().is_terminal() && !is_fit_for_a_terminal(&content) {
            return Err(Failure::usage(
                "the bytes are no text, and a terminal would not show them as they are",
                "say --base64, or --out FILE",
            ));
        }
        print_bytes(&content)
    }

    fn content(&self, secret: &PrivateText) -> Result<Zeroizing<Vec<u8>>, Failure> {
        let text = secret.expose();
        if self.base64 {
            return Ok(Zeroizing::new(format!("{text}\n").into_bytes()));
        }
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
        STANDARD.decode_vec(text, &mut bytes).map_err(|_| {
            Failure::new("the server's answer is not base64", "use the command line of the server's own version")
        })?;
        Ok(bytes)
    }
}

/// A line of secret text alone on standard output, so that it can be piped; what is to be said about it goes to standard error.
pub(super) fn print_alone(secret: &PrivateText, said: &str) -> Result<(), Failure> {
    // Nobody reads it when standard error is closed; the secret still arrives.
    let _ = writeln!(std::io::stderr(), "{said}");
    print(&Zeroizing::new(format!("{}\n", secret.expose())))
}

fn is_fit_for_a_terminal(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(|one: char| one.is_control() && one != '\n'))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Delivery, Form, PrivateText, encoded, is_fit_for_a_terminal, text};

    fn secret(text: &str) -> PrivateText {
        PrivateText::new(zeroize::Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn files_hold_bytes_or_base64() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let check = |content: &str, base64, expected: &str| {
            std::fs::write(file.path(), content).unwrap();
            assert_eq!(encoded(file.path(), Form { base64 }).unwrap().expose(), expected);
        };
        check("abc\n", false, "YWJjCg==");
        check(" YWJj\nCg==\n", true, "YWJjCg==");
        assert!(text(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn a_secret_goes_into_a_file_of_its_owners() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("secret");
        let check = |base64, given: &str, expected: &[u8]| {
            let delivery = Delivery { base64, out: Some(out.clone()), force: true };
            delivery.hand_over(&secret(given)).unwrap();
            assert_eq!(std::fs::read(&out).unwrap(), expected);
            assert_eq!(out.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        };
        check(false, "/wAB", &[0xff, 0, 1]);
        check(true, "/wAB", b"/wAB\n");
        let again = Delivery { base64: false, out: Some(out.clone()), force: false };
        assert!(again.check().is_err() && again.hand_over(&secret("/wAB")).is_err());
        let odd = Delivery { base64: false, out: None, force: false };
        assert!(odd.hand_over(&secret("no base64")).is_err_and(|failure| !failure.to_string().contains("no base64")));
    }

    #[test]
    fn a_terminal_gets_text_only() {
        for (bytes, fit) in [(&b"text\n"[..], true), ("ü".as_bytes(), true), (b"\x1b[2J", false), (b"\xff", false)] {
            assert_eq!(is_fit_for_a_terminal(bytes), fit, "{bytes:?}");
        }
    }
}
