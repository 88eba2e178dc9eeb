//! `keystead access`: which roles service IDs have, and on what.

use serde::Serialize;

use super::choice::{Names, is_id};
use super::confirm::Consent;
use super::output::Column;
use super::serviceid::{Name, find};
use super::{Client, Failure, Output};
use crate::api::{Grant, NewGrant, ServiceId};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List what a service ID may do
    List(Name),
    /// Give a service ID roles on an instance, or on a key ring or one key of it
    #[command(after_help = ROLES)]
    Grant {
        #[command(flatten)]
        service_id: Name,
        /// Roles by their names
        #[arg(value_name = "ROLE", required = true)]
        roles: Vec<String>,
        /// Only on the keys of this key ring
        #[arg(long, value_name = "RING")]
        ring: Option<String>,
        /// Only on the key with this identifier
        #[arg(long, value_name = "ID")]
        key: Option<String>,
        /// On every instance, also those that are made later
        #[arg(long, conflicts_with_all = ["ring", "key"])]
        all_instances: bool,
    },
    /// Take roles from a service ID again; it counts from the next request on
    Revoke {
        #[command(flatten)]
        service_id: Name,
        /// Identifier of the grant, as `list` shows it
        grant: String,
        #[command(flatten)]
        consent: Consent,
    },
}

const ROLES: &str = "Roles on keys, each with more than the one before:
  Reader               list keys, wrap, unwrap
  ReaderPlus           and get the bytes of standard keys
  Writer               and make, import and rotate keys
  Manager              and disable, delete and restore keys, policies, and all that belongs to adapters
  KeyPurge             erase deleted keys, and nothing else
  KmipAdapterManager   adapters, their certificates and KMIP objects, and nothing else
Roles on instances; on a key ring or a key alone they allow nothing:
  Viewer, Operator     see instances; without it, --instance takes an identifier only
  Editor               and make, rename and delete them
  Administrator        and look after service IDs, API keys and access

Without --instance the roles are on the instance `default`, or on the only one.";

/// A grant, with its instance's name.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    grant: Grant,
    #[serde(skip)]
    on: String,
}

const COLUMNS: [Column<Row>; 5] = [
    Column("Id", |row| row.grant.id.clone()),
    Column("Roles", |row| row.grant.roles.join(", ")),
    Column("On", |row| row.on.clone()),
    Column("Given", |row| row.grant.created_at.clone()),
    Column("By", |row| row.grant.created_by.clone()),
];

pub(super) async fn run(verb: Verb, client: &Client, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List(name) => {
            let (api, ServiceId { id, name, .. }) = find(client, &name).await?;
            let grants: Vec<Grant> = api.list(&["serviceids", &id, "grants"]).await?;
            let names = Names::of(client).await;
            let rows: Vec<Row> = grants.into_iter().map(|grant| Row { on: on(&grant, &names), grant }).collect();
            output.list(&rows, &COLUMNS, &format!("Service ID {name} may do nothing."))
        }
        Verb::Grant { service_id, roles, ring, key, all_instances } => {
            if let Some(odd) = key.as_deref().filter(|key| !is_id(key)) {
                return Err(Failure::usage(
                    format!("`{odd}` is not the identifier of a key"),
                    "`keystead rootkey list` and `keystead standardkey list` show identifiers",
                ));
            }
            let (api, owner) = find(client, &service_id).await?;
            let instance = if all_instances { None } else { Some(client.instance().await?) };
            let body = NewGrant { roles, instance, key_ring: ring, key };
            let grant: Grant = api.post(&["serviceids", &owner.id, "grants"], &body).await?;
            let (roles, on) = (grant.roles.join(", "), on(&grant, &Names::of(client).await));
            output.done(&grant, &format!("Service ID {} is {roles} on {on} now ({}).", owner.name, grant.id))
        }
        Verb::Revoke { service_id, grant, consent } => {
            let (api, owner) = find(client, &service_id).await?;
            consent.obtain(&format!("Service ID {} will lose the roles of grant {grant}.", owner.name))?;
            api.delete(&["serviceids", &owner.id, "grants", &grant], false).await?;
            output.say(&format!("Service ID {} has lost the roles of grant {grant}.", owner.name))
        }
    }
}

/// What a grant is on.
fn on(grant: &Grant, names: &Names) -> String {
    let Some(instance) = &grant.instance else { return "every instance".to_owned() };
    let parts = [
        grant.key.as_ref().map(|key| format!("key {key} in ")),
        grant.key_ring.as_ref().map(|ring| format!("key ring {ring} in ")),
    ];
    parts.into_iter().flatten().collect::<String>() + "instance " + &names.name(instance)
}
