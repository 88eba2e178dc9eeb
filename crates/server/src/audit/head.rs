//! [`AuditHead`]: a signed statement of where the journal stood.
//!
//! The invariant: **what is signed is made of the head's fields alone**, so that a head can be written down in any form and still be
//! checked.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kmip::Timestamp;
use store::journal::Position;
use uuid::Uuid;
use wrap::primitive::sign::{PublicKey, SigningKey};

use crate::api::AuditHead;
use crate::pki::hexadecimal;

/// What is signed is a head of the audit. Part of the data format.
const CONTEXT: &str = "keystead audit head 1";
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

impl AuditHead {
    /// Signs where a journal stands.
    pub(super) fn sign(position: &Position, now: Timestamp, key: &SigningKey) -> Self {
        let mut head = AuditHead {
            node: Uuid::from_bytes(position.node).to_string(),
            segment: position.segment,
            records: position.records,
            digest: hexadecimal(&position.digest),
            time: now.rfc3339(),
            signature: String::new(),
        };
        head.signature = STANDARD.encode(key.sign(CONTEXT, head.statement().as_bytes()));
        head
    }

    /// Whether it is this key's.
    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        let signature = STANDARD.decode(&self.signature).unwrap_or_default();
        key.verify(CONTEXT, self.statement().as_bytes(), &signature).is_ok()
    }

    /// Whether it speaks of this position.
    pub(crate) fn is_of(&self, position: &Position) -> bool {
        self.node == Uuid::from_bytes(position.node).to_string()
            && (self.segment, self.records) == (position.segment, position.records)
            && self.digest == hexadecimal(&position.digest)
    }

    /// Lines, each of which ends: no field can hold the end of one in a head that was signed here.
    fn statement(&self) -> String {
        let AuditHead { node, segment, records, digest, time, .. } = self;
        format!("{node}\n{segment}\n{records}\n{digest}\n{time}\n")
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A public key as a PEM file.
pub(crate) fn pem(key: &PublicKey) -> String {
    format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(key.to_der()))
}

/// Reads what [`pem`] wrote, or `openssl pkey -pubout` of the same key.
pub(crate) fn parse_key(text: &str) -> Option<PublicKey> {
    let inner = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let base64: String = inner.split_whitespace().collect();
    PublicKey::from_der(&STANDARD.decode(base64).ok()?).ok()
}
