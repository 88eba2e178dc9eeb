//! Checks a journal without its server: reads only, also while it grows.
//!
//! What is proved: each record follows from all before it, and the whole up to a signed head is what the server signed. What is not:
//! the records after the last head, of which an end may be missing or made up. The invariant: **a finding names the place**, and a
//! journal without findings has none of these: a record that was changed, taken out, put in or moved; a head that is not the server's;
//! an end before a head that somebody kept elsewhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use store::Error;
use store::journal::{Entry, Position, Records, read, read_files};
use wrap::primitive::digest;
use wrap::primitive::sign::PublicKey;

use super::keeper::CUT;
use crate::api::AuditHead;

/// A server that writes just now is done after this.
const MOMENT: Duration = Duration::from_millis(300);

/// What a journal is held to.
pub(crate) struct Expected {
    /// The key that its heads are signed with.
    pub(crate) key: Option<PublicKey>,
    /// A head that was kept elsewhere: the journal has to reach that far.
    pub(crate) head: Option<AuditHead>,
    /// The segment that it begins with.
    pub(crate) first: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The segment.
    pub(crate) segment: u64,
    /// The record in it, from 1 on; 0: the segment itself.
    pub(crate) record: u64,
    /// The time of the last record before it that has one.
    pub(crate) time: String,
    /// What is wrong.
    pub(crate) what: String,
}

/// What was found.
#[derive(Default)]
pub(crate) struct Report {
    /// Records whose place in the chain is right.
    pub(crate) records: u64,
    /// Signed heads among them.
    pub(crate) heads: u64,
    /// The last of them, and how many records come after it.
    pub(crate) last: Option<(AuditHead, u64)>,
    /// Events that the journal itself says are missing.
    pub(crate) missed: u64,
    /// What is wrong, in the journal's order.
    pub(crate) findings: Vec<Finding>,
}

/// Checks the journal in a folder, or the segments in a list.
pub(crate) fn verify(folder: Option<&Path>, files: &[PathBuf], expected: &Expected) -> Result<Report, Error> {
    let open = || match folder {
        Some(folder) => read(folder, digest),
        None => read_files(files, digest),
    };
    let mut check = Check { records: open()?, expected, report: Report::default(), time: String::new(), met: false };
    check.run();
    if check.records.left_over() > 0 {
        // Part of a record at the end may be one that is being written.
        std::thread::sleep(MOMENT);
        check = Check { records: open()?, expected, report: Report::default(), time: String::new(), met: false };
        check.run();
    }
    check.conclude();
    Ok(check.report)
}

struct Check<'a> {
    records: Records,
    expected: &'a Expected,
    report: Report,
    time: String,
    /// Whether the head that was kept elsewhere was met.
    met: bool,
}

impl Check<'_> {
    fn run(&mut self) {
        while let Some(record) = self.records.next() {
            match record {
                Ok(body) => self.look(&body),
                Err(error) => self.found(1, error.to_string()),
            }
        }
    }

    fn look(&mut self, body: &[u8]) {
        let before = self.records.before();
        if self.report.records == 0 {
            self.begins(before);
        }
        self.report.records += 1;
        if let Some((_, after)) = &mut self.report.last {
            *after += 1;
        }
        self.meet(before);
        match Entry::decode(body) {
            Entry::Head(head) => self.head(head, before),
            Entry::Event(event) => self.event(event),
            Entry::Change { event, .. } => self.note_time(event),
            Entry::Gap { missed, last, .. } => {
                self.note_time(last);
                self.report.missed += missed;
            }
        }
    }

    fn begins(&mut self, before: Option<Position>) {
        let first = before.map_or(0, |position| position.segment);
        if first != self.expected.first {
            let wanted = self.expected.first;
            self.found(0, format!("the journal begins with segment {first} instead of {wanted}: what comes before it is missing. Where it was archived, give its segments too, or say where to begin with --first-segment {first}"));
        }
    }

    fn meet(&mut self, position: Option<Position>) {
        let is_it = self.expected.head.as_ref().zip(position).is_some_and(|(head, position)| head.is_of(&position));
        self.met |= is_it;
    }

    fn head(&mut self, head: &[u8], before: Option<Position>) {
        let Ok(head) = serde_json::from_slice::<AuditHead>(head) else {
            return self.found(0, "a head that can't be read".to_owned());
        };
        let time = head.time.clone();
        if !before.is_some_and(|position| head.is_of(&position)) {
            let since = self.report.last.as_ref().map_or("the beginning".to_owned(), |(head, _)| {
                format!("the head after record {} of segment {}", head.records, head.segment)
            });
            let what = "a signed head that speaks of another place than it stands at";
            self.found(0, format!("{what}: something between it and {since} was changed"));
        } else if self.expected.key.is_some_and(|key| !head.is_signed_by(&key)) {
            self.found(0, "a head that is not signed with the public key that was given".to_owned());
        } else {
            self.report.heads += 1;
            self.report.last = Some((head, 0));
        }
        self.time = time;
    }

    fn event(&mut self, event: &[u8]) {
        self.note_time(event);
        if field(event, "action").is_some_and(|action| action == CUT) {
            self.found(0, "the server said at its start here that signed records before it are missing".to_owned());
        }
    }

    fn note_time(&mut self, event: &[u8]) {
        if let Some(time) = field(event, "eventTime") {
            self.time = time;
        }
    }

    /// `ahead`: 1 where it is the next record that is wrong.
    fn found(&mut self, ahead: u64, what: String) {
        let position = self.records.position();
        let (segment, record) = position.map_or((0, 0), |position| (position.segment, position.records + ahead));
        self.report.findings.push(Finding { segment, record, time: self.time.clone(), what });
    }

    fn conclude(&mut self) {
        self.meet(self.records.position());
        let left = self.records.left_over();
        let broken = !self.report.findings.is_empty();
        if left > 0 && !broken {
            self.found(1, format!("{left} bytes at the end that are no whole record: after a crash that is so until the next start; else somebody changed them"));
        }
        if self.report.records == 0 && !broken {
            self.found(1, "there is no record at all".to_owned());
        }
        if let Some(head) = self.expected.head.as_ref().filter(|_| !self.met && !broken) {
            let AuditHead { segment, records, time, .. } = head;
            let what = format!(
                "the journal does not lead to the head that was given (segment {segment}, record {records}, {time}): its end was cut off, or it is another one"
            );
            self.found(1, what);
        }
        if let Some(head) = &self.expected.head
            && self.expected.key.is_some_and(|key| !head.is_signed_by(&key))
        {
            self.found(0, "the head that was given is not signed with the public key that was given".to_owned());
        }
    }
}

/// A text of an event.
fn field(event: &[u8], name: &str) -> Option<String> {
    let event: serde_json::Value = serde_json::from_slice(event).ok()?;
    event.get(name)?.as_str().map(str::to_owned)
}
