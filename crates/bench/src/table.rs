//! The report as tables for people.
//!
//! Invariant: figures of the server stand before those of the echo, under one head.

use crate::drive::Sample;
use crate::report::{Cell, Full, IdlePair, Machine, Report};
use crate::start::Starts;
use std::fmt::Write as _;

impl Report {
    /// The report as tables; figures of the server stand before those of the echo.
    pub(crate) fn table(&self) -> String {
        let mut text = String::new();
        let Machine { cores, kernel, window_s, rounds } = &self.machine;
        let _ = writeln!(text, "{cores} cores, Linux {kernel}, {rounds} rounds of {window_s} s each, medians\n");
        text += &align(&self.cell_rows());
        for line in self.starts.iter().flat_map(starts).chain(self.idle.iter().flat_map(idle)) {
            let _ = writeln!(text, "{line}");
        }
        if let Some(Full { keys, fill_s, restart_s, resident_bytes }) = &self.full {
            let mib = to_mib(*resident_bytes);
            let _ = writeln!(
                text,
                "{keys} keys made in {fill_s:.1} s; after SIGKILL ready in {restart_s:.3} s, {mib:.1} MiB resident"
            );
        }
        text
    }

    fn cell_rows(&self) -> Vec<Vec<String>> {
        let head = [
            "workload",
            "conns",
            "CPU ratio",
            "min..max",
            "aim",
            "CPU µs",
            "echo",
            "units/s",
            "echo",
            "p50 µs",
            "echo",
            "p99 µs",
            "echo",
            "of flushes",
        ];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(self.cells.iter().map(cell_row));
        if rows.len() == 1 { Vec::new() } else { rows }
    }
}

fn cell_row(cell: &Cell) -> Vec<String> {
    let mut row = vec![
        cell.workload.to_owned(),
        cell.connections.to_string(),
        format!("{:.2}", cell.ratio),
        format!("{:.2}..{:.2}", cell.ratio_min, cell.ratio_max),
        cell.aim.map_or_else(String::new, |aim| aim.to_string()),
    ];
    let values: [fn(&Sample) -> f64; 4] = [|s| s.cpu_us, |s| s.rate, |s| s.p50_us, |s| s.p99_us];
    for value in values {
        row.extend([&cell.server, &cell.echo].map(|side| short(value(side))));
    }
    row.push(
        cell.flush
            .map_or_else(String::new, |flush| format!("{:.0} % of {}/s", flush.reached * 100.0, short(flush.rate))),
    );
    row
}

/// Three figures or so, which is as many as such a measurement bears.
fn short(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

fn starts(starts: &Starts) -> [String; 3] {
    [
        format!(
            "ready after {:.3} s (first start, all made new), {:.3} s (second start)",
            starts.first_s, starts.second_s
        ),
        format!("at rest {:.1} MiB", starts.rest_bytes / 1_048_576.0),
        format!("a key takes {:.0} bytes of the data folder", starts.key_bytes),
    ]
}

fn idle(pair: &IdlePair) -> [String; 2] {
    let line = |what, server, echo| {
        format!(
            "an idle connection {what}: {:.1} KiB, echo {:.1} KiB (of {})",
            to_kib(server),
            to_kib(echo),
            pair.connections
        )
    };
    [
        line("after its handshake", pair.server.silent, pair.echo.silent),
        line("after one request", pair.server.spoken, pair.echo.spoken),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
fn to_kib(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}

fn to_mib(bytes: u64) -> f64 {
    to_kib(bytes) / 1024.0
}

/// Columns side by side: the first to the left, the others to the right.
fn align(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell: &String| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        for ((cell, &width), column) in row.iter().zip(&widths).zip(0..) {
            let _ = if column == 0 { write!(text, "{cell:<width$}") } else { write!(text, "  {cell:>width$}") };
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    if !rows.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [["a", "12"], ["bcd", "3"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(align(&rows), "a    12\nbcd   3\n\n");
    }
}
