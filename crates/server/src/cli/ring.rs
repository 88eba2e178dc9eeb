//! `keystead ring`: key rings, groups of keys that access is granted on.

use super::confirm::Consent;
use super::output::Column;
use super::{Api, Failure, Output};
use crate::api::key_protect::KeyRing;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List key rings
    List,
    /// Make a key ring
    Create {
        /// Its identifier: 2 to 100 characters of A-Z a-z 0-9 -
        id: String,
    },
    /// Delete a key ring that no keys are in, and all access to it
    Delete {
        /// Its identifier
        id: String,
        /// Also when deleted keys are in it, which move to the key ring default
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        consent: Consent,
    },
}

const COLUMNS: [Column<KeyRing>; 3] = [
    Column("Id", |ring| ring.id.clone()),
    Column("Created", |ring| ring.creation_date.clone().unwrap_or_default()),
    Column("By", |ring| ring.created_by.clone().unwrap_or_default()),
];

pub(super) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List => output.list(&api.all(&["key_rings"], &[]).await?, &COLUMNS, "There are no key rings."),
        Verb::Create { id } => {
            api.act(&["key_rings", &id], None::<&()>).await?;
            output.say(&format!(
                "Key ring {id} was made. Put a key into it: keystead rootkey create NAME --ring {id}{}",
                api.here()
            ))
        }
        Verb::Delete { id, force, consent } => {
            consent.obtain(&format!("Key ring {id} will be deleted."))?;
            api.delete(&["key_rings", &id], force).await?;
            output.say(&format!("Key ring {id} was deleted."))
        }
    }
}
