//! `keystead authorization`: what the managers of one instance's adapters may do in another instance, as its administrators allow.

use serde::Serialize;

use super::choice::Names;
use super::confirm::Consent;
use super::output::Column;
use super::{Client, Failure, Output};
use crate::api::{Authorization, NewAuthorization};

#[derive(Debug, clap::Subcommand)]
#[command(after_help = WHAT)]
pub(super) enum Verb {
    /// List authorizations: all of them, or those on the instance that --instance names
    List,
    /// Authorize the managers of another instance on the instance that --instance names
    Create {
        /// The instance whose managers get the roles, by name or identifier
        #[arg(value_name = "NAME|ID")]
        source: String,
        /// Viewer, "VMware KMIP Manager", or both
        #[arg(value_name = "ROLE", required = true)]
        roles: Vec<String>,
    },
    /// Take an authorization back; it counts from the next request on
    Delete {
        /// Its identifier
        id: String,
        #[command(flatten)]
        consent: Consent,
    },
}

const WHAT: &str = "An authorization spares the managers of a KMIP service an API key of the instance whose root keys they use. Whoever is
Manager or KmipAdapterManager of the source may then make, show and delete adapters in the target, and put
client certificates on their lists and take them off.";

/// An authorization, with names.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    authorization: Authorization,
    #[serde(skip)]
    source: String,
    #[serde(skip)]
    target: String,
}

const COLUMNS: [Column<Row>; 5] = [
    Column("Id", |row| row.authorization.id.clone()),
    Column("Managers of", |row| row.source.clone()),
    Column("May in", |row| row.target.clone()),
    Column("Roles", |row| row.authorization.roles.join(", ")),
    Column("Given", |row| format!("{} by {}", row.authorization.created_at, row.authorization.created_by)),
];

pub(super) async fn run(verb: Verb, client: &Client, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List => {
            let listed: Vec<Authorization> = client.identities().await?.list(&["authorizations"]).await?;
            let names = Names::of(client).await;
            let row = |authorization: Authorization| Row {
                source: names.name(&authorization.source),
                target: names.name(&authorization.target),
                authorization,
            };
            let rows: Vec<Row> = listed.into_iter().map(row).collect();
            output.list(&rows, &COLUMNS, "There are no authorizations.")
        }
        Verb::Create { source, roles } => {
            let body = NewAuthorization { source: client.instance_named(&source).await?, roles };
            let made: Authorization = client.in_instance().await?.post(&["authorizations"], &body).await?;
            let (names, roles) = (Names::of(client).await, made.roles.join(", "));
            let (source, target) = (names.name(&made.source), names.name(&made.target));
            output.done(
                &made,
                &format!("The managers of instance {source} are {roles} in instance {target} now ({}).", made.id),
            )
        }
        Verb::Delete { id, consent } => {
            consent.obtain(&format!("The managers that authorization {id} is for will lose its roles."))?;
            client.identities().await?.delete(&["authorizations", &id], false).await?;
            output.say(&format!("Authorization {id} was taken back."))
        }
    }
}
