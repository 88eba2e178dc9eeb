//! [`Findings`]: all that the doctor has to say, for people and for scripts.
//!
//! The invariant: what a server sends can't drive the terminal, and both readers are told the same.

use std::collections::HashSet;

use serde::Serialize;

use super::report::{Outcome, Report};
use super::sights::{self, Sight};
use crate::cli::{Failure, Output};

/// The examination of each server, of all together, and what will be seen of it.
#[derive(Debug, Serialize)]
pub(super) struct Findings {
    passed: bool,
    pub(super) servers: Vec<Report>,
    /// None where there is one server alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) compared: Option<Report>,
    you_will_see: Vec<Sight>,
}

impl Findings {
    pub(super) fn new(servers: Vec<Report>, compared: Option<Report>) -> Self {
        let mut you_will_see: Vec<_> = servers.iter().flat_map(sights::of).collect();
        you_will_see.extend(compared.iter().flat_map(sights::together));
        let passed = !servers.iter().chain(&compared).any(Report::failed);
        Findings { passed, servers, compared, you_will_see }
    }

    /// Whether any check failed.
    pub(super) fn failed(&self) -> bool {
        !self.passed
    }

    pub(super) fn print(&self, output: &Output) -> Result<(), Failure> {
        output.done(self, &self.text())
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let parts: Vec<_> = self.reports().map(Report::text).collect();
        format!("{}\nWhat you will see\n\n{}\n\n{}", parts.join("\n"), self.sights(), self.verdict())
    }

    fn reports(&self) -> impl Iterator<Item = &Report> {
        self.servers.iter().chain(&self.compared)
    }

    /// A line for each place; with several servers a line for each of them, where they don't look alike.
    fn sights(&self) -> String {
        let alike = |sight: &Sight| {
            self.you_will_see.iter().filter(|it| it.place == sight.place).all(|it| it.shows == sight.shows)
        };
        let mut lines = Vec::new();
        for sight in &self.you_will_see {
            let of =
                sight.server.as_ref().filter(|_| !alike(sight)).map_or(String::new(), |server| format!(" ({server})"));
            lines.push(format!("  {}{of}: {}", sight.place, sight.shows));
        }
        let mut said = HashSet::new();
        lines.retain(|line| said.insert(line.clone()));
        lines.join("\n")
    }

    fn verdict(&self) -> String {
        let count = |outcome| self.reports().map(|report| report.count(outcome)).sum::<usize>();
        let (subject, them) =
            if self.servers.len() == 1 { ("this server", "it is") } else { ("these servers", "they are") };
        match (count(Outcome::Failed), count(Outcome::Warning), count(Outcome::Skipped)) {
            (0, 0, 0) => format!("vCenter can use {subject}."),
            (0, 0, _) => "No fault was found in what was checked.".to_owned(),
            (0, warnings, 0) => format!("vCenter can use {subject}; {warnings} to look at."),
            (0, warnings, _) => format!("No fault was found in what was checked; {warnings} to look at."),
            (failed, _, _) => format!("vCenter should not use {subject} as {them}: {failed} failed."),
        }
    }
}
