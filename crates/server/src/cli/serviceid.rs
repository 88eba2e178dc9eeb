//! `keystead serviceid`: what programs and people are to the server. A service ID has API keys to show who it is, and is granted
//! what it may do.

use super::choice::Names;
use super::confirm::Consent;
use super::output::Column;
use super::{Api, Client, Failure, Output};
use crate::api::{NewServiceId, ServiceId};
use serde::Serialize;

#[derive(Debug, clap::Subcommand)]
#[command(after_help = WHOSE)]
pub(super) enum Verb {
    /// List service IDs
    List,
    /// Make a service ID, which may do nothing yet
    Create {
        /// Its name: 1 to 90 characters
        name: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
    },
    /// Show a service ID
    Show(Name),
    /// Delete a service ID, with its API keys and all access that it has
    Delete {
        #[command(flatten)]
        name: Name,
        #[command(flatten)]
        consent: Consent,
    },
}

const WHOSE: &str =
    "Without --instance, service IDs are the whole installation's: its administrators look after them, and they can be
given access to any instance. With --instance they are that instance's: its administrators look after them.";

/// Which service ID a verb is about.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Name {
    /// Name, identifier or IAM id of the service ID
    #[arg(value_name = "SERVICE_ID")]
    pub(super) service_id: String,
}

/// A service ID, with its owner's name.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    service_id: ServiceId,
    #[serde(skip)]
    owner: String,
}

const LISTED: [Column<Row>; 5] = [
    Column("Name", |row| row.service_id.name.clone()),
    Column("Id", |row| row.service_id.id.clone()),
    Column("Of", |row| row.owner.clone()),
    Column("Created", |row| row.service_id.created_at.clone()),
    Column("Description", |row| row.service_id.description.clone()),
];

const SHOWN: [Column<Row>; 6] = [
    Column("Name", |row| row.service_id.name.clone()),
    Column("Id", |row| row.service_id.id.clone()),
    Column("IAM id", |row| row.service_id.iam_id.clone()),
    Column("Of", |row| row.owner.clone()),
    Column("Description", |row| row.service_id.description.clone()),
    Column("Created", |row| format!("{} by {}", row.service_id.created_at, row.service_id.created_by)),
];

pub(super) async fn run(verb: Verb, client: &Client, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List => {
            let listed = client.identities().await?.list(&["serviceids"]).await?;
            output.list(&rows(listed, client).await, &LISTED, "There are no service IDs.")
        }
        Verb::Create { name, description } => {
            let api = client.identities().await?;
            let made: ServiceId = api.post(&["serviceids"], &NewServiceId { name, description }).await?;
            let (which, here) = (typed(&made.name).unwrap_or(&made.id), api.here());
            let next = format!(
                "Next, say what it may do:  keystead access grant {which} Viewer Reader{here}
and give it an API key:    keystead apikey create {which} NAME{here}"
            );
            output.done(&made, &format!("Service ID {} was made ({}).\n{next}", made.name, made.id))
        }
        Verb::Show(name) => {
            let (_, found) = find(client, &name).await?;
            rows(vec![found], client).await.iter().try_for_each(|row| output.show(row, &SHOWN))
        }
        Verb::Delete { name, consent } => {
            let (api, found) = find(client, &name).await?;
            let ServiceId { id, name, .. } = found;
            consent.obtain(&format!(
                "Service ID {name} ({id}) will be deleted, and none of its API keys is good for anything from then on."
            ))?;
            api.delete(&["serviceids", &id], false).await?;
            output.say(&format!("Service ID {name} was deleted."))
        }
    }
}

/// Finds a service ID, and the part of the API that looks after it: the instance that was named if it has one of that name, else the
/// installation, whose service IDs are given access to instances too.
pub(super) async fn find<'a>(client: &'a Client, name: &Name) -> Result<(Api<'a>, ServiceId), Failure> {
    let path = ["serviceids", name.service_id.as_str()];
    let of_the_instance = client.identities().await?;
    match of_the_instance.show(&path).await {
        Ok(found) => Ok((of_the_instance, found)),
        Err(failure) if client.wanted().is_some() && (failure.is_not_found() || failure.is_no_access()) => {
            let of_the_installation = client.installation();
            match of_the_installation.show(&path).await {
                Ok(found) => Ok((of_the_installation, found)),
                Err(other) if other.is_no_access() => Err(failure),
                Err(other) => Err(other),
            }
        }
        Err(failure) => Err(failure),
    }
}

/// A name that can be typed as it is.
fn typed(name: &str) -> Option<&str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    Some(name).filter(|name| !name.starts_with('-') && name.bytes().all(fits))
}

async fn rows(listed: Vec<ServiceId>, client: &Client) -> Vec<Row> {
    let names = Names::of(client).await;
    let owner = |owner: &Option<String>| {
        owner.as_deref().map_or_else(|| "the installation".to_owned(), |id| format!("instance {}", names.name(id)))
    };
    listed.into_iter().map(|service_id| Row { owner: owner(&service_id.owner), service_id }).collect()
}
