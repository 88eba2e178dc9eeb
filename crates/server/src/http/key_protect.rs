//! IBM Key Protect's REST API, version 2: paths, shapes, errors and headers are IBM's. An area a file.

mod keys;

use super::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    keys::add_to(routes)
}
