//! `keystead standardkey`: keys that are stored here and given back, those of KMIP clients among them.

use std::path::PathBuf;

use super::keys::{self, Name, Options, Policies, Sort, Wish, find};
use super::private::{self, Delivery, Form};
use super::{Api, Failure, Output};
use crate::api::key_protect::Key;

#[derive(Debug, clap::Subcommand)]
#[command(after_help = KMIP)]
pub(super) enum Verb {
    /// Make a key of 32 random bytes, and store it
    Create {
        /// Its name: 1 to 90 characters
        name: String,
        #[command(flatten)]
        options: Options,
        #[command(flatten)]
        two: TwoPeople,
    },
    /// Store a key that is there already, or any secret of up to 7500 bytes
    Import {
        /// Its name: 1 to 90 characters
        name: String,
        /// File with its bytes; - reads standard input
        file: PathBuf,
        #[command(flatten)]
        form: Form,
        #[command(flatten)]
        options: Options,
        #[command(flatten)]
        two: TwoPeople,
    },
    #[command(flatten)]
    Common(keys::Verb),
    /// Policies of a key: how many people its deletion takes
    #[command(subcommand)]
    Policy(keys::policy::Verb),
    /// Get the bytes of a key; of a KMIP client's, what is stored of it, sealed
    Payload {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        delivery: Delivery,
    },
}

/// Whether two people are needed to delete it.
#[derive(Debug, clap::Args)]
pub(super) struct TwoPeople {
    /// Ask for two people when it is deleted, whatever the instance's policies say
    #[arg(long)]
    dual_auth: bool,
}

const KMIP: &str =
    "The keys that KMIP clients made are listed too, as vmware_kmip_ and their KMIP unique identifier. Deleting one
takes it away from its clients until it is restored. Their other side is in `keystead key`.";

pub(super) async fn run(verb: Verb, api: Api<'_>, output: Output) -> Result<(), Failure> {
    let policies = |two: TwoPeople| Policies { rotate_every: None, dual_auth: two.dual_auth };
    match verb {
        Verb::Create { name, options, two } => {
            keys::create(Sort::Standard, name, options, policies(two), keys::Brought::default(), api, output).await
        }
        Verb::Import { name, file, form, options, two } => {
            let brought = keys::Brought::plain(private::encoded(&file, form)?);
            keys::create(Sort::Standard, name, options, policies(two), brought, api, output).await
        }
        Verb::Common(verb) => keys::run(Sort::Standard, verb, api, output).await,
        Verb::Policy(verb) => keys::policy::run(Sort::Standard, verb, &api, output).await,
        Verb::Payload { name, delivery } => payload(&name, &delivery, &api, output).await,
    }
}

async fn payload(name: &Name, delivery: &Delivery, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    delivery.check()?;
    let found = find(api, Sort::Standard, &name.key, Wish::Live).await?;
    let mut key: Key = api.show(&["keys", &found.id]).await?;
    if output.is_json() && !delivery.is_to_a_file() {
        return output.json(&key);
    }
    let payload = key.payload.take().ok_or_else(|| {
        Failure::new(format!("standard key {found} is deleted, so its bytes are not given out"), "restore it first")
    })?;
    delivery.hand_over(&payload)?;
    if output.is_json() { output.json(&key) } else { Ok(()) }
}
