//! `keystead rootkey erase`, `keystead standardkey erase`: the end of a deleted key at once, by two people; and what is said after any
//! key's end.
//!
//! The invariant: **nobody is told that a key is gone from where it may not be**: hosts keep keys in memory.

use serde_json::Map;

use super::{Found, Name, Sort, Wish, find};
use crate::api::{Destruction, Erasure};
use crate::cli::confirm::Consent;
use crate::cli::{Api, Failure, Output};

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Args {
    #[command(flatten)]
    name: Name,
    /// Only show who asked for it, and until when that counts
    #[arg(long, conflicts_with = "take_back")]
    status: bool,
    /// Take the request back
    #[arg(long)]
    take_back: bool,
    #[command(flatten)]
    consent: Consent,
}

pub(super) async fn run(sort: Sort, args: Args, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let key = find(api, sort, &args.name.key, Wish::Deleted).await?;
    let (ours, path) = (api.own(), ["keys", &key.id, "erasure"]);
    if args.status {
        let erasure: Erasure = ours.show(&path).await?;
        return output.done(&erasure, &asked(&key, &erasure));
    }
    if args.take_back {
        ours.delete(&path, false).await?;
        return output.say(&format!(
            "{} {} stays as it is: nobody asks for its erasure any more.",
            sort.title(),
            key.name
        ));
    }
    args.consent.obtain(&format!(
        "{} {key} will be erased once two people ask for it, and nothing brings it back.",
        sort.title()
    ))?;
    let erasure: Erasure = ours.post(&path, &Map::new()).await?;
    if erasure.state == "done" {
        tell(sort, &key, api, output).await
    } else {
        output.done(&erasure, &asked(&key, &erasure))
    }
}

/// Says that a key is gone, how far its destruction is, and what hosts still hold.
pub(super) async fn tell(sort: Sort, key: &Found, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let records = api.own().page::<Destruction>(&["destructions"], &[("key", &key.id)]).await;
    let record = records.ok().and_then(|page| page.resources.into_iter().next_back());
    let destroyed = match &record {
        Some(Destruction { state, id, epoch, .. }) if state == "done" => {
            let epoch = epoch.map(|epoch| format!(", and epoch {epoch} with it")).unwrap_or_default();
            format!("It is destroyed{epoch}: keystead destruction show {id}")
        }
        Some(_) => "Its destruction is not finished: it is taken up again, see keystead destruction list".to_owned(),
        None => "What became of it is in: keystead destruction list".to_owned(),
    };
    let sentence = format!("{} {} was erased. {destroyed}\n\n{}.", sort.title(), key.name, keymanager::HOSTS);
    match &record {
        Some(record) => output.done(record, &sentence),
        None => output.say(&sentence),
    }
}

fn asked(key: &Found, erasure: &Erasure) -> String {
    let text = |field: &Option<String>| field.clone().unwrap_or_else(|| "?".to_owned());
    format!(
        "{} asked for the erasure of {key}. Another person carries it out with the same command, until {}.",
        text(&erasure.asked_by),
        text(&erasure.until)
    )
}
