//! Who may do what: service IDs, their API keys, and the roles granted to them.
//!
//! The invariant: **nobody may do anything unless a grant says so**, and what a role may do stands in one table, `role`.
//! `access` decides; `service_id`, `api_key`, `grant` and `authorization` are the records it decides on; `holder` goes from an API
//! key to what its holder may do, which `known` keeps for as long as it holds and `change` ends; `realm` says who looks after what.

mod access;
mod api_key;
mod api_keys;
mod authorization;
mod change;
mod grant;
mod holder;
mod known;
mod realm;
mod role;
mod service_id;

pub use access::{Access, Extent, Principal};
pub use api_key::{ApiKey, ApiKeyKind, ApiKeySecret, NewApiKey};
pub use authorization::{Authorization, NewAuthorization};
pub(crate) use change::again;
pub use grant::{Grant, NewGrant, Target};
pub(crate) use known::Known;
pub use role::{Action, Role};
pub use service_id::{NewServiceId, ServiceId};
