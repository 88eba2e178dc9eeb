//! The envelope of every answer: `metadata` with a count, and `resources`; errors wear the same one.

use serde::{Deserialize, Serialize};

/// An answer: none, one or many resources.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Collection<T> {
    /// Facts about the answer itself.
    pub metadata: Metadata,
    /// The resources, also when there are none.
    pub resources: Vec<T>,
}

/// Facts about an answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// How many resources the answer holds.
    pub collection_total: usize,
    /// How many there are altogether, where the answer is one page of a longer list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_count: Option<u64>,
    /// What to give as `after` to get the next page, while more follow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
}

/// What every error answer is.
pub type ErrorBody = Collection<ErrorResource>;

/// One error: a sentence, and the reasons behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorResource {
    /// The sentence.
    pub error_msg: String,
    /// For programs: one reason or more.
    #[serde(default)]
    pub reasons: Vec<Reason>,
}

/// Why a request was refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// A stable word for programs, such as `BAD_BODY_ERR`.
    pub code: String,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// The HTTP status again.
    pub status: u16,
}

impl<T> Collection<T> {
    /// An answer that holds all of `resources`.
    pub fn new(resources: Vec<T>) -> Self {
        Collection {
            metadata: Metadata { collection_total: resources.len(), total_count: None, next: None },
            resources,
        }
    }

    /// An answer with one resource.
    pub fn one(resource: T) -> Self {
        Self::new(vec![resource])
    }

    /// One page of a list of `total`, which goes on after `next`.
    pub fn page(resources: Vec<T>, total: u64, next: Option<u64>) -> Self {
        let mut page = Self::new(resources);
        page.metadata.total_count = Some(total);
        page.metadata.next = next;
        page
    }
}
