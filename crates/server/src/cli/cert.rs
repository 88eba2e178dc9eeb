//! `keystead cert`: the list of certificates of the clients that may connect to an adapter.

use std::path::{Path, PathBuf};

use super::confirm::Consent;
use super::output::Column;
use super::{Api, Failure, Output, files};
use crate::api::{AllowStranger, Certificate, NewCertificate, Standing, WhenExpired};
use crate::pki::to_pem;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Put certificates on the list: vCenter's own, or any other client's; all of them or none
    Add {
        /// PEM or DER files, each with one certificate or several; - reads standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        adapter: AdapterName,
        /// Its name; of several, the second is NAME-2 and so on [default: made from the fingerprint]
        #[arg(long)]
        name: Option<String>,
    },
    /// Put a CA on the list, which vouches for the clients that it signed: vCenter's root CA
    AddCa {
        /// The CA's certificate, PEM or DER; - reads standard input
        file: PathBuf,
        #[command(flatten)]
        adapter: AdapterName,
        /// Its name [default: made from the fingerprint]
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        subjects: Subjects,
    },
    /// Shut a certificate out, even where a CA on the list vouches for it
    Deny {
        /// The certificate, PEM or DER; or the fingerprint of one in the door book
        #[arg(value_name = "FILE|FINGERPRINT")]
        what: PathBuf,
        #[command(flatten)]
        adapter: AdapterName,
        /// Its name [default: made from the fingerprint]
        #[arg(long)]
        name: Option<String>,
    },
    /// List the certificates of an adapter
    List {
        #[command(flatten)]
        adapter: AdapterName,
    },
    /// Show a certificate, with its PEM
    Show {
        /// Name or identifier
        #[arg(value_name = "NAME|ID")]
        certificate: String,
        #[command(flatten)]
        adapter: AdapterName,
    },
    /// Take a certificate off the list; connections that it opened end at once
    Remove {
        /// Name or identifier
        #[arg(value_name = "NAME|ID")]
        certificate: String,
        #[command(flatten)]
        adapter: AdapterName,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Which adapter a verb is about.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct AdapterName {
    /// Name or identifier of the adapter
    #[arg(long, value_name = "NAME|ID", default_value = "default")]
    pub(crate) adapter: String,
}

/// For which clients a CA vouches.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Subjects {
    /// Only for subjects like this, such as `CN=vcenter*,O=Example`; again for more
    #[arg(long = "subject", value_name = "PATTERN")]
    pub(crate) subjects: Vec<String>,
    /// For whatever certificate the CA has signed or will sign
    #[arg(long)]
    pub(crate) any_subject: bool,
}

const LISTED: [Column<Certificate>; 8] = [
    Column("Name", |entry| entry.name.clone()),
    Column("Standing", standing),
    Column("Id", |entry| entry.id.clone()),
    Column("Subject", |entry| entry.facts.subject.clone()),
    Column("Expires", |entry| entry.facts.not_after.clone()),
    Column("Days left", days_left),
    Column("Key", |entry| entry.facts.public_key.clone()),
    Column("SHA-256", |entry| entry.fingerprint.clone()),
];

const SHOWN: [Column<Certificate>; 13] = [
    Column("Name", |entry| entry.name.clone()),
    Column("Standing", standing),
    Column("Id", |entry| entry.id.clone()),
    Column("SHA-256", |entry| with_colons(&entry.fingerprint)),
    Column("Subject", |entry| entry.facts.subject.clone()),
    Column("Issuer", |entry| entry.facts.issuer.clone()),
    Column("Serial", |entry| entry.facts.serial.clone()),
    Column("Valid from", |entry| entry.facts.not_before.clone()),
    Column("Expires", |entry| entry.facts.not_after.clone()),
    Column("Days left", days_left),
    Column("Key", |entry| entry.facts.public_key.clone()),
    Column("Added", |entry| format!("{} by {}", entry.created_at, entry.created_by)),
    Column("PEM", |entry| entry.certificate.clone().unwrap_or_default()),
];

pub(crate) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Add { files, adapter, name } => {
            let listed = add(&files, &adapter.adapter, name, api).await?;
            output.done(&listed, &listed_text(&listed, &adapter.adapter))
        }
        Verb::AddCa { file, adapter, name, subjects } => {
            let listed = add_ca(&[file], &adapter.adapter, name, subjects, api).await?;
            output.done(&listed, &vouches_text(&listed, &adapter.adapter))
        }
        Verb::Deny { what, adapter, name } => deny(&what, &adapter.adapter, name, api, output).await,
        Verb::List { adapter } => {
            let entries = api.list(&["adapters", &adapter.adapter, "certificates"]).await?;
            output.list(&entries, &LISTED, &format!("No client may connect to adapter {} yet.", adapter.adapter))
        }
        Verb::Show { certificate, adapter } => {
            let entry = api.show(&["adapters", &adapter.adapter, "certificates", &certificate]).await?;
            output.show(&entry, &SHOWN)
        }
        Verb::Remove { certificate, adapter, consent } => {
            let AdapterName { adapter } = adapter;
            consent.obtain(&format!(
                "Clients with certificate {certificate} will be shut out of adapter {adapter} at once."
            ))?;
            api.delete(&["adapters", &adapter, "certificates", &certificate], false).await?;
            output.say(&format!("Certificate {certificate} is off the list of adapter {adapter}. It is refused from now on, also on open connections."))
        }
    }
}

/// Puts the certificates in files on the list, all in one request: all or none.
pub(super) async fn add(
    files: &[PathBuf],
    adapter: &str,
    name: Option<String>,
    api: &Api<'_>,
) -> Result<Vec<Certificate>, Failure> {
    let (standing, subjects) = (Standing::Listed, Vec::new());
    let new = NewCertificate { name, certificate: pems(files)?, standing, subjects, any_subject: false };
    api.post_all(&["adapters", adapter, "certificates"], &new).await
}

/// Puts a CA on the list.
pub(super) async fn add_ca(
    files: &[PathBuf],
    adapter: &str,
    name: Option<String>,
    subjects: Subjects,
    api: &Api<'_>,
) -> Result<Vec<Certificate>, Failure> {
    let Subjects { subjects, any_subject } = subjects;
    let new = NewCertificate { name, certificate: pems(files)?, standing: Standing::Authority, subjects, any_subject };
    api.post_all(&["adapters", adapter, "certificates"], &new).await
}

async fn deny(what: &Path, adapter: &str, name: Option<String>, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let standing = Standing::Denied;
    let denied: Vec<Certificate> = match what.to_str().filter(|text| !what.exists() && is_fingerprint(text)) {
        Some(fingerprint) => {
            let new = AllowStranger { adapter: adapter.to_owned(), name, standing };
            api.post_all(&["door", fingerprint], &new).await?
        }
        None => {
            let certificate = pem(&files::read(what)?);
            let new = NewCertificate { name, certificate, standing, subjects: Vec::new(), any_subject: false };
            api.post_all(&["adapters", adapter, "certificates"], &new).await?
        }
    };
    let names = names(&denied);
    output.done(
        &denied,
        &format!(
            "Shut out of adapter {adapter}, whoever vouches: {names}. To take that back: keystead cert remove NAME"
        ),
    )
}

/// Whether a text looks like a fingerprint, or the beginning of one.
fn is_fingerprint(text: &str) -> bool {
    let digits = text.bytes().filter(|byte| *byte != b':');
    digits.clone().count() >= 8 && digits.into_iter().all(|byte| byte.is_ascii_hexdigit())
}

/// What there is to say of certificates that went onto the list.
pub(super) fn listed_text(listed: &[Certificate], adapter: &str) -> String {
    let (names, expired) = (names(listed), listed.iter().any(|entry| entry.expired));
    let subjects = listed.iter().map(|entry| format!("  {}  {}", entry.name, entry.facts.subject)).collect::<Vec<_>>();
    let what = match listed.len() {
        1 => format!("Certificate {names} is on the list of adapter {adapter}. Its client may connect from now on."),
        _ => {
            format!("Certificates {names} are on the list of adapter {adapter}. Their clients may connect from now on.")
        }
    };
    let more = if expired { "\nOne of them has expired: see `keystead cert list` for what becomes of it." } else { "" };
    format!("{what}\n{}{more}", subjects.join("\n"))
}

/// What there is to say of an authority that went onto the list.
pub(super) fn vouches_text(listed: &[Certificate], adapter: &str) -> String {
    let limits = listed.first().map(standing).unwrap_or_default();
    let names = names(listed);
    format!("{names} is on the list of adapter {adapter} as {limits}. Clients that it signed may connect from now on.")
}

fn names(entries: &[Certificate]) -> String {
    entries.iter().map(|entry| &*entry.name).collect::<Vec<_>>().join(", ")
}

/// What an entry says of its certificate, with its limits.
fn standing(entry: &Certificate) -> String {
    match entry.standing {
        Standing::Listed => "client".to_owned(),
        Standing::Authority if entry.subjects.is_empty() => "CA for any subject".to_owned(),
        Standing::Authority => format!("CA for {}", entry.subjects.join(" | ")),
        Standing::Denied => "denied".to_owned(),
    }
}

/// How long a certificate is valid, and what happens then where it is near.
fn days_left(entry: &Certificate) -> String {
    let then = match (entry.standing, entry.when_expired) {
        (Standing::Denied, _) => return entry.days_left.to_string(),
        (Standing::Authority, _) => "vouches for nobody",
        (Standing::Listed, WhenExpired::Served) => "served on",
        (Standing::Listed, WhenExpired::Refused) => "refused",
    };
    match entry.expired {
        true => format!("expired, {then}"),
        false => format!("{}, then {then}", entry.days_left),
    }
}

/// A fingerprint as vCenter shows it.
pub(super) fn with_colons(hexadecimal: &str) -> String {
    let upper = hexadecimal.to_ascii_uppercase();
    upper.as_bytes().chunks(2).map(String::from_utf8_lossy).collect::<Vec<_>>().join(":")
}

/// What several files hold, one after the other, as PEM: so that a file that holds none is not passed over between others.
fn pems(paths: &[PathBuf]) -> Result<String, Failure> {
    let texts = paths.iter().map(|path| files::read(path).map(|bytes| pem(&bytes))).collect::<Result<Vec<_>, _>>()?;
    match texts.as_slice() {
        [only] => Ok(only.clone()),
        several => Ok(several.iter().map(|text| in_markers(text)).collect::<Vec<_>>().join("\n")),
    }
}

/// Text without PEM's markers is taken for bare base64.
fn in_markers(text: &str) -> String {
    match text.contains("-----BEGIN ") {
        true => text.to_owned(),
        false => format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----"),
    }
}

/// What was read, as PEM: text is sent as it is, anything else is taken for DER. The server judges what is inside.
pub(super) fn pem(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => to_pem("CERTIFICATE", bytes).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::pem;

    #[test]
    fn der_becomes_pem_and_pem_stays() {
        let text = "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n";
        assert_eq!(pem(text.as_bytes()), text);
        let der = [0x30, 0x82, 0xff].repeat(20);
        let lines = pem(&der);
        assert_eq!(lines.lines().count(), 4);
        assert!(lines.starts_with("-----BEGIN CERTIFICATE-----\nMIL/MIL/"), "{lines}");
    }
}
