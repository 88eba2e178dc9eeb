//! [`Pki`]: the authority and the server's certificate as they stand in the data folder.
//!
//! Each file is made when it is missing and what it depends on is there, so a first start that is cut off is taken up where it ended.

use super::facts::parse;
use super::names::{names_of, same};
use super::pair::{certificate, first_der, missing, read_key, required, unreadable};
use super::private_key::{PrivateKey, Sort};
use super::staging::settle;
use super::{Authority, Error, ServerNames, Slot, check_name};
use crate::folder::Folder;
use crate::tls::ServerIdentity;
use kmip::Timestamp;
use std::sync::Arc;
use wrap::primitive::{Random, SealKey};

const CA_CERTIFICATE: &str = "ca.crt";
const CA_KEY: &str = "ca.key.sealed";
/// What the authority's key is sealed for. Part of the data format.
const CA_KEY_PURPOSE: &str = "keystead authority key";

/// The installation's certificates.
pub struct Pki {
    /// The authority.
    pub authority: Arc<Authority>,
    /// The server's certificate.
    pub server: ServerCertificate,
}

/// The server's certificate and what happened to it at this start.
pub struct ServerCertificate {
    /// Chain and private key.
    pub identity: ServerIdentity,
    /// The names that it bears.
    pub names: Vec<String>,
    /// Whether it was made anew on the key that was there before, because the names changed.
    pub renamed: bool,
}

impl Pki {
    /// Reads what is in the folder and makes what is missing. A certificate whose names are no longer those wanted is made
    /// anew on the same key.
    ///
    /// # Errors
    /// What is wrong with the files or the names.
    pub fn open(
        folder: &Folder,
        seal: &SealKey,
        names: &ServerNames,
        random: &Arc<dyn Random>,
        now: Timestamp,
    ) -> Result<Self, Error> {
        names.given.iter().try_for_each(|name| check_name(name))?;
        let authority = open_authority(folder, seal, random, now)?;
        let server = open_server(folder, &authority, names, now)?;
        Ok(Pki { authority: Arc::new(authority), server })
    }
}

/// Reads the server's certificates and keys again, as a reload does.
///
/// # Errors
/// What is wrong with the files.
pub fn read_identity(folder: &Folder) -> Result<ServerIdentity, Error> {
    let [rsa, ecdsa] = Slot::ALL.map(|slot| read_pair(folder, slot));
    rsa?.with_ecdsa(ecdsa?).map_err(|error| Error::Installation(error.to_string()))
}

fn read_pair(folder: &Folder, slot: Slot) -> Result<ServerIdentity, Error> {
    let files = slot.files();
    let (chain, key) = (required(folder, files.certificate)?, required(folder, files.key)?);
    let wrong = |error| Error::Installation(format!("{}: {error}", folder.path(files.certificate).display()));
    ServerIdentity::from_pem(&chain, key).map_err(wrong)
}

fn open_authority(
    folder: &Folder,
    seal: &SealKey,
    random: &Arc<dyn Random>,
    now: Timestamp,
) -> Result<Authority, Error> {
    let certificate = folder.read(CA_CERTIFICATE)?;
    let key = match folder.read(CA_KEY)? {
        Some(sealed) => open_ca_key(folder, seal, &sealed)?,
        None if certificate.is_some() => return Err(missing(folder, CA_KEY)),
        None => make_ca_key(folder, seal, &**random)?,
    };
    match certificate {
        Some(pem) => Authority::load(&first_der(folder, CA_CERTIFICATE, &pem)?, key, random.clone()),
        None => {
            let authority = Authority::new(key, random.clone(), now)?;
            folder.write(CA_CERTIFICATE, authority.certificate_pem().as_bytes())?;
            Ok(authority)
        }
    }
}

fn open_ca_key(folder: &Folder, seal: &SealKey, sealed: &[u8]) -> Result<PrivateKey, Error> {
    let damaged = || {
        let path = folder.path(CA_KEY);
        Error::Installation(format!(
            "{} is damaged or was sealed under another master key: restore it from a backup",
            path.display()
        ))
    };
    let opened = seal.open(CA_KEY_PURPOSE, &[], sealed).map_err(|_| damaged())?;
    PrivateKey::from_pkcs8(opened.expose()).map_err(|_| damaged())
}

fn make_ca_key(folder: &Folder, seal: &SealKey, random: &dyn Random) -> Result<PrivateKey, Error> {
    let key = PrivateKey::generate(Sort::Authority)?;
    let sealed =
        seal.seal(CA_KEY_PURPOSE, &[], &key.pkcs8(), random).map_err(|error| Error::Installation(error.to_string()))?;
    folder.write(CA_KEY, &sealed)?;
    Ok(key)
}

/// Both certificates under the same names. What another CA made stays as it is: it is the administrator's to replace.
fn open_server(
    folder: &Folder,
    authority: &Authority,
    names: &ServerNames,
    now: Timestamp,
) -> Result<ServerCertificate, Error> {
    Slot::ALL.iter().try_for_each(|slot| settle(folder, *slot))?;
    let old = bears(folder, Slot::Rsa)?;
    let wanted = names.all(old.as_deref(), &host_name());
    let foreign = certificate(folder, Slot::Rsa.files().certificate)?.is_some_and(|der| !authority.signed(&der));
    let mut renamed = false;
    for slot in Slot::ALL {
        renamed |= keep_or_make(folder, authority, slot, &wanted, now)? && slot == Slot::Rsa && old.is_some();
    }
    let names = if foreign { old.unwrap_or_default() } else { wanted };
    Ok(ServerCertificate { identity: read_identity(folder)?, names, renamed })
}

/// Makes the slot's certificate where it is missing or bears other names; whether it did.
fn keep_or_make(
    folder: &Folder,
    authority: &Authority,
    slot: Slot,
    names: &[String],
    now: Timestamp,
) -> Result<bool, Error> {
    let file = slot.files().certificate;
    let present = certificate(folder, file)?;
    if let Some(der) = &present
        && (!authority.signed(der) || same(&bears(folder, slot)?.unwrap_or_default(), names))
    {
        return Ok(false);
    }
    let key = server_key(folder, slot, present.is_some())?;
    folder.write(file, authority.issue_server(names, &key, now)?.as_bytes())?;
    Ok(true)
}

/// The slot's key; a new one only where there is no certificate that would need it.
fn server_key(folder: &Folder, slot: Slot, needed: bool) -> Result<PrivateKey, Error> {
    let file = slot.files().key;
    if needed || folder.read(file)?.is_some() {
        return read_key(folder, file);
    }
    let key = PrivateKey::generate(match slot {
        Slot::Rsa => Sort::Usual,
        Slot::Ecdsa => Sort::P256,
    })?;
    folder.write(file, key.pem().as_bytes())?;
    Ok(key)
}

/// The names that the slot's certificate bears, where there is one.
fn bears(folder: &Folder, slot: Slot) -> Result<Option<Vec<String>>, Error> {
    let file = slot.files().certificate;
    let Some(der) = certificate(folder, file)? else { return Ok(None) };
    let parsed = parse(&der).map_err(|_| unreadable(folder, file))?;
    Ok(Some(names_of(&parsed)))
}

fn host_name() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default()
}
