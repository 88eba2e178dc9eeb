//! Settings as TOML: what is in force, and the explained example.

use super::settings::{self, Setting};
use super::{Config, Loaded};
use std::fmt::Write;
use std::path::PathBuf;

/// What is in force as a TOML file, headed by where it came from.
pub fn show(loaded: &Loaded) -> String {
    let from = loaded.file.as_ref().map_or("no file".to_owned(), |file| file.display().to_string());
    let head = format!("# In force, from {from}, the environment and the command line.\n");
    render(head, |out, setting, name| match (setting.show)(&loaded.config) {
        Some(value) => writeln!(out, "{name} = {value}"),
        None => Ok(()),
    })
}

/// Every setting, explained, with its default in a comment.
pub(super) fn example() -> String {
    let defaults = Config::new(PathBuf::from("/var/lib/keystead"));
    let head = "# Keystead's configuration. Every setting has a default, so that all of this may be left out.\n\
                # The environment wins over this file, as KEYSTEAD_KMIP_LISTEN or KEYSTEAD_LOG_LEVEL do; flags win over both.\n";
    render(head.to_owned(), |out, setting, name| {
        let value = (setting.show)(&defaults).unwrap_or_else(|| setting.sample.to_owned());
        writeln!(out)?;
        setting.about.lines().try_for_each(|line| writeln!(out, "# {line}"))?;
        writeln!(out, "#{name} = {value}")
    })
}

/// Writes each setting in its table.
fn render(head: String, mut entry: impl FnMut(&mut String, &Setting, &str) -> std::fmt::Result) -> String {
    let mut out = head;
    let mut open = "";
    for setting in settings::ALL {
        let (table, name) = setting.key.split_once('.').unwrap_or(("", setting.key));
        let mut body = String::new();
        let _ = entry(&mut body, setting, name); // writing to a String can't fail
        if table != open && !body.is_empty() {
            let _ = write!(out, "\n[{table}]\n");
            open = table;
        }
        out.push_str(&body);
    }
    out
}
