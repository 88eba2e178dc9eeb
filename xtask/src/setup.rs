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
    /// A Python environment: its folder in `target`, and the file in `tests` with what belongs in it.
    Venv(&'static str, &'static str),
    /// The Node packages of `tests/npm/package-lock.json`, in `target/npm`.
    NodePackages,
}

pub(crate) const RUSTFMT: Need = Need::Component("rustfmt", "cargo fmt --version");
pub(crate) const CLIPPY: Need = Need::Component("clippy", "cargo clippy --version");
pub(crate) const COMPILER: Need = Need::Package("build-essential", "c++ --version");
pub(crate) const OPENSSL: Need = Need::Package("openssl", "openssl version");
pub(crate) const PYTHON: Need = Need::Package("python3", "python3 --version");
// A tab, for a command's words are told apart by spaces. Debian's python3 has `venv` always, and `ensurepip` with this package.
pub(crate) const PYTHON_VENV: Need = Need::Package("python3-venv", "python3 -cimport\tensurepip");
pub(crate) const FAKETIME: Need = Need::Package("faketime", "faketime --version");
pub(crate) const STRACE: Need = Need::Package("strace", "strace --version");
pub(crate) const TESTSSL: Need = Need::Package("testssl.sh", "testssl --version");
pub(crate) const NODE: Need = Need::Package("nodejs", "node --version");
pub(crate) const NPM: Need = Need::Package("npm", "npm --version");
pub(crate) const VENV: Need = Need::Venv("venv", "requirements.txt");
// Each has an environment of its own: two packages are named keyprotect, and their libraries exclude each other's.
pub(crate) const KEYPROTECT_3: Need = Need::Venv("venv-keyprotect-3", "requirements-keyprotect-3.txt");
pub(crate) const KEYPROTECT_2: Need = Need::Venv("venv-keyprotect-2", "requirements-keyprotect-2.txt");
pub(crate) const SCHEMATHESIS: Need = Need::Venv("venv-schemathesis", "requirements-schemathesis.txt");
// sslyze wants an older `cryptography` than our own suites.
pub(crate) const SCANNERS: Need = Need::Venv("venv-scanners", "requirements-scanners.txt");
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
        Need::Component(..) | Need::Tool(..) | Need::Venv(..) | Need::NodePackages => None,
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
        Need::Venv(folder, requirements) => install_venv(folder, requirements),
        Need::NodePackages => install_node_packages(),
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

/// An environment in `target`.
fn install_venv(folder: &str, requirements: &str) -> Result<(), String> {
    let pip = format!("target/{folder}/bin/pip install --quiet --disable-pip-version-check --no-input");
    made_for(&format!("tests/{requirements}"), &format!("target/{folder}/requirements.txt"), || {
        must(command(&format!("python3 -m venv --clear target/{folder}")))?;
        must(command(&format!("{pip} -r tests/{requirements}")))
    })
}

/// The packages in `target/npm`: exactly those of the lock file, each with its digest, and no script of theirs is run.
fn install_node_packages() -> Result<(), String> {
    made_for("tests/npm/package-lock.json", "target/npm/made-for.json", || {
        let folder = root().join("target/npm");
        let copy = |name| fs::copy(root().join("tests/npm").join(name), folder.join(name)).map(drop);
        let copied = fs::create_dir_all(&folder)
            .and_then(|()| ["package.json", "package-lock.json"].into_iter().try_for_each(copy));
        copied.map_err(|error| format!("cannot write target/npm: {error}"))?;
        must(command("npm ci --prefix target/npm --ignore-scripts --no-audit --no-fund"))
    })
}

/// Makes something, unless the copy of what it is made from says that this was done. The copy is written last.
fn made_for(wanted: &str, copy: &str, make: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let (wanted, made) = (root().join(wanted), root().join(copy));
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    if read(&made) == read(&wanted) {
        return Ok(());
    }
    make()?;
    fs::copy(wanted, &made).map(drop).map_err(|error| format!("cannot write {}: {error}", made.display()))
}
