//! A certificate and its key as files of the data folder hold them: read, and told whether they belong together.

use super::private_key::PrivateKey;
use super::{Error, Slot, facts};
use crate::folder::Folder;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroizing;

/// The first certificate of a PEM file.
pub(super) fn first_der(folder: &Folder, file: &str, pem: &[u8]) -> Result<Vec<u8>, Error> {
    CertificateDer::from_pem_slice(pem).map(|der| der.to_vec()).map_err(|_| unreadable(folder, file))
}

/// The first certificate of the file, where there is one.
pub(super) fn certificate(folder: &Folder, file: &str) -> Result<Option<Vec<u8>>, Error> {
    folder.read(file)?.map(|pem| first_der(folder, file, &pem)).transpose()
}

/// The slot's key, which must be there.
pub(super) fn key(folder: &Folder, slot: Slot) -> Result<PrivateKey, Error> {
    read_key(folder, slot.files().key)
}

/// The key of a file, which must be there.
pub(super) fn read_key(folder: &Folder, file: &str) -> Result<PrivateKey, Error> {
    PrivateKey::from_pem(&required(folder, file)?).ok_or_else(|| unreadable(folder, file))
}

/// Whether the certificate is for the key.
pub(super) fn fits(certificate: &[u8], key: &PrivateKey) -> bool {
    facts::parse(certificate).is_ok_and(|certificate| certificate.public_key().raw == key.public())
}

pub(super) fn required(folder: &Folder, file: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    folder.read(file)?.ok_or_else(|| missing(folder, file))
}

pub(super) fn missing(folder: &Folder, file: &str) -> Error {
    Error::Installation(format!("{} is missing: restore it from a backup", folder.path(file).display()))
}

pub(super) fn unreadable(folder: &Folder, file: &str) -> Error {
    Error::Installation(format!("{} can't be read as PEM: restore it from a backup", folder.path(file).display()))
}
