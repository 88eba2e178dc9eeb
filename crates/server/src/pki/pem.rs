//! Telling apart what administrators paste: PEM or DER, a certificate or something else.

use super::{Error, sniff};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

/// What is looked for, in PEM's word for it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Certificate,
    Request,
}

impl Wanted {
    fn word(self) -> &'static str {
        match self {
            Wanted::Certificate => "certificate",
            Wanted::Request => "certificate request",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Wanted::Certificate => "CERTIFICATE",
            Wanted::Request => "CERTIFICATE REQUEST",
        }
    }
}

/// The DER of the one certificate or request in `input`, which may be PEM or DER.
pub(super) fn single_der(input: &[u8], wanted: Wanted) -> Result<Vec<u8>, Error> {
    let mut all = all_der(input, wanted)?;
    match (all.pop(), all.len()) {
        (Some(only), 0) => only,
        (_, others) => Err(Error::Several(others + 1)),
    }
}

/// The DER of each certificate or request in `input`, in order, at least one: PEM with anything between its sections, DER one after
/// the other, or bare Base64. Damage is told for each by itself.
pub(super) fn all_der(input: &[u8], wanted: Wanted) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
    if sniff::is_binary(input) {
        return sniff::refuse_others(input).map(|()| in_a_row(input, wanted));
    }
    let text = String::from_utf8_lossy(input);
    if text.contains("PRIVATE KEY-----") {
        return Err(Error::PrivateKey);
    }
    if text.contains("-----BEGIN ") {
        return sections(&text, wanted);
    }
    if text.trim().is_empty() {
        return Err(Error::Empty);
    }
    let der = decode(&text).filter(|der| sniff::is_binary(der)).ok_or_else(|| garbage(wanted, &text))?;
    sniff::refuse_others(&der)?;
    Ok(vec![Ok(der)])
}

/// The PEM text of DER, in lines of 64 characters.
pub fn to_pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let base64 = Zeroizing::new(STANDARD.encode(der));
    let mut pem = Zeroizing::new(String::with_capacity(base64.len() + base64.len() / 64 + 2 * label.len() + 40));
    pem.push_str(&format!("-----BEGIN {label}-----\n"));
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

/// Structures one after the other; what follows the last whole one belongs to it, and makes it damaged.
fn in_a_row(mut input: &[u8], wanted: Wanted) -> Vec<Result<Vec<u8>, Error>> {
    let mut found = Vec::new();
    while wanted == Wanted::Certificate
        && let Ok((rest, _)) = X509Certificate::from_der(input)
        && sniff::is_binary(rest)
    {
        found.push(Ok(input[..input.len() - rest.len()].to_vec()));
        input = rest;
    }
    found.push(Ok(input.to_vec()));
    found
}

fn sections(text: &str, wanted: Wanted) -> Result<Vec<Result<Vec<u8>, Error>>, Error> {
    let sections =
        text.split("-----BEGIN ").skip(1).map(|section| section.split_once("-----").unwrap_or((section, "")));
    let sections: Vec<(&str, &str)> = sections.collect();
    for (label, _) in &sections {
        check_label(label, wanted)?;
    }
    Ok(sections.into_iter().map(|(_, rest)| body(rest).ok_or(Error::Damaged(wanted.word()))).collect())
}

fn check_label(label: &str, wanted: Wanted) -> Result<(), Error> {
    match (wanted, label) {
        (Wanted::Certificate, "CERTIFICATE" | "X509 CERTIFICATE") => Ok(()),
        (Wanted::Request, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") => Ok(()),
        (_, "PKCS7" | "CMS" | "PKCS #7 SIGNED DATA") => Err(Error::Pkcs7),
        (_, "PKCS12") => Err(Error::Pkcs12),
        (_, other) => Err(Error::Label { found: other.to_owned(), wanted: wanted.label() }),
    }
}

/// The Base64 of a section, after its first marker.
fn body(rest: &str) -> Option<Vec<u8>> {
    rest.split_once("-----END ").and_then(|(body, _)| decode(body))
}

/// Copied out of JSON, lines end in a backslash and an `n`.
fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.replace("\\r", "").replace("\\n", "");
    let compact: String = text.chars().filter(|character| !character.is_whitespace()).collect();
    STANDARD.decode(compact).ok()
}

fn garbage(wanted: Wanted, text: &str) -> Error {
    let hint = match text.trim_start() {
        text if text.starts_with('/') || text.starts_with("./") => {
            ": it looks like the name of a file, and the file's content is wanted"
        }
        text if text.starts_with("ssh-") => ": it is an SSH key",
        _ => "",
    };
    Error::Garbage { wanted: wanted.word(), hint }
}
