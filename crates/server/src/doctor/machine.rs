//! Whether this machine, where it is the server's own, could be locked out by the very keys that it serves: a guest of VMware.
//!
//! What `systemd-detect-virt` reads is read here: the firmware's names of the maker, and the processor's hypervisor flag. The
//! invariant: nothing is run, and a file that can't be read is no failure.

use std::path::Path;

use super::report::Report;

const NAME: &str = "Where the server runs";
/// Below the root of the file system: who made the machine.
const MAKERS: [&str; 4] = [
    "sys/class/dmi/id/sys_vendor",
    "sys/class/dmi/id/product_name",
    "sys/class/dmi/id/board_vendor",
    "sys/class/dmi/id/bios_vendor",
];
const PROCESSOR: &str = "proc/cpuinfo";

const LOCKED: &str = "after a power cut nothing starts: this machine's disk waits for a key that this machine holds. In vCenter, see that \
    the VM Storage Policy of each of its disks has no encryption, and that its datastore is not a vSAN datastore with encryption; keep one \
    server of the key provider off this cluster";

/// What a machine is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// A virtual machine on ESXi, or on VMware's desktop products.
    VMware,
    /// A virtual machine of another maker: the name, where the firmware gives one.
    Other(Option<String>),
    /// Not a virtual machine.
    Physical,
}

/// Judges the machine whose file system is at `root`.
pub(super) fn judge(root: &Path, report: &mut Report) {
    match detect(root) {
        Machine::VMware => {
            report.warning(
                NAME,
                "on this machine, a VMware guest: its own disk could be locked by a key it holds",
                LOCKED,
            );
        }
        Machine::Other(Some(maker)) => report.passed(NAME, format!("on this machine, a virtual machine of {maker}")),
        Machine::Other(None) => {
            report.noted(
                NAME,
                "on this machine, a virtual machine of unknown make: not on storage that it unlocks, is it?",
            );
        }
        Machine::Physical => report.passed(NAME, "on this machine, which is not a virtual one"),
    }
}

/// Says of a server on another machine that this can't be seen from here.
pub(super) fn elsewhere(report: &mut Report) {
    report.noted(
        NAME,
        "not on this machine: run the doctor there too, to see that it is no guest on storage that it unlocks",
    );
}

/// What the machine is whose file system is at `root`.
pub(super) fn detect(root: &Path) -> Machine {
    let makers: Vec<_> = MAKERS.iter().filter_map(|path| read(root, path)).collect();
    // `VMW` is what the firmware of ARM guests says.
    if makers.iter().any(|maker| maker.starts_with("VMware") || maker.starts_with("VMW")) {
        return Machine::VMware;
    }
    let flags = read(root, PROCESSOR).unwrap_or_default();
    let is_guest =
        flags.lines().any(|line| line.starts_with("flags") && line.split_whitespace().any(|flag| flag == "hypervisor"));
    if is_guest { Machine::Other(makers.into_iter().next()) } else { Machine::Physical }
}

fn read(root: &Path, path: &str) -> Option<String> {
    let text = std::fs::read_to_string(root.join(path)).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
