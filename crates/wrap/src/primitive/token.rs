//! [`TokenKey`]: HMAC-SHA-256 over bytes as they are, which JWS calls HS256 (RFC 7515, 5.1; RFC 7518, 3.2).
//!
//! The invariant: **a token's key is no tag's key**, so that no tag is ever a token's signature.

use super::equal;
use crate::Error;
use aws_lc_rs::hmac;

/// A key for tokens that only this server makes and checks. Made by [`super::SealKey::token_key`]; it has no Debug and no way to
/// its bytes.
pub struct TokenKey(hmac::Key);

impl TokenKey {
    pub(super) fn new(bytes: &[u8]) -> Self {
        TokenKey(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The signature of `input`, which for a JWS is the encoded header, a full stop and the encoded payload.
    pub fn sign(&self, input: &[u8]) -> [u8; 32] {
        let mut signature = [0; 32];
        signature.copy_from_slice(hmac::sign(&self.0, input).as_ref());
        signature
    }

    /// Checks a signature in constant time.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not the whole signature of `input`.
    pub fn verify(&self, input: &[u8], signature: &[u8]) -> Result<(), Error> {
        if equal(&self.sign(input), signature) { Ok(()) } else { Err(Error::Invalid) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    /// RFC 7515, appendix A.1: the example of HS256.
    #[test]
    fn the_signature_is_that_of_jws_hs256() {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let input = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                     eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let signature = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let key = TokenKey::new(&URL_SAFE_NO_PAD.decode(key).unwrap());
        assert_eq!(URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes())), signature);
        key.verify(input.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
    }
}
