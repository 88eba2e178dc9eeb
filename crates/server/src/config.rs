//! The configuration: defaults, then one TOML file, then the environment, then the command line; the later wins.
//!
//! The invariant of this room: **a setting that is misspelt or malformed stops the start, named, with its place; it is never ignored.**
//! All settings stand in one table, [`settings`], from which reading, checking, printing and the documented example are made.

mod file;
mod settings;
mod text;
mod value;

pub use file::example;
pub use text::show;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use value::Value;

/// Where a file is looked for when none is named.
const SYSTEM_FILE: &str = "/etc/keystead/keystead.toml";
/// Names the file.
pub const FILE_VARIABLE: &str = "KEYSTEAD_CONFIG";
/// The passphrase itself, for containers; it is removed from memory with the variable.
pub const PASSPHRASE_VARIABLE: &str = "KEYSTEAD_PASSPHRASE";
/// Variables that the command line or the master key reads, so that they are no misspelt settings.
const OTHER_VARIABLES: [&str; 5] =
    [FILE_VARIABLE, PASSPHRASE_VARIABLE, "KEYSTEAD_URL", "KEYSTEAD_API_KEY", "KEYSTEAD_CA"];

/// What is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Names and addresses that the server certificate bears; empty: those of the machine.
    pub names: Vec<String>,
    /// The data folder.
    pub data: PathBuf,
    /// Where KMIP is listened for.
    pub kmip_listen: SocketAddr,
    /// Where HTTPS administration is listened for.
    pub admin_listen: SocketAddr,
    /// Where the master key comes from.
    pub master_key: MasterKeySource,
    /// When a read's audit event is on stable storage.
    pub journal: JournalFlush,
    /// What is logged.
    pub log: Log,
    /// How much of what clients may have.
    pub limits: Limits,
}

/// Where the master key comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterKeySource {
    /// A key file.
    pub file: Option<PathBuf>,
    /// A file with a passphrase.
    pub passphrase_file: Option<PathBuf>,
}

/// When a read's audit event is on stable storage. It is with the kernel before the answer leaves in both cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalFlush {
    /// At least every 100 ms: a crash of the process loses nothing, a power cut at most that much.
    Interval,
    /// Before each answer.
    Each,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least severe level that is logged.
    pub level: tracing::Level,
    /// Text or JSON.
    pub format: LogFormat,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// How much of what clients may have. Times begin anew with each step that is completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// KMIP connections at a time.
    pub connections: usize,
    /// KMIP connections at a time from one address.
    pub connections_per_address: usize,
    /// For the TLS handshake.
    pub handshake: Duration,
    /// For a request, from its first byte to its last, and for taking the answer.
    pub request: Duration,
    /// Between requests.
    pub idle: Duration,
}

impl Config {
    /// The defaults, with `data` as the folder.
    pub fn new(data: PathBuf) -> Self {
        Config {
            names: Vec::new(),
            data,
            kmip_listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 5696)),
            admin_listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8443)),
            master_key: MasterKeySource::default(),
            journal: JournalFlush::Interval,
            log: Log { level: tracing::Level::INFO, format: LogFormat::Text },
            limits: Limits {
                connections: 16384,
                connections_per_address: 4096,
                handshake: Duration::from_secs(10),
                request: Duration::from_secs(30),
                idle: Duration::from_secs(3600),
            },
        }
    }
}

/// What the command line says. It wins over everything.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// The file to read instead of the usual one.
    pub config: Option<PathBuf>,
    /// As in [`Config`].
    pub data: Option<PathBuf>,
    /// As in [`Config`]; empty says nothing.
    pub names: Vec<String>,
    /// As in [`Config`], as written.
    pub kmip_listen: Option<String>,
    /// As in [`Config`], as written.
    pub admin_listen: Option<String>,
}

/// A configuration and where it came from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What is in force.
    pub config: Config,
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    /// What is odd, though not wrong: to be logged.
    pub warnings: Vec<String>,
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file can't be read.
    #[error("the configuration file {} can't be read: {reason}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A line of the file is wrong.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A variable or a flag is wrong.
    #[error("{origin}: {problem}")]
    Elsewhere {
        /// The variable or flag.
        origin: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// Settings that exclude each other.
    #[error("{0}")]
    Conflict(&'static str),
}

/// Puts together what is in force.
///
/// # Errors
/// The first thing that is wrong.
pub fn load(flags: &Flags, environment: &[(String, String)]) -> Result<Loaded, Error> {
    let mut config = Config::new(default_data());
    let file = chosen_file(flags, environment);
    if let Some(path) = &file {
        file::apply(&mut config, path)?;
    }
    apply_environment(&mut config, environment)?;
    apply_flags(&mut config, flags)?;
    check(&config)?;
    Ok(Loaded { config, file, warnings: unknown_variables(environment) })
}

/// The process's environment, as far as it is Keystead's.
pub fn environment() -> Vec<(String, String)> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).filter(|(name, _)| name.starts_with("KEYSTEAD_")).collect()
}

/// Where data is kept unless somebody says otherwise: of the system for root, of the user for others.
pub fn default_data() -> PathBuf {
    if nix::unistd::geteuid().is_root() {
        return PathBuf::from("/var/lib/keystead");
    }
    let absolute = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")));
    base.map_or_else(|| PathBuf::from("keystead-data"), |base| base.join("keystead"))
}

fn chosen_file(flags: &Flags, environment: &[(String, String)]) -> Option<PathBuf> {
    let variable = environment.iter().find(|(name, value)| name == FILE_VARIABLE && !value.is_empty());
    let system = Path::new(SYSTEM_FILE);
    let named = flags.config.clone().or_else(|| variable.map(|(_, value)| PathBuf::from(value)));
    named.or_else(|| system.exists().then(|| system.to_owned()))
}

fn apply_environment(config: &mut Config, environment: &[(String, String)]) -> Result<(), Error> {
    for setting in settings::ALL {
        let variable = environment.iter().find(|(name, _)| *name == setting.variable());
        if let Some((name, value)) = variable.filter(|(_, value)| !value.is_empty()) {
            let problem = |problem| Error::Elsewhere { origin: name.clone(), problem };
            (setting.set)(config, &Value::Text(value)).map_err(problem)?;
        }
    }
    Ok(())
}

fn apply_flags(config: &mut Config, flags: &Flags) -> Result<(), Error> {
    let listen =
        [("kmip_listen", "--kmip-listen", &flags.kmip_listen), ("admin_listen", "--admin-listen", &flags.admin_listen)];
    for (key, flag, value) in listen {
        if let (Some(value), Some(setting)) = (value, settings::find(key)) {
            let problem = |problem| Error::Elsewhere { origin: flag.into(), problem };
            (setting.set)(config, &Value::Text(value)).map_err(problem)?;
        }
    }
    if !flags.names.is_empty() {
        let problem = |problem| Error::Elsewhere { origin: "--name".into(), problem };
        config.names = value::names(&flags.names).map_err(problem)?;
    }
    if let Some(data) = &flags.data {
        config.data.clone_from(data);
    }
    Ok(())
}

fn check(config: &Config) -> Result<(), Error> {
    if config.master_key.file.is_some() && config.master_key.passphrase_file.is_some() {
        return Err(Error::Conflict(
            "master_key.file and master_key.passphrase_file exclude each other: keep the one that is true",
        ));
    }
    if config.kmip_listen == config.admin_listen && config.kmip_listen.port() != 0 {
        return Err(Error::Conflict("kmip_listen and admin_listen are the same address: give each its own port"));
    }
    Ok(())
}

fn unknown_variables(environment: &[(String, String)]) -> Vec<String> {
    let known = |name: &str| OTHER_VARIABLES.contains(&name) || settings::ALL.iter().any(|s| s.variable() == name);
    let unknown = environment.iter().map(|(name, _)| name).filter(|name| !known(name));
    unknown.map(|name| format!("the environment variable {name} is no setting of Keystead's and is ignored")).collect()
}
