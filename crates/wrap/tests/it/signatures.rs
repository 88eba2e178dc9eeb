//! Signatures: for their key, context and message alone.

use crate::seal_key;
use wrap::primitive::sign::PublicKey;

const CONTEXT: &str = "a context";

#[test]
fn a_signature_holds_for_its_key_context_and_message_alone() {
    let key = seal_key(1).signing_key("a purpose").unwrap();
    let (public, signature) = (key.public_key(), key.sign(CONTEXT, b"message"));
    public.verify(CONTEXT, b"message", &signature).unwrap();
    let wrong = |context, message: &[u8]| assert!(public.verify(context, message, &signature).is_err());
    wrong("another", b"message");
    wrong(CONTEXT, b"message ");
    wrong(CONTEXT, b"");
    for bit in 0..8 * signature.len() {
        let mut flipped = signature;
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(public.verify(CONTEXT, b"message", &flipped).is_err());
    }
    assert!(public.verify(CONTEXT, b"message", &signature[..63]).is_err());
    for (seal, purpose) in [(2, "a purpose"), (1, "another purpose")] {
        let other = seal_key(seal).signing_key(purpose).unwrap().public_key();
        assert!(other.verify(CONTEXT, b"message", &signature).is_err());
    }
    assert_eq!(seal_key(1).signing_key("a purpose").unwrap().public_key(), public, "derived, not drawn");
}

#[test]
fn a_public_key_goes_through_der() {
    let public = seal_key(1).signing_key("a purpose").unwrap().public_key();
    let der = public.to_der();
    assert_eq!(PublicKey::from_der(&der).unwrap(), public);
    for other in [&der[1..], &der[..43], &[&der[..], &[0]].concat(), b""] {
        assert!(PublicKey::from_der(other).is_err());
    }
}
