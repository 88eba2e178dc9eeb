//! The process' numbers, by the names that all of Prometheus' clients give them.

use std::fs;
use std::path::Path;

use kmip::Timestamp;
use nix::unistd::{SysconfVar, sysconf};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::family::{Rows, label};

/// Registers them. What the system doesn't tell is left out.
pub(super) fn register(registry: &mut Registry, started: Timestamp) {
    let build = Info::new([label("version", env!("CARGO_PKG_VERSION"))]);
    registry.register("keystead_build", "The version of this server", build);
    let one = ("process_start_time_seconds", "When the process started, in seconds since the Unix epoch");
    Rows::register(registry, one, MetricType::Gauge, move |rows| rows.encode_gauge(&started.seconds()));
    let one = ("process_resident_memory_bytes", "Memory of the process that is in use");
    Rows::register(registry, one, MetricType::Gauge, |rows| rows.encode_gauge(&resident().unwrap_or(0)));
    let one = ("process_open_fds", "Files and sockets that are open");
    Rows::register(registry, one, MetricType::Gauge, |rows| rows.encode_gauge(&open_files().unwrap_or(0)));
    let one = ("process_cpu_seconds", "Processor time that the process used");
    Rows::register(registry, one, MetricType::Counter, |rows| {
        rows.encode_counter::<prometheus_client::encoding::NoLabelSet, _, f64>(&cpu().unwrap_or(0.0), None)
    });
}

/// proc(5), `/proc/pid/statm`: the second field, in pages.
fn resident() -> Option<i64> {
    let pages: i64 = fs::read_to_string("/proc/self/statm").ok()?.split(' ').nth(1)?.parse().ok()?;
    Some(pages * sysconf(SysconfVar::PAGE_SIZE).ok()??)
}

fn open_files() -> Option<i64> {
    i64::try_from(fs::read_dir(Path::new("/proc/self/fd")).ok()?.count()).ok()
}

/// proc(5), `/proc/pid/stat`: fields 14 and 15, in clock ticks. The name in the second may hold anything, up to its last parenthesis.
#[allow(clippy::cast_precision_loss, reason = "ticks of a process are few")]
fn cpu() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let ticks: i64 = fields.next()?.parse::<i64>().ok()? + fields.next()?.parse::<i64>().ok()?;
    Some(ticks as f64 / sysconf(SysconfVar::CLK_TCK).ok()?? as f64)
}
