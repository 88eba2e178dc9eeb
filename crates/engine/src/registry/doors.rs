//! The doors of all adapters: how they are set, and which there are.
//!
//! The invariant: no host name and no port is two adapters', whatever instances those belong to.

use std::sync::Arc;

use kmip::Timestamp;
use store::{Change, Expect};

use super::change::What;
use super::door::{self, Door, NewCredential, NewDoor};
use super::{Actor, Adapter, Registry, host, record};
use crate::manage::Error;
use crate::seal::AdapterKey;
use crate::seal::credential::{Verifier, is_password};

/// What is done to an adapter: IBM's events have no name for it, as adapters are not changed there. The role table has it too.
const UPDATE: &str = "kms.kmip-management.update";
/// The most host names of a door.
const NAMES: usize = 8;
/// How many characters a user name may have.
const USER: std::ops::RangeInclusive<usize> = 1..=64;

/// Why a door can't be as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// A host name that is none.
    #[error("`{0}` is no host name: use labels of 1 to 63 of a-z 0-9 -, with dots between them, and no address")]
    HostName(String),
    /// Too many host names.
    #[error("a door can have 8 host names: give fewer")]
    Names,
    /// Port 0.
    #[error("0 is no port: choose one from 1 to 65535")]
    Port,
    /// Not on the shared port, and nowhere else either.
    #[error("without the shared port, clients need another way in: give the adapter a port or a host name of its own")]
    NoWayIn,
    /// A user name that is none.
    #[error("a user name has 1 to 64 characters, and no control characters")]
    User,
    /// A password that is none.
    #[error("a password has 8 to 128 bytes of UTF-8: choose such a one")]
    Password,
    /// The present credential is not to be trusted.
    #[error(
        "the door's record is damaged or was changed by somebody else, so what it demands can't be kept: give user name and password \
         anew, or say that none are demanded"
    )]
    Keep,
}

impl Registry {
    /// The adapters that have a port or host name of their own, of all instances, by identifier. A door whose tag is wrong is none; one
    /// whose tag can't be checked, since the root key can't be used at present, is one, and no message passes it until it is checked.
    pub fn adapters_with_doors(&self) -> Vec<Arc<Adapter>> {
        let snapshot = self.snapshot.load();
        let mut adapters: Vec<_> = snapshot.adapters.values().filter(|a| a.door.has_own_way()).cloned().collect();
        adapters.sort_by_key(|adapter| adapter.id);
        adapters
    }

    /// Has an adapter's door be like this from now on. What is not said anew of it is gone, but for a credential that is kept.
    ///
    /// # Errors
    /// A door that can't be ([`Invalid`]), a host name or port that another adapter has, a root key that can't be used, failures of the
    /// store.
    pub async fn set_door(
        &self,
        adapter: &Adapter,
        new: NewDoor,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Adapter, Error> {
        let _changing = self.changing.lock().await;
        let adapter = self.current(adapter.id)?;
        let (mut door, credential) = checked(new)?;
        self.check_free(&adapter, &door)?;
        let key = self.keyring.key(&adapter.key).await?;
        let verifier = demanded(&adapter, &key, credential, &mut door)?;
        let (place, version) = (door::place(adapter.id), adapter.door.version());
        let body = key.sign(&place, version + 1, record::encode_door(adapter.id, &door, verifier.as_ref()));
        let expect = if version == 0 { Expect::Absent } else { Expect::Version(version) };
        let change = Change::Put { key: place, expect, body, terms: Vec::new() };
        let message = said(&door);
        let what = What { message: Some(&message), ..What::adapter(UPDATE, &adapter) };
        self.commit(vec![change], &adapter, what, by, now).await?;
        Ok((*self.current(adapter.id)?).clone())
    }

    fn check_free(&self, adapter: &Adapter, door: &Door) -> Result<(), Error> {
        let others = self.adapters_with_doors();
        let mut others = others.iter().filter(|other| other.id != adapter.id).map(|other| &other.door);
        let taken = others.find_map(|other| {
            let name =
                door.names.iter().find(|name| other.names.contains(name)).map(|name| format!("host name `{name}`"));
            name.or_else(|| door.port.filter(|_| door.port == other.port).map(|port| format!("port {port}")))
        });
        taken.map_or(Ok(()), |taken| Err(Error::DoorTaken(taken)))
    }
}

/// The door, but for its credential, if it can be.
fn checked(new: NewDoor) -> Result<(Door, NewCredential), Error> {
    let NewDoor { names, port, shared, expired, credential } = new;
    let mut names = names.iter().map(|name| host::name(name)).collect::<Result<Vec<_>, _>>()?;
    names.sort_unstable();
    names.dedup();
    let door = Door { names, port, shared, expired, ..Door::default() };
    let refused = [
        (door.names.len() > NAMES, Invalid::Names),
        (port == Some(0), Invalid::Port),
        (!shared && !door.has_own_way(), Invalid::NoWayIn),
    ];
    let refused = refused.into_iter().find_map(|(is_so, why)| is_so.then_some(why));
    refused.map_or(Ok((door, credential)), |why| Err(Error::Door(why)))
}

/// What tells the credential that is demanded from now on. Its user name goes into the door.
fn demanded(
    adapter: &Adapter,
    key: &AdapterKey,
    credential: NewCredential,
    door: &mut Door,
) -> Result<Option<Verifier>, Error> {
    match credential {
        NewCredential::None => Ok(None),
        NewCredential::Keep => {
            let kept = adapter.door.demands(adapter.id, key).map_err(|_| Error::Door(Invalid::Keep))?;
            door.user.clone_from(&adapter.door.user);
            Ok(kept.cloned())
        }
        NewCredential::Set { user, password } => {
            if !USER.contains(&user.chars().count()) || user.chars().any(char::is_control) {
                return Err(Error::Door(Invalid::User));
            }
            if !is_password(&password) {
                return Err(Error::Door(Invalid::Password));
            }
            let verifier = key.verifier(&user, &password);
            door.user = Some(user);
            Ok(Some(verifier))
        }
    }
}

/// A door in the words of its event.
fn said(door: &Door) -> String {
    let Door { names, port, shared, expired, user, .. } = door;
    let port = port.map_or_else(|| "none".to_owned(), |port| port.to_string());
    format!(
        "host names: {names:?}; port: {port}; on the shared port: {shared}; expired certificates: {expired:?}; user name: {user:?}"
    )
}
