//! `keystead adapter`: KMIP services.

use super::confirm::Consent;
use super::output::Column;
use super::{Client, Failure, Output};
use crate::api::{Adapter, NewAdapter};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Make an adapter
    Create {
        /// Its name: 2 to 40 characters of A-Z a-z 0-9 _ -
        name: String,
        /// What it is for
        #[arg(long, default_value = "", hide_default_value = true)]
        description: String,
        /// Root key to seal its keys under [default: the only one]
        #[arg(long, value_name = "NAME|ID")]
        root_key: Option<String>,
    },
    /// List adapters
    List,
    /// Show one
    Show {
        /// Name or identifier
        #[arg(value_name = "NAME|ID")]
        adapter: String,
    },
    /// Remove an adapter that holds no keys any more
    Remove {
        /// Name or identifier
        #[arg(value_name = "NAME|ID")]
        adapter: String,
        #[command(flatten)]
        consent: Consent,
    },
}

const COLUMNS: [Column<Adapter>; 5] = [
    Column("Name", |adapter| adapter.name.clone()),
    Column("Id", |adapter| adapter.id.clone()),
    Column("Root key", |adapter| adapter.root_key.clone()),
    Column("Created", |adapter| adapter.created_at.clone()),
    Column("Description", |adapter| adapter.description.clone()),
];

pub(crate) async fn run(verb: Verb, client: &Client, output: &Output) -> Result<(), Failure> {
    match verb {
        Verb::Create { name, description, root_key } => {
            let adapter: Adapter = client.post(&["adapters"], &NewAdapter { name, description, root_key }).await?;
            let next = format!(
                "Next, give it a client: keystead client issue --adapter {0} --name vcenter --out .",
                adapter.name
            );
            output.done(&adapter, &format!("Adapter {} was made ({}).\n{next}", adapter.name, adapter.id))
        }
        Verb::List => output.list(&client.list(&["adapters"]).await?, &COLUMNS, "There are no adapters."),
        Verb::Show { adapter } => output.show(&client.show(&["adapters", &adapter]).await?, &COLUMNS),
        Verb::Remove { adapter, consent } => {
            consent.obtain(&format!("Adapter {adapter} and its list of certificates will be removed."))?;
            client.delete(&["adapters", &adapter], false).await?;
            output.say(&format!("Adapter {adapter} was removed."))
        }
    }
}
