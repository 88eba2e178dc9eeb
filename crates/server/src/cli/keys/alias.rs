//! Aliases of keys.

use super::{Name, Sort, Wish, find};
use crate::api::key_protect::Alias;
use crate::cli::{Api, Failure, Output};

#[derive(Debug, clap::Subcommand)]
pub(in crate::cli) enum Verb {
    /// Give a key an alias: 2 to 90 characters of A-Z a-z 0-9 _ - that no other key of the instance has; 5 a key at most
    Add {
        #[command(flatten)]
        name: Name,
        /// The alias
        alias: String,
    },
    /// Take an alias from a key
    Remove {
        #[command(flatten)]
        name: Name,
        /// The alias
        alias: String,
    },
}

pub(super) async fn run(sort: Sort, verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Add { name, alias } => {
            let key = find(api, sort, &name.key, Wish::Live).await?;
            let made: Alias = api.post(&["keys", &key.id, "aliases", &alias], &()).await?;
            output.done(&made, &format!("{} {} is also called {alias} now.", sort.title(), key.name))
        }
        Verb::Remove { name, alias } => {
            let key = find(api, sort, &name.key, Wish::Live).await?;
            api.delete(&["keys", &key.id, "aliases", &alias], false).await?;
            output.say(&format!("{} {} is not called {alias} any more.", sort.title(), key.name))
        }
    }
}
