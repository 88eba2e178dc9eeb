//! `keystead door`: certificates that came to a KMIP port and were on no list, to be let in without moving files.

use super::output::Column;
use super::{Client, Failure, Output, cert};
use crate::api::{AllowStranger, Certificate, RefusalCount, Standing, Stranger};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List who came and is on no list, with when and from where
    List,
    /// Let one of them in: put its certificate on an adapter's list
    Allow {
        /// Its SHA-256 fingerprint, or the first 8 digits of it or more; colons and case don't matter
        fingerprint: String,
        #[command(flatten)]
        adapter: cert::AdapterName,
        /// Its name on the list [default: made from the fingerprint]
        #[arg(long)]
        name: Option<String>,
    },
    /// Strike one of them out; who comes again is listed again (to shut it out: `keystead cert deny`)
    Forget {
        /// As for `allow`
        fingerprint: String,
    },
    /// Count the connections that were refused, by reason, since the server was started
    Refusals,
}

const LISTED: [Column<Stranger>; 7] = [
    Column("SHA-256", |stranger| stranger.fingerprint.clone()),
    Column("Subject", |stranger| stranger.facts.subject.clone()),
    Column("Issuer", |stranger| stranger.facts.issuer.clone()),
    Column("From", |stranger| stranger.address.clone()),
    Column("Door", |stranger| stranger.door.clone().unwrap_or_else(|| "shared".to_owned())),
    Column("Last", |stranger| stranger.last.clone()),
    Column("Times", |stranger| stranger.count.to_string()),
];

const REFUSED: [Column<RefusalCount>; 3] = [
    Column("Times", |refusal| refusal.count.to_string()),
    Column("Counted as", |refusal| refusal.label.clone()),
    Column("Why", |refusal| refusal.reason.clone()),
];

pub(super) async fn run(verb: Verb, client: &Client, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List => {
            let strangers: Vec<Stranger> = client.identities().await?.list(&["door"]).await?;
            output.list(&strangers, &LISTED, "Nobody came who is on no list.")?;
            match strangers.first() {
                Some(_) if output.is_json() => Ok(()),
                Some(last) => output.say(&format!("\nTo let one in: {}", allow_command(last, "NAME"))),
                None => Ok(()),
            }
        }
        Verb::Allow { fingerprint, adapter, name } => {
            let api = client.adapters().await?;
            let new = AllowStranger { adapter: adapter.adapter.clone(), name, standing: Standing::Listed };
            let listed: Vec<Certificate> = api.post_all(&["door", &fingerprint], &new).await?;
            output.done(&listed, &cert::listed_text(&listed, &adapter.adapter))
        }
        Verb::Forget { fingerprint } => {
            client.identities().await?.delete(&["door", &fingerprint], false).await?;
            output.say("It is struck out of the door book.")
        }
        Verb::Refusals => {
            let counts: Vec<RefusalCount> = client.identities().await?.list(&["door", "refusals"]).await?;
            output.list(&counts, &REFUSED, "No connection was refused.")
        }
    }
}

/// What lets a stranger in, to be typed as it is.
pub(super) fn allow_command(stranger: &Stranger, adapter: &str) -> String {
    let beginning = stranger.fingerprint.get(..16).unwrap_or(&stranger.fingerprint);
    format!("keystead door allow {beginning} --adapter {adapter}")
}
