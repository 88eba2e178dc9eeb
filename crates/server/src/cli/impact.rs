//! What would stop if a key could not be used any more: shown by itself, and before somebody is asked whether they mean it.

use std::io::Write;

use super::confirm::Consent;
use super::output::print;
use super::{Api, Failure, Output};
use crate::api::{Impact, ImpactAdapter, ImpactComponent, NamedKey};

/// Names that people read; scripts get them all.
const NAMES: usize = 20;

/// Whether to look only.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct DryRun {
    /// Only show what would stop, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// Shows what would stop without a key.
pub(super) async fn show(api: &Api<'_>, key: &str, output: Output) -> Result<(), Failure> {
    let impact: Impact = api.show(&["keys", key, "impact"]).await?;
    if output.is_json() { output.json(&impact) } else { print(&text(&impact)) }
}

/// Before somebody is asked: what would stop, on standard error. With `--dry-run` that is all, and nothing is to be done.
pub(super) async fn preview(
    api: &Api<'_>,
    key: &str,
    (dry, consent): (DryRun, Consent),
    output: Output,
) -> Result<bool, Failure> {
    if dry.dry_run {
        show(api, key, output).await?;
        return Ok(false);
    }
    if !consent.is_given() {
        match api.show::<Impact>(&["keys", key, "impact"]).await {
            // Nobody is left to tell when standard error is closed.
            Ok(impact) => drop(write!(std::io::stderr(), "{}", text(&impact))),
            // Who may do it need not be allowed to see what it does.
            Err(failure) if failure.is_no_access() => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(true)
}

fn text(impact: &Impact) -> String {
    let mut lines = vec![heading(impact)];
    lines.extend(impact.adapters.iter().map(adapter));
    let states: Vec<_> = impact.states.iter().map(|each| format!("{} {}", each.keys, each.state)).collect();
    lines.extend((!states.is_empty()).then(|| format!("  keys by state: {}", states.join(", "))));
    lines.extend(impact.components.iter().map(component));
    lines.extend((impact.keys > 0).then(|| HOSTS.to_owned()));
    format!("{}\n", lines.join("\n"))
}

const HOSTS: &str =
    "Hosts keep the keys that they have in memory until they restart: what runs goes on until then. New power-ons,
vMotion to a host without the key, and hosts that restart need the key at once.";

fn heading(impact: &Impact) -> String {
    let Impact { kind, key_name, key_id, keys, adapters, .. } = impact;
    let name = if key_name.ends_with(key_id) { key_id.clone() } else { format!("{key_name} ({key_id})") };
    match (kind.as_str(), adapters.len()) {
        ("root key", 0) => format!(
            "Without root key {name} nothing of KMIP would stop: no adapter is under it.
What was wrapped under it over the API could not be unwrapped; of that the server keeps no list."
        ),
        ("root key", count) => format!(
            "Without root key {name}, {} would stop, and {} could not be read:",
            many(count as u64, "adapter"),
            many(*keys, "key")
        ),
        ("standard key", _) => format!("Standard key {name} could not be read. The server does not know who needs it."),
        _ => format!("Without key {name} of a KMIP client, what is encrypted with it could not be opened:"),
    }
}

fn many(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

fn adapter(adapter: &ImpactAdapter) -> String {
    let clients = if adapter.clients.is_empty() { "nobody on its list".to_owned() } else { adapter.clients.join(", ") };
    format!("  adapter {}: {}; clients: {clients}", plain(&adapter.name), many(adapter.keys, "key"))
}

fn component(component: &ImpactComponent) -> String {
    let what = if component.component.is_empty() { "not said what for" } else { &component.component };
    let names: Vec<_> = component.named.iter().take(NAMES).map(named).collect();
    let more = component.keys.saturating_sub(names.len() as u64);
    let mut line = format!("  {}: {}", plain(what), many(component.keys, "key"));
    if !names.is_empty() {
        line = format!("{line}: {}", names.join(", "));
        line.push_str(&if more > 0 { format!(", and {more} more (--json names up to 1,000)") } else { String::new() });
    }
    line
}

fn named(key: &NamedKey) -> String {
    let name = match (&key.name, &key.identifier) {
        (Some(name), Some(identifier)) => format!("{name} ({identifier})"),
        (Some(name), None) => name.clone(),
        (None, Some(identifier)) => identifier.clone(),
        (None, None) => key.key.clone(),
    };
    plain(&name)
}

/// What clients write may not drive the terminal.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}
