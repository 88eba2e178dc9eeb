//! Secrets between JSON and the key manager: in base64 there, bytes here.
//!
//! The invariant: **each is decoded into memory that wipes itself, and encoded into such, without a copy in between.** The encoding is
//! held to RFC 4648, section 4, to the last bit, so that a secret has one text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use keymanager::{EncryptedPayload, Payload};
use wrap::Secret;
use zeroize::Zeroizing;

use crate::api::PrivateText;
use crate::http::error::Error;

/// A secret out of a field of the body.
pub(super) fn secret(field: &str, text: &PrivateText) -> Result<Secret, Error> {
    let text = text.expose();
    let mut bytes = Zeroizing::new(Vec::with_capacity(base64::decoded_len_estimate(text.len())));
    STANDARD.decode_vec(text, &mut bytes).map_err(|error| no_base64(field, &error))?;
    Ok(Secret::new(bytes))
}

/// A secret as a field of the body.
pub(super) fn text(secret: &Secret) -> PrivateText {
    PrivateText::new(Zeroizing::new(STANDARD.encode(secret.expose())))
}

/// What is no secret, out of a field of the body.
pub(super) fn bytes(field: &str, text: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|error| no_base64(field, &error))
}

/// What is no secret, as a field of the body.
pub(super) fn encoded(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// What goes with material that is brought along under an import token.
pub(super) struct Encryption {
    pub(super) algorithm: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) iv: Option<String>,
}

/// Material that is brought along, in the clear or under an import token.
pub(super) fn brought(payload: Option<&PrivateText>, encryption: Encryption) -> Result<Option<Payload>, Error> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let (algorithm, nonce, iv) = (given(encryption.algorithm), given(encryption.nonce), given(encryption.iv));
    let encrypted = algorithm.is_some() || nonce.is_some() || iv.is_some();
    match payload {
        None if encrypted => Err(missing("payload")),
        None => Ok(None),
        Some(payload) if encrypted => {
            let nonce = nonce.ok_or_else(|| missing("encryptedNonce"))?;
            let iv = iv.ok_or_else(|| missing("iv"))?;
            Ok(Some(Payload::Encrypted(EncryptedPayload {
                ciphertext: bytes("payload", payload.expose())?,
                nonce: bytes("encryptedNonce", &nonce)?,
                iv: bytes("iv", &iv)?,
                algorithm,
            })))
        }
        Some(payload) => secret("payload", payload).map(|material| Some(Payload::Plain(material))),
    }
}

fn missing(field: &str) -> Error {
    Error::field(
        field,
        format!("the {field} is missing: material under an import token comes with its encryptedNonce and iv"),
    )
}

/// The error names the byte that is wrong: of a secret, not even that is told.
fn no_base64(field: &str, error: &base64::DecodeError) -> Error {
    let reason = match error {
        base64::DecodeError::InvalidByte(..) => "it has a character that is none of base64's",
        base64::DecodeError::InvalidLength(_) => "it is cut off",
        base64::DecodeError::InvalidLastSymbol(..) => "its last character has bits that belong to nothing",
        base64::DecodeError::InvalidPadding => "it does not end in the right number of `=`",
    };
    Error::field(field, format!("the {field} is not base64 (RFC 4648, section 4): {reason}"))
}
