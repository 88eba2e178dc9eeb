//! `keystead key quarantine` and `release`: keys that nothing seems to use, deactivated for a while.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::cert::AdapterName;
use super::confirm::Consent;
use super::orphans::Report;
use super::output::Column;
use super::used::who;
use super::{Api, Failure, Output, files};
use crate::api::{NewQuarantine, Quarantine, Then};

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, after_help = HELP)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    enter: Enter,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// List the keys in quarantine, and who asked for them
    List,
}

#[derive(Debug, clap::Args)]
struct Enter {
    /// KMIP unique identifiers
    #[arg(value_name = "ID", required_unless_present = "from")]
    ids: Vec<String>,
    /// All candidates of a report: keystead key orphans --json
    #[arg(long, value_name = "FILE", conflicts_with = "ids")]
    from: Option<PathBuf>,
    #[command(flatten)]
    adapter: AdapterName,
    /// For how long, in days
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3650))]
    days: u32,
    /// What then, if no client asked for it
    #[arg(long, value_enum, default_value_t = Then::Destroy)]
    then: Then,
    #[command(flatten)]
    consent: Consent,
}

const HELP: &str = "A key in quarantine is deactivated, and vCenter shows it so. It is handed out all the same if a host or vCenter asks: a wrong
guess costs no VM. Then an alarm is raised (keystead alarm list), and the key is not destroyed until you decide.
A key that nobody asks for is destroyed at the end.

  keystead key quarantine 6f2b1c1e-8a0d-4c53-9d8e-2f1f0a7b3c11 --days 60
  keystead key quarantine --from orphans.json --then keep
  keystead key quarantine list
  keystead key release 6f2b1c1e-8a0d-4c53-9d8e-2f1f0a7b3c11";

const LISTED: [Column<Quarantine>; 7] = [
    Column("Id", |key| key.id.clone()),
    Column("Adapter", |key| key.adapter.clone()),
    Column("Since", |key| key.since.clone()),
    Column("Until", |key| key.until.clone()),
    Column("Then", then),
    Column("State before", |key| key.state_before.clone()),
    Column("Asked for", asked),
];

pub(crate) async fn run(args: Args, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match args.verb {
        Some(Verb::List) => {
            let keys: Vec<Quarantine> = api.list(&["quarantine"]).await?;
            output.list(&keys, &LISTED, "No key is in quarantine.")
        }
        None => enter(args.enter, api, output).await,
    }
}

/// Ends a key's quarantine.
pub(crate) async fn release(id: &str, adapter: &str, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    api.delete(&["adapters", adapter, "keys", id, "quarantine"], false).await?;
    output.say(&format!("Key {id} is out of quarantine, and is what it was before."))
}

async fn enter(args: Enter, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let Enter { ids, from, adapter: AdapterName { adapter }, days, then, consent } = args;
    let ids: BTreeSet<String> = match from {
        Some(file) => candidates(&file, &adapter)?,
        None => ids.into_iter().collect(),
    };
    if ids.is_empty() {
        return output.say("The report has no candidates: nothing to do.");
    }
    if ids.len() > 1 || then == Then::Destroy {
        let end = if then == Then::Destroy { ", and destroyed then if no client asks for them" } else { "" };
        consent
            .obtain(&format!("{} keys of adapter {adapter} will be deactivated for {days} days{end}.", ids.len()))?;
    }
    let (mut entered, mut failed) = (Vec::<Quarantine>::new(), 0);
    for id in &ids {
        let path = ["adapters", &adapter, "keys", id, "quarantine"];
        match api.post(&path, &NewQuarantine { days, then }).await {
            Ok(quarantine) => entered.push(quarantine),
            Err(failure) => {
                super::warn(&failure.to_string());
                failed += 1;
            }
        }
    }
    output.list(&entered, &LISTED, "No key was put into quarantine.")?;
    match failed {
        0 => Ok(()),
        failed => {
            Err(Failure::new(format!("{failed} of {} keys were not put into quarantine", ids.len()), "see above"))
        }
    }
}

/// The keys that a report of `keystead key orphans --json` proposes.
fn candidates(file: &std::path::Path, adapter: &str) -> Result<BTreeSet<String>, Failure> {
    let text = files::read_long(file)?;
    let report: Report = serde_json::from_slice(&text).map_err(|error| {
        let what = format!("{} is no report of orphans: {error}", file.display());
        Failure::new(what, "make one: keystead key orphans --inventory FILE --json > orphans.json")
    })?;
    if report.adapter != adapter {
        let what = format!("the report is of adapter {}, not of {adapter}", report.adapter);
        return Err(Failure::usage(what, format!("say --adapter {}", report.adapter)));
    }
    Ok(report.candidates.into_iter().map(|candidate| candidate.id).collect())
}

fn then(key: &Quarantine) -> String {
    match (key.then, &key.asked) {
        (_, Some(_)) => "stays: you decide".to_owned(),
        (Then::Destroy, None) => "destroyed".to_owned(),
        (Then::Keep, None) => "kept".to_owned(),
    }
}

fn asked(key: &Quarantine) -> String {
    let Some(first) = &key.asked else { return "no".to_owned() };
    let last = key.usage.last.as_ref().filter(|last| last.at > first.at);
    let last = last.map(|last| format!("; last {} by {}", last.at, who(last))).unwrap_or_default();
    format!("{} by {}{last}", first.at, who(first))
}
