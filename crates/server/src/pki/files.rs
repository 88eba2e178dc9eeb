//! [`Pki`]: the authority and the server's certificate as they stand in the data folder.
//!
//! Each file is made when it is missing and what it depends on is there, so a first start that is cut off is taken up where it ended.

use super::private_key::{PrivateKey, Size};
use super::{Authority, Error, ServerNames, check_name};
use crate::folder::Folder;
use crate::tls::ServerIdentity;
use kmip::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;
use wrap::primitive::{Random, SealKey};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

const CA_CERTIFICATE: &str = "ca.crt";
const CA_KEY: &str = "ca.key.sealed";
const SERVER_CERTIFICATE: &str = "server.crt";
const SERVER_KEY: &str = "server.key";
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

/// Reads the server's certificate and key again, as a reload does.
///
/// # Errors
/// What is wrong with the files.
pub fn read_identity(folder: &Folder) -> Result<ServerIdentity, Error> {
    let chain = required(folder, SERVER_CERTIFICATE)?;
    let key = required(folder, SERVER_KEY)?;
    ServerIdentity::from_pem(&chain, key).map_err(|error| Error::Installation(error.to_string()))
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
        Some(pem) => Authority::load(&certificate_der(folder, CA_CERTIFICATE, &pem)?, key, random.clone()),
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
    let key = PrivateKey::generate(Size::Authority)?;
    let sealed =
        seal.seal(CA_KEY_PURPOSE, &[], &key.pkcs8(), random).map_err(|error| Error::Installation(error.to_string()))?;
    folder.write(CA_KEY, &sealed)?;
    Ok(key)
}

fn open_server(
    folder: &Folder,
    authority: &Authority,
    names: &ServerNames,
    now: Timestamp,
) -> Result<ServerCertificate, Error> {
    let present = folder.read(SERVER_CERTIFICATE)?;
    let old = present.as_ref().map(|pem| names_in(folder, pem)).transpose()?;
    let names = names.all(old.as_deref(), &host_name());
    let keep = old.as_ref().is_some_and(|old| same(old, &names));
    if !keep {
        let key = server_key(folder, old.is_some())?;
        folder.write(SERVER_CERTIFICATE, authority.issue_server(&names, &key, now)?.as_bytes())?;
    }
    Ok(ServerCertificate { identity: read_identity(folder)?, names, renamed: old.is_some() && !keep })
}

/// The server's key; a new one only where there is no certificate that would need it.
fn server_key(folder: &Folder, needed: bool) -> Result<PrivateKey, Error> {
    match folder.read(SERVER_KEY)? {
        Some(pem) => read_key(folder, &pem),
        None if needed => Err(missing(folder, SERVER_KEY)),
        None => {
            let key = PrivateKey::generate(Size::Usual)?;
            folder.write(SERVER_KEY, key.pem().as_bytes())?;
            Ok(key)
        }
    }
}

fn read_key(folder: &Folder, pem: &[u8]) -> Result<PrivateKey, Error> {
    use rustls_pki_types::PrivatePkcs8KeyDer;
    use rustls_pki_types::pem::PemObject;
    let der = PrivatePkcs8KeyDer::from_pem_slice(pem).map_err(|_| unreadable(folder, SERVER_KEY))?;
    PrivateKey::from_pkcs8(der.secret_pkcs8_der()).map_err(|_| unreadable(folder, SERVER_KEY))
}

fn names_in(folder: &Folder, pem: &[u8]) -> Result<Vec<String>, Error> {
    let der = certificate_der(folder, SERVER_CERTIFICATE, pem)?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| unreadable(folder, SERVER_CERTIFICATE))?;
    let extension = certificate.subject_alternative_name().ok().flatten();
    Ok(extension.map_or(Vec::new(), |names| names.value.general_names.iter().filter_map(name_text).collect()))
}

fn name_text(name: &GeneralName<'_>) -> Option<String> {
    if let GeneralName::IPAddress(bytes) = name {
        let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
        let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
        return address.ok().map(|address| address.to_string());
    }
    if let GeneralName::DNSName(name) = name { Some((*name).to_owned()) } else { None }
}

fn same(old: &[String], new: &[String]) -> bool {
    let sorted = |names: &[String]| {
        let mut names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        names.sort();
        names
    };
    sorted(old) == sorted(new)
}

fn certificate_der(folder: &Folder, file: &str, pem: &[u8]) -> Result<Vec<u8>, Error> {
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;
    CertificateDer::from_pem_slice(pem).map(|der| der.to_vec()).map_err(|_| unreadable(folder, file))
}

fn host_name() -> String {
    nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default()
}

fn required(folder: &Folder, file: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    folder.read(file)?.ok_or_else(|| missing(folder, file))
}

fn missing(folder: &Folder, file: &str) -> Error {
    Error::Installation(format!("{} is missing: restore it from a backup", folder.path(file).display()))
}

fn unreadable(folder: &Folder, file: &str) -> Error {
    Error::Installation(format!("{} can't be read as PEM: restore it from a backup", folder.path(file).display()))
}
