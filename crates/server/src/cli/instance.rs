//! `keystead instance`: the tenants of the server, each with keys, adapters and policies of its own.

mod policy;

use super::confirm::Consent;
use super::output::{Column, print};
use super::{Client, Failure, Output};
use crate::api::{Instance, NewInstance};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List the instances that you have access to
    List,
    /// Make an instance: keys and adapters of its own, apart from all others
    Create {
        /// Its name: 1 to 90 characters
        name: String,
    },
    /// Show an instance
    Show(Which),
    /// Give an instance another name
    Rename {
        #[command(flatten)]
        which: Which,
        /// The new name
        to: String,
    },
    /// Delete an instance that holds no keys and no adapters, with its key rings, policies and service IDs
    Delete {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        consent: Consent,
    },
    /// Print requests and latencies of the instance that --instance names, in Prometheus' text format
    Metrics,
    /// Policies of the instance that --instance names
    #[command(subcommand)]
    Policy(policy::Verb),
}

/// Which instance a verb is about.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Which {
    /// Name or identifier
    #[arg(value_name = "NAME|ID")]
    which: String,
}

const COLUMNS: [Column<Instance>; 4] = [
    Column("Name", |instance| instance.name.clone()),
    Column("Id", |instance| instance.id.clone()),
    Column("Created", |instance| instance.created_at.clone()),
    Column("By", |instance| instance.created_by.clone()),
];

pub(super) async fn run(verb: Verb, client: &Client, output: Output) -> Result<(), Failure> {
    let api = client.installation();
    match verb {
        Verb::List => output.list(&api.list(&["instances"]).await?, &COLUMNS, "You have access to no instance."),
        Verb::Create { name } => {
            let made: Instance = api.post(&["instances"], &NewInstance { name }).await?;
            let next = format!("Next, give it a root key: keystead rootkey create main --instance {}", made.id);
            output.done(&made, &format!("Instance {} was made ({}).\n{next}", made.name, made.id))
        }
        Verb::Show(Which { which }) => output.show(&api.show(&["instances", &which]).await?, &COLUMNS),
        Verb::Rename { which: Which { which }, to } => {
            let api = client.identities().await?;
            let renamed: Instance = api.patch(&["instances", &which], &NewInstance { name: to }).await?;
            output.done(&renamed, &format!("The instance is called {} now.", renamed.name))
        }
        Verb::Delete { which: Which { which }, consent } => {
            let found: Instance = api.show(&["instances", &which]).await?;
            let Instance { id, name, .. } = found;
            consent.obtain(&format!(
                "Instance {name} ({id}) will be deleted, with its key rings, policies, service IDs and their API keys."
            ))?;
            client.identities().await?.delete(&["instances", &id], false).await?;
            output.say(&format!("Instance {name} was deleted."))
        }
        Verb::Metrics => print(&client.in_instance().await?.text(&["metrics"]).await?),
        Verb::Policy(verb) => policy::run(verb, &client.key_protect().await?, output).await,
    }
}
