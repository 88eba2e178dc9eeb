//! `keystead key orphans`: what vCenter knows of keys beside what we have.
//!
//! The invariant: it only looks. What is found is a candidate, with what speaks against its end; nothing is changed by this verb.

mod compare;
mod help;
mod report;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::cert::AdapterName;
use super::{Api, Client, Failure, Output, adapter, files};
use crate::api::Key;
use crate::api::key_protect::Key as Standard;
use crate::inventory::{self, Entry, SHAPES};
use compare::Elsewhere;
pub(super) use report::Report;

/// Keys asked for at a time.
const PAGE: usize = 5000;
/// What the name of a KMIP object's standard key begins with.
const STANDARD_KEY: &str = "vmware_kmip_";

#[derive(Debug, clap::Args)]
#[command(after_help = help::EXPORTS)]
pub(crate) struct Args {
    /// What vCenter knows: a table, JSON, or one key id a line; - reads standard input
    #[arg(long, value_name = "FILE")]
    inventory: PathBuf,
    #[command(flatten)]
    adapter: AdapterName,
    /// The name of this server's key provider in vCenter, where the inventory has keys of several [default: those of whose keys there is
    /// one here]
    #[arg(long, value_name = "NAME")]
    provider: Vec<String>,
}

pub(crate) async fn run(args: Args, client: &Client, output: Output) -> Result<(), Failure> {
    let entries = read(&args.inventory)?;
    let (api, adapter) = (client.adapters().await?, args.adapter.adapter);
    let keys: Vec<Key> = api.pages(&["adapters", &adapter, "keys"], PAGE).await?;
    let sorted = compare::sort(entries, &keys, &args.provider)?;
    let missing = sorted.missing(&keys);
    let elsewhere = if missing.is_empty() { Elsewhere::default() } else { elsewhere(client, &api, &adapter).await? };
    let report = Report::new(&adapter, &keys, sorted, &elsewhere);
    report.print(output)?;
    if report.missing.is_empty() { Ok(()) } else { Err(Failure::found()) }
}

fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let bytes = files::read_long(path)?;
    inventory::read(&bytes).map_err(|error| Failure::new(format!("{}: {error}", path.display()), SHAPES))
}

/// Where keys may be that the adapter lacks: deleted, or another adapter's. Who may not see that hears so.
async fn elsewhere(client: &Client, api: &Api<'_>, adapter: &str) -> Result<Elsewhere, Failure> {
    let key_protect = match client.key_protect().await {
        Err(failure) if failure.is_no_access() => return Ok(Elsewhere::default()),
        key_protect => key_protect?,
    };
    let deleted: Vec<Standard> = key_protect.all(&["keys"], &[("state", "5")]).await?;
    let named = |key: Standard| Some((key.name.strip_prefix(STANDARD_KEY)?.to_owned(), key));
    let adapters = adapter::all(&key_protect).await?;
    let mut of_others = HashMap::new();
    for other in adapters.iter().filter(|other| other.name != adapter && other.id != adapter) {
        let keys: Vec<Key> = api.pages(&["adapters", &other.id, "keys"], PAGE).await?;
        of_others.extend(keys.into_iter().map(|key| (key.id, other.name.clone())));
    }
    Ok(Elsewhere { looked: true, deleted: deleted.into_iter().filter_map(named).collect(), of_others })
}
