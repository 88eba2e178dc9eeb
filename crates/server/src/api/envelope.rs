//! The envelope of every answer: `metadata` with the resources' type and count, and `resources`; errors wear the same one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What has a type of its own in the API: the answer's `collectionType` and its content type.
pub trait Resource: Serialize {
    /// Such as `application/vnd.ibm.kms.key+json`.
    const TYPE: &'static str;
}

/// An answer: none, one or many resources.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Collection<T> {
    /// Facts about the answer itself.
    pub metadata: Metadata,
    /// The resources, also when there are none.
    pub resources: Vec<T>,
}

/// Facts about an answer.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// What the resources are.
    #[serde(default)]
    pub collection_type: String,
    /// How many resources the answer holds.
    pub collection_total: usize,
    /// How many there are altogether, where the answer is one page of a longer list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub total_count: Option<u64>,
    /// What to give as `after` to get the next page, while more follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<u64>,
    /// What was searched for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub search_query: Option<SearchQuery>,
    /// Whether the search ended before it had seen every candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub incomplete_search: Option<bool>,
}

/// A search as it was understood.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct SearchQuery {
    /// The word.
    pub query: String,
    /// Where it was looked for: `name`, `alias`.
    pub scopes: Vec<String>,
    /// Whether keys without it were asked for.
    pub not: bool,
    /// Whether the whole name had to be it.
    pub exact: bool,
}

/// What every error answer is.
pub type ErrorBody = Collection<ErrorResource>;

/// One error: a sentence, and the reasons behind it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorResource {
    /// The sentence.
    pub error_msg: String,
    /// For programs: one reason or more; none where nothing is to be said about why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

impl Resource for ErrorResource {
    const TYPE: &'static str = "application/vnd.ibm.kms.error+json";
}

/// Why a request was refused.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reason {
    /// A stable word for programs, such as `BAD_BODY_ERR`.
    pub code: String,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// The HTTP status again.
    pub status: u16,
    /// Where more is said.
    #[serde(default)]
    pub more_info: String,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub target: Option<ErrorTarget>,
}

/// What an error is about.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ErrorTarget {
    /// `field` or `query_param`.
    pub r#type: String,
    /// Its name.
    pub name: String,
}

impl<T> Collection<T> {
    /// An answer that holds all of `resources`.
    pub fn new(resources: Vec<T>) -> Self
    where
        T: Resource,
    {
        let metadata =
            Metadata { collection_type: T::TYPE.to_owned(), collection_total: resources.len(), ..Metadata::default() };
        Collection { metadata, resources }
    }

    /// An answer with one resource.
    pub fn one(resource: T) -> Self
    where
        T: Resource,
    {
        Self::new(vec![resource])
    }

    /// One page of a list of `total`, which goes on after `next`.
    pub fn page(resources: Vec<T>, total: u64, next: Option<u64>) -> Self
    where
        T: Resource,
    {
        let mut page = Self::new(resources);
        page.metadata.total_count = Some(total);
        page.metadata.next = next;
        page
    }
}
