//! An adapter's door: the port and host names of its own, and what its clients must show there.
//!
//! The invariant: a password comes in here and goes to the engine; none goes out.

use axum::extract::State;
use engine::registry::{self, Adapter};
use keymanager::Action;
use wrap::Secret;
use zeroize::Zeroizing;

use super::answer::{Answer, Reply};
use super::body::{At, Body};
use super::caller::Caller;
use super::error::Error;
use super::routes::Routes;
use super::{Shared, adapters};
use crate::api::{Collection, Door, NewCredential, NewDoor, Resource, WhenExpired};

pub(super) fn add_to(routes: Routes) -> Routes {
    routes.home(Action::ReadAdapter, "The adapter's door could not be retrieved", __path_show, show).home(
        Action::UpdateAdapter,
        "The adapter's door could not be changed",
        __path_set,
        set,
    )
}

/// Where an adapter's clients come in
#[utoipa::path(
    get,
    path = "/api/v1/adapters/{adapter}/door",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier")),
    responses((status = 200, body = Collection<Door>, content_type = Door::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(adapter): At<String>) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    Ok(Reply::one(resource(&app, &adapter)))
}

/// Set where an adapter's clients come in
///
/// What is left out is as it is at first; the credential alone is kept. A port is open a moment later.
#[utoipa::path(
    put,
    path = "/api/v1/adapters/{adapter}/door",
    tag = "KMIP",
    params(("adapter" = String, Path, description = "Name or identifier")),
    request_body = NewDoor,
    responses((status = 200, body = Collection<Door>, content_type = Door::TYPE))
)]
async fn set(caller: Caller, State(app): State<Shared>, At(adapter): At<String>, Body(new): Body<NewDoor>) -> Answer {
    let adapter = adapters::find(&app, &caller, &adapter)?;
    check_port(&app, new.port)?;
    let door = wanted(new);
    let changed = app.engine.registry().set_door(&adapter, door, &caller.administrator(), caller.now).await?;
    caller.set_recorded();
    Ok(Reply::one(resource(&app, &changed)))
}

/// The server's own two ports are nobody's.
fn check_port(app: &Shared, port: Option<u16>) -> Result<(), Error> {
    let taken = |what: &str| {
        let message = format!("port {} is the server's own, {what}: choose another", port.unwrap_or_default());
        Err(Error::conflict("DOOR_TAKEN_ERR", message))
    };
    match port {
        Some(port) if port == app.kmip_port => taken("which all adapters share"),
        Some(port) if port == app.port => taken("for its administration"),
        Some(_) | None => Ok(()),
    }
}

fn wanted(NewDoor { names, port, shared, expired, credential }: NewDoor) -> registry::NewDoor {
    let expired = match expired {
        WhenExpired::Served => registry::Expired::Served,
        WhenExpired::Refused => registry::Expired::Refused,
    };
    let credential = match credential {
        NewCredential::Keep => registry::NewCredential::Keep,
        NewCredential::None => registry::NewCredential::None,
        NewCredential::Set { user, password } => {
            let password = Secret::new(Zeroizing::new(password.expose().as_bytes().to_vec()));
            registry::NewCredential::Set { user, password }
        }
    };
    registry::NewDoor { names, port, shared, expired, credential }
}

/// In the API's words.
pub(super) fn when_expired(adapter: &Adapter) -> WhenExpired {
    match adapter.door.expired {
        registry::Expired::Served => WhenExpired::Served,
        registry::Expired::Refused => WhenExpired::Refused,
    }
}

fn resource(app: &Shared, adapter: &Adapter) -> Door {
    let door = &adapter.door;
    Door {
        adapter: adapter.name.clone(),
        names: door.names.clone(),
        port: door.port,
        shared_port: app.kmip_port,
        shared: door.shared,
        expired: when_expired(adapter),
        user: door.user.clone(),
        damaged: door.is_damaged(),
    }
}
