//! `keystead audit verify`: what is proved, what is not, and where something is wrong.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::connection::data_folder;
use super::super::{Failure, Global, Output, files};
use crate::api::AuditHead;
use crate::audit::{self, Expected, HEAD_FILE, PUBLIC_KEY_FILE, Report};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Segments to check instead of the data folder's journal
    #[arg(value_name = "FILE")]
    segments: Vec<PathBuf>,
    /// The public key that heads are signed with, as it was kept elsewhere [default: audit.pub in the data folder]
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// A head that was kept elsewhere: the journal has to reach that far [default: audit.head in the data folder]
    #[arg(long, value_name = "FILE")]
    head: Option<PathBuf>,
    /// The segment that the journal begins with, where older ones were archived
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    first_segment: u64,
}

pub(super) fn run(args: &Args, global: &Global, output: Output) -> Result<(), Failure> {
    let data = data_folder(global)?;
    let (key, key_is_own) = given(args.public_key.as_deref(), &data, PUBLIC_KEY_FILE, !args.segments.is_empty());
    let (head, head_is_own) = given(args.head.as_deref(), &data, HEAD_FILE, !args.segments.is_empty());
    let key = key.map(|path| public_key(&path)).transpose()?;
    let head = head.map(|path| read_head(&path)).transpose()?;
    let expected = Expected { key, head, first: args.first_segment };
    let folder = args.segments.is_empty().then(|| audit::journal_folder(&data));
    let report = audit::verify(folder.as_deref(), &args.segments, &expected);
    let report =
        report.map_err(|error| Failure::new(error, "check the path; only who may read the files can check them"))?;
    if output.is_json() {
        output.json(&as_json(&report, expected.key.is_some()))?;
    } else {
        tell(&report, &expected, (key_is_own, head_is_own), output)?;
    }
    if report.findings.is_empty() { Ok(()) } else { Err(Failure::silent()) }
}

/// A file that was given, or the data folder's own where it is that folder's journal; and whether it is the latter.
fn given(given: Option<&Path>, data: &Path, name: &str, elsewhere: bool) -> (Option<PathBuf>, bool) {
    let own = data.join(name);
    match given {
        Some(path) => (Some(path.to_owned()), false),
        None if !elsewhere && own.exists() => (Some(own), true),
        None => (None, false),
    }
}

fn public_key(path: &Path) -> Result<wrap::primitive::sign::PublicKey, Failure> {
    let text = files::read_text(path)?;
    audit::parse_key(&text).ok_or_else(|| {
        let what = format!("{} is no Ed25519 public key as PEM", path.display());
        Failure::new(what, "give what `keystead audit public-key` printed")
    })
}

fn read_head(path: &Path) -> Result<AuditHead, Failure> {
    let text = files::read_text(path)?;
    serde_json::from_str(&text).map_err(|error| {
        let what = format!("{} is no head of the audit: {error}", path.display());
        Failure::new(what, "give what `keystead audit head` printed")
    })
}

fn tell(
    report: &Report,
    expected: &Expected,
    (key_is_own, head_is_own): (bool, bool),
    output: Output,
) -> Result<(), Failure> {
    for finding in &report.findings {
        let after = if finding.time.is_empty() { String::new() } else { format!(", after {}", finding.time) };
        output
            .say(&format!("WRONG  segment {}, record {}{after}: {}", finding.segment, finding.record, finding.what))?;
    }
    let word = if report.findings.is_empty() { "OK" } else { "up to there" };
    output.say(&format!("{word}: {} records follow from each other", report.records))?;
    for line in proved(report, expected).into_iter().chain(advice(expected, key_is_own, head_is_own)) {
        output.say(&line)?;
    }
    Ok(())
}

/// What stands, and what does not.
fn proved(report: &Report, expected: &Expected) -> Vec<String> {
    let signed = if expected.key.is_some() { "signed by the server" } else { "NOT CHECKED against a public key" };
    let mut lines = match &report.last {
        Some((head, after)) => vec![
            format!(
                "proved: the records up to the head of {} (segment {}, record {}), {signed}; {} heads",
                head.time, head.segment, head.records, report.heads
            ),
            format!("not proved: that nothing was cut off or put in after that head ({after} records)"),
        ],
        None => vec!["not proved: that nobody wrote all of it anew, for there is no signed head in it".to_owned()],
    };
    if report.missed > 0 {
        lines.push(format!("missing: {} events, for want of room, as the journal itself says", report.missed));
    }
    lines
}

fn advice(expected: &Expected, key_is_own: bool, head_is_own: bool) -> Vec<String> {
    let mut lines = Vec::new();
    if expected.key.is_none() || key_is_own {
        lines.push("note: whoever can change the journal could change a public key beside it: give one that was kept elsewhere, --public-key".to_owned());
    }
    if expected.head.is_none() || head_is_own {
        lines.push("note: a journal that was cut back to an older head shows that only against a newer one that was kept elsewhere, --head".to_owned());
    }
    lines
}

fn as_json(report: &Report, key: bool) -> serde_json::Value {
    let findings: Vec<_> = report
        .findings
        .iter()
        .map(|finding| {
            let audit::Finding { segment, record, time, what } = finding;
            json!({ "segment": segment, "record": record, "after": time, "what": what })
        })
        .collect();
    json!({
        "records": report.records,
        "heads": report.heads,
        "headsChecked": key,
        "lastHead": report.last.as_ref().map(|(head, _)| head),
        "recordsAfterLastHead": report.last.as_ref().map(|(_, after)| after),
        "missed": report.missed,
        "findings": findings,
    })
}
