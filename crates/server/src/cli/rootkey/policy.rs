//! Policies of a root key.

use crate::api::key_protect::{NewKeyPolicy, RotationPolicy};
use crate::cli::keys::{Name, Sort, Wish, find, policy};
use crate::cli::{Api, Failure, Output};

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Verb {
    #[command(flatten)]
    Common(policy::Verb),
    /// Have a root key rotate by itself, or stop that; imported ones are rotated by hand only
    Rotation {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        how_often: HowOften,
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

pub(super) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Common(verb) => policy::run(Sort::Root, verb, api, output).await,
        Verb::Rotation { name, how_often: HowOften { every, on: _, off } } => {
            let key = find(api, Sort::Root, &name.key, Wish::Live).await?;
            let rotation = Some(RotationPolicy { enabled: Some(!off), interval_month: every });
            policy::set(Sort::Root, &key, NewKeyPolicy { rotation, ..NewKeyPolicy::default() }, api, output).await
        }
    }
}
