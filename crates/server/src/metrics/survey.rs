//! What is not counted in passing but looked up: how many keys there are, when certificates end, how large files are.
//!
//! The invariant: **a scrape never waits long, and many cost no more than one**: what was looked up is good for 15 seconds, one look is
//! going on at a time, and whoever has waited 2 seconds for it is given what there was.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::kmip::Timestamp;
use keymanager::{Action, Call, Filter, State};
use parking_lot::Mutex;
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::Metrics;
use super::family::{Labels, Rows, gauge, label};
use crate::alarm::Alarms;
use crate::audit::journal_folder;
use crate::expiry::{self, Sources, Watched, What};
use crate::folder::DATABASE;

const GOOD_FOR: Duration = Duration::from_secs(15);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// At most so many instances, adapters and certificates have rows; of certificates those that end first.
const MOST: usize = 1000;
const STATES: [(&str, State); 5] = [
    ("preactive", State::PreActive),
    ("active", State::Active),
    ("suspended", State::Suspended),
    ("deactivated", State::Deactivated),
    ("destroyed", State::Destroyed),
];
/// Who looks, in the key manager's eyes.
const SURVEY: &str = "metrics";

/// What was seen.
#[derive(Default)]
pub(crate) struct Surveyed(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    keys: Vec<(Labels<3>, f64)>,
    objects: Vec<(Labels<4>, f64)>,
    certificates: Vec<(Labels<4>, f64)>,
    alarms: Vec<(Labels<2>, f64)>,
    files: Vec<(Labels<1>, f64)>,
    disk: Vec<(Labels<1>, f64)>,
}

impl Surveyed {
    pub(super) fn register(self: &Arc<Self>, registry: &mut Registry) {
        let one = ("keystead_keys", "Keys of an instance by kind and state; KMIP objects are standard keys too");
        self.rows(registry, one, |seen| &seen.keys);
        let one = ("keystead_kmip_objects", "Objects of an adapter: live ones, and deleted or destroyed ones");
        self.rows(registry, one, |seen| &seen.objects);
        let one = ("keystead_certificate_expiry_seconds", "Seconds until a certificate ends, negative afterwards");
        self.rows(registry, one, |seen| &seen.certificates);
        let one = ("keystead_alarms", "Alarms that stand, by kind and severity");
        self.rows(registry, one, |seen| &seen.alarms);
        let one = ("keystead_store_size_bytes", "The size of the store's and the journal's files");
        self.rows(registry, one, |seen| &seen.files);
        let one = ("keystead_disk_bytes", "The size of the data folder's disk, and what of it is free for the server");
        self.rows(registry, one, |seen| &seen.disk);
    }

    fn rows<const N: usize>(
        self: &Arc<Self>,
        registry: &mut Registry,
        named: (&'static str, &'static str),
        of: fn(&Seen) -> &Vec<(Labels<N>, f64)>,
    ) {
        let seen = self.clone();
        Rows::register(registry, named, MetricType::Gauge, move |rows| {
            of(&seen.0.lock()).iter().try_for_each(|(labels, value)| gauge(rows, labels, *value))
        });
    }
}

/// Looks things up.
pub struct Surveyor {
    /// Where certificates and keys are.
    pub sources: Sources,
    /// Alarms that stand, beside those of certificates.
    pub alarms: Arc<Alarms>,
    /// The numbers that are kept up to date.
    pub metrics: Arc<Metrics>,
    /// The data folder.
    pub data: PathBuf,
    /// When it was last looked; held by whoever looks.
    pub last: Arc<tokio::sync::Mutex<Option<Instant>>>,
}

impl Surveyor {
    /// Looks, unless that was done a moment ago.
    pub(crate) async fn look(self: &Arc<Self>, now: Timestamp) {
        let surveyor = self.clone();
        // It goes on to its end when it takes longer, for the next one who asks.
        let look = tokio::spawn(async move { surveyor.look_once(now).await });
        if timeout(LONGEST_WAIT, look).await.is_err() {
            tracing::warn!("keys and certificates are still being counted: the numbers of a moment ago are shown");
        }
    }

    async fn look_once(&self, now: Timestamp) {
        let mut last = self.last.lock().await;
        if last.is_some_and(|last| last.elapsed() < GOOD_FOR) {
            return;
        }
        match self.see(now).await {
            Ok(seen) => *self.metrics.survey.0.lock() = seen,
            Err(error) => tracing::warn!(%error, "keys and certificates could not be counted for the metrics"),
        }
        *last = Some(Instant::now());
    }

    async fn see(&self, now: Timestamp) -> Result<Seen, Box<dyn std::error::Error + Send + Sync>> {
        let call = Call::internal(Uuid::nil(), Action::ListInstances, SURVEY, now);
        let instances = self.sources.keys.instances(&call).await?;
        let mut seen = Seen::default();
        for instance in instances.iter().take(MOST) {
            self.see_keys(instance.id, now, &mut seen).await?;
        }
        let registry = self.sources.engine.registry();
        for adapter in registry.all().iter().take(MOST) {
            let counts = self.sources.engine.count_live(adapter).await?;
            let states = [("live", counts.live), ("deleted", counts.deleted)];
            seen.objects.extend(states.map(|(state, count)| (of_adapter(adapter, state), number(count))));
        }
        // Asked for now, since all that took its time: one that was made meanwhile keeps its counts.
        let named = registry.all().into_iter().map(|adapter| (adapter.id, adapter.name.clone()));
        self.metrics.kmip.adapters(named.collect());
        let watched = self.sources.everything(now).await?;
        seen.alarms = self.alarms(&watched, now);
        seen.certificates = certificates(watched, now);
        (seen.files, seen.disk) = (files(&self.data), disk(&self.data));
        Ok(seen)
    }

    async fn see_keys(&self, instance: Uuid, now: Timestamp, seen: &mut Seen) -> Result<(), keymanager::Error> {
        let call = Call::internal(instance, Action::ListKeys, SURVEY, now);
        for (kind, extractable) in [("root", false), ("standard", true)] {
            for (word, state) in STATES {
                let filter = Filter { states: Some(vec![state]), extractable: Some(extractable), ..Filter::default() };
                let count = self.sources.keys.count_keys(&call, &filter).await?;
                let labels = [label("instance", instance), label("kind", kind), label("state", word)];
                seen.keys.push((labels, number(count)));
            }
        }
        Ok(())
    }

    fn alarms(&self, watched: &[Watched], now: Timestamp) -> Vec<(Labels<2>, f64)> {
        let own = expiry::alarms(watched.to_vec(), now).into_iter();
        let own = own.map(|alarm| (alarm.watched.what.kind(), alarm.threshold.severity));
        let others = self.alarms.all(&self.sources.engine, None).into_iter().map(|alarm| (alarm.kind, alarm.severity));
        let mut counts = HashMap::<_, u64>::new();
        own.chain(others).for_each(|(kind, severity)| *counts.entry((kind, severity.name())).or_default() += 1);
        let rows = counts
            .into_iter()
            .map(|((kind, severity), count)| ([label("kind", kind), label("severity", severity)], number(count)));
        rows.collect()
    }
}

fn of_adapter(adapter: &engine::registry::Adapter, state: &str) -> Labels<4> {
    [
        label("instance", adapter.instance),
        label("adapter", adapter.id),
        label("adapter_name", &adapter.name),
        label("state", state),
    ]
}

/// Two of the same labels are one row, that of the one that ends first: an entry's name is unique on its list alone.
fn certificates(mut watched: Vec<Watched>, now: Timestamp) -> Vec<(Labels<4>, f64)> {
    watched.sort_by_key(|watched| watched.not_after);
    let mut rows: Vec<(Labels<4>, f64)> = Vec::new();
    let mut known = std::collections::HashSet::new();
    for watched in watched {
        let entry = watched.entry.as_ref();
        let (instance, adapter) =
            entry.map_or_else(Default::default, |it| (it.instance.to_string(), it.adapter.clone()));
        let name = match watched.what {
            What::Served(slot, _) | What::Staged(slot) => slot.name().to_owned(),
            What::OwnAuthority => String::new(),
            What::Client | What::ClientAuthority => entry.map_or_else(String::new, |it| it.name.clone()),
        };
        let kind = watched.what.kind();
        let labels =
            [label("kind", kind), label("instance", instance), label("adapter_name", adapter), label("name", name)];
        if rows.len() < MOST && known.insert(labels.clone()) {
            rows.push((labels, signed(watched.not_after - now.seconds())));
        }
    }
    rows
}

/// Files of the data folder, by what they are part of.
fn files(data: &Path) -> Vec<(Labels<1>, f64)> {
    let sizes = |folder: &Path, what: &dyn Fn(&str) -> bool| -> u64 {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let of = entries.filter(|entry| what(&entry.file_name().to_string_lossy()));
        of.filter_map(|entry| entry.metadata().ok()).filter(|it| it.is_file()).map(|it| it.len()).sum()
    };
    let database = sizes(data, &|name| name.starts_with(DATABASE));
    let journal = sizes(&journal_folder(data), &|_| true);
    [("store", database), ("journal", journal)].map(|(part, size)| ([label("part", part)], number(size))).into()
}

fn disk(data: &Path) -> Vec<(Labels<1>, f64)> {
    let Some((free, size)) = crate::health::room(data) else { return Vec::new() };
    [("free", free), ("size", size)].map(|(what, bytes)| ([label("what", what)], number(bytes))).into()
}

#[allow(clippy::cast_precision_loss, reason = "Prometheus' values are such numbers")]
fn number(count: u64) -> f64 {
    count as f64
}

#[allow(clippy::cast_precision_loss, reason = "Prometheus' values are such numbers")]
fn signed(count: i64) -> f64 {
    count as f64
}
