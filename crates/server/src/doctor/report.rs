//! The check list: what was checked, how it went, and what vCenter would show where it went wrong.

use std::fmt::Display;
use std::time::Duration;

use serde::Serialize;

use super::load::Measured;

/// All checks of a server, or of all servers beside each other, in their order.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) server: String,
    passed: bool,
    checks: Vec<Check>,
    pub(super) facts: Facts,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    handshake_ms: Option<f64>,
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_answer_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) load: Option<Measured>,
}

/// What is known of a server, to compare it by. What could not be learned is not there.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) struct Facts {
    /// What it calls itself in KMIP.
    pub(super) vendor: Option<String>,
    /// The KMIP versions that it speaks.
    pub(super) versions: Option<String>,
    /// Seconds by which its clock is ahead of this machine's.
    pub(super) clock_ahead_seconds: Option<i64>,
    /// The issuer of its certificate.
    pub(super) certificate_issuer: Option<String>,
    /// It knows this client and answers it.
    pub(super) answers: bool,
}

/// One check.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    name: String,
    outcome: Outcome,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    vcenter: Option<String>,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    Passed,
    /// Worth knowing, and neither good nor bad.
    Noted,
    Warning,
    Failed,
    Skipped,
}

/// A check failed that the following ones build on. It is on the list already.
#[derive(Debug)]
pub(super) struct Stopped;

impl Report {
    pub(super) fn new(server: String) -> Self {
        Report {
            server,
            passed: true,
            checks: Vec::new(),
            facts: Facts::default(),
            handshake_ms: None,
            first_answer_ms: None,
            load: None,
        }
    }

    pub(super) fn passed(&mut self, name: &str, detail: impl Display) {
        self.add(name, Outcome::Passed, detail, None);
    }

    pub(super) fn noted(&mut self, name: &str, detail: impl Display) {
        self.add(name, Outcome::Noted, detail, None);
    }

    /// Works, but not as it should.
    pub(super) fn warning(&mut self, name: &str, detail: impl Display, vcenter: &str) {
        self.add(name, Outcome::Warning, detail, Some(vcenter));
    }

    pub(super) fn failed_check(&mut self, name: &str, detail: impl Display, vcenter: &str) {
        self.passed = false;
        self.add(name, Outcome::Failed, detail, Some(vcenter));
    }

    pub(super) fn skipped(&mut self, name: &str, detail: impl Display) {
        self.add(name, Outcome::Skipped, detail, None);
    }

    /// Records a check on which others build: what it gave, or the end of the examination.
    pub(super) fn step<T, E: Display>(
        &mut self,
        name: &str,
        outcome: Result<T, E>,
        detail: impl FnOnce(&T) -> String,
        vcenter: &str,
    ) -> Result<T, Stopped> {
        match outcome {
            Ok(value) => {
                self.passed(name, detail(&value));
                Ok(value)
            }
            Err(error) => {
                self.failed_check(name, error, vcenter);
                Err(Stopped)
            }
        }
    }

    /// Records how long the TLS handshake took, and how long it was from the first byte to the first answer.
    pub(super) fn measured(&mut self, handshake: Duration, first_answer: Duration) {
        self.handshake_ms = Some(handshake.as_secs_f64() * 1e3);
        self.first_answer_ms = Some(first_answer.as_secs_f64() * 1e3);
    }

    /// Whether any check failed.
    pub(super) fn failed(&self) -> bool {
        !self.passed
    }

    /// How many checks came to this outcome.
    pub(super) fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }

    /// How a check went: the worst, where it was made more than once.
    pub(super) fn outcome(&self, name: &str) -> Option<Outcome> {
        let outcomes = self.checks.iter().filter(|check| check.name == name).map(|check| check.outcome);
        outcomes.max_by_key(|outcome| outcome.gravity())
    }

    fn add(&mut self, name: &str, outcome: Outcome, detail: impl Display, vcenter: Option<&str>) {
        let check =
            Check { name: name.to_owned(), outcome, detail: detail.to_string(), vcenter: vcenter.map(str::to_owned) };
        self.checks.push(check);
    }

    /// For people: the server, a line for each check, the times.
    pub(super) fn text(&self) -> String {
        let lines: Vec<_> = self.checks.iter().map(Check::text).collect();
        let times = match (self.handshake_ms, self.first_answer_ms) {
            (Some(handshake), Some(first)) => {
                format!("\nTLS handshake {handshake:.1} ms, first answer after {first:.1} ms.\n")
            }
            _ => String::new(),
        };
        format!("{}\n\n{}\n{times}", self.server, lines.join("\n"))
    }
}

impl Outcome {
    fn gravity(self) -> u8 {
        match self {
            Outcome::Skipped => 0,
            Outcome::Noted => 1,
            Outcome::Passed => 2,
            Outcome::Warning => 3,
            Outcome::Failed => 4,
        }
    }
}

impl Check {
    fn text(&self) -> String {
        let mark = match self.outcome {
            Outcome::Passed => "ok  ",
            Outcome::Noted => "note",
            Outcome::Warning => "WARN",
            Outcome::Failed => "FAIL",
            Outcome::Skipped => "skip",
        };
        // What a server sends must not drive the terminal.
        let detail = self.detail.replace(|character: char| character.is_control(), " ");
        let vcenter = self.vcenter.as_ref().map_or(String::new(), |text| format!("\n        vCenter: {text}"));
        format!("  {mark}  {}: {detail}{vcenter}", self.name)
    }
}
