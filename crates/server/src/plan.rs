//! How many keys a site needs, and how large a server for them: IBM's planning rules for KMIP for VMware, and figures that were measured
//! here.
//!
//! The invariant: **each number says where it comes from**, and none is smaller than what was measured.

/// What a site has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// Clusters with vSAN encryption.
    pub vsan_clusters: u64,
    /// Clusters with encrypted virtual machines.
    pub vsphere_clusters: u64,
    /// Encrypted virtual machines.
    pub vms: u64,
    /// How often each key is exchanged for a new one, in a year.
    pub rekeys_per_year: u64,
    /// For how many years.
    pub years: u64,
}

/// A number, and why it is that.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Line {
    /// For programs.
    pub name: &'static str,
    /// How many, or how many bytes.
    pub value: u64,
    /// What of: `keys`, `bytes`, `connections`, `adapters`.
    pub unit: &'static str,
    /// Why.
    pub why: String,
}

/// Bytes that a key adds to the database, with vCenter's tags and the events of its making: Create, the tags, Activate. Measured: 6,554, of 300
/// keys between two clean stops (`tests/test_plan.py` measures it anew).
pub const KEY_BYTES: u64 = 8_000;
/// Bytes of the audit event of a read in the journal. Measured as above: 982.
pub const READ_BYTES: u64 = 1_100;
/// Reads of a key a day: what a virtual machine that is powered on once a day asks for (Discover Versions, Get, State).
const READS_PER_KEY: u64 = 3;
/// Reads of a vCenter a day: its connection check asks for versions twice, every 5 minutes.
const READS_PER_VCENTER: u64 = 2 * 12 * 24;
/// The server without connections and with its caches full.
const MEMORY_AT_REST: u64 = 192 << 20;
/// A connection, with its buffers.
const MEMORY_PER_CONNECTION: u64 = 64 << 10;
/// Hosts of a cluster (vSphere: configuration maximums), each of which connects by itself where vSAN is encrypted.
const HOSTS_PER_CLUSTER: u64 = 64;
/// Set aside for a full disk, and the commit log: 32 + 16 MiB and two files of 8 MiB.
const SET_ASIDE: u64 = 64 << 20;

/// Counts and sizes, in the order in which people read them. Sums that no computer holds stay at the largest number.
pub fn plan(site: &Site) -> Vec<Line> {
    let Keys { roots, vsan, clusters, vms, dumps, now, in_all } = Keys::of(site);
    let per_day = now.saturating_mul(READS_PER_KEY).saturating_add(READS_PER_VCENTER).saturating_mul(READ_BYTES);
    let days = site.years.max(1).saturating_mul(365);
    let database = in_all.saturating_mul(KEY_BYTES).saturating_add(SET_ASIDE);
    let journal = per_day.saturating_mul(days);
    let connections = site.vsan_clusters.saturating_mul(HOSTS_PER_CLUSTER).saturating_add(8);
    let memory = connections.saturating_mul(MEMORY_PER_CONNECTION).saturating_add(MEMORY_AT_REST);
    let rekeys = site.rekeys_per_year;
    let years = site.years;
    vec![
        line("root_keys", roots, "keys", "one for vSAN, one for vSphere: each with an adapter of its own".into()),
        line(
            "vsan_keys",
            vsan,
            "keys",
            format!("{} vSAN clusters, two each: the key of the datastore and the host key", site.vsan_clusters),
        ),
        line("vsphere_cluster_keys", clusters, "keys", format!("{} vSphere clusters, one each", site.vsphere_clusters)),
        line("vm_keys", vms, "keys", format!("{} encrypted virtual machines, one each", site.vms)),
        line(
            "core_dump_keys",
            dumps,
            "keys",
            "the host key that encrypts core dumps, where vSphere encryption is used".into(),
        ),
        line("standard_keys", now, "keys", "what VMware's products hold at the beginning".into()),
        line(
            "standard_keys_in_all",
            in_all,
            "keys",
            format!("after {years} years of {rekeys} rekeys a year: VMware leaves each old key behind"),
        ),
        line(
            "database_bytes",
            database,
            "bytes",
            format!("{KEY_BYTES} bytes a key with its tags and events, and {} MiB set aside", SET_ASIDE >> 20),
        ),
        line(
            "journal_bytes_per_day",
            per_day,
            "bytes",
            format!(
                "each key read once a day ({READS_PER_KEY} events), a vCenter's check every 5 minutes ({READS_PER_VCENTER} events), {READ_BYTES} bytes each"
            ),
        ),
        line(
            "journal_bytes",
            journal,
            "bytes",
            format!("of {} years, if nothing of it is moved elsewhere", years.max(1)),
        ),
        line(
            "connections",
            connections,
            "connections",
            format!(
                "{HOSTS_PER_CLUSTER} hosts of each vSAN cluster at the same time, when it restarts, and 8 of vCenter (limits.connections is 16,384 unless set)"
            ),
        ),
        line(
            "memory_bytes",
            memory,
            "bytes",
            format!("{} MiB at rest, and {} KiB a connection", MEMORY_AT_REST >> 20, MEMORY_PER_CONNECTION >> 10),
        ),
        line(
            "adapters",
            roots,
            "adapters",
            "one under each root key (limits.adapters_per_instance is 200 unless set)".into(),
        ),
    ]
}

fn line(name: &'static str, value: u64, unit: &'static str, why: String) -> Line {
    Line { name, value, unit, why }
}

/// How many keys (IBM, KMIP for VMware, "Planning"): vSAN takes a root key and two standard keys a cluster; vSphere a root key, a standard
/// key a cluster, one an encrypted virtual machine, and one host key for core dumps.
struct Keys {
    roots: u64,
    vsan: u64,
    clusters: u64,
    vms: u64,
    dumps: u64,
    now: u64,
    in_all: u64,
}

impl Keys {
    fn of(site: &Site) -> Keys {
        let (has_vsan, has_vsphere) = (site.vsan_clusters > 0, site.vsphere_clusters > 0 || site.vms > 0);
        let (roots, dumps) = (u64::from(has_vsan) + u64::from(has_vsphere), u64::from(has_vsphere));
        let (vsan, clusters, vms) = (site.vsan_clusters.saturating_mul(2), site.vsphere_clusters, site.vms);
        let now = [clusters, vms, dumps].into_iter().fold(vsan, u64::saturating_add);
        let times = site.rekeys_per_year.saturating_mul(site.years).saturating_add(1);
        Keys { roots, vsan, clusters, vms, dumps, now, in_all: now.saturating_mul(times) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Site, plan};

    fn check(site: [u64; 5], roots: u64, standard: u64, in_all: u64) {
        let [vsan_clusters, vsphere_clusters, vms, rekeys_per_year, years] = site;
        let lines = plan(&Site { vsan_clusters, vsphere_clusters, vms, rekeys_per_year, years });
        let value = |name| lines.iter().find(|line| line.name == name).unwrap().value;
        assert_eq!(
            [value("root_keys"), value("standard_keys"), value("standard_keys_in_all")],
            [roots, standard, in_all],
            "{site:?}"
        );
        assert!(lines.iter().all(|line| !line.why.is_empty()));
    }

    #[test]
    fn keys_are_counted_by_ibms_rules() {
        check([3, 2, 1200, 0, 1], 2, 6 + 2 + 1200 + 1, 1209);
        check([3, 0, 0, 0, 1], 1, 6, 6);
        check([0, 2, 0, 0, 1], 1, 3, 3);
        check([0, 0, 7, 0, 1], 1, 8, 8);
        check([0, 0, 0, 0, 1], 0, 0, 0);
        check([1, 1, 10, 2, 5], 2, 14, 14 * 11);
        check([u64::MAX; 5], 2, u64::MAX, u64::MAX);
    }
}
