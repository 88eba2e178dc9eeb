//! What the kernel says about another process: its CPU time and its memory.
//!
//! Invariant: CPU time is the process's own CPU clock, in nanoseconds. It is the sum that `utime + stime` of
//! `/proc/PID/stat` rounds to ticks of 10 ms, and threads that ended stay in it (they vanish from
//! `/proc/PID/task/*/schedstat`).

use crate::error::{Doing, Error};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

/// A process, by its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) Pid);

impl Process {
    pub(crate) fn of(child: &std::process::Child) -> Self {
        Self(Pid::from_raw(child.id().cast_signed()))
    }

    /// User and system time of all its threads since it began.
    pub(crate) fn cpu(self) -> Result<Duration, Error> {
        let now = clock_getcpuclockid(self.0).and_then(clock_gettime);
        now.map(Duration::from).doing(|| format!("reading the CPU clock of process {}", self.0))
    }

    /// Resident memory, in bytes (`VmRSS`: what is mapped from files included).
    pub(crate) fn resident(self) -> Result<u64, Error> {
        let path = format!("/proc/{}/status", self.0);
        let status = fs::read_to_string(&path).doing(|| format!("reading {path}"))?;
        resident(&status)
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
            .doing(|| format!("VmRSS in {path}"))
    }
}

fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The bytes of all files below a folder.
pub(crate) fn folder_bytes(folder: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        total += if data.is_dir() { folder_bytes(&entry.path())? } else { data.len() };
    }
    Ok(total)
}

/// Allows as many open files as the hard limit does; children inherit it.
pub(crate) fn raise_file_limit() -> nix::Result<u64> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard)?;
    Ok(hard)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    /// The CPU clock against the kernel's other account of the same process, to within its ticks.
    #[test]
    fn cpu_clock_agrees_with_proc() {
        let me = Process(nix::unistd::getpid());
        let begin = me.cpu().unwrap();
        let worker = std::thread::spawn(|| {
            let until = Instant::now() + Duration::from_millis(60);
            while Instant::now() < until {
                std::hint::spin_loop();
            }
        });
        worker.join().unwrap();
        let clock = me.cpu().unwrap();
        assert!(clock > begin, "the ended thread's time is in it");
        let proc = ticks();
        assert!(clock.abs_diff(proc) < Duration::from_millis(500), "{clock:?} against {proc:?}");
    }

    #[test]
    fn reads_resident_memory() {
        assert_eq!(resident("Name:\tx\nVmRSS:\t    1234 kB\nThreads:\t1\n"), Some(1234 * 1024));
        assert_eq!(resident("Name:\tx\n"), None);
        assert!(Process(nix::unistd::getpid()).resident().unwrap() > 1024 * 1024);
    }

    #[test]
    fn counts_the_bytes_of_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("sub")).unwrap();
        fs::write(folder.path().join("a"), [0; 10]).unwrap();
        fs::write(folder.path().join("sub/b"), [0; 5]).unwrap();
        assert_eq!(folder_bytes(folder.path()).unwrap(), 15);
    }

    /// `utime + stime` of `/proc/self/stat`, counted after the command's closing bracket (proc(5): fields 14 and 15).
    fn ticks() -> Duration {
        let stat = fs::read_to_string("/proc/self/stat").unwrap();
        let rest = stat.rsplit(") ").next().unwrap();
        let ticks: u64 = rest.split(' ').skip(11).take(2).map(|field| field.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }
}
