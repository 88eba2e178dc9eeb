//! Work that would hold up connections: it is done on a thread beside them.

use super::error::Error;

/// Does it, and waits for it.
pub(super) async fn beside<T: Send + 'static, E: Into<Error> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::fault(&error))?.map_err(Into::into)
}
