//! What the suites need that a fresh Debian 12 machine with Rust lacks: installed once, and only where a suite wants it.
//!
//! The invariant: what is there already is left as it is, and every version that is installed is pinned.

use std::fs;

use crate::shell::{answers, command, must, root};

/// A thing that a suite needs.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Need {
    /// A Debian package, and a command that answers where it is not needed any more.
    Package(&'static str, &'static str),
    /// A component of the Rust toolchain, and a command that answers where it is there.
    Component(&'static str, &'static str),
    /// A cargo subcommand: its name, and what `cargo install` wants to hear.
    Tool(&'static str, &'static str),
    /// The Python environment of `tests/requirements.txt`.
    Venv,
}

pub(crate) const RUSTFMT: Need = Need::Component("rustfmt", "cargo fmt --version");
pub(crate) const CLIPPY: Need = Need::Component("clippy", "cargo clippy --version");
pub(crate) const COMPILER: Need = Need::Package("build-essential", "c++ --version");
pub(crate) const OPENSSL: Need = Need::Package("openssl", "openssl version");
pub(crate) const PYTHON: Need = Need::Package("python3", "python3 --version");
// A tab, for a command's words are told apart by spaces. Debian's python3 has `venv` always, and `ensurepip` with this package.
pub(crate) const PYTHON_VENV: Need = Need::Package("python3-venv", "python3 -cimport\tensurepip");
pub(crate) const DENY: Need = Need::Tool("deny", "cargo-deny@0.20.2");
pub(crate) const AUDIT: Need = Need::Tool("audit", "cargo-audit@0.22.2 --no-default-features");
pub(crate) const FUZZ: Need = Need::Tool("fuzz", "cargo-fuzz@0.13.2");

/// Installs what is missing.
pub(crate) fn install(needs: &[Need]) -> Result<(), String> {
    let packages: Vec<&str> = needs.iter().filter_map(missing_package).collect();
    if !packages.is_empty() {
        install_packages(&packages)?;
    }
    needs.iter().try_for_each(install_other)
}

fn missing_package(need: &Need) -> Option<&'static str> {
    match need {
        Need::Package(name, probe) => (!answers(probe)).then_some(*name),
        Need::Component(..) | Need::Tool(..) | Need::Venv => None,
    }
}

fn install_packages(packages: &[&str]) -> Result<(), String> {
    let packages = packages.join(" ");
    let install = format!("apt-get install --yes --no-install-recommends {packages}");
    let Some(apt) = ["", "sudo -n "].iter().find(|prefix| answers(&format!("{prefix}test -w /var/lib/dpkg"))) else {
        return Err(format!(
            "these Debian packages are missing, and neither root nor sudo is at hand: {packages}\n    run: {install}"
        ));
    };
    for line in ["apt-get update", &install] {
        let mut command = command(&format!("{apt}{line}"));
        command.env("DEBIAN_FRONTEND", "noninteractive");
        must(command)?;
    }
    Ok(())
}

fn install_other(need: &Need) -> Result<(), String> {
    match need {
        Need::Component(_, probe) | Need::Package(_, probe) if answers(probe) => Ok(()),
        Need::Component(name, _) => must(command(&format!("rustup component add {name}"))),
        Need::Package(name, probe) => Err(format!("{name} is installed, and `{probe}` still fails")),
        Need::Tool(name, _) if answers(&format!("cargo {name} --version")) => Ok(()),
        Need::Tool(_, package) => install_tool(package),
        Need::Venv => install_venv(),
    }
}

/// Light optimisation: these tools run for seconds, and their full release builds take minutes.
fn install_tool(package: &str) -> Result<(), String> {
    let mut command = command(&format!("cargo install --locked {package}"));
    command.envs([
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
        ("CARGO_PROFILE_RELEASE_LTO", "off"),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ]);
    must(command)
}

/// The environment in `target/venv`; a copy of the requirements inside says what it was made for.
fn install_venv() -> Result<(), String> {
    let wanted = root().join("tests/requirements.txt");
    let made = root().join("target/venv/requirements.txt");
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    if read(&made) == read(&wanted) {
        return Ok(());
    }
    must(command("python3 -m venv --clear target/venv"))?;
    must(command(
        "target/venv/bin/pip install --quiet --disable-pip-version-check --no-input -r tests/requirements.txt",
    ))?;
    fs::copy(wanted, made).map(drop).map_err(|error| format!("cannot write target/venv: {error}"))
}
