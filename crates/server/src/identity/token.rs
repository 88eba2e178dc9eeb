//! [`Tokens`]: JSON Web Tokens (RFC 7519) for API keys, signed with HMAC-SHA-256 (RFC 7515, `HS256`).
//!
//! The invariant: **there is one header, compared byte for byte**: no algorithm is ever read from a token. A token says which API key
//! it was made for and until when; what that key may do is asked of the key manager at each request, so that revocation bites
//! at once.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keymanager::Principal;
use kmip::Timestamp;
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use wrap::primitive::{TokenKey, equal};

/// How long a token is good for, in seconds (IBM Cloud IAM: one hour).
pub const LIFETIME: i64 = 3600;
/// `{"alg":"HS256","typ":"JWT"}` in base64url.
const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
/// The most characters of a token that is looked at.
const LONGEST: usize = 4096;
const ISSUER: &str = "https://iam.cloud.ibm.com/identity";

/// Makes and checks tokens.
pub struct Tokens(TokenKey);

/// The claims that IBM's SDKs read, and ours.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    sub: &'a str,
    iam_id: &'a str,
    id: &'a str,
    realmid: &'static str,
    identifier: &'a str,
    name: &'a str,
    sub_type: &'static str,
    account: Account,
    iat: i64,
    exp: i64,
    grant_type: &'static str,
    scope: &'static str,
    client_id: &'static str,
    api_key_id: Uuid,
}

#[derive(Serialize)]
struct Account {
    valid: bool,
    bss: &'static str,
}

/// What is read of a token of ours.
#[derive(Clone, Copy, Deserialize)]
struct Read {
    exp: i64,
    api_key_id: Uuid,
}

/// The token that was shown last on a connection, once it was found to be ours: clients send theirs with every request. It is no way
/// past anything: what it may do, and until when, is asked as of any other.
#[derive(Default)]
pub struct LastToken(Mutex<Option<(Box<str>, Read)>>);

impl Tokens {
    /// Tokens under a key that every node of the installation derives from the master key.
    pub fn new(key: TokenKey) -> Self {
        Tokens(key)
    }

    /// A token for somebody who has just shown an API key, good for [`LIFETIME`] seconds.
    ///
    /// # Errors
    /// Those of JSON.
    pub fn issue(&self, principal: &Principal, now: Timestamp) -> Result<String, serde_json::Error> {
        let identifier = principal.iam_id.strip_prefix("iam-").unwrap_or(&principal.iam_id);
        let claims = Claims {
            iss: ISSUER,
            sub: identifier,
            iam_id: &principal.iam_id,
            id: &principal.iam_id,
            realmid: "iam",
            identifier,
            name: &principal.name,
            sub_type: "ServiceId",
            account: Account { valid: true, bss: "local" },
            iat: now.seconds(),
            exp: now.seconds() + LIFETIME,
            grant_type: "urn:ibm:params:oauth:grant-type:apikey",
            scope: "ibm openid",
            client_id: "default",
            api_key_id: principal.api_key,
        };
        let signed = format!("{HEADER}.{}", URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?));
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes()));
        Ok(format!("{signed}.{signature}"))
    }

    /// The API key that a token of ours was made for, unless its time is over.
    pub fn api_key_of(&self, token: &str, last: Option<&LastToken>, now: Timestamp) -> Option<Uuid> {
        let read = last.and_then(|last| last.read(token)).or_else(|| {
            let read = self.read(token)?;
            last.inspect(|last| last.keep(token, read));
            Some(read)
        })?;
        (now.seconds() < read.exp).then_some(read.api_key_id)
    }

    fn read(&self, token: &str) -> Option<Read> {
        if token.len() > LONGEST {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let claims = signed.strip_prefix(HEADER)?.strip_prefix('.')?;
        self.0.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }
}

impl LastToken {
    /// What was read of this very token.
    fn read(&self, token: &str) -> Option<Read> {
        let last = self.0.lock();
        last.as_ref().filter(|(known, _)| equal(known.as_bytes(), token.as_bytes())).map(|(_, read)| *read)
    }

    fn keep(&self, token: &str, read: Read) {
        *self.0.lock() = Some((token.into(), read));
    }
}
