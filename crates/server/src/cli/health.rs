//! `keystead health`: whether a server can do its work, for people, load balancers and systemd.

use super::http::Client;
use super::output::Column;
use super::{Failure, Output};
use crate::api::{Collection, Health, HealthPart, Status};

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Ask only whether the process answers, not whether it can do its work
    #[arg(long)]
    live: bool,
}

const EXAMPLES: &str =
    "Exit codes: 0 it gives keys out (also where a part is degraded), 1 it does not, or does not answer.

Examples:
  keystead health                               each part, and what to do about it
  keystead health --json | jq -r '.[].status'   for scripts

Load balancers ask GET /api/v1/health/ready at the administration port, without a key: 200 or 503.";

const COLUMNS: [Column<HealthPart>; 3] = [
    Column("Part", |part| part.name.clone()),
    Column("Status", |part| word(part.status).to_owned()),
    Column("What to do", |part| part.reason.clone().unwrap_or_default()),
];

pub(crate) async fn run(args: Args, client: &Client, output: Output) -> Result<(), Failure> {
    let bytes = client.look(&["health", if args.live { "live" } else { "ready" }]).await?;
    let found: Collection<Health> = serde_json::from_slice(&bytes).map_err(|error| client.unclear(error))?;
    let Some(health) = found.resources.into_iter().next() else { return Err(client.unclear("it is empty")) };
    match &health.parts {
        Some(parts) => output.list(parts, &COLUMNS, "")?,
        None => output.say("The server answers.")?,
    }
    match health.status {
        Status::Ok | Status::Degraded => Ok(()),
        Status::Failing => Err(Failure::silent()),
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Degraded => "degraded",
        Status::Failing => "failing",
    }
}
