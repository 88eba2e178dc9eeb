//! Policies of keys.

use super::{Found, Name, Sort, Wish, find};
use crate::api::Resource;
use crate::api::key_protect::{DualAuthPolicy, KeyPolicy, NewKeyPolicy, Request, RotationPolicy};
use crate::cli::confirm::Consent;
use crate::cli::output::Column;
use crate::cli::{Api, Failure, Output};

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Verb {
    /// Show the policies of a key
    Show(Name),
    /// Ask for two people when a key is deleted; this can't be turned off again
    DualAuth {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        consent: Consent,
    },
}

const COLUMNS: [Column<KeyPolicy>; 3] = [
    Column("Policy", |policy| if policy.rotation.is_some() { "rotation" } else { "dual-auth" }.to_owned()),
    Column("Says", said),
    Column("Set", |policy| format!("{} by {}", policy.last_update_date, policy.updated_by)),
];

pub(in crate::cli) async fn run(sort: Sort, verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Show(name) => {
            let key = find(api, sort, &name.key, Wish::Live).await?;
            let policies = api.list(&["keys", &key.id, "policies"]).await?;
            output.list(&policies, &COLUMNS, &format!("{} {} has no policies.", sort.title(), key.name))
        }
        Verb::DualAuth { name, consent } => {
            let key = find(api, sort, &name.key, Wish::Live).await?;
            consent.obtain(&format!(
                "{} {key} will take two people to be deleted, from now on and for good.",
                sort.title()
            ))?;
            let dual_auth_delete = Some(DualAuthPolicy { enabled: true });
            let policy = NewKeyPolicy { dual_auth_delete, ..NewKeyPolicy::default() };
            set(sort, &key, policy, api, output).await
        }
    }
}

/// Sets a policy.
pub(in crate::cli) async fn set(
    sort: Sort,
    key: &Found,
    policy: NewKeyPolicy,
    api: &Api<'_>,
    output: Output,
) -> Result<(), Failure> {
    let policy = NewKeyPolicy { r#type: Some(KeyPolicy::TYPE.to_owned()), ..policy };
    let set: KeyPolicy = api.put(&["keys", &key.id, "policies"], &Request::one(KeyPolicy::TYPE, policy)).await?;
    output.done(&set, &format!("{} {}: {}.", sort.title(), key.name, said(&set)))
}

fn said(policy: &KeyPolicy) -> String {
    match (policy.rotation, policy.dual_auth_delete) {
        (Some(RotationPolicy { enabled, interval_month }), _) => {
            let every = interval_month.map_or_else(String::new, |months| format!("every {months} months"));
            if enabled == Some(false) {
                format!("does not rotate by itself (was: {every})")
            } else {
                format!("rotates {every}")
            }
        }
        (None, Some(DualAuthPolicy { enabled: true })) => "two people are needed to delete it".to_owned(),
        (None, Some(DualAuthPolicy { enabled: false }) | None) => "one person is enough to delete it".to_owned(),
    }
}
