//! The configuration: defaults, then one TOML file, then the environment, then the command line; the later wins.
//!
//! The invariant of this room: **a setting that is misspelt or malformed stops the start, named, with its place; it is never ignored.**
//! All settings stand in one table, [`settings`], from which reading, checking, printing and the documented example are made.

mod audit;
mod error;
mod file;
mod load;
mod settings;
mod text;
mod traces;
mod value;

pub use audit::{AuditFile, AuditOtlp, AuditSettings, AuditSyslog, SyslogAddress, Without};
pub use error::Error;
pub use file::example;
pub use load::{default_data, environment, load};
pub use text::show;
pub use traces::{EACH, Traces};

use keymanager::{Network, Timers};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Names the file.
pub const FILE_VARIABLE: &str = "KEYSTEAD_CONFIG";
/// The passphrase itself, for containers.
pub const PASSPHRASE_VARIABLE: &str = "KEYSTEAD_PASSPHRASE";

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
    /// Who gets the audit, and what happens when it can't be written.
    pub audit: AuditSettings,
    /// The key manager's periods.
    pub timers: Timers,
    /// Whether they may be shorter than anybody should have them, which is for tests.
    pub timers_for_tests: bool,
    /// How often it is looked for what falls due.
    pub schedule: Duration,
    /// How often the use of keys is written down.
    pub usage: Duration,
    /// A day of a quarantine.
    pub quarantine_day: Duration,
    /// What is logged.
    pub log: Log,
    /// How much of what clients may have.
    pub limits: Limits,
    /// Where backups are put, how often one is made (none: by hand alone), and how many are kept.
    pub backup: BackupPlan,
    /// Load balancers in front of the KMIP port, which speak the PROXY protocol.
    pub proxies: Vec<Network>,
    /// Where numbers are shown to Prometheus without a key.
    pub metrics: MetricsListener,
    /// Who gets traces, and of how many requests.
    pub traces: Traces,
    /// How often each adapter's key and one of its objects are opened to see whether they can be.
    pub canary: Duration,
}

/// A listener of its own for Prometheus, over plain HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MetricsListener {
    /// Where; none: there is none.
    pub listen: Option<SocketAddr>,
    /// Whether it may be an address that others than this machine reach.
    pub open: bool,
}

/// Where backups are put, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupPlan {
    /// The folder; none: `backups` in the data folder.
    pub folder: Option<PathBuf>,
    /// Between two, in hours; 0: by hand alone.
    pub every: u32,
    /// How many are kept.
    pub keep: usize,
}

/// Where the master key comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MasterKeySource {
    /// A key file.
    pub file: Option<PathBuf>,
    /// A file with a passphrase.
    pub passphrase_file: Option<PathBuf>,
    /// Files with shares of the master key; empty: people bring them.
    pub share_files: Vec<PathBuf>,
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
    /// KMIP connections at a time of one adapter's clients.
    pub connections_per_adapter: usize,
    /// KMIP adapters of an instance.
    pub adapters_per_instance: usize,
    /// KMIP connections at a time whose client is not let in yet.
    pub waiting: usize,
    /// Keys that a client destroys within an hour before that is an alarm.
    pub destroys_per_hour: usize,
    /// From the connection to the end of the TLS handshake.
    pub handshake: Duration,
    /// For a request, from its first byte to its last, and for taking the answer.
    pub request: Duration,
    /// Between requests.
    pub idle: Duration,
}

impl Limits {
    /// Files that are not for the KMIP port: the administration port's 1,024 connections, and the server's own.
    const OTHER_FILES: usize = 1152;

    /// As much of these as fits where so many files may be open (none: any number), since each connection is one. Else those who say
    /// nothing could take all of them before the rule that makes room for a newcomer is asked.
    pub(crate) fn within(&self, files: Option<usize>) -> Limits {
        let mut limits = self.clone();
        let Some(files) = files else { return limits };
        let room = files.saturating_sub(Self::OTHER_FILES).max(files / 2);
        limits.waiting = self.waiting.min(room / 3).max(1);
        limits.connections = self.connections.min(room - room / 3).max(1);
        if limits != *self {
            let Limits { waiting, connections, .. } = limits;
            tracing::warn!(
                files,
                waiting,
                connections,
                "fewer connections than configured, for lack of open files: raise LimitNOFILE"
            );
        }
        limits
    }
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
            audit: AuditSettings::default(),
            timers: Timers::default(),
            timers_for_tests: false,
            schedule: Duration::from_secs(60),
            usage: Duration::from_secs(60),
            quarantine_day: Duration::from_secs(86_400),
            log: Log { level: tracing::Level::INFO, format: LogFormat::Text },
            limits: Limits {
                connections: 16384,
                connections_per_address: 4096,
                connections_per_adapter: 8192,
                adapters_per_instance: 200,
                waiting: 8192,
                destroys_per_hour: 100,
                handshake: Duration::from_secs(10),
                request: Duration::from_secs(30),
                idle: Duration::from_secs(3600),
            },
            backup: BackupPlan { folder: None, every: 24, keep: 14 },
            proxies: Vec::new(),
            metrics: MetricsListener::default(),
            traces: Traces::default(),
            canary: Duration::from_secs(86_400),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_the_files_that_may_be_open() {
        let limits = Config::new("x".into()).limits;
        let cases = [
            (None, (8192, 16384)),
            (Some(65_536), (8192, 16384)),
            (Some(4096), (981, 1963)),
            (Some(1024), (170, 342)),
            (Some(2), (1, 1)),
        ];
        for (files, expected) in cases {
            let Limits { waiting, connections, .. } = limits.within(files);
            assert_eq!((waiting, connections), expected, "{files:?}");
            assert!(files.is_none_or(|files| waiting + connections <= files));
        }
    }
}
