//! Rotations of root keys, and the versions that they leave.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Resource, rfc3339};

/// A rotation: the keys of the root key's adapters are wrapped anew, while older versions go on unwrapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rotation {
    /// The root key.
    pub key_id: String,
    /// Its name.
    pub key_name: String,
    /// `running`, `waiting` (the key is disabled or deleted), `failed` (it is tried again) or `finished`.
    pub state: String,
    /// The version that was the newest before.
    pub from: String,
    /// The version that this rotation made.
    pub to: String,
    /// How many adapters there were to do.
    pub total: u32,
    /// How many of them are done.
    pub done: u32,
    /// How many could not be done at the last attempt.
    pub failed: u32,
    /// Why not, or what it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// When the version was made.
    #[schema(format = DateTime)]
    pub started: String,
    /// By whom.
    pub by: String,
    /// When the last adapter was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub finished: Option<String>,
}

impl Resource for Rotation {
    const TYPE: &'static str = "application/vnd.keystead.rotation+json";
}

impl Rotation {
    /// A rotation in the API's words.
    pub fn of(key: &keymanager::Key, job: &keymanager::RotationJob) -> Self {
        Rotation {
            key_id: key.id.to_string(),
            key_name: key.name.clone(),
            state: rotation_state(job).to_owned(),
            from: job.from.to_string(),
            to: job.to.to_string(),
            total: job.total,
            done: job.done,
            failed: job.failed,
            reason: job.reason.clone(),
            started: rfc3339(job.started.seconds()),
            by: job.by.clone(),
            finished: job.finished.map(|at| rfc3339(at.seconds())),
        }
    }

    /// Whether there is nothing left to be done.
    pub fn is_finished(&self) -> bool {
        self.state == FINISHED
    }
}

const FINISHED: &str = "finished";
/// The states of a rotation that is not finished.
pub(crate) const UNFINISHED: [&str; 3] = ["running", "waiting", "failed"];

/// The state of a rotation in a word.
pub(crate) fn rotation_state(job: &keymanager::RotationJob) -> &'static str {
    match (job.finished, job.failed, &job.reason) {
        (Some(_), ..) => FINISHED,
        (None, 0, None) => "running",
        (None, 0, Some(_)) => "waiting",
        (None, ..) => "failed",
    }
}

/// A version of a root key, and what is still under it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RootKeyVersion {
    /// Its identifier.
    pub id: String,
    /// 1 for the first.
    pub number: u32,
    /// `newest` (it wraps and unwraps), `older` (it unwraps), `retired` (it does neither, and can be taken back) or `erased`.
    pub state: String,
    /// How many adapters' keys are under it.
    pub used_by: usize,
    /// The names of these adapters, the first 100.
    pub adapters: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created: String,
    /// Since when it unwraps no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub retired: Option<String>,
    /// Who retired it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retired_by: Option<String>,
    /// Until when its retirement can be taken back; then its material is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub retrievable_until: Option<String>,
    /// When its material was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub erased: Option<String>,
}

impl Resource for RootKeyVersion {
    const TYPE: &'static str = "application/vnd.keystead.root_key_version+json";
}

/// Adapters that are named.
const NAMED: usize = 100;

impl RootKeyVersion {
    /// A version in the API's words.
    pub fn of(each: &keymanager::VersionUse) -> Self {
        let state = match (each.newest, each.retired, each.erased) {
            (true, ..) => "newest",
            (false, _, Some(_)) => "erased",
            (false, Some(_), None) => "retired",
            (false, None, None) => "older",
        };
        let date = |at: Option<kmip::Timestamp>| at.map(|at| rfc3339(at.seconds()));
        RootKeyVersion {
            id: each.version.id.to_string(),
            number: each.version.number,
            state: state.to_owned(),
            used_by: each.adapters.len(),
            adapters: each.adapters.iter().take(NAMED).cloned().collect(),
            created: rfc3339(each.version.created.seconds()),
            retired: date(each.retired),
            retired_by: each.retired_by.clone(),
            retrievable_until: date(each.retrievable_until),
            erased: date(each.erased),
        }
    }
}
