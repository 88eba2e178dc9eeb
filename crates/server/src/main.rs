//! The binary `keystead`: reads the command line and goes where it points.

fn main() -> std::process::ExitCode {
    server::cli::run()
}
