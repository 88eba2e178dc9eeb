//! The figures, as a table for people and as JSON for scripts.
//!
//! Invariant: standard output carries the report alone; progress goes to stderr.

use crate::drive::Sample;
use crate::error::{Doing, Error};
use crate::idle::Idle;
use crate::start::Starts;
use crate::stats::median;
use crate::workload::Workload;
use serde::Serialize;
use std::io::Write as _;

/// Everything that a run has found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) starts: Option<Starts>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) idle: Option<IdlePair>,
    pub(crate) full: Option<Full>,
}

/// Where the figures come from.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) kernel: String,
    pub(crate) window_s: f64,
    pub(crate) rounds: usize,
}

/// Memory of idle connections on both sides.
#[derive(Debug, Serialize)]
pub(crate) struct IdlePair {
    pub(crate) connections: u32,
    pub(crate) server: Idle,
    pub(crate) echo: Idle,
}

/// The store with all its keys.
#[derive(Debug, Serialize)]
pub(crate) struct Full {
    pub(crate) keys: u64,
    pub(crate) fill_s: f64,
    /// From the start after a SIGKILL until Discover Versions is answered.
    pub(crate) restart_s: f64,
    pub(crate) resident_bytes: u64,
}

/// One workload at one number of connections.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) workload: &'static str,
    pub(crate) connections: usize,
    pub(crate) aim: Option<f64>,
    /// Server CPU for one unit as a multiple of the echo's: the median over the rounds, and the extremes.
    pub(crate) ratio: f64,
    pub(crate) ratio_min: f64,
    pub(crate) ratio_max: f64,
    /// Medians over the rounds.
    pub(crate) server: Sample,
    pub(crate) echo: Sample,
    pub(crate) flush: Option<Flush>,
}

/// Create against grouped flushes of the same bytes.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Flush {
    pub(crate) record_bytes: usize,
    /// Records a second, median.
    pub(crate) rate: f64,
    /// The server's rate as a part of it, median of the rounds.
    pub(crate) reached: f64,
}

/// One round of a cell, both sides one after the other.
pub(crate) struct Round {
    pub(crate) server: Sample,
    pub(crate) echo: Sample,
    /// Records a second of the bare disk.
    pub(crate) flush: Option<f64>,
}

impl Cell {
    /// Folds the rounds; `record_bytes` is what the flushes wrote.
    pub(crate) fn fold(workload: Workload, connections: usize, rounds: &[Round], record_bytes: usize) -> Self {
        let ratios = || rounds.iter().map(|round| round.server.cpu_us / round.echo.cpu_us);
        let flushes: Vec<(f64, f64)> =
            rounds.iter().filter_map(|round| Some((round.flush?, round.server.rate))).collect();
        let flush = (!flushes.is_empty()).then(|| Flush {
            record_bytes,
            rate: median(flushes.iter().map(|(disk, _)| *disk)),
            reached: median(flushes.iter().map(|(disk, server)| server / disk)),
        });
        Self {
            workload: workload.name,
            connections,
            aim: workload.aim,
            ratio: median(ratios()),
            ratio_min: ratios().fold(f64::INFINITY, f64::min),
            ratio_max: ratios().fold(0.0, f64::max),
            server: middle(rounds.iter().map(|round| round.server).collect()),
            echo: middle(rounds.iter().map(|round| round.echo).collect()),
            flush,
        }
    }
}

fn middle(samples: Vec<Sample>) -> Sample {
    let of = |value: fn(&Sample) -> f64| median(samples.iter().map(value));
    Sample { rate: of(|s| s.rate), cpu_us: of(|s| s.cpu_us), p50_us: of(|s| s.p50_us), p99_us: of(|s| s.p99_us) }
}

impl Report {
    /// The report as JSON, one line.
    pub(crate) fn json(&self) -> Result<String, Error> {
        to_json(self)
    }
}

/// A report as JSON, one line.
pub(crate) fn to_json(report: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_string(report).map_err(std::io::Error::from).doing(|| "writing the report".into())?;
    Ok(text + "\n")
}

/// Writes to standard output.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).doing(|| "writing to standard output".into())
}

/// Progress, for a person who waits.
pub(crate) fn say(text: &str) {
    // Nobody has to listen.
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{CREATE, GET};

    const SAMPLE: Sample = Sample { rate: 1000.0, cpu_us: 10.0, p50_us: 50.0, p99_us: 99.0 };

    #[test]
    fn the_ratio_is_the_median_of_the_rounds_ratios() {
        let rounds = [(30.0, 10.0), (10.0, 10.0), (40.0, 20.0)].map(|(server, echo)| Round {
            server: Sample { cpu_us: server, ..SAMPLE },
            echo: Sample { cpu_us: echo, ..SAMPLE },
            flush: None,
        });
        let cell = Cell::fold(GET, 8, &rounds, 0);
        assert_eq!(format!("{} {} {}", cell.ratio, cell.ratio_min, cell.ratio_max), "2 1 3");
        assert!(cell.flush.is_none());
    }

    #[test]
    fn create_is_held_against_the_flushes_of_its_round() {
        let rounds = [1_000.0, 2_000.0, 4_000.0].map(|disk| Round { server: SAMPLE, echo: SAMPLE, flush: Some(disk) });
        let flush = Cell::fold(CREATE, 8, &rounds, 512).flush.unwrap();
        assert_eq!(format!("{} {} {}", flush.record_bytes, flush.rate, flush.reached), "512 2000 0.5");
    }

    #[test]
    fn both_forms_carry_the_ratio() {
        let round = || Round { server: Sample { cpu_us: 12.5, ..SAMPLE }, echo: SAMPLE, flush: None };
        let report = Report { cells: vec![Cell::fold(GET, 8, &[round()], 0)], ..Report::default() };
        assert!(report.table().contains("1.25"), "{}", report.table());
        assert!(report.json().unwrap().contains("\"ratio\":1.25"));
    }
}
