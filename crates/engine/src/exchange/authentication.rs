//! The credential of a message (KMIP 1.4, 6.6), where the adapter's door demands one.
//!
//! The invariant: where one is demanded, nothing is done for a message without it, whatever the message asks for; where none is, what a
//! message bears is ignored.

use kmip::Version;
use kmip::message::{Credential, RequestMessage, UsernameAndPassword};

use crate::Engine;
use crate::error::{Failure, Refusal};
use crate::origin::Origin;
use crate::seal::AdapterKey;
use crate::seal::credential::Verifier;

/// How many credentials of a message are looked at, so that one message is not many guesses.
const CREDENTIALS: usize = 8;

/// Sees that a message bears what the door demands. One of its credentials is enough.
pub(super) async fn check(engine: &Engine, origin: &Origin<'_>, message: &RequestMessage<'_>) -> Result<(), Failure> {
    let adapter = origin.adapter();
    let key = engine.keyring.key(&adapter.key).await?;
    let Some(verifier) = adapter.door.demands(adapter.id, &key)? else { return Ok(()) };
    let credentials = message.header.authentication.iter().flat_map(|authentication| &authentication.credentials);
    let mut looked_at = credentials.take(if message.version < Version::V1_2 { 1 } else { CREDENTIALS });
    if looked_at.any(|credential| is_right(credential, verifier, &key)) {
        Ok(())
    } else {
        Err(Refusal::Authentication.into())
    }
}

fn is_right(credential: &Credential, verifier: &Verifier, key: &AdapterKey) -> bool {
    match credential {
        Credential::UsernameAndPassword(UsernameAndPassword { username, password: Some(password) }) => {
            verifier.is_of(username, password.secret(), key)
        }
        Credential::UsernameAndPassword(UsernameAndPassword { password: None, .. }) | Credential::Other(_) => false,
    }
}
