//! KMIP adapters, their client certificates and objects (Key Protect API: "KMIP adapters").

mod adapters;
mod certificates;
mod objects;

use std::sync::Arc;

use engine::registry::Adapter;
use kmip::Timestamp;

use crate::api::rfc3339;
use crate::http::Shared;
use crate::http::caller::Caller;
use crate::http::error::Error;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    objects::add_to(certificates::add_to(adapters::add_to(routes)))
}

fn find(app: &Shared, caller: &Caller, adapter: &str) -> Result<Arc<Adapter>, Error> {
    crate::http::adapters::find(app, caller, adapter)
}

fn date(time: Timestamp) -> String {
    rfc3339(time.seconds())
}
