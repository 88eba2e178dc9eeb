//! Work that would hold up connections: it is done on a thread beside them.

use super::error::Error;
use crate::pki;

/// Does it, and waits for it.
pub(super) async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, pki::Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| Error::fault(&error))??)
}
