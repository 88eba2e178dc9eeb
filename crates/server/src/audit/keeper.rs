//! [`Keeper`]: brings the events of changes from the store into the journal, and signs where the journal stands.
//!
//! The invariants: **a change's event is let go from the store only after the journal was flushed with it**; and the number that it
//! has in the store goes with it, so that after a crash the journal itself says where to go on. A head is in the store only after the
//! journal was flushed with what it speaks of, so that a journal that lacks it was cut. The last change before it is kept with it: the
//! segments that hold that one may have been archived.

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kmip::ttlv::{Item, Writer};
use kmip::{Tag, Version};
use store::journal::{Entry, Position, read_from};
use store::{Batch, Change, Error, Expect, Key, Kind, Space, Store};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::{Audit, HEAD_FILE, PUBLIC_KEY_FILE, pem};
use crate::api::AuditHead;

/// How often it is looked for changes' events; with the flush it stays below 100 ms.
const ROUND: Duration = Duration::from_millis(50);
/// Events that are brought over at once.
const PAGE: usize = 512;
/// The record of the newest head, at the node's identifier.
const STATE: Kind = Kind(0x1E);
/// The head in it, as JSON. Until there was a structure, it was all that the record held.
const HEAD: Tag = Tag(0x54_1E01);
/// The structure: the head, and the number of the last change that was in the journal before it.
const KEPT: Tag = Tag(0x54_1E02);
const LAST: Tag = Tag(0x54_1E03);
/// The action of what is said of a journal that lacks what was signed.
pub(super) const CUT: &str = "keystead.audit.cut";

/// The alarms: the journal was cut; it takes nothing; answers left without their events.
const CUT_ALARM: &str = "audit-cut";
const PUMP_ALARM: &str = "audit-journal";
const GAP_ALARM: &str = "audit-gap";

/// Asks for a round, and tells of it.
#[derive(Default)]
pub(super) struct Pump {
    asked: AtomicU64,
    wake: Notify,
    done: watch::Sender<u64>,
}

/// When heads are signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rhythm {
    pub(crate) every: Duration,
    pub(crate) records: u64,
}

/// What the store knows of the journal.
struct Kept {
    head: AuditHead,
    /// None in records from before it was kept.
    last: Option<u64>,
}

/// What is found in the journal.
struct Seen {
    head: bool,
    last: Option<u64>,
}

/// See the module.
pub(crate) struct Keeper {
    audit: Arc<Audit>,
    store: Arc<dyn Store>,
    rhythm: Rhythm,
    /// The last change that is in the journal.
    last: u64,
    signed: Instant,
}

impl Audit {
    /// Waits until the events of all changes that were answered are in the journal.
    pub(super) async fn caught_up(&self) {
        let mine = self.pump.asked.fetch_add(1, Ordering::AcqRel) + 1;
        self.pump.wake.notify_one();
        let _ = self.pump.done.subscribe().wait_for(|done| *done >= mine).await;
    }
}

impl Keeper {
    /// Checks that the journal has what was signed, and finds where to go on.
    pub(crate) async fn open(audit: Arc<Audit>, store: Arc<dyn Store>, rhythm: Rhythm) -> Result<Self, Error> {
        let keeper = Keeper { audit, store, rhythm, last: 0, signed: Instant::now() };
        keeper.show_key();
        let last = goes_on_after(&*keeper.store, keeper.look_back().await?).await?;
        Ok(Keeper { last, ..keeper })
    }

    /// Goes round until the server stops.
    pub(crate) async fn keep(mut self, stopped: impl Future<Output = ()>) -> Self {
        let mut rounds = interval(ROUND);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut stopped = std::pin::pin!(stopped);
        let audit = self.audit.clone();
        loop {
            tokio::select! {
                () = &mut stopped => return self,
                _ = rounds.tick() => {}
                () = audit.pump.wake.notified() => {}
            }
            let outcome = self.round().await;
            self.report(outcome);
        }
    }

    /// What is left to be done once nobody changes anything any more.
    pub(crate) async fn finish(mut self) {
        let outcome = async {
            self.pump().await?;
            self.sign().await
        };
        if let Err(error) = outcome.await {
            tracing::error!(%error, "the audit could not be signed at the stop; the next start does it");
        }
    }

    async fn round(&mut self) -> Result<(), Error> {
        let asked = self.audit.pump.asked.load(Ordering::Acquire);
        self.pump().await?;
        self.audit.pump.done.send_replace(asked);
        let (_, unsigned) = self.audit.journal.position();
        if unsigned >= self.rhythm.records || unsigned > 0 && self.signed.elapsed() >= self.rhythm.every {
            self.sign().await?;
        }
        Ok(())
    }

    /// Brings over what there is.
    async fn pump(&mut self) -> Result<(), Error> {
        loop {
            let events = self.store.events(self.last, PAGE).await?;
            let Some(last) = events.last().map(|event| event.sequence) else { return Ok(()) };
            let sequences: Vec<u64> = events.iter().map(|event| event.sequence).collect();
            let change = |event: &store::Event| Entry::Change { sequence: event.sequence, event: &event.body }.encode();
            let bodies: Vec<Vec<u8>> = events.iter().map(change).collect();
            let journal = self.audit.journal.clone();
            let done = blocking(move || match journal.append_all(&bodies) {
                Ok(()) => Ok(None),
                Err((count, error)) => Ok(Some((count, error))),
            });
            if let Some((count, error)) = done.await? {
                self.last = count.checked_sub(1).and_then(|index| sequences.get(index)).copied().unwrap_or(self.last);
                return Err(error);
            }
            self.last = last;
            self.flush().await?;
            self.store.forget_events(last);
        }
    }

    async fn flush(&self) -> Result<(), Error> {
        let journal = self.audit.journal.clone();
        blocking(move || journal.flush()).await
    }

    /// Signs where the journal stands, and keeps that in the store and beside it.
    async fn sign(&mut self) -> Result<(), Error> {
        if self.audit.journal.position().1 == 0 {
            return Ok(());
        }
        let mut made = None;
        let (key, now) = (&self.audit.key, (self.audit.now)());
        self.audit.journal.append_head(|position| {
            let head = AuditHead::sign(position, now, key);
            let bytes = head.to_bytes();
            made = Some(head);
            bytes
        })?;
        self.signed = Instant::now();
        let Some(head) = made else { return Ok(()) };
        self.flush().await?;
        let (bytes, head) = (head.to_bytes(), Arc::new(head));
        self.audit.newest.store(Some(head));
        self.remember(&bytes).await
    }

    /// Both are copies: that they can't be written now does not stop anything.
    async fn remember(&self, head: &[u8]) -> Result<(), Error> {
        let (audit, file) = (self.audit.clone(), head.to_vec());
        let written = blocking(move || Ok(audit.data.write(HEAD_FILE, &file))).await?;
        if let Err(error) = written {
            tracing::warn!(%error, "the newest head of the audit could not be written beside the journal");
        }
        let (place, version) = (self.place(), self.store.get(&self.place()).await?.map(|record| record.version));
        let expect = version.map_or(Expect::Absent, Expect::Version);
        let put = Change::Put { key: place, expect, body: Kept::encode(head, self.last), terms: Vec::new() };
        match self.store.commit(Batch { changes: vec![put], events: Vec::new() }).await {
            Err(error @ Error::Failed(_)) => Err(error),
            Err(error) => {
                tracing::warn!(%error, "the newest head of the audit could not be kept in the store");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn place(&self) -> Key {
        Key { space: Space::INSTALLATION, kind: STATE, id: self.audit.journal.position().0.node }
    }

    /// Checks that the journal has what was signed, and finds the last change that is in it.
    async fn look_back(&self) -> Result<u64, Error> {
        let (folder, kept) = (self.audit.folder.clone(), self.kept().await?);
        // Changes from before the head are told by its record, or else, once, by the whole journal.
        let from = kept.as_ref().filter(|kept| kept.last.is_some()).map_or(0, |kept| kept.head.segment);
        let (kept, seen) = blocking(move || look(&folder, from, kept.as_ref()).map(|seen| (kept, seen))).await?;
        let last = self.audit.journal.last_change().or(seen.last);
        match kept {
            Some(Kept { head, last: before }) if seen.head => {
                self.audit.newest.store(Some(Arc::new(head)));
                Ok(last.or(before).unwrap_or(0))
            }
            Some(Kept { head, .. }) => {
                self.tell_of_cut(&head);
                Ok(last.unwrap_or(0))
            }
            None => Ok(last.unwrap_or(0)),
        }
    }

    /// A journal that lacks what was signed and flushed was cut: that is said in the journal itself, and the server goes on.
    fn tell_of_cut(&self, head: &AuditHead) {
        let AuditHead { segment, records, time, .. } = head;
        let message = format!(
            "the audit journal lacks records that were signed (segment {segment}, record {records}, {time}): it was cut or exchanged while the server was down"
        );
        let advice =
            "keep a copy of its folder, compare it with what the collectors have, and run `keystead audit verify`";
        self.audit.raise(CUT_ALARM, "journal", message, advice);
        let said = self.audit.journal.append(&cut(head, &(self.audit.now)().rfc3339()));
        said.unwrap_or_else(|error| tracing::error!(%error, "the audit journal can't even say so"));
    }

    /// A disk that is too full for it must not keep the server from starting.
    fn show_key(&self) {
        let text = pem(&self.audit.public_key());
        let known = self.audit.data.read(PUBLIC_KEY_FILE).ok().flatten();
        if known.is_none_or(|known| *known != text.as_bytes())
            && let Err(error) = self.audit.data.write(PUBLIC_KEY_FILE, text.as_bytes())
        {
            tracing::warn!(%error, "the audit's public key could not be written beside the journal");
        }
    }

    async fn kept(&self) -> Result<Option<Kept>, Error> {
        let Some(record) = self.store.get(&self.place()).await? else { return Ok(None) };
        let kept = Kept::decode(&record.body);
        Ok(kept.filter(|kept| kept.head.is_signed_by(&self.audit.public_key())))
    }

    /// What goes wrong stands as an alarm for as long as it does.
    fn report(&self, outcome: Result<(), Error>) {
        match outcome {
            Err(error) => {
                let message = format!("the audit journal takes no more of the changes' events: {error}");
                let advice = "make room, or mend the disk: the events are kept in the store meanwhile";
                self.audit.raise(PUMP_ALARM, "journal", message, advice);
            }
            Ok(()) => self.audit.alarms.clear(PUMP_ALARM, "journal"),
        }
        match self.audit.journal.missed() {
            0 => self.audit.alarms.clear(GAP_ALARM, "journal"),
            missed => {
                let message = format!(
                    "there was no room for the events of {missed} answers, and keys are handed out without a record"
                );
                self.audit.raise(GAP_ALARM, "journal", message, "make room: the audit says then how many are missing");
            }
        }
    }
}

/// The change to go on after. Numbers in a store that was restored from a backup may be behind the journal's: then all that is there is
/// brought over once more rather than some of it never.
async fn goes_on_after(store: &dyn Store, journaled: u64) -> Result<u64, Error> {
    let is_known = journaled == 0 || !store.events(journaled - 1, 1).await?.is_empty();
    Ok(if is_known { journaled } else { 0 })
}

/// Looks for what is kept of the journal, and for its last change, from a segment on.
fn look(folder: &Path, from: u64, kept: Option<&Kept>) -> Result<Seen, Error> {
    let mut records = read_from(folder, from, wrap::primitive::digest)?;
    let mut seen = Seen { head: false, last: None };
    let is_head = |position: Position| kept.is_some_and(|kept| kept.head.is_of(&position));
    while let Some(Ok(body)) = records.next() {
        seen.head = seen.head || records.before().is_some_and(is_head);
        if let Entry::Change { sequence, .. } = Entry::decode(&body) {
            seen.last = Some(sequence);
        }
    }
    seen.head = seen.head || records.position().is_some_and(is_head);
    Ok(seen)
}

impl Kept {
    fn decode(body: &[u8]) -> Option<Self> {
        let item = Item::parse(body, Version::V1_4).ok()?;
        if item.tag() == HEAD {
            return Some(Kept { head: serde_json::from_str(item.text().ok()?).ok()?, last: None });
        }
        let mut reader = (item.tag() == KEPT).then(|| item.structure().ok())??;
        let head = serde_json::from_str(reader.require(HEAD).ok()?.text().ok()?).ok()?;
        let last = u64::try_from(reader.require(LAST).ok()?.long_integer().ok()?).ok()?;
        reader.finish().ok()?;
        Some(Kept { head, last: Some(last) })
    }

    /// The record of a head, as JSON, and the number of the last change before it.
    fn encode(head: &[u8], last: u64) -> Vec<u8> {
        let mut body = Writer::new(Version::V1_4, 512);
        body.structure(KEPT, |body| {
            body.text(HEAD, &String::from_utf8_lossy(head));
            body.long_integer(LAST, i64::try_from(last).unwrap_or(i64::MAX));
        });
        body.as_bytes().to_vec()
    }
}

fn cut(head: &AuditHead, time: &str) -> Vec<u8> {
    let event = serde_json::json!({
        "eventTime": time,
        "action": CUT,
        "outcome": "failure",
        "severity": "critical",
        "message": "Keystead: the audit journal lacks records that were signed: it was cut or exchanged while the server was down",
        "observer": { "name": "Keystead" },
        "head": head,
    });
    event.to_string().into_bytes()
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Closed))
}
