//! Policies of a root key.

use crate::api::Resource;
use crate::api::key_protect::{DualAuthPolicy, KeyPolicy, NewKeyPolicy, Request, RotationPolicy};
use crate::cli::confirm::Consent;
use crate::cli::keys::{Found, Name, Sort, Wish, find};
use crate::cli::output::Column;
use crate::cli::{Api, Failure, Output};

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Verb {
    /// Show the policies of a root key
    Show(Name),
    /// Have a root key rotate by itself, or stop that; imported ones are rotated by hand only
    Rotation {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        rotation: HowOften,
    },
    /// Ask for two people when a root key is deleted; this can't be turned off again
    DualAuth {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        consent: Consent,
    },
}

/// When a root key rotates.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct HowOften {
    /// Rotate it every so many months of 30 days
    #[arg(long, value_name = "MONTHS", value_parser = clap::value_parser!(u32).range(1..=12))]
    every: Option<u32>,
    /// Go on as often as before
    #[arg(long)]
    on: bool,
    /// Stop it; how often it was is kept
    #[arg(long)]
    off: bool,
}

const COLUMNS: [Column<KeyPolicy>; 3] = [
    Column("Policy", |policy| if policy.rotation.is_some() { "rotation" } else { "dual-auth" }.to_owned()),
    Column("Says", said),
    Column("Set", |policy| format!("{} by {}", policy.last_update_date, policy.updated_by)),
];

pub(super) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Show(name) => {
            let key = find(api, Sort::Root, &name.key, Wish::Live).await?;
            let policies = api.list(&["keys", &key.id, "policies"]).await?;
            output.list(&policies, &COLUMNS, &format!("Root key {} has no policies.", key.name))
        }
        Verb::Rotation { name, rotation } => {
            let key = find(api, Sort::Root, &name.key, Wish::Live).await?;
            let rotation = RotationPolicy { enabled: Some(!rotation.off), interval_month: rotation.every };
            set(&key, NewKeyPolicy { rotation: Some(rotation), ..NewKeyPolicy::default() }, api, output).await
        }
        Verb::DualAuth { name, consent } => {
            let key = find(api, Sort::Root, &name.key, Wish::Live).await?;
            consent.obtain(&format!("Root key {key} will take two people to be deleted, from now on and for good."))?;
            let dual_auth_delete = Some(DualAuthPolicy { enabled: true });
            set(&key, NewKeyPolicy { dual_auth_delete, ..NewKeyPolicy::default() }, api, output).await
        }
    }
}

async fn set(key: &Found, policy: NewKeyPolicy, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    let policy = NewKeyPolicy { r#type: Some(KeyPolicy::TYPE.to_owned()), ..policy };
    let set: KeyPolicy = api.put(&["keys", &key.id, "policies"], &Request::one(KeyPolicy::TYPE, policy)).await?;
    output.done(&set, &format!("Root key {}: {}.", key.name, said(&set)))
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
