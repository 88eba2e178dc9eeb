//! [`SealKey`]: sealing under a data key of its own for every seal.
//!
//! The form of what is sealed: one format byte (1), a salt of 32 bytes, the AES-256-GCM ciphertext, its tag of 16 bytes. Data key
//! and nonce are HKDF-SHA256-Expand(key, purpose ‖ 0x00 ‖ salt), so that there is no counter to keep. The salt is a MAC over 32
//! random bytes and all that is sealed: where randomness repeats itself, as after a snapshot of a machine was started twice, two
//! different contents still get two data keys. The invariant: **no two contents are ever encrypted under the same key and nonce.**

use super::sign::SigningKey;
use super::{Random, TagKey, TokenKey};
use crate::{Error, Secret};
use aws_lc_rs::{aead, hkdf, hmac};
use zeroize::Zeroizing;

const FORMAT: u8 = 1;
const KEY: usize = 32;
/// AES-128, the shortest key that is imported anywhere.
const LEAST: usize = 16;
const NONCE: usize = aead::NONCE_LEN;
const SALT: usize = 32;
const HEAD: usize = 1 + SALT;
const TAG: usize = 16;
/// Additional data up to this length is put together on the stack.
const SHORT: usize = 256;

/// A key that seals. It has neither Debug nor a way back to its bytes.
///
/// A *purpose* is a constant text without NUL that says what is sealed: what is sealed for one purpose opens for no other.
pub struct SealKey(Box<hkdf::Prk>);

impl SealKey {
    /// How many bytes longer than its content a seal is.
    pub const OVERHEAD: usize = HEAD + TAG;

    /// A sealing key from 32 secret bytes, which must be uniformly random: there is no extraction step.
    ///
    /// # Errors
    /// [`Error::Fault`] when there are not 32 bytes.
    pub fn new(secret: &Secret) -> Result<Self, Error> {
        let bytes = secret.expose();
        if bytes.len() != KEY {
            return Err(Error::Fault(format!("a sealing key has {KEY} bytes, and this one has {}", bytes.len())));
        }
        Ok(Self::from_uniform(bytes))
    }

    /// A sealing key from secret material of any length from 16 bytes: HKDF-SHA256-Extract with `context` as the salt, which is a
    /// constant text that says what the material is.
    ///
    /// # Errors
    /// [`Error::Fault`] when there are fewer than 16 bytes.
    pub fn from_material(context: &str, material: &Secret) -> Result<Self, Error> {
        let bytes = material.expose();
        if bytes.len() < LEAST {
            return Err(Error::Fault(format!("key material has {LEAST} bytes or more, and this has {}", bytes.len())));
        }
        Ok(Self::from_uniform(&extract(context.as_bytes(), bytes)[..]))
    }

    fn from_uniform(bytes: &[u8]) -> Self {
        SealKey(Box::new(hkdf::Prk::new_less_safe(hkdf::HKDF_SHA256, bytes)))
    }

    /// Seals `plaintext`, bound to `purpose` and `aad`. Two seals of the same thing differ.
    ///
    /// # Errors
    /// [`Error::Fault`] when the source of random bytes or the crypto library fails.
    pub fn seal(&self, purpose: &str, aad: &[u8], plaintext: &[u8], random: &dyn Random) -> Result<Vec<u8>, Error> {
        let mut sealed = vec![0; Self::OVERHEAD + plaintext.len()];
        let (head, body) = sealed.split_at_mut(HEAD);
        let (ciphertext, tag) = body.split_at_mut(plaintext.len());
        head[0] = FORMAT;
        random.fill(&mut head[1..])?;
        let salt = self.salt(&[&head[1..], purpose.as_bytes(), aad, plaintext])?;
        head[1..].copy_from_slice(&salt);
        let (key, nonce) = self.data_key(purpose, &head[1..])?;
        bound(purpose, aad, |aad| {
            key.seal_out_of_place_scatter(nonce, aead::Aad::from(aad), plaintext, ciphertext, &[], tag)
        })
        .map_err(|_| library())?;
        Ok(sealed)
    }

    /// Opens what [`SealKey::seal`] gave for the same purpose and additional data.
    ///
    /// # Errors
    /// [`Error::Invalid`] when anything at all differs: key, purpose, additional data, or a bit of `sealed`.
    pub fn open(&self, purpose: &str, aad: &[u8], sealed: &[u8]) -> Result<Secret, Error> {
        if sealed.len() < Self::OVERHEAD || sealed[0] != FORMAT {
            return Err(Error::Invalid);
        }
        let (head, body) = sealed.split_at(HEAD);
        let (ciphertext, tag) = body.split_at(body.len() - TAG);
        let (key, nonce) = self.data_key(purpose, &head[1..])?;
        let mut plaintext = Zeroizing::new(vec![0; ciphertext.len()]);
        bound(purpose, aad, |aad| {
            key.open_separate_gather(nonce, aead::Aad::from(aad), ciphertext, tag, &mut plaintext)
        })
        .map_err(|_| Error::Invalid)?;
        Ok(Secret::new(plaintext))
    }

    /// A key for tags under this key and for `purpose`: keep it where tags are made or checked often.
    ///
    /// # Errors
    /// [`Error::Fault`] when the crypto library fails.
    pub fn tagger(&self, purpose: &str) -> Result<TagKey, Error> {
        Ok(TagKey::new(&self.mac_key(&[b"\0tag\0", purpose.as_bytes()])?[..]))
    }

    /// A key for tokens under this key and for `purpose`: another one than that of its tags.
    ///
    /// # Errors
    /// [`Error::Fault`] when the crypto library fails.
    pub fn token_key(&self, purpose: &str) -> Result<TokenKey, Error> {
        Ok(TokenKey::new(&self.mac_key(&[b"\0token\0", purpose.as_bytes()])?[..]))
    }

    /// A key pair for signatures under this key and for `purpose`: the same one each time.
    ///
    /// # Errors
    /// [`Error::Fault`] when the crypto library fails.
    pub fn signing_key(&self, purpose: &str) -> Result<SigningKey, Error> {
        SigningKey::from_seed(&self.mac_key(&[b"\0sign\0", purpose.as_bytes()])?[..])
    }

    /// The tag over `parts` for `purpose`, once: see [`SealKey::tagger`] and [`TagKey::tag`].
    ///
    /// # Errors
    /// [`Error::Fault`] when the crypto library fails.
    pub fn tag(&self, purpose: &str, parts: &[&[u8]]) -> Result<[u8; 32], Error> {
        Ok(self.tagger(purpose)?.tag(parts))
    }

    /// Checks a tag, once: see [`SealKey::tagger`] and [`TagKey::verify`].
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not the tag over `parts` for `purpose` under this key.
    pub fn verify(&self, purpose: &str, parts: &[&[u8]], tag: &[u8]) -> Result<(), Error> {
        self.tagger(purpose)?.verify(parts, tag)
    }

    fn salt(&self, parts: &[&[u8]]) -> Result<[u8; SALT], Error> {
        Ok(TagKey::new(&self.mac_key(&[b"\0salt\0"])?[..]).tag(parts))
    }

    /// `info` starts with NUL, as no purpose does, so that no such key is also a data key.
    fn mac_key(&self, info: &[&[u8]]) -> Result<Zeroizing<[u8; KEY]>, Error> {
        let mut key = Zeroizing::new([0; KEY]);
        self.expand(info, &mut key[..])?;
        Ok(key)
    }

    fn data_key(&self, purpose: &str, salt: &[u8]) -> Result<(aead::LessSafeKey, aead::Nonce), Error> {
        let mut material = Zeroizing::new([0; KEY + NONCE]);
        self.expand(&[purpose.as_bytes(), &[0], salt], &mut material[..])?;
        let (key, nonce) = material.split_at(KEY);
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).map_err(|_| library())?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| library())?;
        Ok((aead::LessSafeKey::new(key), nonce))
    }

    fn expand(&self, info: &[&[u8]], output: &mut [u8]) -> Result<(), Error> {
        let expanded = self.0.expand(info, Length(output.len()));
        expanded.and_then(|okm| okm.fill(output)).map_err(|_| library())
    }
}

/// RFC 5869, 2.2. The library's own way would do this again at each derivation.
fn extract(salt: &[u8], material: &[u8]) -> Zeroizing<[u8; KEY]> {
    let mut prk = Zeroizing::new([0; KEY]);
    prk.copy_from_slice(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, salt), material).as_ref());
    prk
}

/// How much key material to derive.
#[derive(Clone, Copy)]
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// Calls `use_it` with what the cipher authenticates: the purpose with its length, then the caller's data. Most is short, and
/// then nothing is allocated.
fn bound<T>(purpose: &str, aad: &[u8], use_it: impl FnOnce(&[u8]) -> T) -> T {
    let length = (purpose.len() as u64).to_be_bytes();
    let parts = [&length[..], purpose.as_bytes(), aad];
    let total = length.len() + purpose.len() + aad.len();
    if total > SHORT {
        return use_it(&parts.concat());
    }
    let mut buffer = [0; SHORT];
    let mut end = 0;
    for part in parts {
        buffer[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
    use_it(&buffer[..end])
}

fn library() -> Error {
    Error::Fault("the cryptographic library refused a derivation or a seal".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// RFC 5869, appendix A.1 and A.3: the extraction step.
    #[test]
    fn extraction_is_hkdf_sha256() {
        let cases = [
            ("000102030405060708090a0b0c", "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"),
            ("", "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"),
        ];
        for (salt, prk) in cases {
            assert_eq!(extract(&hex(salt), &[0x0b; 22])[..], hex(prk));
        }
    }

    /// RFC 5869, appendix A.1 and A.2: the expansion step on the PRK given there.
    #[test]
    fn expansion_is_hkdf_sha256() {
        let cases = [
            (
                "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
                "f0f1f2f3f4f5f6f7f8f9".to_owned(),
                "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
            ),
            (
                "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
                (0xb0..=0xff).map(|byte: u8| format!("{byte:02x}")).collect(),
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c\
                 59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71\
                 cc30c58179ec3e87c14c01d5c1f3434f1d87",
            ),
        ];
        for (prk, info, okm) in cases {
            let key = SealKey::new(&Secret::new(Zeroizing::new(hex(prk)))).unwrap();
            let okm = hex(okm);
            let mut output = vec![0; okm.len()];
            key.expand(&[&hex(&info)], &mut output).unwrap();
            assert_eq!(output, okm);
        }
    }
}
