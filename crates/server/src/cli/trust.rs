//! `keystead trust`: the pairing with vCenter, in the four ways that it offers. Each verb does the part that is to be done here, says what
//! is to be done in the vSphere Client, and watches the wire if it is asked to.
//!
//! The invariant: **before anything is given, nothing is changed**: a verb without its file says how to get it, and no more.

mod steps;
mod watch;

use std::path::PathBuf;

use super::cert::{self, AdapterName, Subjects};
use super::{Api, Failure, Output, client};
use crate::api::{Certificate, Trust};
use steps::Way;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// vCenter keeps its own certificate (vCenter Certificate): put that on the list
    Certificate {
        /// What vCenter let you download or copy, PEM or DER; - reads standard input; none: how to get it
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        adapter: AdapterName,
        /// Its name on the list [default: made from the fingerprint]
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        watching: Watching,
    },
    /// vCenter's CA vouches for it (vCenter Root CA Certificate): put that on the list
    RootCa {
        /// What vCenter let you download or copy, PEM or DER; - reads standard input; none: how to get it
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        adapter: AdapterName,
        /// Its name on the list [default: made from the fingerprint]
        #[arg(long)]
        name: Option<String>,
        /// Only for subjects like this, such as `CN=vcenter*,O=Example`; again for more
        #[arg(long = "subject", value_name = "PATTERN", conflicts_with = "any_subject")]
        subjects: Vec<String>,
        /// For whatever certificate the CA has signed or will sign
        #[arg(long)]
        any_subject: bool,
        #[command(flatten)]
        watching: Watching,
    },
    /// Certificate and private key are made here (KMS certificate and private key), to be uploaded to vCenter
    Issue {
        #[command(flatten)]
        adapter: AdapterName,
        /// Name of the certificate: 2 to 40 characters of A-Z a-z 0-9 _ -
        #[arg(long, value_name = "CERTNAME", default_value = "vcenter")]
        name: String,
        /// Folder to write CERTNAME.crt, CERTNAME.key and ca.crt to
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// Replace files that are there already
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        watching: Watching,
    },
    /// vCenter makes a signing request (New Certificate Signing Request): sign it here
    Csr {
        /// The request that vCenter let you download or copy; - reads standard input; none: how to get it
        #[arg(value_name = "FILE")]
        csr: Option<PathBuf>,
        #[command(flatten)]
        adapter: AdapterName,
        /// Name of the certificate: 2 to 40 characters of A-Z a-z 0-9 _ -
        #[arg(long, value_name = "CERTNAME", default_value = "vcenter")]
        name: String,
        /// File to write the certificate to
        #[arg(long, value_name = "FILE", default_value = "vcenter-signed.crt")]
        out: PathBuf,
        /// Replace a file that is there already
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        watching: Watching,
    },
    /// Check off the steps of the pairing as they are seen on the wire, and say what hinders them
    Watch {
        #[command(flatten)]
        adapter: AdapterName,
        /// `now`: forget what was seen before
        #[arg(long, value_name = "now", value_parser = ["now"])]
        since: Option<String>,
        /// Seconds after which to say what is missing, and end
        #[arg(long, value_name = "S", default_value_t = TIMEOUT, value_parser = clap::value_parser!(u64).range(1..))]
        timeout: u64,
    },
}

/// Whether to watch afterwards.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Watching {
    /// Then check off the steps as they are seen on the wire
    #[arg(long)]
    watch: bool,
    /// Seconds after which watching ends
    #[arg(long, value_name = "S", default_value_t = TIMEOUT, requires = "watch", value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
}

/// Time enough for all that is to be done in vCenter.
const TIMEOUT: u64 = 900;

pub(super) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let pairing = Pairing { api, output };
    match verb {
        Verb::Certificate { files, adapter, .. } if files.is_empty() => pairing.how(Way::Certificate, &adapter).await,
        Verb::RootCa { files, adapter, .. } if files.is_empty() => pairing.how(Way::RootCa, &adapter).await,
        Verb::Csr { csr: None, adapter, .. } => pairing.how(Way::Csr, &adapter).await,
        Verb::Certificate { files, adapter, name, watching } => {
            let before = pairing.state(&adapter).await?;
            let listed = cert::add(&files, &adapter.adapter, name, api).await?;
            let text = cert::listed_text(&listed, &adapter.adapter);
            pairing.done(&listed, &text, &steps::after(Way::Certificate, &before, &[]), before, &watching).await
        }
        Verb::RootCa { files, adapter, name, subjects, any_subject, watching } => {
            let before = pairing.state(&adapter).await?;
            let subjects = limited(subjects, any_subject)?;
            let listed = cert::add_ca(&files, &adapter.adapter, name, subjects, api).await?;
            let text = cert::vouches_text(&listed, &adapter.adapter);
            pairing.done(&listed, &text, &steps::after(Way::RootCa, &before, &[]), before, &watching).await
        }
        Verb::Issue { adapter, name, out, force, watching } => {
            let before = pairing.state(&adapter).await?;
            let (entry, files) = client::issue(&adapter.adapter, name, &out, force, api).await?;
            let text =
                format!("Certificate {} was made, and is on the list of adapter {}.", entry.name, before.adapter);
            let steps = steps::after(Way::Issue, &before, &[&files.certificate, &files.key]);
            pairing.done(&[entry], &text, &steps, before, &watching).await
        }
        Verb::Csr { csr: Some(csr), adapter, name, out, force, watching } => {
            let before = pairing.state(&adapter).await?;
            let entry = client::sign(&adapter.adapter, name, &csr, &out, force, api).await?;
            let text =
                format!("The request was signed, and {} is on the list of adapter {}.", entry.name, before.adapter);
            pairing.done(&[entry], &text, &steps::after(Way::Csr, &before, &[&out]), before, &watching).await
        }
        Verb::Watch { adapter, since, timeout } => {
            let before = if since.is_some() { Some(pairing.state(&adapter).await?) } else { None };
            watch::run(&adapter.adapter, before, timeout, api, output).await
        }
    }
}

/// For which clients a CA vouches must be said.
fn limited(subjects: Vec<String>, any_subject: bool) -> Result<Subjects, Failure> {
    if subjects.is_empty() && !any_subject {
        return Err(Failure::usage(
            "a CA vouches for whatever it signs, so say which of its certificates may be clients here",
            "give --subject 'CN=vcenter*' (what vCenter's own certificate says of itself), or --any-subject",
        ));
    }
    Ok(Subjects { subjects, any_subject })
}

struct Pairing<'a> {
    api: &'a Api<'a>,
    output: Output,
}

impl Pairing<'_> {
    async fn state(&self, adapter: &AdapterName) -> Result<Trust, Failure> {
        self.api.show(&["adapters", &adapter.adapter, "trust"]).await
    }

    /// How to get what a way needs from vCenter.
    async fn how(&self, way: Way, adapter: &AdapterName) -> Result<(), Failure> {
        let state = self.state(adapter).await?;
        self.output.done(&state, &steps::before(way, &state, &self.api.here()))
    }

    /// Says what was done and what is left to do, and watches that if it is wanted.
    async fn done(
        &self,
        entries: &[Certificate],
        text: &str,
        steps: &str,
        before: Trust,
        watching: &Watching,
    ) -> Result<(), Failure> {
        if !(watching.watch && self.output.is_json()) {
            self.output.done(&entries, &format!("{text}\n\n{steps}"))?;
        }
        if !watching.watch {
            return self
                .output
                .say(&format!("To watch it happen: {}", watch::command(&before.adapter, &self.api.here())));
        }
        let adapter = before.adapter.clone();
        watch::run(&adapter, Some(before), watching.timeout, self.api, self.output).await
    }
}
