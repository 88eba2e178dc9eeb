//! The recovery kit: the private half of the recovery key, as people keep it.
//!
//! It is either shares, each a file of its own for another person, or one file that a passphrase opens. Each file names the installation
//! that it belongs to. The invariant: **a kit is made where the administrator is, and no server ever sees it**.

use super::{Error, Head};
use crate::passphrase;
use crate::pki::{from_hexadecimal, hexadecimal};
use std::path::{Path, PathBuf};
use wrap::master::{MasterKey, PassphraseParameters};
use wrap::primitive::Random;
use wrap::recovery::RecoveryKey;
use wrap::shares::{Kind, Share, join, split};
use zeroize::Zeroizing;

const INSTALLATION: &str = "installation:";
const SEALED: &str = "keystead-recovery-1:";
const PURPOSE: &str = "keystead recovery kit";
const PASSPHRASE: &str = "keystead-passphrase-1:";

/// A kit, put together.
pub struct Kit {
    /// What opens backups.
    pub key: RecoveryKey,
    /// Whose, in hexadecimal: the public signing key. Backups of others are refused.
    pub installation: String,
}

/// Where a kit is to be had from.
#[derive(Clone, Debug, Default)]
pub struct KitSource {
    /// Files of shares.
    pub shares: Vec<PathBuf>,
    /// A file that a passphrase opens.
    pub kit: Option<PathBuf>,
    /// The file with that passphrase.
    pub passphrase: Option<PathBuf>,
}

impl Kit {
    /// Puts a kit together.
    ///
    /// # Errors
    /// What is wrong with it: [`Error::Kit`], [`Error::Shares`], [`Error::Io`].
    pub fn read(source: &KitSource) -> Result<Self, Error> {
        match (&source.shares[..], &source.kit, &source.passphrase) {
            ([], Some(kit), Some(passphrase)) => Self::with_passphrase(kit, passphrase),
            ([_, ..], None, _) => Self::of_shares(&source.shares),
            ([], Some(_), None) => {
                Err(Error::Kit("name the file with its passphrase too: --kit-passphrase-file FILE".into()))
            }
            _ => Err(Error::Kit(
                "give either --share FILE for each share, or --kit FILE and --kit-passphrase-file FILE".into(),
            )),
        }
    }

    fn of_shares(paths: &[PathBuf]) -> Result<Self, Error> {
        let mut shares = Vec::with_capacity(paths.len());
        let mut installation = String::new();
        for path in paths {
            let text = text_of(path)?;
            let line = line(&text, "keystead-share-1:").ok_or_else(|| not_that(path, "no key share"))?;
            let share = Share::from_text(line).map_err(|error| not_that(path, &error.to_string()))?;
            let theirs = line_after(&text, INSTALLATION).ok_or_else(|| not_that(path, "no line `installation:`"))?;
            if !installation.is_empty() && installation != theirs {
                return Err(not_that(path, "it is of another installation than the first share"));
            }
            installation = theirs;
            shares.push(share);
        }
        Ok(Kit { key: RecoveryKey::new(join(Kind::Recovery, &shares)?)?, installation })
    }

    fn with_passphrase(kit: &Path, passphrase: &Path) -> Result<Self, Error> {
        let text = text_of(kit)?;
        let find = |prefix| line(&text, prefix).ok_or_else(|| not_that(kit, &format!("no line `{prefix}`")));
        let sealed = from_hexadecimal(find(SEALED)?.trim_start_matches(SEALED).trim())
            .ok_or_else(|| not_that(kit, "its key is no hexadecimal"))?;
        let parameters: PassphraseParameters = find(PASSPHRASE)?.parse()?;
        let installation = line_after(&text, INSTALLATION).ok_or_else(|| not_that(kit, "no line `installation:`"))?;
        let key = derived(&parameters, passphrase)?.seal_key().open(PURPOSE, installation.as_bytes(), &sealed);
        let key = key.map_err(|_| {
            Error::Kit("the passphrase is not the one that it was made with, or the file was changed".into())
        })?;
        Ok(Kit { key: RecoveryKey::new(key)?, installation })
    }

    /// The files of shares: a name and a text for each.
    ///
    /// # Errors
    /// [`Error::Shares`] for numbers that make no sense.
    pub fn into_shares(
        self,
        threshold: u8,
        of: u8,
        random: &dyn Random,
    ) -> Result<Vec<(String, Zeroizing<String>)>, Error> {
        let shares = split(Kind::Recovery, self.key.secret(), threshold, of, random)?;
        let file = |share: &Share| {
            let (number, installation) = (share.number(), &self.installation);
            let text = format!(
                "Keystead recovery kit, share {number} of {of}. Any {threshold} of them open a backup of this installation; fewer open none.\n\
                 Keep it away from the server and from the other shares.\n\
                 {INSTALLATION} {installation}\n{}\n",
                *share.to_text()
            );
            (format!("recovery-share-{number}-of-{of}.txt"), Zeroizing::new(text))
        };
        Ok(shares.iter().map(file).collect())
    }

    /// The file that a passphrase opens.
    ///
    /// # Errors
    /// A passphrase that is too short, or can't be read.
    pub fn into_file(self, passphrase: &Path, random: &dyn Random) -> Result<Zeroizing<String>, Error> {
        let parameters = PassphraseParameters::recommended(random)?;
        let master = derived(&parameters, passphrase)?;
        let sealed =
            master.seal_key().seal(PURPOSE, self.installation.as_bytes(), self.key.secret().expose(), random)?;
        Ok(Zeroizing::new(format!(
            "Keystead recovery kit. With its passphrase it opens the backups of this installation.\n\
             Keep it away from the server.\n\
             {INSTALLATION} {}\n{parameters}\n{SEALED} {}\n",
            self.installation,
            hexadecimal(&sealed)
        )))
    }

    /// Whether it is the one for a backup.
    pub(super) fn fits(&self, head: &Head) -> Result<(), Error> {
        if head.installation != self.installation {
            let short = head.installation.get(24..40).unwrap_or(&head.installation);
            return Err(Error::OtherInstallation(short.to_owned()));
        }
        let given = hexadecimal(&self.key.public()?.id());
        let wanted = head.recovery_key.clone();
        if wanted == given { Ok(()) } else { Err(Error::OtherKit { wanted, given }) }
    }
}

fn derived(parameters: &PassphraseParameters, passphrase: &Path) -> Result<MasterKey, Error> {
    let passphrase = passphrase::read(passphrase).map_err(Error::io(passphrase))?;
    Ok(MasterKey::from_passphrase(&passphrase, parameters)?)
}

fn text_of(path: &Path) -> Result<Zeroizing<String>, Error> {
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(Error::io(path))
}

fn line<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    text.lines().map(str::trim).find(|line| line.to_ascii_lowercase().starts_with(prefix))
}

fn line_after(text: &str, prefix: &str) -> Option<String> {
    line(text, prefix).and_then(|line| line.get(prefix.len()..)).map(|rest| rest.trim().to_ascii_lowercase())
}

fn not_that(path: &Path, why: &str) -> Error {
    Error::Kit(format!("{}: {why}", path.display()))
}
