//! Passphrases and their parameters.

use crate::secret;
use wrap::master::{Error, MasterKey, PassphraseParameters};
use wrap::primitive::SystemRandom;

const CHEAP: &str =
    "keystead-passphrase-1: argon2id memory=19456 passes=1 lanes=1 salt=000102030405060708090a0b0c0d0e0f";

fn key(passphrase: &str, parameters: &str) -> Result<MasterKey, Error> {
    MasterKey::from_passphrase(&secret(passphrase.as_bytes()), &parameters.parse()?)
}

fn opens(sealed: &[u8], passphrase: &str, parameters: &str) -> bool {
    key(passphrase, parameters).unwrap().seal_key().open("p", b"", sealed).is_ok()
}

#[test]
fn the_key_depends_on_passphrase_and_parameters() {
    let sealed = key("six random words", CHEAP).unwrap().seal_key().seal("p", b"", b"content", &SystemRandom).unwrap();
    assert!(opens(&sealed, "six random words", CHEAP));
    assert!(!opens(&sealed, "six random word", CHEAP));
    for (from, to) in [("salt=00", "salt=01"), ("19456", "19457"), ("passes=1", "passes=2"), ("lanes=1", "lanes=2")] {
        assert!(!opens(&sealed, "six random words", &CHEAP.replace(from, to)), "{to}");
    }
}

#[test]
fn recommended_parameters_survive_their_text() {
    let [first, second] = [(); 2].map(|()| PassphraseParameters::recommended(&SystemRandom).unwrap());
    let text = first.to_string();
    assert!(text.starts_with("keystead-passphrase-1: argon2id memory=65536 passes=3 lanes=4 salt="), "{text}");
    assert_eq!(format!("{text}\n").parse::<PassphraseParameters>().unwrap(), first);
    assert_ne!(first, second, "each has a salt of its own");
}

#[test]
fn a_short_passphrase_is_refused() {
    let said = key("hunter2hunt", CHEAP).err().expect("refused").to_string();
    assert_eq!(said, "the passphrase has 11 bytes: use 12 or more, such as six random words");
}

#[test]
fn damaged_parameters_are_refused() {
    let form = "they must read `keystead-passphrase-1: argon2id memory=.. passes=.. lanes=.. salt=..`";
    let cases = [
        ("keystead-passphrase-1", "keystead-passphrase-2", form),
        ("argon2id", "argon2i", form),
        (" lanes=1", "", form),
        ("salt=", "pepper=1 salt=", form),
        ("passes=1 lanes=1", "lanes=1 passes=1", "`lanes=1` stands where `passes=` must"),
        ("memory=19456", "memory=19455", "memory must be a number from 19456 to 4194304"),
        ("memory=19456", "memory=4194305", "memory must be a number from 19456 to 4194304"),
        ("memory=19456", "memory=", "memory must be a number from 19456 to 4194304"),
        ("passes=1", "passes=0", "passes must be a number from 1 to 64"),
        ("lanes=1", "lanes=-1", "lanes must be a number from 1 to 64"),
        ("0e0f", "0e0", "salt must be 32 hexadecimal digits"),
        ("0e0f", "0e0g", "salt must be 32 hexadecimal digits"),
    ];
    for (from, to, answer) in cases {
        let said = CHEAP.replace(from, to).parse::<PassphraseParameters>().expect_err(to).to_string();
        assert_eq!(said, format!("the passphrase parameters cannot be used: {answer}"));
    }
}
