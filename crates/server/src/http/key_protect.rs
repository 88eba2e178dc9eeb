//! IBM Key Protect's REST API, version 2: paths, shapes, errors and headers are IBM's. An area a file.

mod actions;
mod aliases;
mod import_tokens;
mod instance_policies;
mod key_policies;
mod keys;
mod kmip;
mod page;
mod payload;
mod prefer;
mod registrations;
mod request;
mod rings;
mod shown;
mod which;

use super::routes::Routes;
#[cfg(test)]
pub(super) use actions::PLACES;
pub(super) use actions::in_todays_form;
pub(super) use which::Which;

pub(super) fn add_to(routes: Routes) -> Routes {
    let areas = [
        keys::add_to,
        actions::add_to,
        key_policies::add_to,
        instance_policies::add_to,
        import_tokens::add_to,
        registrations::add_to,
        aliases::add_to,
        rings::add_to,
        kmip::add_to,
    ];
    areas.into_iter().fold(routes, |routes, add_to| add_to(routes))
}
