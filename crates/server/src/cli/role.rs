//! `keystead role`: what can be granted.

use super::output::Column;
use super::{Client, Failure, Output};
use crate::api::Role;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List the roles
    List,
    /// Show what a role may do, by the names that audit events have for it
    Show {
        /// Its name
        name: String,
    },
}

const LISTED: [Column<Role>; 2] =
    [Column("Name", |role| role.name.clone()), Column("Actions", |role| role.actions.len().to_string())];

const SHOWN: [Column<Role>; 2] =
    [Column("Name", |role| role.name.clone()), Column("May", |role| role.actions.join("\n"))];

pub(super) async fn run(verb: Verb, client: &Client, output: Output) -> Result<(), Failure> {
    let roles: Vec<Role> = client.installation().list(&["roles"]).await?;
    match verb {
        Verb::List => output.list(&roles, &LISTED, "There are no roles."),
        Verb::Show { name } => match roles.iter().find(|role| role.name.eq_ignore_ascii_case(&name)) {
            Some(role) => output.show(role, &SHOWN),
            None => {
                Err(Failure::not_found(format!("there is no role `{name}`"), "see which there are: keystead role list"))
            }
        },
    }
}
