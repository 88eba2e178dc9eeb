//! [`TagKey`]: HMAC-SHA256 over parts whose borders count.

use super::equal;
use crate::Error;
use aws_lc_rs::hmac;

/// A key for tags, with its half of the work done. Made by [`super::SealKey::tagger`]; it has no Debug and no way to its bytes.
pub struct TagKey(hmac::Key);

impl TagKey {
    pub(super) fn new(bytes: &[u8]) -> Self {
        TagKey(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The tag over `parts`. The length of each goes in before it, so that bytes can't move from one part to the next.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        finish(context)
    }

    /// Checks a tag in constant time.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is not the tag over `parts`.
    pub fn verify(&self, parts: &[&[u8]], tag: &[u8]) -> Result<(), Error> {
        if equal(&self.tag(parts), tag) { Ok(()) } else { Err(Error::Invalid) }
    }
}

fn finish(context: hmac::Context) -> [u8; 32] {
    let mut tag = [0; 32];
    tag.copy_from_slice(context.sign().as_ref());
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// RFC 4231, test cases 1, 2, 3 and 6.
    #[test]
    fn the_key_is_hmac_sha256() {
        let cases: [(&[u8], &[u8], &str); 4] = [
            (&[0x0b; 20], b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (&[0xaa; 20], &[0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ];
        for (key, data, tag) in cases {
            let mut context = hmac::Context::with_key(&TagKey::new(key).0);
            context.update(data);
            assert_eq!(hex(&finish(context)), tag);
        }
    }

    /// What `tag` feeds to HMAC, written out by hand.
    #[test]
    fn parts_are_framed_by_their_lengths() {
        let key = TagKey::new(&[7; 32]);
        let mut context = hmac::Context::with_key(&key.0);
        context.update(b"\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01c");
        assert_eq!(key.tag(&[b"ab", b"", b"c"]), finish(context));
    }
}
