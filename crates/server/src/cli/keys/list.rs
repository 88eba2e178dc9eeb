//! Keys, listed.

use std::collections::HashMap;

use super::Sort;
use super::find::searched;
use super::shown::{ROOT, Row, STANDARD, adapter};
use crate::api::key_protect::{Key, Registration};
use crate::cli::{Api, Failure, Output};

/// Which keys.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    /// Only those of this key ring
    #[arg(long, value_name = "RING")]
    ring: Option<String>,
    /// Only those with this word in their names or aliases
    #[arg(long, value_name = "WORD")]
    search: Option<String>,
    /// Only deleted ones
    #[arg(long)]
    deleted: bool,
}

pub(super) async fn run(sort: Sort, args: Args, api: Api<'_>, output: Output) -> Result<(), Failure> {
    let search = args.search.filter(|word| !word.is_empty()).map(|word| searched("", &word));
    let mut query = vec![("extractable", sort.extractable())];
    query.extend(search.as_deref().map(|search| ("search", search)));
    query.extend(args.deleted.then_some(("state", "5")));
    let api = api.in_ring(args.ring);
    let keys: Vec<Key> = api.all(&["keys"], &query).await?;
    let none = if args.deleted { "deleted " } else { "" };
    let none = format!("There are no {none}{}s.", sort.name());
    match sort {
        Sort::Root => output.list(&with_adapters(keys, &api).await, &ROOT, &none),
        Sort::Standard => {
            let rows: Vec<Row> = keys.into_iter().map(Row::of).collect();
            output.list(&rows, &STANDARD, &none)
        }
    }
}

/// Keys with the names of the adapters that seal under them; who may list keys may not always see that.
async fn with_adapters(keys: Vec<Key>, api: &Api<'_>) -> Vec<Row> {
    let Ok(registrations) = api.all::<Registration>(&["keys", "registrations"], &[]).await else {
        return keys.into_iter().map(|key| Row::under(key, "?".to_owned())).collect();
    };
    let mut of_key: HashMap<&str, Vec<&str>> = HashMap::new();
    for registration in &registrations {
        of_key.entry(&registration.key_id).or_default().push(adapter(registration));
    }
    let adapters = |key: &Key| of_key.get(key.id.as_str()).map(|names| names.join(", ")).unwrap_or_default();
    keys.into_iter()
        .map(|key| {
            let adapters = adapters(&key);
            Row::under(key, adapters)
        })
        .collect()
}
