//! `keystead tls`: the server's own certificates, and how one takes another's place without anybody being locked out.
//!
//! vCenter trusts the very certificate that it was shown, so the order is always: stage, have vCenter trust what is staged, activate.

use std::path::{Path, PathBuf};

use super::api::Api;
use super::confirm::Consent;
use super::output::Column;
use super::{Failure, Output, cert, files};
use crate::api::{NewServerRequest, PrivateText, ServerCertificate, ServerRequest, StageCertificate};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Show the server's certificates: names, fingerprints, days left; those that are staged too
    Show {
        /// Print the PEM as well
        #[arg(long)]
        pem: bool,
    },
    /// Stage new certificates of the server's own CA, on the same keys
    Renew,
    /// Print a certificate signing request for the server's key, for your own CA
    Request {
        /// For the server's ECDSA key instead of its RSA key
        #[arg(long)]
        ecdsa: bool,
        /// Write it to a file
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace the file if it is there already
        #[arg(long)]
        force: bool,
    },
    /// Stage a certificate that your CA made; the file holds it and then those that signed it
    Stage {
        /// PEM or DER; `-` for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Its private key, as PEM without a passphrase, where it is not the one in use
        #[arg(long, value_name = "FILE")]
        key: Option<PathBuf>,
    },
    /// Serve what is staged, from the next connection on; tell vCenter to trust it first
    Activate {
        #[command(flatten)]
        consent: Consent,
    },
    /// Drop what is staged
    Unstage,
}

const SHOWN: [Column<ServerCertificate>; 8] = [
    Column("Certificate", |it| format!("{}, {}", it.algorithm, it.state)),
    Column("Names", |it| it.names.join(", ")),
    Column("SHA-256", |it| it.sha256.clone()),
    Column("SHA-1", |it| it.sha1.clone()),
    Column("Expires", |it| it.facts.not_after.clone()),
    Column("Days left", |it| it.days_left.to_string()),
    Column("Issuer", |it| format!("{}{}", it.facts.issuer, if it.is_of_own_ca { " (this server's own)" } else { "" })),
    Column("Key", |it| format!("{}{}", it.facts.public_key, if it.is_on_present_key { "" } else { ", another key" })),
];

pub(crate) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Show { pem } => show(pem, &api.list(&["tls"]).await?, output),
        Verb::Renew => {
            let all: Vec<ServerCertificate> = changed(api, "renew", None::<&()>).await?;
            staged(&all, "New certificates are staged, on the same keys", output)
        }
        Verb::Request { ecdsa, out, force } => request(ecdsa, out.as_deref(), force, api, output).await,
        Verb::Stage { file, key } => {
            let private_key = key.map(|key| files::read_text(&key)).transpose()?.map(PrivateText::new);
            let certificate = cert::pem(&files::read(&file)?);
            let new = StageCertificate { certificate, private_key };
            staged(&changed(api, "stage", Some(&new)).await?, "The certificate is staged", output)
        }
        Verb::Activate { consent } => activate(consent, api, output).await,
        Verb::Unstage => {
            api.delete(&["tls", "staged"], false).await?;
            output.say("Nothing is staged any more. What is served stays as it is.")
        }
    }
}

async fn changed<B: serde::Serialize>(
    api: &Api<'_>,
    what: &str,
    body: Option<&B>,
) -> Result<Vec<ServerCertificate>, Failure> {
    api.post_listing(&["tls", what], body).await
}

fn show(pem: bool, all: &[ServerCertificate], output: Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.list(all, &SHOWN, "");
    }
    for certificate in all {
        output.show(certificate, &SHOWN)?;
        if pem {
            output.say(&certificate.certificate)?;
        }
    }
    Ok(())
}

async fn request(ecdsa: bool, out: Option<&Path>, force: bool, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let paths: Vec<PathBuf> = out.map(Path::to_owned).into_iter().collect();
    files::refuse_existing(&paths, force)?;
    let asked = NewServerRequest { algorithm: ecdsa.then(|| "ECDSA".to_owned()) };
    let made: ServerRequest = api.post(&["tls", "request"], &asked).await?;
    let Some(path) = out else { return output.done(&made, made.csr.trim_end()) };
    files::write(path, &made.csr, 0o644, force)?;
    let next = "Give it to your CA, then stage what comes back: keystead tls stage FILE";
    output
        .done(&made, &format!("{} holds the request for the server's {} key.\n{next}", path.display(), made.algorithm))
}

async fn activate(consent: Consent, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let all: Vec<ServerCertificate> = api.list(&["tls"]).await?;
    let next: Vec<String> = in_state(&all, "staged").map(|it| format!("{} {}", it.algorithm, it.sha256)).collect();
    if !next.is_empty() {
        consent.obtain(&format!(
            "New connections will be given {}. A vCenter that was not told to trust it will refuse to connect.",
            next.join(" and ")
        ))?;
    }
    let all = changed(api, "activate", None::<&()>).await?;
    if output.is_json() {
        return output.list(&all, &SHOWN, "");
    }
    let mut text = "What was staged is served from now on; open connections go on.\n".to_owned();
    if in_state(&all, "served").any(|it| !it.is_of_own_ca) {
        text.push_str("On other machines the command line takes it with KEYSTEAD_CA (your CA's PEM) and one of its names in KEYSTEAD_URL.\n");
    }
    text.push_str("Now look in vCenter: Configure > Key Providers > the provider > the server: Connected.");
    output.say(&text)
}

fn in_state<'a>(all: &'a [ServerCertificate], state: &'a str) -> impl Iterator<Item = &'a ServerCertificate> {
    all.iter().filter(move |it| it.state == state)
}

/// What was staged, its PEM, and what to do in the vSphere Client before it is activated.
fn staged(all: &[ServerCertificate], done: &str, output: Output) -> Result<(), Failure> {
    if output.is_json() {
        return output.list(all, &SHOWN, "");
    }
    output.say(&format!("{done}; nothing has changed for clients yet.\n"))?;
    for certificate in in_state(all, "staged") {
        output.show(certificate, &SHOWN)?;
        output.say(&certificate.certificate)?;
    }
    output.say(STEPS)
}

const STEPS: &str = "\
Have each vCenter trust it before it is served. In the vSphere Client:
  1. Select the vCenter Server > Configure > Security > Key Providers, and the key provider.
  2. Select this server below it > Establish Trust > Upload KMS certificate.
  3. Paste the PEM above (`keystead tls show --pem` prints it again; in the data folder it is server.next.crt,
     server-ecdsa.next.crt) > Upload.
Then: keystead tls activate
Where vCenter asks again afterwards: Establish Trust > Make vCenter Trust KMS, hold the fingerprint against
`keystead tls show`, and Trust. Nothing is activated by itself; `keystead tls unstage` takes it back.";
