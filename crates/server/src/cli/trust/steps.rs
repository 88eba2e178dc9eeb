//! What is to be done in the vSphere Client, in its words, numbered, with this installation's address and fingerprints.

use std::path::Path;

use crate::api::Trust;
use crate::cli::cert::with_colons;

/// The four ways to make a KMS trust vCenter, as vCenter offers them.
#[derive(Clone, Copy)]
pub(super) enum Way {
    Certificate,
    RootCa,
    Issue,
    Csr,
}

impl Way {
    /// vCenter's name for it.
    fn choice(self) -> &'static str {
        match self {
            Way::Certificate => "vCenter Certificate",
            Way::RootCa => "vCenter Root CA Certificate",
            Way::Issue => "KMS certificate and private key",
            Way::Csr => "New Certificate Signing Request (CSR)",
        }
    }

    /// The command that takes what was got from vCenter.
    fn command(self) -> &'static str {
        match self {
            Way::Certificate => "certificate FILE",
            Way::RootCa => "root-ca FILE --subject 'CN=vcenter*'",
            Way::Issue => "issue",
            Way::Csr => "csr FILE",
        }
    }
}

/// How to get what a way needs.
pub(super) fn before(way: Way, trust: &Trust, here: &str) -> String {
    let mut steps = opening(trust);
    steps.push(format!("{} > Next.\nDownload it as a file (or copy it), then Done.", choose(way)));
    steps.push(format!(
        "Bring the file here:\n\n  keystead trust {} --adapter {}{here} --watch\n",
        way.command(),
        trust.adapter
    ));
    format!("Nothing was changed yet. In the vSphere Client:\n\n{}", numbered(&steps))
}

/// What is left to do once our part is done; `files` are what vCenter gets.
pub(super) fn after(way: Way, trust: &Trust, files: &[&Path]) -> String {
    let mut steps = match way {
        Way::Issue => opening(trust),
        Way::Certificate | Way::RootCa | Way::Csr => Vec::new(),
    };
    let listed = files.iter().map(|file| format!("\n  {}", file.display())).collect::<String>();
    match way {
        Way::Certificate | Way::RootCa => steps.push(format!(
            "Where vCenter has no key server {} port {} yet, add it (Key Providers > Add > Add Standard Key Provider).",
            trust.address, trust.port
        )),
        Way::Issue => steps.push(format!(
            "{} > Next.\nUpload the certificate first, then the private key, then Establish Trust:{listed}\nThen delete the private key here: the server kept no copy.",
            choose(way)
        )),
        Way::Csr => steps.push(format!(
            "Select the key server > Establish Trust > Upload Signed CSR Certificate. Upload this file:{listed}"
        )),
    }
    steps.push(format!(
        "Where its status is not Connected: Establish Trust > Make vCenter Trust KMS, compare the fingerprint, Trust.{}",
        match way {
            Way::Issue => String::new(),
            Way::Certificate | Way::RootCa | Way::Csr => fingerprints(trust),
        }
    ));
    format!("In the vSphere Client:\n\n{}", numbered(&steps))
}

/// The provider, its server, and vCenter's trust in it.
fn opening(trust: &Trust) -> Vec<String> {
    let user = match &trust.user {
        Some(user) => format!("Under Password Protection enter user name {user} and its password."),
        None => "Leave user name and password empty.".to_owned(),
    };
    vec![
        format!(
            "Select the vCenter Server > Configure > Security > Key Providers > Add > Add Standard Key Provider.\nGive it a name; as its server enter address {} and port {}. {user}",
            trust.address, trust.port
        ),
        format!("vCenter shows the server's certificate: compare its fingerprint, then Trust.{}", fingerprints(trust)),
    ]
}

fn choose(way: Way) -> String {
    format!("Select the key server > Establish Trust > Make KMS trust vCenter > {}", way.choice())
}

/// vCenter may show either, of the certificate that it was given.
fn fingerprints(trust: &Trust) -> String {
    let certificates = trust.server_certificates.iter();
    let lines = certificates.map(|each| {
        let (sha256, sha1) = (with_colons(&each.sha256), with_colons(&each.sha1));
        format!("\n  {:<11} SHA-256 {sha256}\n  {:<11} SHA-1   {sha1}", each.public_key, "")
    });
    lines.collect()
}

fn numbered(steps: &[String]) -> String {
    let step = |(index, text): (usize, &String)| format!("  {}. {}\n", index + 1, text.replace('\n', "\n     "));
    steps.iter().enumerate().map(step).collect::<String>().trim_end().to_owned() + "\n"
}
