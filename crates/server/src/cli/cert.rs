//! `keystead cert`: the list of certificates of the clients that may connect to an adapter.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::confirm::Consent;
use super::output::Column;
use super::{Api, Failure, Output, files};
use crate::api::{Certificate, NewCertificate};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Put a certificate on the list: vCenter's own, or any other client's
    Add {
        /// PEM or DER file; - reads standard input
        file: PathBuf,
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

const LISTED: [Column<Certificate>; 6] = [
    Column("Name", |entry| entry.name.clone()),
    Column("Id", |entry| entry.id.clone()),
    Column("Subject", |entry| entry.facts.subject.clone()),
    Column("Expires", |entry| entry.facts.not_after.clone()),
    Column("Key", |entry| entry.facts.public_key.clone()),
    Column("SHA-256", |entry| entry.fingerprint.clone()),
];

const SHOWN: [Column<Certificate>; 11] = [
    Column("Name", |entry| entry.name.clone()),
    Column("Id", |entry| entry.id.clone()),
    Column("SHA-256", |entry| with_colons(&entry.fingerprint)),
    Column("Subject", |entry| entry.facts.subject.clone()),
    Column("Issuer", |entry| entry.facts.issuer.clone()),
    Column("Serial", |entry| entry.facts.serial.clone()),
    Column("Valid from", |entry| entry.facts.not_before.clone()),
    Column("Expires", |entry| entry.facts.not_after.clone()),
    Column("Key", |entry| entry.facts.public_key.clone()),
    Column("Added", |entry| format!("{} by {}", entry.created_at, entry.created_by)),
    Column("PEM", |entry| entry.certificate.clone().unwrap_or_default()),
];

pub(crate) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Add { file, adapter, name } => add(&file, &adapter.adapter, name, api, output).await,
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

async fn add(file: &Path, adapter: &str, name: Option<String>, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let certificate = pem(&files::read(file)?);
    let entry: Certificate =
        api.post(&["adapters", adapter, "certificates"], &NewCertificate { name, certificate }).await?;
    output.done(
        &entry,
        &format!("Certificate {} is on the list of adapter {adapter}. Its client may connect from now on.", entry.name),
    )
}

/// A fingerprint as vCenter shows it.
fn with_colons(hexadecimal: &str) -> String {
    let upper = hexadecimal.to_ascii_uppercase();
    upper.as_bytes().chunks(2).map(String::from_utf8_lossy).collect::<Vec<_>>().join(":")
}

/// What was read, as PEM: text is sent as it is, anything else is taken for DER. The server judges what is inside.
fn pem(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let encoded = STANDARD.encode(bytes);
    let lines: Vec<_> = encoded.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
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
