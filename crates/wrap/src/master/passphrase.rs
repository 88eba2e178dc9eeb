//! Passphrases: Argon2id with parameters and a salt that are kept beside the data. They are not secret.

use super::Error;
use crate::Secret;
use crate::hex;
use crate::primitive::Random;
use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;
use zeroize::Zeroizing;

const PREFIX: &str = "keystead-passphrase-1:";
const SALT: usize = 16;
/// Below this, the passphrase would be guessed whatever Argon2id costs.
const LEAST: usize = 12;
/// In KiB. The lower end is OWASP's least; the upper one keeps a damaged file from taking all memory.
const MEMORY: RangeInclusive<u32> = 19 * 1024..=4 * 1024 * 1024;
const PASSES: RangeInclusive<u32> = 1..=64;
const LANES: RangeInclusive<u32> = 1..=64;

/// How a passphrase becomes a key. The text form is one line:
/// `keystead-passphrase-1: argon2id memory=65536 passes=3 lanes=4 salt=<32 hexadecimal digits>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassphraseParameters {
    memory: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; SALT],
}

impl PassphraseParameters {
    /// The second recommended option of RFC 9106, section 4 (64 MiB, 3 passes, 4 lanes), with a new salt.
    ///
    /// # Errors
    /// [`Error::Crypto`] when there are no random bytes.
    pub fn recommended(random: &dyn Random) -> Result<Self, Error> {
        let mut salt = [0; SALT];
        random.fill(&mut salt)?;
        Ok(PassphraseParameters { memory: 64 * 1024, passes: 3, lanes: 4, salt })
    }

    pub(super) fn derive(&self, passphrase: &Secret) -> Result<Secret, Error> {
        let found = passphrase.expose().len();
        if found < LEAST {
            return Err(Error::ShortPassphrase { found, least: LEAST });
        }
        argon2id(passphrase.expose(), &self.salt, (self.memory, self.passes, self.lanes))
    }
}

impl fmt::Display for PassphraseParameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PassphraseParameters { memory, passes, lanes, salt } = self;
        let salt = hex::encode(salt);
        write!(f, "{PREFIX} argon2id memory={memory} passes={passes} lanes={lanes} salt={}", *salt)
    }
}

impl FromStr for PassphraseParameters {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [PREFIX, "argon2id", memory, passes, lanes, salt] = words[..] else {
            return Err(Error::Parameters(format!(
                "they must read `{PREFIX} argon2id memory=.. passes=.. lanes=.. salt=..`"
            )));
        };
        Ok(PassphraseParameters {
            memory: number(memory, "memory", MEMORY)?,
            passes: number(passes, "passes", PASSES)?,
            lanes: number(lanes, "lanes", LANES)?,
            salt: salt_bytes(salt)?,
        })
    }
}

fn argon2id(passphrase: &[u8], salt: &[u8], (memory, passes, lanes): (u32, u32, u32)) -> Result<Secret, Error> {
    let failed = |error: argon2::Error| Error::Derivation(error.to_string());
    let mut key = Zeroizing::new(vec![0; 32]);
    let parameters = Params::new(memory, passes, lanes, Some(key.len())).map_err(failed)?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
        .hash_password_into(passphrase, salt, &mut key)
        .map_err(failed)?;
    Ok(Secret::new(key))
}

fn field<'a>(word: &'a str, name: &str) -> Result<&'a str, Error> {
    word.strip_prefix(name)
        .and_then(|rest| rest.strip_prefix('='))
        .ok_or_else(|| Error::Parameters(format!("`{word}` stands where `{name}=` must")))
}

fn number(word: &str, name: &str, range: RangeInclusive<u32>) -> Result<u32, Error> {
    let (least, most) = (range.start(), range.end());
    let wrong = || Error::Parameters(format!("{name} must be a number from {least} to {most}"));
    let number = field(word, name)?.parse().map_err(|_| wrong())?;
    if range.contains(&number) { Ok(number) } else { Err(wrong()) }
}

fn salt_bytes(word: &str) -> Result<[u8; SALT], Error> {
    let digits = field(word, "salt")?;
    let wrong = || Error::Parameters(format!("salt must be {} hexadecimal digits", 2 * SALT));
    if digits.len() != 2 * SALT {
        return Err(wrong());
    }
    let bytes = hex::decode(digits.as_bytes()).map_err(|_| wrong())?;
    bytes.as_slice().try_into().map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference implementation's own vectors for Argon2id 1.3.
    #[test]
    fn derivation_is_argon2id() {
        let cases = [
            ((65536, 2, 1), "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"),
            ((256, 2, 2), "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"),
        ];
        for (parameters, key) in cases {
            let derived = argon2id(b"password", b"somesalt", parameters).unwrap();
            assert_eq!(*hex::encode(derived.expose()), key);
        }
    }
}
