//! Wrapping and unwrapping with a root key, from files and into files.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::api::key_protect::{Rewrapped, Unwrap, Unwrapped, Wrap, Wrapped};
use crate::cli::keys::{Found, Name, Sort, Wish, find};
use crate::cli::output::print;
use crate::cli::private::{self, Delivery, Form};
use crate::cli::{Api, Failure, Output, files, warn};

pub(super) const WRAP_USAGE: &str = "keystead rootkey wrap [OPTIONS] <NAME|ID> <FILE>
       keystead rootkey wrap [OPTIONS] <NAME|ID> --new <FILE>";

pub(super) const WRAP_EXAMPLES: &str = "Examples:
  keystead rootkey wrap main secret.bin --out secret.wrapped
  keystead rootkey unwrap main secret.wrapped --out secret.bin
  keystead rootkey wrap main --new data.key --out data.key.wrapped     a new key of 32 random bytes
The wrapped data is base64 text and no secret. Whoever unwraps it must give the same --aad in the same order.";

/// What wrapping takes.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["file", "new"])))]
pub(in crate::cli) struct Wrapping {
    #[command(flatten)]
    name: Name,
    /// File with the bytes to wrap, at most 4096; - reads standard input
    file: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
    /// Have 32 random bytes made, write them to this file, which only you may read, and wrap them
    #[arg(long, value_name = "FILE", conflicts_with = "base64")]
    new: Option<PathBuf>,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    wrapped: ToFile,
}

/// What unwrapping takes.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Unwrapping {
    #[command(flatten)]
    name: Name,
    /// File with the wrapped data, as `wrap` gave it; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    delivery: Delivery,
}

/// What wrapping again takes.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Rewrapping {
    #[command(flatten)]
    name: Name,
    /// File with the wrapped data, as `wrap` gave it; - reads standard input
    file: PathBuf,
    #[command(flatten)]
    bound: Bound,
    #[command(flatten)]
    wrapped: ToFile,
}

/// What the wrapped data is bound to.
#[derive(Clone, Debug, clap::Args)]
struct Bound {
    /// Additional authenticated data: text that unwrapping needs again; may be given 126 times
    #[arg(long, value_name = "TEXT")]
    aad: Vec<String>,
}

/// Where wrapped data goes.
#[derive(Clone, Debug, clap::Args)]
struct ToFile {
    /// Write the wrapped data to this file instead of to standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace files that are there already
    #[arg(long)]
    force: bool,
}

impl Wrapping {
    pub(super) async fn run(self, api: &Api<'_>, output: Output) -> Result<(), Failure> {
        let new = self.new.map(|new| Delivery::to(new, self.wrapped.force));
        self.wrapped.check()?;
        new.as_ref().map_or(Ok(()), Delivery::check)?;
        let plaintext = self.file.as_deref().map(|file| private::encoded(file, self.form)).transpose()?;
        let key = find(api, Sort::Root, &self.name.key, Wish::Live).await?;
        let body = Wrap { plaintext, aad: self.bound.aad() };
        let wrapped: Wrapped = api.post_flat(&path(&key, "wrap"), &body).await?;
        if let (Some(new), Some(plaintext)) = (new, &wrapped.plaintext) {
            new.hand_over(plaintext)?;
        }
        // What was made here is in its file.
        let wrapped = Wrapped { plaintext: None, ..wrapped };
        self.wrapped.hand_over(&wrapped.ciphertext, &wrapped, output)
    }
}

impl Unwrapping {
    pub(super) async fn run(self, api: &Api<'_>, output: Output) -> Result<(), Failure> {
        self.delivery.check()?;
        let body = Unwrap { ciphertext: ciphertext(&self.file)?, aad: self.bound.aad() };
        let key = find(api, Sort::Root, &self.name.key, Wish::Live).await?;
        let unwrapped: Unwrapped = api.post_flat(&path(&key, "unwrap"), &body).await?;
        if !output.is_json() || self.delivery.is_to_a_file() {
            self.delivery.hand_over(&unwrapped.plaintext)?;
        }
        match (output.is_json(), self.delivery.is_to_a_file()) {
            (true, false) => return output.json(&unwrapped),
            (true, true) => return output.json(&without_plaintext(&unwrapped)?),
            (false, _) => {}
        }
        if unwrapped.ciphertext.is_some() {
            warn(
                "it is wrapped under an older version of the root key: `keystead rootkey rewrap` wraps it under the newest",
            );
        }
        Ok(())
    }
}

impl Rewrapping {
    pub(super) async fn run(self, api: &Api<'_>, output: Output) -> Result<(), Failure> {
        self.wrapped.check()?;
        let body = Unwrap { ciphertext: ciphertext(&self.file)?, aad: self.bound.aad() };
        let key = find(api, Sort::Root, &self.name.key, Wish::Live).await?;
        let rewrapped: Rewrapped = api.post_flat(&path(&key, "rewrap"), &body).await?;
        self.wrapped.hand_over(&rewrapped.ciphertext, &rewrapped, output)
    }
}

impl Bound {
    fn aad(self) -> Option<Vec<Option<String>>> {
        Some(self.aad.into_iter().map(Some).collect()).filter(|aad: &Vec<_>| !aad.is_empty())
    }
}

impl ToFile {
    fn check(&self) -> Result<(), Failure> {
        self.out.as_ref().map_or(Ok(()), |out| files::refuse_existing(std::slice::from_ref(out), self.force))
    }

    /// The wrapped data alone, or the whole answer for scripts.
    fn hand_over<T: Serialize>(&self, ciphertext: &str, answer: &T, output: Output) -> Result<(), Failure> {
        if let Some(out) = &self.out {
            files::write(out, format!("{ciphertext}\n"), 0o644, self.force)?;
        }
        match (output.is_json(), &self.out) {
            (true, _) => output.json(answer),
            (false, Some(_)) => Ok(()),
            (false, None) => print(&format!("{ciphertext}\n")),
        }
    }
}

/// A secret that went into a file is not printed too.
fn without_plaintext(unwrapped: &Unwrapped) -> Result<Value, Failure> {
    let mut answer = serde_json::to_value(unwrapped)
        .map_err(|error| Failure::new(format!("cannot write JSON: {error}"), "report this as a defect"))?;
    if let Some(fields) = answer.as_object_mut() {
        fields.remove("plaintext");
    }
    Ok(answer)
}

fn ciphertext(file: &Path) -> Result<String, Failure> {
    Ok(files::read_text(file)?.split_whitespace().collect())
}

fn path<'a>(key: &'a Found, action: &'a str) -> [&'a str; 4] {
    ["keys", &key.id, "actions", action]
}
