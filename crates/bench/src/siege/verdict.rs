//! What a siege came to: the figures beside what they must be.
//!
//! Invariant: every figure is one row of one table, from which the report, the exit code and the control's verdict are made.

use super::attack::{Plan, Tally};
use super::honest::Window;
use crate::cli::SiegeArgs;
use crate::error::Error;
use serde::Serialize;
use std::fmt::Write as _;
use std::sync::atomic::Ordering;

const MIB: f64 = 1024.0 * 1024.0;
/// A p99 of less than this many samples is chance.
const ENOUGH: u64 = 200;
/// Besieged p99 as a multiple of the quiet one.
const P99_RATIO: f64 = 2.0;
/// Growth of the server's resident memory, in MiB.
const GROWTH_MIB: f64 = 64.0;
/// Of the attackers, how many must be there for it to be a siege. Some are always between two connections.
const PRESENT: f64 = 0.9;

/// What a run found.
#[derive(Debug, Serialize)]
pub(crate) struct SiegeReport {
    pub(crate) control: bool,
    pub(crate) plan: Plan,
    pub(crate) quiet: Window,
    pub(crate) besieged: Window,
    pub(crate) closed: u64,
    pub(crate) longest_ms: u64,
    pub(crate) figures: Vec<Figure>,
}

/// One figure.
#[derive(Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) aim: String,
    pub(crate) reached: bool,
    /// Whether the control, without limits, has to miss it.
    pub(crate) bites: bool,
}

impl SiegeReport {
    pub(super) fn new(
        args: &SiegeArgs,
        plan: Plan,
        tally: &Tally,
        held: usize,
        [quiet, besieged]: [Window; 2],
        grown: u64,
    ) -> Self {
        let closed = tally.closed.load(Ordering::Relaxed);
        let figures = Measured { plan, held, closed, overdue: tally.overdue.load(Ordering::Relaxed), grown }
            .figures(&quiet, &besieged);
        let longest_ms = tally.longest_ms.load(Ordering::Relaxed);
        Self { control: args.control, plan, quiet, besieged, closed, longest_ms, figures }
    }

    /// An error where a figure is missed; under `--control`, where one that must be missed is reached.
    pub(crate) fn judge(&self) -> Result<(), Error> {
        let wrong = self
            .figures
            .iter()
            .filter(|figure| if self.control { figure.bites && figure.reached } else { !figure.reached });
        let names: Vec<_> = wrong.map(|figure| figure.name).collect();
        match (names.is_empty(), self.control) {
            (true, _) => Ok(()),
            (false, false) => Err(Error::Missed(format!("missed: {}", names.join(", ")))),
            (false, true) => Err(Error::Missed(format!("the control reached what it must miss: {}", names.join(", ")))),
        }
    }

    pub(crate) fn table(&self) -> String {
        let mut text = format!(
            "{:34} {:>10} {:6} {:14}\n",
            if self.control { "CONTROL: without limits" } else { "under siege" },
            "value",
            "",
            "aim"
        );
        for each in &self.figures {
            let word = match (each.reached, self.control && each.bites) {
                (true, false) => "reached",
                (false, false) => "MISSED",
                (true, true) => "REACHED, and must not be",
                (false, true) => "missed, as it must be",
            };
            let _ = writeln!(text, "{:34} {:>10.2} {:6} {:14} {word}", each.name, each.value, each.unit, each.aim);
        }
        for (name, window) in [("quiet", &self.quiet), ("besieged", &self.besieged)] {
            let _ = writeln!(
                text,
                "{name}: {} answered, {} failed, p50 {} us, p99 {} us{}",
                window.answered,
                window.failed,
                window.p50_us,
                window.p99_us,
                window.failure.as_ref().map_or_else(String::new, |why| format!("; first failure: {why}"))
            );
        }
        let _ = writeln!(text, "closed by the server: {}, the last after {} ms", self.closed, self.longest_ms);
        text
    }
}

struct Measured {
    plan: Plan,
    held: usize,
    closed: u64,
    overdue: u64,
    grown: u64,
}

impl Measured {
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
    fn figures(&self, quiet: &Window, besieged: &Window) -> Vec<Figure> {
        let ratio = besieged.p99_us as f64 / quiet.p99_us.max(1) as f64;
        let samples = quiet.answered.min(besieged.answered);
        let present = self.held as f64 / self.plan.all().max(1) as f64;
        let grown = self.grown as f64 / MIB;
        let row = |name, value, unit, aim: String, reached, bites| Figure { name, value, unit, aim, reached, bites };
        vec![
            row(
                "honest answers",
                besieged.answered(),
                "%",
                "100".into(),
                besieged.failed == 0 && besieged.answered > 0,
                true,
            ),
            row(
                "honest p99 against the quiet one",
                ratio,
                "x",
                format!("<= {P99_RATIO}"),
                samples >= ENOUGH && ratio <= P99_RATIO,
                false,
            ),
            row(
                "open 11 s without a handshake",
                self.overdue as f64,
                "",
                "0".into(),
                self.overdue == 0 && self.closed > 0,
                true,
            ),
            row("growth of resident memory", grown, "MiB", format!("<= {GROWTH_MIB}"), grown <= GROWTH_MIB, false),
            row(
                "attackers in their places",
                100.0 * present,
                "%",
                format!(">= {}", 100.0 * PRESENT),
                present >= PRESENT,
                false,
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(answered: u64, failed: u64, p99_us: u64) -> Window {
        Window { answered, failed, p50_us: 1, p99_us, failure: None }
    }

    fn good() -> Measured {
        Measured { plan: Plan::new(10), held: 750, closed: 600, overdue: 0, grown: 1 << 20 }
    }

    fn check(measured: &Measured, besieged: &Window, missed: &[&str]) {
        let figures = measured.figures(&window(1_000, 0, 1_000), besieged);
        let found: Vec<_> = figures.iter().filter(|figure| !figure.reached).map(|figure| figure.name).collect();
        assert_eq!(found, missed);
    }

    #[test]
    fn each_figure_can_be_missed() {
        check(&good(), &window(1_000, 0, 2_000), &[]);
        check(&good(), &window(999, 1, 2_000), &["honest answers"]);
        check(&good(), &window(1_000, 0, 2_001), &["honest p99 against the quiet one"]);
        check(&good(), &window(0, 0, 0), &["honest answers", "honest p99 against the quiet one"]);
        check(&Measured { overdue: 1, ..good() }, &window(1_000, 0, 1), &["open 11 s without a handshake"]);
        check(&Measured { closed: 0, ..good() }, &window(1_000, 0, 1), &["open 11 s without a handshake"]);
        check(&Measured { grown: 65 << 20, ..good() }, &window(1_000, 0, 1), &["growth of resident memory"]);
        check(&Measured { held: 600, ..good() }, &window(1_000, 0, 1), &["attackers in their places"]);
    }

    #[test]
    fn the_control_must_miss_what_the_limits_are_for() {
        let report = |control, overdue| SiegeReport {
            control,
            plan: Plan::new(10),
            quiet: window(1_000, 0, 1_000),
            besieged: window(1_000, u64::from(overdue > 0), 1_000),
            closed: 600,
            longest_ms: 10_000,
            figures: Measured { overdue, ..good() }
                .figures(&window(1_000, 0, 1_000), &window(1_000, u64::from(overdue > 0), 1_000)),
        };
        assert!(report(false, 0).judge().is_ok() && report(true, 5).judge().is_ok());
        assert!(report(false, 5).judge().is_err() && report(true, 0).judge().is_err());
        assert!(report(false, 5).table().contains("MISSED") && report(true, 0).table().contains("must not be"));
    }
}
