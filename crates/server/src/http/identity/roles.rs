//! Roles: the table, as it is.

use keymanager::Action;

use crate::api::{Collection, Resource, Role};
use crate::http::answer::{Answer, Reply};
use crate::http::caller::Caller;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.installation(Action::ReadRoles, "Roles could not be retrieved", __path_list, list)
}

/// List the roles and what each may do
#[utoipa::path(
    get,
    path = "/api/v1/roles",
    tag = "Identity",
    responses((status = 200, body = Collection<Role>, content_type = Role::TYPE))
)]
async fn list(_: Caller) -> Answer {
    let roles = keymanager::Role::ALL.iter().map(|role| {
        let actions = Action::ALL.iter().filter(|action| role.may(**action));
        let mut actions: Vec<String> = actions.map(|action| action.event().to_owned()).collect();
        actions.dedup();
        Role { name: role.name().to_owned(), actions }
    });
    Ok(Reply::all(roles.collect()))
}
