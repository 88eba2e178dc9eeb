//! The nonce of an import token, which the importer encrypts under the very key material that it brings: who sends it back knows
//! both (IBM Key Protect, "Encrypting the nonce").
//!
//! The invariant: **nothing is encrypted here**, since the IV and the key are the importer's choice.

use crate::{Error, Secret};
use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::{aead, iv::FixedLength};
use zeroize::Zeroizing;

const TAG: usize = 16;
const BLOCK: usize = 16;

/// AES as GCM and as CBC for one length of key.
struct Aes {
    gcm: &'static aead::Algorithm,
    cbc: &'static cipher::Algorithm,
}

/// Opens a nonce as Key Protect's clients encrypt it: AES-GCM under `material` of 16, 24 or 32 bytes, `iv` of 12 bytes, without
/// additional data; `sealed` is the ciphertext, then its tag of 16 bytes (NIST SP 800-38D).
///
/// Compare what comes out with [`super::equal`], and give the client one answer for both failures: that it opens says nothing yet.
///
/// # Errors
/// [`Error::Invalid`] when a length is wrong or the tag does not hold.
pub fn open_nonce(material: &Secret, iv: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let (ciphertext, tag) = sealed.split_last_chunk::<TAG>().ok_or(Error::Invalid)?;
    let iv = aead::Nonce::try_assume_unique_for_key(iv).map_err(|_| Error::Invalid)?;
    let key = aead::UnboundKey::new(aes(material)?.gcm, material.expose()).map_err(|_| Error::Invalid)?;
    let mut nonce = Zeroizing::new(vec![0; ciphertext.len()]);
    aead::LessSafeKey::new(key)
        .open_separate_gather(iv, aead::Aad::empty(), ciphertext, tag, &mut nonce)
        .map_err(|_| Error::Invalid)?;
    Ok(nonce)
}

/// Opens a nonce as Hyper Protect Crypto Services' clients encrypt it: AES-CBC under `material` of 16, 24 or 32 bytes, `iv` of 16
/// bytes, PKCS#7 padding (NIST SP 800-38A, 6.2; RFC 5652, 6.3).
///
/// As with [`open_nonce`], and more so, since CBC notices little: one answer for what does not open and what is another nonce.
///
/// # Errors
/// [`Error::Invalid`] when a length or the padding is wrong.
pub fn open_nonce_cbc(material: &Secret, iv: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(BLOCK) {
        return Err(Error::Invalid);
    }
    let iv = FixedLength::<BLOCK>::try_from(iv).map_err(|_| Error::Invalid)?;
    let key = UnboundCipherKey::new(aes(material)?.cbc, material.expose()).map_err(|_| Error::Invalid)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(|_| Error::Invalid)?;
    let mut nonce = Zeroizing::new(ciphertext.to_vec());
    let length = key.decrypt(&mut nonce, DecryptionContext::Iv128(iv)).map_err(|_| Error::Invalid)?.len();
    nonce.truncate(length);
    Ok(nonce)
}

fn aes(material: &Secret) -> Result<Aes, Error> {
    match material.expose().len() {
        16 => Ok(Aes { gcm: &aead::AES_128_GCM, cbc: &cipher::AES_128 }),
        24 => Ok(Aes { gcm: &aead::AES_192_GCM, cbc: &cipher::AES_192 }),
        32 => Ok(Aes { gcm: &aead::AES_256_GCM, cbc: &cipher::AES_256 }),
        _ => Err(Error::Invalid),
    }
}
