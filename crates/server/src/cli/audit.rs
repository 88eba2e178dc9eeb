//! `keystead audit`: who did what, who gets to know it, and whether somebody changed the record of it.

mod check;

use std::time::Duration;

use super::api::Api;
use super::date::whole;
use super::output::Column;
use super::{Client, Failure, Global, Output, connected};
use crate::api::{AuditEvent, AuditHead, AuditKey, AuditSink, Collection};

/// Events to a page, and how many of a list are shown unless somebody asks for more.
const PAGE: usize = 1000;
/// How often a tail looks for more.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// List events: who did what, when, from where, and how it ended
    #[command(
        after_help = "Example: keystead audit list --since 2026-01-31 --action kms.kmip. --outcome failure\n\nWhole events: --json. Of one key: --key ID. What happens now: keystead audit tail"
    )]
    List {
        #[command(flatten)]
        which: Which,
        /// From this time on: 2026-01-31, or 2026-01-31T12:00:00Z
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        /// Before this time
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
    },
    /// Print events as they happen, until interrupted
    #[command(after_help = "Example: keystead audit tail --key 0d2b6f3e-5c1a-4a52-9c52-1b4f0d5a7e11")]
    Tail {
        #[command(flatten)]
        which: Which,
    },
    /// Check that nobody changed the journal: offline, reading only, also while the server runs
    #[command(after_help = "Examples:
  keystead audit verify
  keystead audit verify --public-key /safe/audit.pub --head /safe/audit.head
  keystead audit verify /archive/0000000000000001.journal /archive/0000000000000002.journal")]
    Verify(check::Args),
    /// Print the newest signed head; kept elsewhere, it shows later whether the journal's end was cut off
    #[command(after_help = "Example: keystead audit head > /safe/audit.head")]
    Head,
    /// Print the public key that heads are verified with; keep it elsewhere
    #[command(after_help = "Example: keystead audit public-key > /safe/audit.pub")]
    PublicKey,
    /// Show the sinks that hand the audit on: a file, syslog, OpenTelemetry; and how far behind each is
    Sinks,
}

/// Which events.
#[derive(Debug, clap::Args)]
pub(crate) struct Which {
    /// The action, such as kms.kmip.get; with a dot at its end all that begin so
    #[arg(long)]
    action: Option<String>,
    /// Who, as events name them: CertificateID-..., iam-ServiceId-...
    #[arg(long)]
    initiator: Option<String>,
    /// The identifier of the key, or of whatever else it was done to
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// How it ended
    #[arg(long, value_parser = ["success", "failure"])]
    outcome: Option<String>,
}

const EVENTS: [Column<AuditEvent>; 6] = [
    Column("Time", |it| text(it, "/eventTime")),
    Column("Outcome", |it| text(it, "/outcome")),
    Column("Action", |it| text(it, "/action")),
    Column("Initiator", |it| text(it, "/initiator/id")),
    Column("Address", |it| text(it, "/initiator/host/address")),
    Column("Target", target),
];

const SINKS: [Column<AuditSink>; 8] = [
    Column("Sink", |it| it.name.clone()),
    Column("Destination", |it| it.destination.clone()),
    Column("State", |it| if it.alarm { format!("{}, ALARM", it.state) } else { it.state.clone() }),
    Column("Lag records", |it| it.lag_records.to_string()),
    Column("Lag seconds", |it| it.lag_seconds.to_string()),
    Column("Delivered", |it| it.delivered.to_string()),
    Column("Required", |it| if it.required { format!("yes, passed over {}", it.passed_over) } else { "no".to_owned() }),
    Column("Last error", |it| it.last_error.clone().unwrap_or_default()),
];

fn text(event: &AuditEvent, pointer: &str) -> String {
    event.event.pointer(pointer).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// The end of its name: `key:<id>`.
fn target(event: &AuditEvent) -> String {
    let whole = text(event, "/target/id");
    let mut ends = whole.rsplit(':');
    match (ends.next().unwrap_or_default(), ends.next().unwrap_or_default()) {
        ("", _) => text(event, "/target/name"),
        (id, "") => id.to_owned(),
        (id, kind) => format!("{kind}:{id}"),
    }
}

pub(crate) fn run(verb: Verb, global: &Global, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Verify(args) => check::run(&args, global, output),
        Verb::List { which, since, until } => {
            connected(global, async |to| list(to, &which, (since, until), output).await)
        }
        Verb::Tail { which } => connected(global, async |to| tail(to, &which, output).await),
        Verb::Head => connected(global, async |to| head(to, output).await),
        Verb::PublicKey => connected(global, async |to| public_key(to, output).await),
        Verb::Sinks => connected(global, async |to| sinks(to, output).await),
    }
}

async fn list(
    to: &Client,
    which: &Which,
    (since, until): (Option<String>, Option<String>),
    output: Output,
) -> Result<(), Failure> {
    let api = to.identities().await?;
    let (since, until) = (since.map(whole), until.map(whole));
    let times = [("since", since.as_deref()), ("until", until.as_deref())];
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = page(&api, which, &times, after).await?;
        after = page.metadata.next.filter(|next| after.is_none_or(|before| *next > before));
        all.extend(page.resources);
        if page.metadata.incomplete_search != Some(true) || after.is_none() {
            return output.list(&all, &EVENTS, "There are no such events.");
        }
    }
}

/// One event a line.
async fn tail(to: &Client, which: &Which, output: Output) -> Result<(), Failure> {
    let api = to.identities().await?;
    let mut page = page(&api, which, &[("newest", Some("true"))], None).await?;
    loop {
        for event in &page.resources {
            match output.is_json() {
                true => output.line(&event.event.to_string())?,
                false => output.line(&EVENTS.map(|Column(_, read)| read(event)).join("  "))?,
            }
        }
        if page.metadata.incomplete_search != Some(true) {
            tokio::time::sleep(LOOK).await;
        }
        page = self::page(&api, which, &[], page.metadata.next).await?;
    }
}

async fn page(
    api: &Api<'_>,
    which: &Which,
    more: &[(&str, Option<&str>)],
    after: Option<u64>,
) -> Result<Collection<AuditEvent>, Failure> {
    let (limit, after) = (PAGE.to_string(), after.map(|after| after.to_string()));
    let Which { action, initiator, key, outcome } = which;
    let own = [
        ("limit", Some(limit.as_str())),
        ("after", after.as_deref()),
        ("action", action.as_deref()),
        ("initiator", initiator.as_deref()),
        ("key", key.as_deref()),
        ("outcome", outcome.as_deref()),
    ];
    let query: Vec<(&str, &str)> =
        own.iter().chain(more).filter_map(|(name, value)| value.map(|value| (*name, value))).collect();
    api.page(&["audit", "events"], &query).await
}

async fn head(to: &Client, output: Output) -> Result<(), Failure> {
    let heads: Vec<AuditHead> = to.identities().await?.list(&["audit", "head"]).await?;
    let head = heads.first().ok_or_else(|| {
        Failure::new("nothing is signed yet", "try again in a few seconds (setting audit.head_seconds)")
    })?;
    output.json(head)
}

async fn public_key(to: &Client, output: Output) -> Result<(), Failure> {
    let key: AuditKey = to.identities().await?.show(&["audit", "public-key"]).await?;
    output.done(&key, key.public_key.trim_end())
}

async fn sinks(to: &Client, output: Output) -> Result<(), Failure> {
    let sinks: Vec<AuditSink> = to.identities().await?.list(&["audit", "sinks"]).await?;
    output.list(
        &sinks,
        &SINKS,
        "The audit goes nowhere but into this node's journal: see the settings audit.file, audit.syslog, audit.otlp.",
    )
}
