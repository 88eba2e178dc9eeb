//! The check of a record of destruction, offline.
//!
//! The invariant: **what is shown is what was signed**: the readable statement counts for nothing unless it is the same.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use wrap::primitive::sign::PublicKey;

use crate::api::SignedDocument;
use crate::audit;
use crate::cli::{Failure, Output, read_text_file};
use crate::pki::hexadecimal;
use keymanager::DESTRUCTION_CONTEXT;

const REMEDY: &str = "get it again from the server: keystead destruction show ID --out FILE";

pub(super) fn run(file: &Path, public_key: Option<&Path>, output: Output) -> Result<(), Failure> {
    let text = read_text_file(file)?;
    let document: SignedDocument = serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("{} is no record of destruction: {error}", file.display()), REMEDY))?;
    let (key, whose) = match public_key {
        Some(path) => (key(&read_text_file(path)?, &path.display().to_string())?, "the key that was given"),
        None => (key(&document.public_key, "the record's own public key")?, "the key in the file itself"),
    };
    let statement = verified(&document, key)?;
    if output.is_json() {
        return output.json(&statement);
    }
    output.say(&sentence(&statement, whose, key))?;
    if public_key.is_none() {
        crate::cli::warn("whose key it is was not checked: give --public-key, which you had from the server before");
    }
    Ok(())
}

/// The statement, if it is signed by the key.
fn verified(document: &SignedDocument, key: PublicKey) -> Result<Value, Failure> {
    let wrong = |what: &str| Failure::new(format!("the record of destruction is not genuine: {what}"), REMEDY);
    if document.context != DESTRUCTION_CONTEXT {
        return Err(wrong("it is a signed document of another sort"));
    }
    let bytes = |text: &str| STANDARD.decode(text).map_err(|_| wrong("it is not Base64 where it must be"));
    let (signed, signature) = (bytes(&document.signed)?, bytes(&document.signature)?);
    key.verify(DESTRUCTION_CONTEXT, &signed, &signature).map_err(|_| wrong("the signature is not this key's"))?;
    let statement: Value = serde_json::from_slice(&signed).map_err(|_| wrong("what was signed is not JSON"))?;
    if statement != document.statement {
        return Err(wrong("what is to be read is not what was signed"));
    }
    Ok(statement)
}

fn sentence(statement: &Value, whose: &str, key: PublicKey) -> String {
    let text = |pointer: &str| statement.pointer(pointer).and_then(Value::as_str).unwrap_or("?").to_owned();
    let epoch = match statement.pointer("/epoch/destroyed") {
        Some(epoch) => format!(" with epoch {epoch}"),
        None => String::new(),
    };
    format!(
        "The record is genuine, by {whose} (SHA-256 {}).\nThe {} {} ({}) was destroyed{epoch}; purged {} by {}, finished {}.",
        hexadecimal(&wrap::primitive::digest(&[&key.to_der()])),
        text("/key/sort"),
        text("/key/name"),
        text("/key/id"),
        text("/purged/at"),
        text("/purged/by"),
        text("/finished"),
    )
}

fn key(pem: &str, origin: &str) -> Result<PublicKey, Failure> {
    audit::parse_key(pem).ok_or_else(|| {
        Failure::new(
            format!("{origin} is no Ed25519 public key in PEM"),
            "get it with: keystead destruction public-key",
        )
    })
}
