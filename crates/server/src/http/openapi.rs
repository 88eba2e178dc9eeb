//! The API's description, made from the handlers' own: OpenAPI 3.1.
//!
//! The invariant: **what the routes' table knows is said here and nowhere else**: who may, the headers that every route takes, and
//! the errors that every route has.

use std::sync::{Arc, OnceLock};

use axum::http::header;
use axum::response::IntoResponse;
use keymanager::Role;
use utoipa::Path;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::{Response, ResponseBuilder};
use utoipa::openapi::schema::{Components, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Content, InfoBuilder, License, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Required};

use super::attend::{Guard, Place};
use super::routes::{Describes, Routes};
use crate::api::{ErrorBody, Resource};

const BEARER: &str = "bearer";

/// Serves the description of all routes that were added before.
pub(super) fn add_to(routes: Routes) -> Routes {
    let text = Arc::<OnceLock<String>>::default();
    let shown = text.clone();
    let routes = routes.public(__path_show, move || show(shown.clone()));
    // A document of strings and maps always serialises; were it not so, the drift test would see an empty one.
    text.get_or_init(|| serde_json::to_string_pretty(&routes.document()).unwrap_or_default());
    routes
}

/// This description
#[utoipa::path(
    get,
    path = "/api/v2/openapi.json",
    tag = "Description",
    responses((status = 200, description = "OpenAPI 3.1", body = serde_json::Value, content_type = "application/json"))
)]
async fn show(text: Arc<OnceLock<String>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], text.get().cloned().unwrap_or_default())
}

/// The description, as it grows with the routes.
pub(super) struct Document {
    paths: Paths,
    components: Components,
}

impl Document {
    pub(super) fn new() -> Self {
        let mut document = Document { paths: Paths::new(), components: Components::new() };
        document.add_schemas::<ErrorBody>();
        document
    }

    /// Adds a route.
    pub(super) fn add<D: Path + Describes>(&mut self, guard: Option<&Guard>) {
        let mut operation = D::operation();
        operation.operation_id = Some(operation_id(&D::methods(), &D::path()));
        match guard {
            Some(guard) => protect(&mut operation, guard),
            None => operation.security = Some(vec![SecurityRequirement::default()]),
        }
        add_errors(&mut operation);
        let methods = D::methods();
        let item = methods.into_iter().map(|method| PathItem::new(method, operation.clone()));
        if let Some(item) = item.reduce(|mut all, one| {
            all.merge_operations(one);
            all
        }) {
            match self.paths.paths.get_mut(&D::path()) {
                Some(known) => known.merge_operations(item),
                None => drop(self.paths.paths.insert(D::path(), item)),
            }
        }
        let mut schemas = Vec::new();
        D::schemas(&mut schemas);
        self.components.schemas.extend(schemas);
    }

    /// The whole of it.
    pub(super) fn finished(&self) -> OpenApi {
        let mut components = self.components.clone();
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token from POST /identity/token, or an API key itself"));
        components.add_security_scheme(BEARER, SecurityScheme::Http(scheme.build()));
        let info = InfoBuilder::new()
            .title("Keystead")
            .version("2")
            .description(Some(
                "The key manager: IBM Key Protect's REST API below /api/v2, IBM Cloud IAM's token endpoints, and below /api/v1 \
                 what IBM has no API for here.",
            ))
            .license(Some(License::new("Apache-2.0")));
        OpenApiBuilder::new().info(info.build()).paths(self.paths.clone()).components(Some(components)).build()
    }

    fn add_schemas<T: utoipa::ToSchema>(&mut self) {
        let mut schemas = Vec::new();
        T::schemas(&mut schemas);
        schemas.push((T::name().into_owned(), T::schema()));
        self.components.schemas.extend(schemas);
    }
}

/// A name that no other operation has: method and path, such as `get_v2_keys_id_metadata`.
fn operation_id(methods: &[HttpMethod], path: &str) -> String {
    let method = match methods.first() {
        Some(HttpMethod::Get) | None => "get",
        Some(HttpMethod::Post) => "post",
        Some(HttpMethod::Put) => "put",
        Some(HttpMethod::Delete) => "delete",
        Some(HttpMethod::Options) => "options",
        Some(HttpMethod::Head) => "head",
        Some(HttpMethod::Patch) => "patch",
        Some(HttpMethod::Trace) => "trace",
    };
    let words = path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty() && *word != "api");
    words.fold(method.to_owned(), |name, word| format!("{name}_{word}"))
}

/// Who may, and the headers that say where.
fn protect(operation: &mut Operation, guard: &Guard) {
    operation.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, [])]);
    let header = |about, required| parameter("Bluemix-Instance", ParameterIn::Header, about, required);
    let instance = match guard.place {
        Place::Named => header("The instance, a UUID", Required::True),
        Place::Home => header("The instance; the caller's own when left out", Required::False),
        Place::Installation => {
            header("The instance whose access is administered; the installation's when left out", Required::False)
        }
    };
    operation.parameters.get_or_insert_default().push(RefOr::T(instance));
    let roles: Vec<&str> = guard.action.roles().iter().copied().map(Role::name).collect();
    let extensions = Extensions::builder().add("x-action", guard.action.event()).add("x-roles", roles);
    operation.extensions = Some(extensions.build());
}

/// A parameter that is text.
pub(super) fn parameter(name: &str, place: ParameterIn, about: &str, required: Required) -> Parameter {
    let text = Schema::Object(ObjectBuilder::new().schema_type(Type::String).build());
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(about))
        .schema(Some(RefOr::T(text)))
        .build()
}

/// Every route may refuse, and may fail.
fn add_errors(operation: &mut Operation) {
    for status in ["4XX", "5XX"] {
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(error(status)));
    }
}

fn error(status: &str) -> Response {
    let about = if status == "4XX" { "The request can't be carried out" } else { "The server failed" };
    let body = RefOr::Ref(Ref::from_schema_name(<ErrorBody as utoipa::ToSchema>::name()));
    ResponseBuilder::new().description(about).content(crate::api::ErrorResource::TYPE, Content::new(Some(body))).build()
}
