//! Telling apart what administrators paste: PEM or DER, a certificate or something else.

use super::Error;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// DER of a structure begins with a SEQUENCE whose length takes two bytes, for whatever is of interest here.
const LONG_SEQUENCE: [u8; 2] = [0x30, 0x82];

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
    let text = String::from_utf8_lossy(input);
    if text.contains("PRIVATE KEY-----") {
        return Err(Error::PrivateKey);
    }
    if text.contains("-----BEGIN ") {
        return single_section(&text, wanted);
    }
    match input {
        [] => Err(Error::Empty),
        _ if text.trim().is_empty() => Err(Error::Empty),
        _ if input.starts_with(&LONG_SEQUENCE) => Ok(input.to_vec()),
        _ => from_bare_base64(&text).ok_or(garbage(wanted, &text)),
    }
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

fn single_section(text: &str, wanted: Wanted) -> Result<Vec<u8>, Error> {
    let labels: Vec<&str> = text.split("-----BEGIN ").skip(1).filter_map(|rest| rest.split("-----").next()).collect();
    if let Some(other) = labels.iter().find(|label| !is_wanted(label, wanted)) {
        return Err(Error::Label { found: (*other).to_owned(), wanted: wanted.label() });
    }
    match labels.len() {
        1 => body(text).ok_or(Error::Damaged(wanted.word())),
        count => Err(Error::Several(count)),
    }
}

fn is_wanted(label: &str, wanted: Wanted) -> bool {
    match wanted {
        Wanted::Certificate => ["CERTIFICATE", "X509 CERTIFICATE"].contains(&label),
        Wanted::Request => ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"].contains(&label),
    }
}

/// The Base64 between the first pair of markers.
fn body(text: &str) -> Option<Vec<u8>> {
    let (_, after) = text.split_once("-----BEGIN ")?;
    let (_, after) = after.split_once("-----")?;
    let (body, _) = after.split_once("-----END ")?;
    decode(body)
}

/// Some consoles let one copy the Base64 without its markers.
fn from_bare_base64(text: &str) -> Option<Vec<u8>> {
    decode(text).filter(|der| der.starts_with(&LONG_SEQUENCE))
}

fn decode(text: &str) -> Option<Vec<u8>> {
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
