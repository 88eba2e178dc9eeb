//! Instances and the access to them: what IBM Cloud's resource controller and IAM are there.

mod api_keys;
mod authorizations;
mod grants;
mod instances;
mod roles;
mod service_ids;

use uuid::Uuid;

use super::error::Error;
use super::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    let routes = instances::add_to(routes);
    let routes = service_ids::add_to(routes);
    let routes = api_keys::add_to(routes);
    let routes = grants::add_to(routes);
    let routes = authorizations::add_to(routes);
    roles::add_to(routes)
}

/// Roles by their names.
fn roles_of(names: &[String]) -> Result<Vec<keymanager::Role>, Error> {
    let role = |name: &String| {
        keymanager::Role::from_name(name).ok_or_else(|| {
            let known: Vec<&str> = keymanager::Role::ALL.iter().map(|role| role.name()).collect();
            Error::field("roles", format!("there is no role `{name}`: there are {}", known.join(", ")))
        })
    };
    names.iter().map(role).collect()
}

fn names_of(roles: &[keymanager::Role]) -> Vec<String> {
    roles.iter().map(|role| role.name().to_owned()).collect()
}

/// An identifier in a body.
fn uuid(field: &'static str, text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| Error::field(field, format!("`{field}` is a UUID")))
}

/// An identifier in a path: what is none names nothing.
fn id(what: &'static str, text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| keymanager::Error::NotFound { what, name: text.to_owned() }.into())
}
