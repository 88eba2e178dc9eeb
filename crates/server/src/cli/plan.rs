//! `keystead plan`: how many keys a site needs, and how large a server. It asks no server.

use super::output::Column;
use super::{Failure, Output};
use crate::plan::{Line, Site, plan};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Clusters with vSAN encryption
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u64).range(..=100_000))]
    vsan_clusters: u64,
    /// Clusters with encrypted virtual machines
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u64).range(..=100_000))]
    vsphere_clusters: u64,
    /// Encrypted virtual machines
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = clap::value_parser!(u64).range(..=10_000_000))]
    vms: u64,
    /// How often each key is exchanged for a new one in a year: VMware leaves the old ones behind
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u64).range(..=366))]
    rekeys_per_year: u64,
    /// For how many years
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100))]
    years: u64,
}

pub(super) const EXAMPLE: &str = "Example: keystead plan --vsan-clusters 3 --vsphere-clusters 2 --vms 1200
It asks no server and changes nothing.";

const LINES: [Column<Line>; 3] =
    [Column("What", what), Column("How much", how_much), Column("Why", |line| line.why.clone())];

pub(super) fn run(args: &Args, output: Output) -> Result<(), Failure> {
    let Args { vsan_clusters, vsphere_clusters, vms, rekeys_per_year, years } = *args;
    if vsan_clusters == 0 && vsphere_clusters == 0 && vms == 0 {
        return Err(Failure::usage(
            "there is nothing to plan for",
            "say what the site has: keystead plan --vsan-clusters 3 --vsphere-clusters 2 --vms 1200",
        ));
    }
    output.list(&plan(&Site { vsan_clusters, vsphere_clusters, vms, rekeys_per_year, years }), &LINES, "")
}

fn what(line: &Line) -> String {
    line.name.trim_end_matches("_bytes").replace("_bytes", "").replace('_', " ")
}

fn how_much(line: &Line) -> String {
    if line.unit == "bytes" { bytes(line.value) } else { line.value.to_string() }
}

fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("bytes", 1)];
    let (unit, size) = UNITS.into_iter().find(|(_, size)| count >= *size).unwrap_or(("bytes", 1));
    format!("{} {unit}", count.div_ceil(size))
}
