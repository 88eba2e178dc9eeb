//! The least that a wrap or an unwrap takes: the token compared with the one before, the body read, the cipher, the audit record chained
//! and handed to the kernel, the answer written. Nothing of the way there: no route, no rights, no look at the key, no limits.
//!
//! Invariant: it is all done, for each request, and with nothing of the server's code.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{constant_time, digest, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock};

/// What an event says: the fields of the server's.
const EVENT: &str = r#"{"eventTime":"2026-01-02T03:04:05Z","action":"kms.secrets.ACTION","outcome":"success","message":"Bench: ACTION secrets","severity":"normal","initiator":{"id":"iam-ServiceId-00000000-0000-0000-0000-000000000001","typeURI":"service/security/account/serviceid","host":{"address":"127.0.0.1"}},"target":{"id":"crn:v1:bluemix:public:kms:local:a/local:00000000-0000-0000-0000-000000000002:key:00000000-0000-0000-0000-000000000003","name":"","typeURI":"kms/secrets"},"observer":{"name":"Bench"},"reason":{"reasonCode":200,"reasonType":"OK"},"requestData":{"instanceID":"00000000-0000-0000-0000-000000000002","requestURI":"/api/v2/keys/00000000-0000-0000-0000-000000000003/actions/ACTION"},"responseData":{"keyVersionId":"00000000-0000-0000-0000-000000000004"},"correlationId":"00000000-0000-0000-0000-000000000005","dataEvent":true,"logSourceCRN":"crn:v1:bluemix:public:kms:local:a/local:00000000-0000-0000-0000-000000000002::"}"#;

/// Who does it.
pub(super) struct Work {
    record: File,
    /// The digest of the last record.
    chain: Mutex<[u8; 32]>,
    key: RandomizedNonceKey,
    /// What is opened in the place of the server's own ciphertexts.
    sealed: Vec<u8>,
    token: OnceLock<Box<[u8]>>,
}

#[derive(Deserialize)]
struct Asked {
    plaintext: Option<String>,
    ciphertext: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext: Option<String>,
    key_version: Version,
}

#[derive(Serialize)]
struct Version {
    id: &'static str,
}

impl Work {
    /// With the records at the end of a file.
    pub(super) fn new(record: &Path) -> io::Result<Self> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(refused)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &bytes).map_err(refused)?;
        let sealed = seal(&key, vec![0; 32])?;
        let record = OpenOptions::new().append(true).create(true).open(record)?;
        Ok(Work { record, chain: Mutex::default(), key, sealed, token: OnceLock::new() })
    }

    /// The answer to a request with this token and this body.
    pub(super) fn answer(&self, token: &[u8], body: &[u8]) -> io::Result<Vec<u8>> {
        let known = self.token.get_or_init(|| token.into());
        constant_time::verify_slices_are_equal(known, token).map_err(refused)?;
        let (action, plaintext, ciphertext) = match serde_json::from_slice(body)? {
            Asked { plaintext: Some(plaintext), .. } => ("wrap", None, Some(self.wrap(&plaintext)?)),
            Asked { ciphertext, .. } => ("unwrap", Some(self.unwrap(&ciphertext.unwrap_or_default())?), None),
        };
        self.append(action)?;
        let key_version = Version { id: "00000000-0000-0000-0000-000000000004" };
        Ok(serde_json::to_vec(&Answer { plaintext, ciphertext, key_version })?)
    }

    fn wrap(&self, plaintext: &str) -> io::Result<String> {
        Ok(STANDARD.encode(seal(&self.key, STANDARD.decode(plaintext).map_err(io::Error::other)?)?))
    }

    fn unwrap(&self, ciphertext: &str) -> io::Result<String> {
        let _theirs = STANDARD.decode(ciphertext).map_err(io::Error::other)?;
        let mut sealed = self.sealed.clone();
        let (nonce, sealed) = sealed.split_at_mut(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(refused)?;
        Ok(STANDARD.encode(self.key.open_in_place(nonce, Aad::empty(), sealed).map_err(refused)?))
    }

    fn append(&self, action: &str) -> io::Result<()> {
        let event = EVENT.replace("ACTION", action).into_bytes();
        let mut chain = self.chain.lock().map_err(|_| io::ErrorKind::Other)?;
        let mut digest = digest::Context::new(&digest::SHA256);
        digest.update(&*chain);
        digest.update(&event);
        chain.copy_from_slice(digest.finish().as_ref());
        (&self.record).write_all(&[&event[..], &*chain].concat())
    }
}

fn seal(key: &RandomizedNonceKey, mut plaintext: Vec<u8>) -> io::Result<Vec<u8>> {
    let nonce = key.seal_in_place_append_tag(Aad::empty(), &mut plaintext).map_err(refused)?;
    Ok([&nonce.as_ref()[..], &plaintext].concat())
}

fn refused(_: aws_lc_rs::error::Unspecified) -> io::Error {
    io::Error::other("the cryptographic library refused")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn all_of_it_is_done() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let work = Work::new(file.path()).unwrap();
        let ask = |token: &[u8], body: Value| {
            let answer = work.answer(token, body.to_string().as_bytes())?;
            Ok::<Value, io::Error>(serde_json::from_slice(&answer).unwrap())
        };
        let plaintext = STANDARD.encode([7; 32]);
        let wrapped = ask(b"token", serde_json::json!({ "plaintext": plaintext })).unwrap();
        let sealed = STANDARD.decode(wrapped["ciphertext"].as_str().unwrap()).unwrap();
        let again = Work { sealed, ..Work::new(file.path()).unwrap() };
        let again = Work { key: work.key, ..again };
        assert_eq!(again.unwrap("").unwrap(), plaintext);
        assert!(again.answer(b"token", b"{\"ciphertext\":\"\"}").is_ok());
        assert!(again.answer(b"other", b"{}").is_err(), "another token");
        let records = std::fs::read(file.path()).unwrap();
        let (one, two) = records.split_at(EVENT.len() - 6 + 32);
        assert_eq!(two.len(), EVENT.len() + 32);
        let (event, head) = one.split_at(one.len() - 32);
        assert_eq!(digest::digest(&digest::SHA256, &[&[0; 32], event].concat()).as_ref(), head);
        serde_json::from_slice::<Value>(event).unwrap();
    }
}
