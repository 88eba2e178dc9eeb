//! [`ServerCertificates`]: the server's certificates while it runs: shown, renewed, exchanged.
//!
//! The invariant of this room: **nothing is served that was not staged first, and nothing becomes the served one by itself.** vCenter
//! pins what it was told to trust; it must be told of the next one while the present one is still good.

use super::facts::{CertificateFacts, describe, parse};
use super::judge::judge;
use super::names::names_of;
use super::pair::{certificate, fits, key};
use super::private_key::PrivateKey;
use super::staging;
use super::{Authority, Error, Pki, ServerCertificate, Slot, Unfit, files::read_identity};
use crate::folder::Folder;
use crate::tls::Live;
use kmip::Timestamp;
use parking_lot::Mutex;
use rcgen::CertificateParams;
use std::sync::Arc;

/// How long before its end a certificate of our own CA has its successor staged, in seconds.
const STAGED_BEFORE: i64 = 90 * 86_400;

/// Where a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// New connections are given it.
    Served,
    /// It waits to be activated.
    Staged,
    /// It was served before the last activation.
    Previous,
}

/// A certificate of the server.
pub struct Shown {
    /// Which one.
    pub slot: Slot,
    /// Where it stands.
    pub state: State,
    /// What it is for: host names and IP addresses.
    pub names: Vec<String>,
    /// What it says of itself.
    pub facts: CertificateFacts,
    /// The certificate.
    pub der: Vec<u8>,
    /// Whether it is of the installation's own CA.
    pub is_ours: bool,
    /// Whether it is for the key that is in use now.
    pub is_on_the_present_key: bool,
}

/// The server's certificates, as the data folder holds them and both ports serve them.
pub struct ServerCertificates {
    folder: Arc<Folder>,
    authority: Arc<Authority>,
    live: Arc<Live>,
    /// What the server is called. Held while anything is changed, so that one change is made at a time.
    names: Mutex<Vec<String>>,
}

impl ServerCertificates {
    /// Those of a started server, which is called `names`.
    pub fn new(folder: Arc<Folder>, authority: Arc<Authority>, live: Arc<Live>, names: Vec<String>) -> Self {
        ServerCertificates { folder, authority, live, names: Mutex::new(names) }
    }

    /// Takes names and files anew.
    ///
    /// # Errors
    /// What is wrong with them; then all stays as it was.
    pub fn reload(&self, open: impl FnOnce(&Folder) -> Result<Pki, Error>) -> Result<ServerCertificate, Error> {
        let mut names = self.names.lock();
        let server = open(&self.folder)?.server;
        self.live.replace(&server.identity).map_err(|error| Error::Installation(error.to_string()))?;
        names.clone_from(&server.names);
        Ok(server)
    }

    /// The installation's authority.
    pub fn issuer(&self) -> Arc<Authority> {
        self.authority.clone()
    }

    /// The authority's own certificate.
    ///
    /// # Errors
    /// [`Error::Damaged`].
    pub fn authority(&self) -> Result<CertificateFacts, Error> {
        let der = super::pem::single_der(self.authority.certificate_pem().as_bytes(), super::pem::Wanted::Certificate)?;
        super::facts(&der)
    }

    /// Every certificate that there is: for each slot the served one, then the staged one and the previous one, if any.
    ///
    /// # Errors
    /// [`Error::Folder`], [`Error::Installation`] where a file can't be read.
    pub fn shown(&self) -> Result<Vec<Shown>, Error> {
        let _one_at_a_time = self.names.lock();
        self.look()
    }

    /// Stages certificates of our own CA on the keys in use, under the server's names. What was staged before is dropped.
    ///
    /// # Errors
    /// As [`ServerCertificates::shown`]; [`Error::Library`].
    pub fn renew(&self, now: Timestamp) -> Result<Vec<Shown>, Error> {
        let names = self.names.lock();
        for slot in Slot::ALL {
            self.stage_own(slot, &names, now)?;
        }
        self.look()
    }

    /// A request (PKCS#10, as PEM) by which another CA can make a certificate for the slot's key and the server's names.
    ///
    /// # Errors
    /// As [`ServerCertificates::shown`]; [`Error::Library`].
    pub fn request(&self, slot: Slot) -> Result<String, Error> {
        let names = self.names.lock();
        let mut params = CertificateParams::new(names.clone())?;
        params.distinguished_name = super::params::common_name(names.first().map_or("keystead", String::as_str));
        Ok(params.serialize_request(&key(&self.folder, slot)?)?.pem()?)
    }

    /// Stages a chain that another CA made, for the key in use or for `key`, both as PEM. Its key says which slot it is for.
    ///
    /// # Errors
    /// What is wrong with it, in words for the administrator.
    pub fn stage(&self, chain: &[u8], key: Option<&[u8]>, now: Timestamp) -> Result<Vec<Shown>, Error> {
        let names = self.names.lock();
        let judged = judge(chain, &names, now)?;
        let key = key.map(|pem| PrivateKey::from_pem(pem).ok_or(Unfit::Key)).transpose()?;
        staging::put_brought(&self.folder, &judged, key.as_ref())?;
        self.look()
    }

    /// Serves what is staged from the next connection on; connections that are open go on.
    ///
    /// # Errors
    /// [`Unfit::NothingStaged`], [`Unfit::OtherKey`], [`Error::Expired`] for one that expired while it waited.
    pub fn activate(&self, now: Timestamp) -> Result<Vec<Shown>, Error> {
        let _one_at_a_time = self.names.lock();
        for staged in self.look()?.iter().filter(|shown| shown.state == State::Staged) {
            super::facts::check_time(&staged.facts, now)?;
        }
        let mut any = false;
        for slot in Slot::ALL {
            any |= staging::activate(&self.folder, slot)?;
        }
        if !any {
            return Err(Unfit::NothingStaged.into());
        }
        let identity = read_identity(&self.folder)?;
        self.live.replace(&identity).map_err(|error| Error::Installation(error.to_string()))?;
        self.look()
    }

    /// Takes away what is staged.
    ///
    /// # Errors
    /// [`Unfit::NothingStaged`], [`Error::Folder`].
    pub fn unstage(&self) -> Result<(), Error> {
        let _one_at_a_time = self.names.lock();
        let [rsa, ecdsa] = Slot::ALL.map(|slot| staging::clear(&self.folder, slot));
        match rsa? | ecdsa? {
            true => Ok(()),
            false => Err(Unfit::NothingStaged.into()),
        }
    }

    /// Stages the successor of each certificate of our own CA that ends within 90 days and has none. The slots of those.
    ///
    /// # Errors
    /// As [`ServerCertificates::renew`].
    pub fn stage_due(&self, now: Timestamp) -> Result<Vec<Slot>, Error> {
        let names = self.names.lock();
        let all = self.look()?;
        let has_none = |slot| !all.iter().any(|shown| shown.slot == slot && shown.state == State::Staged);
        let due = all.iter().filter(|shown| {
            let ends_soon = shown.facts.not_after - now.seconds() <= STAGED_BEFORE;
            shown.state == State::Served && shown.is_ours && ends_soon && has_none(shown.slot)
        });
        let due: Vec<Slot> = due.map(|shown| shown.slot).collect();
        due.iter().try_for_each(|slot| self.stage_own(*slot, &names, now))?;
        Ok(due)
    }

    fn stage_own(&self, slot: Slot, names: &[String], now: Timestamp) -> Result<(), Error> {
        let made = self.authority.issue_server(names, &key(&self.folder, slot)?, now)?;
        staging::put(&self.folder, slot, &made)
    }

    fn look(&self) -> Result<Vec<Shown>, Error> {
        let mut all = Vec::new();
        for slot in Slot::ALL {
            let (files, key) = (slot.files(), key(&self.folder, slot)?);
            let places = [
                (State::Served, files.certificate),
                (State::Staged, files.next_certificate),
                (State::Previous, files.previous_certificate),
            ];
            for (state, file) in places {
                if let Some(der) = certificate(&self.folder, file)? {
                    all.push(self.show(slot, state, der, &key)?);
                }
            }
        }
        Ok(all)
    }

    fn show(&self, slot: Slot, state: State, der: Vec<u8>, key: &PrivateKey) -> Result<Shown, Error> {
        let parsed = parse(&der)?;
        let (names, facts) = (names_of(&parsed), describe(&der, &parsed));
        let (is_ours, is_on_the_present_key) = (self.authority.signed(&der), fits(&der, key));
        Ok(Shown { slot, state, names, facts, der, is_ours, is_on_the_present_key })
    }
}
