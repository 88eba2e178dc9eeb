//! Keys made and imported.

use super::Sort;
use super::material::Brought;
use crate::api::key_protect::{DualAuthPolicy, Key, NewKeyWithPolicies, Request, RotationPolicy};
use crate::cli::{Api, Failure, Output, date};

/// What can be said of a new key of either sort.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Options {
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// Key ring to put it into [default: default]
    #[arg(long)]
    ring: Option<String>,
    /// Another name, which no other key of the instance has; may be given 5 times
    #[arg(long)]
    alias: Vec<String>,
    /// A word to find it by; may be given 30 times
    #[arg(long)]
    tag: Vec<String>,
    /// When it becomes deactivated (a root key unwraps then, and wraps no more), such as 2030-01-31 or 2030-01-31T12:00:00Z [default: never]
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
}

/// Policies of a new key in the place of the instance's.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::cli) struct Policies {
    /// Months of 30 days between two rotations.
    pub(in crate::cli) rotate_every: Option<u32>,
    /// Whether two people are needed to delete it.
    pub(in crate::cli) dual_auth: bool,
}

/// Makes a key.
pub(in crate::cli) async fn create(
    sort: Sort,
    name: String,
    options: Options,
    policies: Policies,
    brought: Brought,
    api: Api<'_>,
    output: Output,
) -> Result<(), Failure> {
    let has_policies = policies.rotate_every.is_some() || policies.dual_auth;
    let path = if has_policies { "keys_with_policy_overrides" } else { "keys" };
    let api = api.in_ring(options.ring.clone());
    let body = Request::one(Key::TYPE, new(sort, name, options, policies, brought));
    let key: Key = api.post(&[path], &body).await?;
    let did = if key.imported { "imported" } else { "made" };
    output.done(&key, &format!("{} {} was {did} ({}).", sort.title(), key.name, key.id))
}

/// The request. Without policies it is the same as that of a key under the instance's.
fn new(sort: Sort, name: String, options: Options, policies: Policies, brought: Brought) -> NewKeyWithPolicies {
    let given = |list: Vec<String>| Some(list).filter(|list| !list.is_empty());
    NewKeyWithPolicies {
        r#type: Some(Key::TYPE.to_owned()),
        name,
        aliases: given(options.alias),
        description: options.description.filter(|text| !text.is_empty()),
        tags: given(options.tag),
        expiration_date: options.expires.map(date::whole),
        extractable: Some(sort == Sort::Standard),
        payload: brought.payload,
        encryption_algorithm: brought.encryption_algorithm,
        encrypted_nonce: brought.encrypted_nonce,
        iv: brought.iv,
        rotation: policies.rotate_every.map(|months| RotationPolicy { enabled: None, interval_month: Some(months) }),
        dual_auth_delete: policies.dual_auth.then_some(DualAuthPolicy { enabled: true }),
    }
}
