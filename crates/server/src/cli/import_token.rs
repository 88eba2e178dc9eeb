//! `keystead import-token`: the key under which key material can be brought along unread.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::output::Column;
use super::{Api, Failure, Output, files};
use crate::api::key_protect::{ImportToken, NewImportToken};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Make the instance's import token, in the place of the one that was
    Create {
        /// Seconds that it is good for, 300 to 86400 [default: 600]
        #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(i64).range(300..=86_400))]
        expires_in: Option<i64>,
        /// How often it can be shown, 1 to 500 [default: 1]
        #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(i64).range(1..=500))]
        retrievals: Option<i64>,
    },
    /// Show the public key and the nonce, which takes one of the retrievals
    Show {
        /// Write the public key (PEM) to this file
        #[arg(long, value_name = "FILE")]
        key_out: Option<PathBuf>,
        /// Replace a file that is there already
        #[arg(long, requires = "key_out")]
        force: bool,
    },
}

const COLUMNS: [Column<ImportToken>; 6] = [
    Column("Created", |token| token.creation_date.clone()),
    Column("Expires", |token| token.expiration_date.clone()),
    Column("Retrievals", |token| token.max_allowed_retrievals.to_string()),
    Column("Left", |token| token.remaining_retrievals.to_string()),
    Column("Nonce", |token| token.nonce.clone().unwrap_or_default()),
    Column("Public key", |token| public_key(token).unwrap_or_default()),
];

pub(super) async fn run(verb: Verb, api: &Api<'_>, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::Create { expires_in, retrievals } => {
            let body = NewImportToken { expiration: expires_in, max_allowed_retrievals: retrievals };
            let token: ImportToken = api.post_flat(&["import_token"], &body).await?;
            let sentence = format!(
                "An import token was made. It is good until {} and can be shown so many times: {}.
Next: keystead import-token show{}",
                token.expiration_date,
                token.remaining_retrievals,
                api.here()
            );
            output.done(&token, &sentence)
        }
        Verb::Show { key_out, force } => {
            key_out.as_ref().map_or(Ok(()), |out| files::refuse_existing(std::slice::from_ref(out), force))?;
            let token: ImportToken = api.show_flat(&["import_token"]).await?;
            if let Some(out) = &key_out {
                files::write(out, public_key(&token).unwrap_or_default(), 0o644, force)?;
            }
            output.show(&token, &COLUMNS)
        }
    }
}

/// The PEM, which is in base64 once more.
fn public_key(token: &ImportToken) -> Option<String> {
    String::from_utf8(STANDARD.decode(token.payload.as_ref()?).ok()?).ok()
}
