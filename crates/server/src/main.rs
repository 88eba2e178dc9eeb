//! The binary `keystead`: reads the command line and goes where it points.
//!
//! The invariant: **what is freed is wiped**. Our own types wipe themselves, but a request passes through buffers of rustls, hyper and
//! serde on its way, which don't.

/// Wipes every block of memory as it is given back.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    server::cli::run()
}
