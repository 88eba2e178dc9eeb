//! Instances.

use axum::extract::State;
use keymanager::Action;

use crate::api::{Collection, Instance, NewInstance, Resource, rfc3339};
use crate::http::Shared;
use crate::http::answer::{Answer, Reply};
use crate::http::body::{At, Body};
use crate::http::caller::Caller;
use crate::http::routes::Routes;

pub(super) fn add_to(routes: Routes) -> Routes {
    routes
        .installation(Action::ListInstances, "Instances could not be retrieved", __path_list, list)
        .installation(Action::CreateInstance, "Instance could not be created", __path_create, create)
        .installation(Action::ReadInstance, "Instance could not be retrieved", __path_show, show)
        .installation(Action::UpdateInstance, "Instance could not be updated", __path_rename, rename)
        .installation(Action::DeleteInstance, "Instance could not be deleted", __path_delete, delete)
}

/// List the instances that the caller has a role in
#[utoipa::path(
    get,
    path = "/api/v1/instances",
    tag = "Identity",
    responses((status = 200, body = Collection<Instance>, content_type = Instance::TYPE))
)]
async fn list(caller: Caller, State(app): State<Shared>) -> Answer {
    Ok(Reply::all(app.keys.instances(&caller).await?.into_iter().map(resource).collect()))
}

/// Create an instance
#[utoipa::path(
    post,
    path = "/api/v1/instances",
    tag = "Identity",
    request_body = NewInstance,
    responses((status = 201, body = Collection<Instance>, content_type = Instance::TYPE))
)]
async fn create(caller: Caller, State(app): State<Shared>, Body(NewInstance { name }): Body<NewInstance>) -> Answer {
    Ok(Reply::made(resource(app.keys.create_instance(&caller, &name).await?)))
}

/// Show an instance
#[utoipa::path(
    get,
    path = "/api/v1/instances/{instance}",
    tag = "Identity",
    params(("instance" = String, Path, description = "Identifier or name")),
    responses((status = 200, body = Collection<Instance>, content_type = Instance::TYPE))
)]
async fn show(caller: Caller, State(app): State<Shared>, At(instance): At<String>) -> Answer {
    Ok(Reply::one(resource(app.keys.instance(&caller, &instance).await?)))
}

/// Rename an instance
#[utoipa::path(
    patch,
    path = "/api/v1/instances/{instance}",
    tag = "Identity",
    params(("instance" = String, Path, description = "Identifier or name")),
    request_body = NewInstance,
    responses((status = 200, body = Collection<Instance>, content_type = Instance::TYPE))
)]
async fn rename(
    caller: Caller,
    State(app): State<Shared>,
    At(instance): At<String>,
    Body(NewInstance { name }): Body<NewInstance>,
) -> Answer {
    Ok(Reply::one(resource(app.keys.rename_instance(&caller, &instance, &name).await?)))
}

/// Delete an instance that holds no keys and no adapters
#[utoipa::path(
    delete,
    path = "/api/v1/instances/{instance}",
    tag = "Identity",
    params(("instance" = String, Path, description = "Identifier or name")),
    responses((status = 204, description = "It is done"))
)]
async fn delete(caller: Caller, State(app): State<Shared>, At(instance): At<String>) -> Answer {
    let deleted = app.keys.delete_instance(&caller, &instance).await?;
    app.metrics.forget(deleted);
    Ok(Reply::no_content())
}

fn resource(instance: keymanager::Instance) -> Instance {
    Instance {
        id: instance.id.to_string(),
        name: instance.name,
        created_at: rfc3339(instance.created.seconds()),
        created_by: instance.created_by,
    }
}
