//! The table of all settings.

use super::audit::{self, SINKS};
use super::traces;
use super::value::Value;
use super::{Config, JournalFlush, LogFormat, Without};
use keymanager::Network;
use std::time::Duration;
use tracing::Level;

/// A setting: everything that is known about it.
pub(super) struct Setting {
    /// Its key in the file, with the table before the dot.
    pub(super) key: &'static str,
    /// What it is for, in lines of a comment.
    pub(super) about: &'static str,
    /// What could be written for it where the default is not to show.
    pub(super) sample: &'static str,
    /// Takes a value.
    pub(super) set: fn(&mut Config, &Value<'_>) -> Result<(), String>,
    /// The value in force as TOML, or none where nothing was said.
    pub(super) show: fn(&Config) -> Option<String>,
}

impl Setting {
    /// The environment variable that sets it too.
    pub(super) fn variable(&self) -> String {
        format!("KEYSTEAD_{}", self.key.replace('.', "_").to_ascii_uppercase())
    }
}

/// The setting with this key.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    ALL.iter().find(|setting| setting.key == key)
}

const FLUSH: [(&str, JournalFlush); 2] = [("interval", JournalFlush::Interval), ("each", JournalFlush::Each)];
const WITHOUT: [(&str, Without); 2] = [("refuse", Without::Refuse), ("serve", Without::Serve)];
const YES_OR_NO: [(&str, bool); 2] = [("yes", true), ("no", false)];
const FORMAT: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];
const LEVEL: [(&str, Level); 5] = [
    ("error", Level::ERROR),
    ("warn", Level::WARN),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
    ("trace", Level::TRACE),
];

/// A row for one of the key manager's periods.
macro_rules! timer {
    ($key:literal, $about:literal, $field:ident, $within:expr) => {
        Setting {
            key: $key,
            about: $about,
            sample: "",
            set: |config, value| value.seconds($within).map(|time| config.timers.$field = millis(time)),
            show: |config| Some((config.timers.$field / 1000).to_string()),
        }
    };
}

/// A row for a file of one of the audit's sinks.
macro_rules! audit_file {
    ($key:literal, $about:literal, $sample:literal, $sink:ident . $field:ident) => {
        Setting {
            key: $key,
            about: $about,
            sample: $sample,
            set: |config, value| value.path().map(|path| config.audit.$sink.$field = Some(path)),
            show: |config| config.audit.$sink.$field.as_ref().map(|path| quoted(&path.display().to_string())),
        }
    };
}

/// A row for a file that traces need.
macro_rules! traces_file {
    ($key:literal, $about:literal, $sample:literal, $field:ident) => {
        Setting {
            key: $key,
            about: $about,
            sample: $sample,
            set: |config, value| value.path().map(|path| config.traces.$field = Some(path)),
            show: |config| config.traces.$field.as_ref().map(|path| quoted(&path.display().to_string())),
        }
    };
}

/// All settings, in the order in which they are shown: those without a table first, as TOML wants it.
pub(super) const ALL: &[Setting] = &[
    Setting {
        key: "names",
        about: "Names and addresses by which vCenter and hosts reach this server: they go into its certificate.\n\
                Without any, the machine's host name. A change makes a new certificate on the same key.",
        sample: r#"["kms1.example.com", "192.0.2.10"]"#,
        set: |config, value| value.names().map(|names| config.names = names),
        show: |config| (!config.names.is_empty()).then(|| format!("{:?}", config.names)),
    },
    Setting {
        key: "data",
        about: "The data folder.",
        sample: "",
        set: |config, value| value.path().map(|path| config.data = path),
        show: |config| Some(quoted(&config.data.display().to_string())),
    },
    Setting {
        key: "kmip_listen",
        about: "Where KMIP is served: address and port.",
        sample: "",
        set: |config, value| value.address().map(|address| config.kmip_listen = address),
        show: |config| Some(quoted(&config.kmip_listen.to_string())),
    },
    Setting {
        key: "admin_listen",
        about: "Where administration is served over HTTPS: address and port.",
        sample: "",
        set: |config, value| value.address().map(|address| config.admin_listen = address),
        show: |config| Some(quoted(&config.admin_listen.to_string())),
    },
    Setting {
        key: "master_key.file",
        about: "The key file that opens everything. Without this and the next one: a passphrase in the systemd credential\n\
                `passphrase` or in KEYSTEAD_PASSPHRASE, and without that `master.key` in the data folder.\n\
                Keep a copy of it away from this machine: without it, nothing that is stored can be read.",
        sample: r#""/etc/keystead/master.key""#,
        set: |config, value| value.path().map(|path| config.master_key.file = Some(path)),
        show: |config| config.master_key.file.as_ref().map(|path| quoted(&path.display().to_string())),
    },
    Setting {
        key: "master_key.passphrase_file",
        about: "A file with a passphrase that the master key is derived from, instead of a key file.",
        sample: r#""/run/secrets/keystead-passphrase""#,
        set: |config, value| value.path().map(|path| config.master_key.passphrase_file = Some(path)),
        show: |config| config.master_key.passphrase_file.as_ref().map(|path| quoted(&path.display().to_string())),
    },
    Setting {
        key: "master_key.share_files",
        about: "Files with shares of the master key (`keystead init --shares`), as many as are needed. With fewer, the server waits\n\
                sealed until holders bring the rest with `keystead unseal`. Shares that lie together are one key: keep them apart.",
        sample: r#"["/mnt/one/master-share-1-of-3.txt", "/mnt/two/master-share-2-of-3.txt"]"#,
        set: |config, value| value.paths().map(|paths| config.master_key.share_files = paths),
        show: |config| {
            let files = &config.master_key.share_files;
            (!files.is_empty()).then(|| format!("{files:?}"))
        },
    },
    Setting {
        key: "journal.flush",
        about: "When the audit event of a read is flushed to disk: \"interval\" (every 100 ms; a power cut may lose that much) or\n\
                \"each\" (before each answer). A change's event is always flushed with the change.",
        sample: "",
        set: |config, value| value.choice(&FLUSH).map(|flush| config.journal = flush),
        show: |config| word(&FLUSH, config.journal),
    },
    Setting {
        key: "usage.every_seconds",
        about: "How often it is written down which keys were handed out, when and to whom. A crash loses what came since; the audit has it.",
        sample: "",
        set: |config, value| value.seconds(1..=3600).map(|time| config.usage = time),
        show: |config| Some(config.usage.as_secs().to_string()),
    },
    Setting {
        key: "audit.head_seconds",
        about: "How often it is signed where the audit stands, where there is anything new: a head. What comes after the last head may be\n\
                cut off unseen.",
        sample: "",
        set: |config, value| value.seconds(1..=3600).map(|time| config.audit.head_every = time),
        show: |config| Some(config.audit.head_every.as_secs().to_string()),
    },
    Setting {
        key: "audit.head_records",
        about: "After so many records a head is signed in any case.",
        sample: "",
        set: |config, value| value.number(1..=1_000_000).map(|number| config.audit.head_records = number),
        show: |config| Some(config.audit.head_records.to_string()),
    },
    Setting {
        key: "audit.when_full",
        about: "What happens to reads, keys handed out among them, when the disk is so full that their events can't be written:\n\
                \"refuse\", or \"serve\": then it is counted what is missing, and said in the audit once there is room. Changes are refused in\n\
                any case.",
        sample: "",
        set: |config, value| value.choice(&WITHOUT).map(|what| config.audit.when_full = what),
        show: |config| word(&WITHOUT, config.audit.when_full),
    },
    Setting {
        key: "audit.require",
        about: "Sinks that have to have the event before the answer leaves, besides this node's own journal: \"file\", \"syslog\", \"otlp\".\n\
                One that hangs is waited for 2 seconds, once; until it has caught up, audit.when_failing says what happens.",
        sample: r#"["syslog"]"#,
        set: |config, value| value.choices(&SINKS).map(|sinks| config.audit.required = sinks),
        show: |config| (!config.audit.required.is_empty()).then(|| format!("{:?}", config.audit.required)),
    },
    Setting {
        key: "audit.when_failing",
        about: "What happens when such a sink does not take the event: \"serve\" (the journal has it) or \"refuse\". A change that is refused\n\
                so was made all the same: its answer alone is held back.",
        sample: "",
        set: |config, value| value.choice(&WITHOUT).map(|what| config.audit.when_failing = what),
        show: |config| word(&WITHOUT, config.audit.when_failing),
    },
    audit_file!(
        "audit.file.path",
        "A file that the audit is written to, one JSON object a line.",
        r#""/var/log/keystead/audit.jsonl""#,
        file.path
    ),
    Setting {
        key: "audit.file.megabytes",
        about: "The file is renamed, and a new one begun, before it is longer.",
        sample: "",
        set: |config, value| value.number(1..=1_000_000).map(|number| config.audit.file.megabytes = number),
        show: |config| Some(config.audit.file.megabytes.to_string()),
    },
    Setting {
        key: "audit.file.keep",
        about: "So many older files are kept beside it.",
        sample: "",
        set: |config, value| value.number(0..=10_000).map(|number| config.audit.file.keep = number),
        show: |config| Some(config.audit.file.keep.to_string()),
    },
    Setting {
        key: "audit.syslog.address",
        about: "A collector that gets the audit by syslog (RFC 5424) over TLS (RFC 5425); tcp:// is for this machine alone.",
        sample: r#""tls://logs.example.com:6514""#,
        set: |config, value| audit::syslog_address(value).map(|address| config.audit.syslog.address = Some(address)),
        show: |config| config.audit.syslog.address.as_ref().map(|address| quoted(&address.to_string())),
    },
    audit_file!(
        "audit.syslog.ca_file",
        "The CA of the collector's certificate, as PEM.",
        r#""/etc/keystead/logs-ca.pem""#,
        syslog.ca_file
    ),
    audit_file!(
        "audit.syslog.certificate_file",
        "The client certificate to show to the collector, as PEM, where it wants one.",
        r#""/etc/keystead/logs-client.pem""#,
        syslog.certificate_file
    ),
    audit_file!(
        "audit.syslog.key_file",
        "The private key of it, as PEM.",
        r#""/etc/keystead/logs-client.key""#,
        syslog.key_file
    ),
    Setting {
        key: "audit.otlp.endpoint",
        about: "An OpenTelemetry collector that gets the audit as log records: OTLP over HTTP, JSON; http:// is for this machine alone.",
        sample: r#""https://logs.example.com:4318/v1/logs""#,
        set: |config, value| {
            let endpoint = audit::endpoint(value, "the audit goes", "https://logs.example.com:4318/v1/logs");
            endpoint.map(|endpoint| config.audit.otlp.endpoint = Some(endpoint))
        },
        show: |config| config.audit.otlp.endpoint.as_ref().map(|endpoint| quoted(endpoint)),
    },
    audit_file!(
        "audit.otlp.ca_file",
        "The CA of that collector's certificate, as PEM.",
        r#""/etc/keystead/logs-ca.pem""#,
        otlp.ca_file
    ),
    audit_file!(
        "audit.otlp.authorization_file",
        "A file with what the header Authorization is to say, such as `Bearer TOKEN`.",
        r#""/etc/keystead/otlp-authorization""#,
        otlp.authorization_file
    ),
    Setting {
        key: "log.level",
        about: "The least severe level that is logged, to standard error: error, warn, info, debug, trace.",
        sample: "",
        set: |config, value| value.choice(&LEVEL).map(|level| config.log.level = level),
        show: |config| word(&LEVEL, config.log.level),
    },
    Setting {
        key: "log.format",
        about: "How a log line looks: \"text\" or \"json\".",
        sample: "",
        set: |config, value| value.choice(&FORMAT).map(|format| config.log.format = format),
        show: |config| word(&FORMAT, config.log.format),
    },
    Setting {
        key: "backup.folder",
        about: "Where backups are put: `backups` in the data folder unless set. Best another disk; copy them away from this machine.",
        sample: r#""/mnt/backup/keystead""#,
        set: |config, value| value.path().map(|path| config.backup.folder = Some(path)),
        show: |config| config.backup.folder.as_ref().map(|path| quoted(&path.display().to_string())),
    },
    Setting {
        key: "backup.every_hours",
        about: "How often a backup is made by itself, once there is a recovery kit; 0: by hand alone.",
        sample: "",
        set: |config, value| value.number(0..=8760).map(|hours| config.backup.every = hours),
        show: |config| Some(config.backup.every.to_string()),
    },
    Setting {
        key: "backup.keep",
        about: "How many backups are kept in the folder; the last one that was verified stays in any case.",
        sample: "",
        set: |config, value| value.number(1..=10_000).map(|number| config.backup.keep = number as usize),
        show: |config| Some(config.backup.keep.to_string()),
    },
    Setting {
        key: "alarms.destroys_per_hour",
        about: "Keys that one client, or one user of the API, destroys within an hour before that is an alarm. Destroyed keys can be restored: see timers.restorable.",
        sample: "",
        set: |config, value| {
            value.number(1..=1_000_000).map(|number| config.limits.destroys_per_hour = number as usize)
        },
        show: |config| Some(config.limits.destroys_per_hour.to_string()),
    },
    Setting {
        key: "limits.connections",
        about: "KMIP connections at a time, from all addresses.",
        sample: "",
        set: |config, value| value.number(1..=1_000_000).map(|number| config.limits.connections = number as usize),
        show: |config| Some(config.limits.connections.to_string()),
    },
    Setting {
        key: "limits.connections_per_address",
        about: "KMIP connections at a time from one address.",
        sample: "",
        set: |config, value| {
            value.number(1..=1_000_000).map(|number| config.limits.connections_per_address = number as usize)
        },
        show: |config| Some(config.limits.connections_per_address.to_string()),
    },
    Setting {
        key: "limits.connections_per_adapter",
        about: "KMIP connections at a time of one adapter's clients.",
        sample: "",
        set: |config, value| {
            value.number(1..=1_000_000).map(|number| config.limits.connections_per_adapter = number as usize)
        },
        show: |config| Some(config.limits.connections_per_adapter.to_string()),
    },
    Setting {
        key: "limits.adapters_per_instance",
        about: "KMIP adapters that an instance can have. IBM's limit is 200.",
        sample: "",
        set: |config, value| {
            value.number(1..=10_000).map(|number| config.limits.adapters_per_instance = number as usize)
        },
        show: |config| Some(config.limits.adapters_per_instance.to_string()),
    },
    Setting {
        key: "limits.waiting",
        about: "KMIP connections at a time whose client is not let in yet. Where there are more, the one that has waited longest\n\
                from the address with most of them is closed, so that a newcomer always finds room.",
        sample: "",
        set: |config, value| value.number(1..=1_000_000).map(|number| config.limits.waiting = number as usize),
        show: |config| Some(config.limits.waiting.to_string()),
    },
    Setting {
        key: "limits.handshake_seconds",
        about: "How long a connection to the KMIP port may take to finish its TLS handshake.",
        sample: "",
        set: |config, value| value.seconds(1..=600).map(|time| config.limits.handshake = time),
        show: |config| Some(config.limits.handshake.as_secs().to_string()),
    },
    Setting {
        key: "limits.request_seconds",
        about: "How long a request may take from its first byte to its last, and how long a client may take to read an answer.",
        sample: "",
        set: |config, value| value.seconds(1..=3600).map(|time| config.limits.request = time),
        show: |config| Some(config.limits.request.as_secs().to_string()),
    },
    Setting {
        key: "limits.idle_seconds",
        about: "How long a connection may stay without a request.",
        sample: "",
        set: |config, value| value.seconds(1..=604_800).map(|time| config.limits.idle = time),
        show: |config| Some(config.limits.idle.as_secs().to_string()),
    },
    Setting {
        key: "proxy.from",
        about: "Load balancers in front of the KMIP port: addresses or blocks. They have to send a header of the PROXY protocol,\n\
                version 2, and the address in it counts as the client's. From others such a header is refused.",
        sample: r#"["192.0.2.0/28"]"#,
        set: |config, value| value.networks().map(|networks| config.proxies = networks),
        show: |config| (!config.proxies.is_empty()).then(|| format!("{:?}", texts(&config.proxies))),
    },
    timer!(
        "timers.enable_after",
        "How long after a key was disabled it can be enabled. These are the key manager's periods, in seconds, and IBM's unless\n\
                changed: shorter ones are for tests.",
        enable_after,
        0..=604_800
    ),
    timer!("timers.restore_after", "How long after a key was deleted it can be restored.", restore_after, 0..=604_800),
    timer!(
        "timers.restorable",
        "How long a deleted or destroyed key can be restored: its sealed material is kept for so long. 7 days (604800) at the least.",
        restorable,
        1..=31_536_000
    ),
    Setting {
        key: "timers.for_tests",
        about: "Whether the periods may be shorter than anybody should have them.",
        sample: "",
        set: |config, value| value.truth().map(|truth| config.timers_for_tests = truth),
        show: |config| Some(config.timers_for_tests.to_string()),
    },
    timer!(
        "timers.purge_after",
        "How long after a key was deleted it can be purged by hand.",
        purge_after,
        0..=31_536_000
    ),
    timer!(
        "timers.purge_at",
        "How long after a key was deleted it is purged by itself: no less than timers.restorable.",
        purge_at,
        1..=315_360_000
    ),
    timer!(
        "timers.rotate_every",
        "How long after a key was rotated it can be rotated again.",
        rotate_every,
        0..=31_536_000
    ),
    timer!(
        "timers.sync_every",
        "How long after a key was synced, or its life changed, it can be synced.",
        sync_every,
        0..=31_536_000
    ),
    timer!(
        "timers.deletion_authorized",
        "How long the first of two people's word for a deletion is good.",
        deletion_authorized,
        1..=31_536_000
    ),
    timer!("timers.month", "A month of a rotation policy's interval.", month, 1..=31_536_000),
    Setting {
        key: "timers.quarantine_day",
        about: "A day of a key's quarantine.",
        sample: "",
        set: |config, value| value.seconds(1..=86_400).map(|time| config.quarantine_day = time),
        show: |config| Some(config.quarantine_day.as_secs().to_string()),
    },
    Setting {
        key: "timers.round",
        about: "How often it is looked for keys that expire, rotate or are purged by themselves.",
        sample: "",
        set: |config, value| value.seconds(1..=3600).map(|time| config.schedule = time),
        show: |config| Some(config.schedule.as_secs().to_string()),
    },
    Setting {
        key: "metrics.listen",
        about: "Where Prometheus reads the installation's numbers over plain HTTP without a key, at /metrics: address and port. Off\n\
                when left out. The administration port has them too, for whoever shows an API key.",
        sample: r#""127.0.0.1:9464""#,
        set: |config, value| value.address().map(|address| config.metrics.listen = Some(address)),
        show: |config| config.metrics.listen.map(|address| quoted(&address.to_string())),
    },
    Setting {
        key: "metrics.open",
        about: "Whether metrics.listen may be an address that other machines reach: \"yes\" or \"no\". What is shown there names instances\n\
                and adapters, in the clear and to everybody who asks.",
        sample: "",
        set: |config, value| value.choice(&YES_OR_NO).map(|open| config.metrics.open = open),
        show: |config| word(&YES_OR_NO, config.metrics.open),
    },
    Setting {
        key: "traces.otlp.endpoint",
        about: "An OpenTelemetry collector that gets traces of requests: OTLP over HTTP, protobuf; http:// is for this machine alone. Off\n\
                when left out. What it can't take is dropped and counted; no request waits for it.",
        sample: r#""https://otel.example.com:4318/v1/traces""#,
        set: |config, value| {
            let endpoint = audit::endpoint(value, "traces go", "https://otel.example.com:4318/v1/traces");
            endpoint.map(|endpoint| config.traces.endpoint = Some(endpoint))
        },
        show: |config| config.traces.endpoint.as_ref().map(|endpoint| quoted(endpoint)),
    },
    traces_file!(
        "traces.otlp.ca_file",
        "The CA of that collector's certificate, as PEM.",
        r#""/etc/keystead/otel-ca.pem""#,
        ca_file
    ),
    traces_file!(
        "traces.otlp.authorization_file",
        "A file with what the header Authorization is to say, such as `Bearer TOKEN`.",
        r#""/etc/keystead/otlp-authorization""#,
        authorization_file
    ),
    Setting {
        key: "traces.sample",
        about: "Of how many requests there is a trace: from 0 (none) to 1 (each). A REST request with a `traceparent` and a good API key or\n\
                token is traced if that says so, unless this is 0.",
        sample: "",
        set: |config, value| traces::sample(value).map(|sample| config.traces.sample = sample),
        show: |config| Some(traces::share(config.traces.sample)),
    },
    Setting {
        key: "health.canary_seconds",
        about: "How often each adapter's key is unwrapped and one of its objects opened, to see whether they still can be: a failure is\n\
                logged and an alarm.",
        sample: "",
        set: |config, value| value.seconds(1..=604_800).map(|time| config.canary = time),
        show: |config| Some(config.canary.as_secs().to_string()),
    },
];

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn texts(networks: &[Network]) -> Vec<String> {
    networks.iter().map(Network::to_string).collect()
}

fn word<T: Copy + PartialEq>(choices: &[(&str, T)], value: T) -> Option<String> {
    choices.iter().find(|(_, choice)| *choice == value).map(|(word, _)| quoted(word))
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
