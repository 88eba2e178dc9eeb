//! Adapters, as the routes below them find theirs. They are made and removed in `key_protect::kmip`.

use std::sync::Arc;

use engine::registry::Adapter;

use super::Shared;
use super::caller::Caller;
use super::error::Error;

/// The caller's adapter with this name or identifier. Another instance's is not found, like one that never was.
pub(super) fn find(app: &Shared, caller: &Caller, adapter: &str) -> Result<Arc<Adapter>, Error> {
    app.engine.registry().adapter(caller.instance, adapter).ok_or_else(|| {
        Error::not_found(
            "ADAPTER_NOT_FOUND_ERR",
            format!("there is no adapter `{adapter}`: list them to see which there are"),
        )
    })
}
