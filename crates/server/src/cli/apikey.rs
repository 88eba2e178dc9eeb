//! `keystead apikey`: what programs and people show to say which service ID they are.
//!
//! The invariant: **the secret is printed once, alone on standard output**; nobody can have it shown again.

use super::confirm::Consent;
use super::output::Column;
use super::serviceid::{Name, find};
use super::{Client, Failure, Output, date, private};
use crate::api::{ApiKey, NewApiKey, ServiceId};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// List the API keys of a service ID, also revoked ones
    List(Name),
    /// Make an API key and print its secret, which nobody can have shown again
    #[command(after_help = EXAMPLE)]
    Create {
        #[command(flatten)]
        service_id: Name,
        /// Name of the API key: 1 to 90 characters
        name: String,
        /// What it is for
        #[arg(long)]
        description: Option<String>,
        /// When it ends, such as 2030-01-31 or 2030-01-31T12:00:00Z [default: never]
        #[arg(long, value_name = "DATE")]
        expires: Option<String>,
    },
    /// Revoke an API key: it is refused from the next request on, and for good
    Revoke {
        #[command(flatten)]
        service_id: Name,
        /// Name or identifier of the API key
        #[arg(value_name = "NAME|ID")]
        name: String,
        #[command(flatten)]
        consent: Consent,
    },
}

const EXAMPLE: &str = "The secret alone goes to standard output, all else to standard error:
  KEYSTEAD_API_KEY=$(keystead apikey create ci laptop)
With --instance, the API key means that instance where a request names none.";

const COLUMNS: [Column<ApiKey>; 6] = [
    Column("Name", |key| key.name.clone()),
    Column("Id", |key| key.id.clone()),
    Column("Created", |key| key.created_at.clone()),
    Column("Expires", |key| key.expires_at.clone().unwrap_or_default()),
    Column("Revoked", |key| key.revoked_at.clone().unwrap_or_default()),
    Column("Description", |key| key.description.clone()),
];

pub(super) async fn run(verb: Verb, client: &Client, output: Output) -> Result<(), Failure> {
    match verb {
        Verb::List(name) => {
            let (api, ServiceId { id, name, .. }) = find(client, &name).await?;
            let keys = api.list(&["serviceids", &id, "apikeys"]).await?;
            output.list(&keys, &COLUMNS, &format!("Service ID {name} has no API keys."))
        }
        Verb::Create { service_id, name, description, expires } => {
            let (api, owner) = find(client, &service_id).await?;
            let instance = match client.wanted() {
                Some(_) => Some(client.instance().await?),
                None => None,
            };
            let body = NewApiKey { name, description, expires_at: expires.map(date::whole), instance };
            let made: ApiKey = api.post(&["serviceids", &owner.id, "apikeys"], &body).await?;
            show_once(&made, &owner.name, output)
        }
        Verb::Revoke { service_id, name, consent } => {
            let (api, owner) = find(client, &service_id).await?;
            let keys: Vec<ApiKey> = api.list(&["serviceids", &owner.id, "apikeys"]).await?;
            let key = choose(&keys, &name, &owner.name)?;
            consent.obtain(&format!(
                "API key {} ({}) of service ID {} will be refused from now on, and for good.",
                key.name, key.id, owner.name
            ))?;
            api.delete(&["serviceids", &owner.id, "apikeys", &key.id], false).await?;
            output.say(&format!("API key {} of service ID {} is revoked.", key.name, owner.name))
        }
    }
}

fn show_once(made: &ApiKey, owner: &str, output: Output) -> Result<(), Failure> {
    match &made.apikey {
        Some(secret) if !output.is_json() => {
            let said = format!(
                "API key {} of service ID {owner} was made ({}). This is the only time that it is shown:",
                made.name, made.id
            );
            private::print_alone(secret, &said)
        }
        Some(_) | None => output.json(made),
    }
}

/// The API key with an identifier, or the only one with a name that is not revoked.
fn choose<'a>(keys: &'a [ApiKey], text: &str, owner: &str) -> Result<&'a ApiKey, Failure> {
    if let Some(key) = keys.iter().find(|key| key.id == text) {
        return Ok(key);
    }
    let named: Vec<&ApiKey> = keys.iter().filter(|key| key.name == text && key.revoked_at.is_none()).collect();
    match named.as_slice() {
        [only] => Ok(only),
        [] => Err(Failure::not_found(
            format!("service ID {owner} has no API key `{text}` that is not revoked yet"),
            format!("see which there are: keystead apikey list {owner}"),
        )),
        several => Err(Failure::usage(
            format!("service ID {owner} has {} API keys `{text}`", several.len()),
            format!("say which: {}", several.iter().map(|key| key.id.as_str()).collect::<Vec<_>>().join(", ")),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, choose};

    fn key(id: &str, name: &str, is_revoked: bool) -> ApiKey {
        let date = || "2026-01-02T03:04:05Z".to_owned();
        ApiKey {
            id: id.to_owned(),
            name: name.to_owned(),
            description: String::new(),
            apikey: None,
            created_at: date(),
            created_by: String::new(),
            expires_at: None,
            revoked_at: is_revoked.then(date),
        }
    }

    #[test]
    fn the_one_that_is_meant_is_revoked() {
        let keys = [
            key("1", "a", true),
            key("2", "a", false),
            key("3", "b", false),
            key("4", "b", false),
            key("5", "c", true),
        ];
        let check = |text| choose(&keys, text, "ci").map(|key| key.id.as_str());
        for (text, id) in [("1", "1"), ("a", "2"), ("3", "3")] {
            assert_eq!(check(text).unwrap(), id);
        }
        for (text, code, part) in [("b", 2, "3, 4"), ("c", 1, "no API key `c`"), ("d", 1, "no API key `d`")] {
            let failure = check(text).unwrap_err();
            assert!(failure.code() == code && failure.to_string().contains(part), "{failure}");
        }
    }
}
