//! What is asked of every request's envelope (Key Protect API: "Error handling", status 400).

use crate::api::key_protect::Request;
use crate::http::error::Error;

/// The resources, as many as the metadata says.
pub(super) fn all<T>(request: Request<T>) -> Result<Vec<T>, Error> {
    let Some(metadata) = request.metadata else {
        let code = if request.resources.is_empty() { "NO_BODY_ERR" } else { "BAD_BODY_ERR" };
        return Err(Error::bad_request(code, "the body needs `metadata` and `resources`"));
    };
    if usize::try_from(metadata.collection_total) != Ok(request.resources.len()) {
        let (said, are) = (metadata.collection_total, request.resources.len());
        let message = format!("`metadata.collectionTotal` is {said}, and there are {are} resources");
        return Err(Error::bad_request("COLLECTION_TOTAL_MISMATCH_ERR", message));
    }
    Ok(request.resources)
}

/// The one resource that is expected.
pub(super) fn one<T>(request: Request<T>) -> Result<T, Error> {
    let mut resources = all(request)?;
    match (resources.pop(), resources.len()) {
        (Some(resource), 0) => Ok(resource),
        _ => Err(Error::bad_request("NUM_COLLECTION_RESOURCE_ERR", "`resources` takes exactly one")),
    }
}
