//! What a comparison found, for people and for scripts.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::compare::{Elsewhere, Sorted};
use crate::api::{Key, Usage};
use crate::cli::output::{Column, print};
use crate::cli::used::{days_since, is_destroyed};
use crate::cli::{Failure, Output};

/// What a comparison found.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Report {
    /// The adapter whose keys were compared.
    pub(in crate::cli) adapter: String,
    /// How many keys both have.
    matched: usize,
    /// How often the inventory named a key again.
    duplicates: usize,
    /// Keys here that vCenter does not name, but which were made in the last day: the inventory may be older.
    young: usize,
    /// Keys of other providers in the inventory, by their names.
    other_providers: BTreeMap<String, usize>,
    /// Keys here that vCenter does not name.
    pub(in crate::cli) candidates: Vec<Candidate>,
    /// Keys that vCenter needs and the adapter lacks.
    pub(super) missing: Vec<Missing>,
}

/// A key that vCenter does not name.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::cli) struct Candidate {
    pub(in crate::cli) id: String,
    state: String,
    created_at: String,
    age_days: i64,
    usage: Option<Usage>,
    name: String,
    component: String,
    identifier: String,
    /// Why it might be needed all the same.
    notes: Vec<String>,
}

/// A key that vCenter needs and the adapter lacks.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Missing {
    id: String,
    /// `never-seen`, `destroyed`, `deleted`, `other-adapter`, `foreign`, or `not-here` where nobody could look further.
    why: String,
    /// The same for people, with what to do.
    detail: String,
    /// Until when it can be restored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    restorable_until: Option<String>,
}

const CANDIDATES: [Column<Candidate>; 8] = [
    Column("Id", |key| key.id.clone()),
    Column("State", |key| key.state.clone()),
    Column("Age", |key| format!("{} d", key.age_days)),
    Column("Last used", last_used),
    Column("Name", |key| key.name.clone()),
    Column("Component", |key| key.component.clone()),
    Column("Identifier", |key| key.identifier.clone()),
    Column("But", |key| key.notes.join("; ")),
];

const MISSING: [Column<Missing>; 2] =
    [Column("Id", |key| key.id.clone()), Column("What became of it", |key| key.detail.clone())];

impl Report {
    pub(super) fn new(adapter: &str, keys: &[Key], sorted: Sorted, elsewhere: &Elsewhere) -> Self {
        let by_id: HashMap<&str, &Key> = keys.iter().map(|key| (key.id.as_str(), key)).collect();
        let missing: Vec<Missing> =
            sorted.missing(keys).into_iter().map(|id| Missing::of(id, by_id.get(id).copied(), elsewhere)).collect();
        let needed: HashSet<&str> = sorted.ours.iter().map(String::as_str).collect();
        let unnamed = keys.iter().filter(|key| !is_destroyed(key) && !needed.contains(key.id.as_str()));
        let (old, young): (Vec<Candidate>, Vec<Candidate>) =
            unnamed.map(Candidate::of).partition(|candidate| candidate.age_days >= 1);
        Report {
            adapter: adapter.to_owned(),
            matched: needed.len() - missing.len(),
            duplicates: sorted.duplicates,
            young: young.len(),
            other_providers: sorted.others,
            candidates: old,
            missing,
        }
    }

    pub(super) fn print(&self, output: Output) -> Result<(), Failure> {
        if output.is_json() {
            return output.json(self);
        }
        print(&self.summary())?;
        if !self.missing.is_empty() {
            print("\nvCenter needs these keys, and the adapter lacks them:\n\n")?;
            output.list(&self.missing, &MISSING, "")?;
        }
        if !self.candidates.is_empty() {
            print("\nvCenter does not name these keys. Put them into quarantine before you destroy any:\n\n")?;
            output.list(&self.candidates, &CANDIDATES, "")?;
        }
        Ok(())
    }

    fn summary(&self) -> String {
        let Report { adapter, matched, candidates, missing, .. } = self;
        let (candidates, missing) = (candidates.len(), missing.len());
        let mut lines = vec![format!(
            "Adapter {adapter}: {matched} keys are here and in the inventory, {candidates} are here alone, {missing} are in the inventory alone."
        )];
        if self.young > 0 {
            let young = self.young;
            lines.push(format!(
                "{young} more are here alone, but were made in the last day: export the inventory anew to see them."
            ));
        }
        if self.duplicates > 0 {
            lines.push(format!("The inventory names keys again {} times, as VMs share them.", self.duplicates));
        }
        for (provider, count) in &self.other_providers {
            lines.push(format!("{count} keys are of another key provider, {provider}."));
        }
        lines.join("\n") + "\n"
    }
}

impl Candidate {
    fn of(key: &Key) -> Self {
        let age_days = days_since(&key.created_at).unwrap_or_default();
        let text = |name: &str| key.attribute(name).to_owned();
        Candidate {
            id: key.id.clone(),
            state: key.state.clone(),
            created_at: key.created_at.clone(),
            age_days,
            usage: key.usage.clone(),
            name: text("x-Name"),
            component: text("x-Component"),
            identifier: text("x-Identifier"),
            notes: notes(key),
        }
    }
}

/// Why a key might be needed all the same.
fn notes(key: &Key) -> Vec<String> {
    let mut notes = Vec::new();
    let last = key.usage.as_ref().and_then(|usage| usage.last.as_ref());
    if let Some(days) = last.and_then(|last| days_since(&last.at)).filter(|days| *days < 90) {
        notes.push(format!("it was handed out {days} days ago"));
    }
    notes.push(match key.attribute("x-Component") {
        "ESXi Server" => "a host key: core dumps of that host need it".to_owned(),
        "Virtual Machine" => "snapshots, backups and copies of that VM need it".to_owned(),
        _ => "it may be a vSAN cluster's, a host's, or of a VM that is registered nowhere".to_owned(),
    });
    notes
}

fn last_used(key: &Candidate) -> String {
    let last = key.usage.as_ref().and_then(|usage| usage.last.as_ref());
    last.map_or_else(|| "never".to_owned(), |last| last.at.clone())
}

impl Missing {
    fn of(id: &str, destroyed: Option<&Key>, elsewhere: &Elsewhere) -> Self {
        let until = elsewhere.deleted.get(id).and_then(restorable_until);
        let (why, detail) = match (destroyed, elsewhere.deleted.get(id), elsewhere.of_others.get(id)) {
            (Some(key), ..) => ("destroyed", taken("destroyed", key.attribute("Destroy Date"), until.as_deref())),
            (None, Some(key), _) => {
                let date = key.deletion_date.as_deref().unwrap_or_default();
                ("deleted", taken("deleted", date, until.as_deref()))
            }
            (None, None, Some(adapter)) => {
                ("other-adapter", format!("it is adapter {adapter}'s: let vCenter's certificate in there, or here"))
            }
            (None, None, None) if Uuid::try_parse(id).is_err() => {
                ("foreign", "no key of Keystead's has such an id: another KMS made it".to_owned())
            }
            (None, None, None) if !elsewhere.looked => {
                ("not-here", "not here; deleted keys and other adapters are not yours to see".to_owned())
            }
            (None, None, None) => (
                "never-seen",
                "never seen here, or erased for good: look for it in backups and in other KMSs".to_owned(),
            ),
        };
        Missing { id: id.to_owned(), why: why.to_owned(), detail, restorable_until: until }
    }
}

fn restorable_until(key: &crate::api::key_protect::Key) -> Option<String> {
    key.restore_expiration_date.clone().filter(|_| key.restore_allowed != Some(false))
}

fn taken(how: &str, date: &str, until: Option<&str>) -> String {
    let date = if date.is_empty() { String::new() } else { format!(" on {date}") };
    match until {
        Some(until) => format!("{how}{date}; it can be restored until {until}"),
        None => format!("{how}{date}; it can't be restored"),
    }
}
