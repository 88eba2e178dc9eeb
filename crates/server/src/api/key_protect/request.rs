//! The envelope that requests come in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A request's envelope.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Request<T> {
    /// Facts about the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(required = true, nullable = false)]
    pub metadata: Option<RequestMetadata>,
    /// What is sent.
    #[serde(default = "Vec::new")]
    #[schema(required = true)]
    pub resources: Vec<T>,
}

/// Facts about a request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestMetadata {
    /// What the resources are.
    pub collection_type: String,
    /// How many there are.
    pub collection_total: u64,
}

impl<T> Request<T> {
    /// A request with one resource of a type.
    pub fn one(collection_type: &str, resource: T) -> Self {
        let metadata = RequestMetadata { collection_type: collection_type.to_owned(), collection_total: 1 };
        Request { metadata: Some(metadata), resources: vec![resource] }
    }
}
