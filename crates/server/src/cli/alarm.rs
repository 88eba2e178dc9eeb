//! `keystead alarm`: what to look into.

use super::api::Api;
use super::output::Column;
use super::{Failure, Output};
use crate::api::Alarm;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List what to look into and what to do about it: what went wrong or may, and the certificates that expire within 90 days
    List,
}

const COLUMNS: [Column<Alarm>; 4] = [
    Column("Severity", |alarm| alarm.severity.clone()),
    Column("Days left", |alarm| alarm.days_left.map_or_else(String::new, |days| days.to_string())),
    Column("What", |alarm| alarm.message.clone()),
    Column("What to do", |alarm| alarm.advice.clone()),
];

pub(crate) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List => {
            let alarms: Vec<Alarm> = api.list(&["alarms"]).await?;
            output.list(&alarms, &COLUMNS, "No alarm stands, and no certificate expires within 90 days.")
        }
    }
}
