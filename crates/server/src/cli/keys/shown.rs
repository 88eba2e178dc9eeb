//! Keys as people see them.

use serde::Serialize;
use serde::de::IgnoredAny;

use super::Found;
use crate::api::key_protect::{Key, Registration};
use crate::cli::output::Column;
use crate::cli::{Api, Failure, Output};

/// A key, and what people want to know besides.
#[derive(Serialize)]
pub(super) struct Row {
    #[serde(flatten)]
    key: Key,
    #[serde(skip)]
    adapters: String,
    #[serde(skip)]
    versions: Option<u64>,
}

impl Row {
    /// A key by itself.
    pub(super) fn of(key: Key) -> Self {
        Row::under(key, String::new())
    }

    /// A root key, with the adapters that seal under it.
    pub(super) fn under(key: Key, adapters: String) -> Self {
        Row { key, adapters, versions: None }
    }
}

pub(super) const ROOT: [Column<Row>; 6] = [
    Column("Name", |row| row.key.name.clone()),
    Column("Id", |row| row.key.id.clone()),
    Column("State", |row| state(&row.key)),
    Column("Key ring", |row| row.key.key_ring_id.clone()),
    Column("Adapters", |row| row.adapters.clone()),
    Column("Created", |row| row.key.creation_date.clone()),
];

pub(super) const STANDARD: [Column<Row>; 5] = [
    Column("Name", |row| row.key.name.clone()),
    Column("Id", |row| row.key.id.clone()),
    Column("State", |row| state(&row.key)),
    Column("Key ring", |row| row.key.key_ring_id.clone()),
    Column("Created", |row| row.key.creation_date.clone()),
];

const SHOWN: [Column<Row>; 22] = [
    Column("Name", |row| row.key.name.clone()),
    Column("Id", |row| row.key.id.clone()),
    Column("Aliases", |row| row.key.aliases.join(", ")),
    Column("Description", |row| row.key.description.clone().unwrap_or_default()),
    Column("Tags", |row| row.key.tags.join(", ")),
    Column("Key ring", |row| row.key.key_ring_id.clone()),
    Column("State", |row| format!("{} ({})", state(&row.key), row.key.state)),
    Column("Material", |row| if row.key.imported { "imported".to_owned() } else { "generated".to_owned() }),
    Column("Versions", |row| row.versions.map_or_else(String::new, |count| count.to_string())),
    Column("Newest version", |row| row.key.key_version.as_ref().map_or_else(String::new, |newest| newest.id.clone())),
    Column("Adapters", |row| row.adapters.clone()),
    Column("Rotation", |row| rotation(&row.key)),
    Column(
        "To delete it",
        |row| if row.key.dual_auth_delete.enabled { "two people".to_owned() } else { String::new() },
    ),
    Column("Set for deletion", |row| {
        row.key.dual_auth_delete.auth_expiration.as_ref().map_or_else(String::new, |until| format!("until {until}"))
    }),
    Column("Created", |row| format!("{} by {}", row.key.creation_date, row.key.created_by)),
    Column("Changed", |row| row.key.last_update_date.clone().unwrap_or_default()),
    Column("Rotated", |row| row.key.last_rotate_date.clone().unwrap_or_default()),
    Column("Expires", |row| row.key.expiration_date.clone().unwrap_or_default()),
    Column("Deleted", |row| {
        let by = row.key.deleted_by.as_deref().unwrap_or_default();
        row.key.deletion_date.as_ref().map_or_else(String::new, |date| format!("{date} by {by}"))
    }),
    Column("Restorable until", |row| row.key.restore_expiration_date.clone().unwrap_or_default()),
    Column("Can be purged", |row| {
        row.key.purge_allowed_from.as_ref().map_or_else(String::new, |date| format!("from {date}"))
    }),
    Column("Purged by itself", |row| row.key.purge_scheduled_on.clone().unwrap_or_default()),
];

/// One key, with what is asked for separately where it is a root key.
pub(super) async fn run(api: &Api<'_>, found: &Found, output: Output) -> Result<(), Failure> {
    let mut row = Row::of(api.show(&["keys", &found.id, "metadata"]).await?);
    if !output.is_json() && !row.key.extractable && !row.key.deleted {
        row.versions = versions(api, &found.id).await?;
        let registrations: Vec<Registration> = api.all(&["keys", &found.id, "registrations"], &[]).await?;
        row.adapters = registrations.iter().map(adapter).collect::<Vec<_>>().join(", ");
    }
    output.show(&row, &SHOWN)
}

/// How many versions a root key has.
pub(in crate::cli) async fn versions(api: &Api<'_>, id: &str) -> Result<Option<u64>, Failure> {
    let query = [("limit", "1"), ("totalCount", "true"), ("allKeyStates", "true")];
    Ok(api.page::<IgnoredAny>(&["keys", id, "versions"], &query).await?.metadata.total_count)
}

/// What a registration is of, by name.
pub(super) fn adapter(registration: &Registration) -> &str {
    registration.description.strip_prefix("KMIP adapter ").unwrap_or(&registration.resource_crn)
}

fn state(key: &Key) -> String {
    keymanager::State::from_number(key.state).map_or_else(|| key.state.to_string(), |state| state.name().to_owned())
}

fn rotation(key: &Key) -> String {
    match key.rotation.map(|policy| (policy.enabled != Some(false), policy.interval_month)) {
        Some((true, Some(months))) => format!("every {months} months"),
        Some((true, None)) => "on".to_owned(),
        Some((false, _)) => "off".to_owned(),
        None => String::new(),
    }
}
