//! `keystead client`: certificates that the server makes for its clients.

use std::path::{Path, PathBuf};

use super::cert::AdapterName;
use super::{Api, Failure, Output, files};
use crate::api::{Certificate, IssueClient, IssuedClient, SignCsr, SignedClient};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Make a private key and a certificate, to be uploaded to vCenter
    Issue {
        #[command(flatten)]
        adapter: AdapterName,
        /// Name of the certificate: 2 to 40 characters of A-Z a-z 0-9 _ -
        #[arg(long, value_name = "CERTNAME")]
        name: String,
        /// Folder to write CERTNAME.crt, CERTNAME.key and ca.crt to
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// Replace files that are there already
        #[arg(long)]
        force: bool,
    },
    /// Sign a certificate signing request (CSR) that vCenter made
    Sign {
        #[command(flatten)]
        adapter: AdapterName,
        /// Name of the certificate: 2 to 40 characters of A-Z a-z 0-9 _ -
        #[arg(long, value_name = "CERTNAME")]
        name: String,
        /// The request as PEM; - reads standard input
        #[arg(long, value_name = "FILE")]
        csr: PathBuf,
        /// File to write the certificate to
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Replace a file that is there already
        #[arg(long)]
        force: bool,
    },
}

const ESTABLISH_TRUST: &str = "In the vSphere Client: vCenter Server > Configure > Key Providers > the provider >
its key server > Establish Trust > Make KMS trust vCenter > ";

pub(crate) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Issue { adapter, name, out, force } => {
            let (entry, files) = issue(&adapter.adapter, name, &out, force, api).await?;
            output.done(&entry, &issued_text(&entry.name, &adapter.adapter, &files))
        }
        Verb::Sign { adapter, name, csr, out, force } => {
            let entry = sign(&adapter.adapter, name, &csr, &out, force, api).await?;
            output.done(&entry, &signed_text(&entry.name, &adapter.adapter, &out))
        }
    }
}

/// Has a request signed, and writes the certificate to a file.
pub(super) async fn sign(
    adapter: &str,
    name: String,
    csr: &Path,
    out: &Path,
    force: bool,
    api: &Api<'_>,
) -> Result<Certificate, Failure> {
    files::refuse_existing(&[out.to_owned()], force)?;
    let csr = files::read_text(csr)?.to_string();
    let signed: SignedClient = api.post(&["adapters", adapter, "clients", "sign"], &SignCsr { name, csr }).await?;
    files::write(out, signed.entry.certificate.as_deref().unwrap_or_default(), 0o644, force)?;
    Ok(signed.entry)
}

/// Has key and certificate made, and writes them to files.
pub(super) async fn issue(
    adapter: &str,
    name: String,
    out: &Path,
    force: bool,
    api: &Api<'_>,
) -> Result<(Certificate, Files), Failure> {
    let files = Files::of(&name, out)?;
    files::refuse_existing(&[files.certificate.clone(), files.key.clone()], force)?;
    std::fs::create_dir_all(out).map_err(|error| {
        Failure::new(format!("cannot make the folder {}: {error}", out.display()), "give another --out")
    })?;
    let issued: IssuedClient = api.post(&["adapters", adapter, "clients"], &IssueClient { name }).await?;
    files.write(&issued, force).map_err(|failure| lost(&failure, &issued.entry.name, adapter))?;
    Ok((issued.entry, files))
}

/// Where the three files go.
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    ca: PathBuf,
}

impl Files {
    /// The name becomes part of a path, so it is checked here already and not by the server alone.
    fn of(name: &str, folder: &Path) -> Result<Self, Failure> {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
            return Err(Failure::usage(
                format!("`{name}` is not a name for a certificate"),
                "use 2 to 40 characters of A-Z a-z 0-9 _ -",
            ));
        }
        let at = |file: String| folder.join(file);
        Ok(Files {
            certificate: at(format!("{name}.crt")),
            key: at(format!("{name}.key")),
            ca: at("ca.crt".to_owned()),
        })
    }

    /// The CA's certificate is the same for all clients, so it may be there already; it is no secret and is written again.
    fn write(&self, issued: &IssuedClient, force: bool) -> Result<(), Failure> {
        files::write(&self.key, issued.private_key.expose(), 0o600, force)?;
        files::write(&self.certificate, issued.entry.certificate.as_deref().unwrap_or_default(), 0o644, force)?;
        files::write(&self.ca, &issued.ca, 0o644, true)
    }
}

fn lost(failure: &Failure, name: &str, adapter: &str) -> Failure {
    let what = failure.to_string();
    let what = what.lines().next().unwrap_or_default().trim_start_matches("error: ");
    Failure::new(
        format!("{what}. The certificate is on the list, but its private key was not kept"),
        format!("keystead cert remove {name} --adapter {adapter} --yes, then issue it again to another --out"),
    )
}

fn issued_text(name: &str, adapter: &str, files: &Files) -> String {
    format!(
        "Certificate {name} is on the list of adapter {adapter}. Its client may connect from now on.

  certificate  {}
  private key  {}   (the server kept no copy)
  server's CA  {}

{ESTABLISH_TRUST}KMS certificate and private key.
Upload both files: the certificate first, then the private key. Then delete the private key here.",
        files.certificate.display(),
        files.key.display(),
        files.ca.display(),
    )
}

fn signed_text(name: &str, adapter: &str, out: &Path) -> String {
    format!(
        "Certificate {name} is on the list of adapter {adapter}. Its client may connect from now on.

  certificate  {}

In the vSphere Client: vCenter Server > Configure > Key Providers > the provider >
its key server > Establish Trust > Upload signed CSR certificate. Upload this file.",
        out.display(),
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Files;

    #[test]
    fn a_name_cannot_leave_the_folder() {
        for name in ["", "..", "a/b", "a.b", "a b", "ü"] {
            assert!(Files::of(name, Path::new("/out")).is_err_and(|failure| failure.code() == 2), "{name}");
        }
        assert_eq!(Files::of("vc-1", Path::new("/out")).unwrap().key, Path::new("/out/vc-1.key"));
    }
}
