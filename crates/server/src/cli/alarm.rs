//! `keystead alarm`: what somebody has to look after.

use super::api::Api;
use super::output::Column;
use super::{Failure, Output};
use crate::api::Alarm;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List what somebody has to look after, such as keys that can't be opened and certificates that expire within 90 days or have
    /// expired, the most urgent first, and what to do about each
    List,
}

const COLUMNS: [Column<Alarm>; 4] = [
    Column("Severity", |alarm| alarm.severity.clone()),
    Column("Days left", |alarm| alarm.days_left.map_or_else(|| "-".to_owned(), |days| days.to_string())),
    Column("What", |alarm| alarm.message.clone()),
    Column("What to do", |alarm| alarm.advice.clone()),
];

pub(crate) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List => {
            let alarms: Vec<Alarm> = api.list(&["alarms"]).await?;
            output.list(&alarms, &COLUMNS, "Nothing to look after, and no certificate expires within 90 days.")
        }
    }
}
