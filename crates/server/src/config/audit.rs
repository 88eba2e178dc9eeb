//! What is configured of the audit: how it is signed, who gets it, and what happens when it can't be written.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::value::Value;

/// The sinks' names.
pub(super) const SINKS: [(&str, &str); 3] = [("file", "file"), ("syslog", "syslog"), ("otlp", "otlp")];

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSettings {
    /// A head is signed after so long where there is anything new.
    pub head_every: Duration,
    /// And after so many records.
    pub head_records: u32,
    /// What happens to reads for whose events there is no room.
    pub when_full: Without,
    /// The sinks that answers wait for.
    pub required: Vec<&'static str>,
    /// What happens when one of those does not take an event in time.
    pub when_failing: Without,
    /// The file.
    pub file: AuditFile,
    /// Syslog.
    pub syslog: AuditSyslog,
    /// OpenTelemetry.
    pub otlp: AuditOtlp,
}

/// What is done without a record of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// Nothing.
    Refuse,
    /// What was asked for.
    Serve,
}

/// A file of JSON lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditFile {
    /// Where.
    pub path: Option<PathBuf>,
    /// It is followed by another before it is longer.
    pub megabytes: u32,
    /// So many older ones are kept.
    pub keep: u32,
}

/// A syslog collector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditSyslog {
    /// Where.
    pub address: Option<SyslogAddress>,
    /// Whom its certificate has to come from.
    pub ca_file: Option<PathBuf>,
    /// What we show.
    pub certificate_file: Option<PathBuf>,
    /// The private key of that.
    pub key_file: Option<PathBuf>,
}

/// Where a syslog collector is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyslogAddress {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether TLS is spoken.
    pub tls: bool,
}

/// An OpenTelemetry collector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditOtlp {
    /// Where logs are posted to.
    pub endpoint: Option<String>,
    /// Whom its certificate has to come from.
    pub ca_file: Option<PathBuf>,
    /// A file with the value of the header `Authorization`.
    pub authorization_file: Option<PathBuf>,
}

impl Default for AuditSettings {
    fn default() -> Self {
        AuditSettings {
            head_every: Duration::from_secs(10),
            head_records: 1000,
            when_full: Without::Refuse,
            required: Vec::new(),
            when_failing: Without::Serve,
            file: AuditFile { path: None, megabytes: 100, keep: 10 },
            syslog: AuditSyslog::default(),
            otlp: AuditOtlp::default(),
        }
    }
}

impl AuditSettings {
    /// What does not go together.
    pub(super) fn conflict(&self) -> Option<&'static str> {
        let AuditSyslog { address, ca_file, certificate_file, key_file } = &self.syslog;
        let there = |name: &&str| match *name {
            "file" => self.file.path.is_some(),
            "syslog" => address.is_some(),
            _ => self.otlp.endpoint.is_some(),
        };
        if address.as_ref().is_some_and(|address| address.tls) && ca_file.is_none() {
            return Some("audit.syslog.ca_file is missing: give the CA of the collector's certificate as a PEM file");
        }
        if certificate_file.is_some() != key_file.is_some() {
            return Some("audit.syslog.certificate_file and audit.syslog.key_file go together: give both or none");
        }
        if self.otlp.endpoint.as_ref().is_some_and(|url| url.starts_with("https:")) && self.otlp.ca_file.is_none() {
            return Some("audit.otlp.ca_file is missing: give the CA of the collector's certificate as a PEM file");
        }
        if !self.required.iter().all(there) {
            return Some("audit.require names a sink that is not configured: set its address or path, or take it out");
        }
        None
    }
}

impl fmt::Display for SyslogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "tls" } else { "tcp" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

/// `tls://HOST:PORT`, or `tcp://` on this machine.
pub(super) fn syslog_address(value: &Value<'_>) -> Result<SyslogAddress, String> {
    let text = value.text()?;
    let wrong = || {
        format!("`{text}` is no address such as tls://logs.example.com:6514, or tcp://127.0.0.1:514 on this machine")
    };
    let (scheme, place) = text.split_once("://").ok_or_else(wrong)?;
    let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
    match scheme {
        "tls" if !host.is_empty() => Ok(SyslogAddress { host, port, tls: true }),
        "tcp" if is_here(&host) => Ok(SyslogAddress { host, port, tls: false }),
        "tcp" => Err(format!("`{text}`: without TLS the audit goes to this machine alone: use tls://, or 127.0.0.1")),
        _ => Err(wrong()),
    }
}

/// An address such as `sample`, or `http://` on this machine, for `what`.
pub(super) fn endpoint(value: &Value<'_>, what: &str, sample: &str) -> Result<String, String> {
    let text = value.text()?;
    let wrong = || format!("`{text}` is no address such as {sample}");
    let url = reqwest::Url::parse(text).map_err(|_| wrong())?;
    let host = url.host_str().ok_or_else(wrong)?.trim_start_matches('[').trim_end_matches(']');
    match url.scheme() {
        "https" => Ok(text.to_owned()),
        "http" if is_here(host) => Ok(text.to_owned()),
        "http" => Err(format!("`{text}`: without TLS {what} to this machine alone: use https://, or 127.0.0.1")),
        _ => Err(wrong()),
    }
}

fn is_here(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
