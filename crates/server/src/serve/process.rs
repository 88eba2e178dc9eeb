//! What the process asks of the system for itself: no core dumps, no swapping of keys, enough open files.
//!
//! None of it is a condition for serving; what is refused is logged with what to do.

use nix::sys::mman::{MlockAllFlags, mlockall};
use nix::sys::prctl;
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit, setrlimit};

/// Linux's MCL_ONFAULT: pages are locked when they are first touched, so that untouched stacks and arenas take no memory.
const MCL_ONFAULT: i32 = 4;
/// Fewer open files than this are worth a word: each connection is one.
const FEW_FILES: u64 = 4096;

/// How many files may be open at a time, sockets among them; none where there is no limit.
pub(super) fn open_files() -> Option<usize> {
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE).ok()?;
    usize::try_from(soft).ok().filter(|_| soft != RLIM_INFINITY)
}

/// Hardens the process as far as the system lets it.
pub(super) fn harden() {
    if let Err(error) = prctl::set_dumpable(false) {
        tracing::warn!(%error, "other processes of this user may look into this one's memory");
    }
    if let Err(error) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        tracing::warn!(%error, "core dumps could not be switched off: set LimitCORE=0");
    }
    lock_memory();
    raise_files();
}

/// With a limit on locked memory, locking what will be mapped makes later allocations fail: all or nothing.
fn lock_memory() {
    let (_, hard) = getrlimit(Resource::RLIMIT_MEMLOCK).unwrap_or((0, 0));
    let may = hard == RLIM_INFINITY && setrlimit(Resource::RLIMIT_MEMLOCK, hard, hard).is_ok();
    let flags = MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | MlockAllFlags::from_bits_retain(MCL_ONFAULT);
    if !may && !nix::unistd::geteuid().is_root() {
        return tracing::warn!(
            "memory is not locked, so keys may be swapped out: set LimitMEMLOCK=infinity, or use no swap"
        );
    }
    if let Err(error) = mlockall(flags) {
        tracing::warn!(%error, "memory is not locked, so keys may be swapped out: set LimitMEMLOCK=infinity, or use no swap");
    }
}

fn raise_files() {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return };
    if soft < hard {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
    if hard < FEW_FILES {
        tracing::warn!(hard, "few files can be open at a time, and each connection is one: set LimitNOFILE=65536");
    }
}
