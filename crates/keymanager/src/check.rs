//! The mark that a store bears of the master key that it was first opened with.
//!
//! The invariant: **under another master key nothing is read and nothing is written.**

use crate::Error;
use crate::Instance;
use crate::key::INDEX_FORMAT;
use crate::ledger::{Ledger, place};
use crate::record::{Check, Entry};
use store::{Batch, Expect, Key, Space, Term};
use uuid::Uuid;
use wrap::primitive::{SealKey, equal};

const PURPOSE: &str = "keystead master key fingerprint";
/// Enough to tell keys apart, and it says nothing about the key.
const LENGTH: usize = 8;

impl Check {
    pub(crate) fn place(&self) -> Key {
        place::<Check>(Space::INSTALLATION, Uuid::nil())
    }

    pub(crate) fn found_by(&self) -> Vec<Term> {
        Vec::new()
    }
}

/// Compares the store's mark with the master key, or makes it where the store is new.
pub(crate) async fn check(ledger: &Ledger, master: &SealKey) -> Result<(), Error> {
    let tag = master.tag(PURPOSE, &[])?;
    let fingerprint = &tag[..LENGTH];
    if let Some(found) = mark(ledger).await? {
        return compare(ledger, &found, fingerprint).await;
    }
    if !ledger.none_in_installation(Instance::KIND).await? {
        return Err(damaged());
    }
    let mark = Check { fingerprint: fingerprint.to_vec(), index: Some(INDEX_FORMAT) };
    match ledger.commit(Batch { changes: vec![ledger.put(Expect::Absent, &mark)], events: Vec::new() }).await {
        // Another process was first: with the same key, all is well.
        Err(store::Error::Conflict(_)) => {
            let found = self::mark(ledger).await?.ok_or_else(damaged)?;
            compare(ledger, &found, fingerprint).await
        }
        other => Ok(other?),
    }
}

/// The mark as it stands there, before its record's tag can be checked: under another key it can't be.
async fn mark(ledger: &Ledger) -> Result<Option<Vec<u8>>, Error> {
    let record = ledger.store().get(&place::<Check>(Space::INSTALLATION, Uuid::nil())).await?;
    let fingerprint = |record: store::Record| Check::decode(record.body.get(32..)?).ok().map(|check| check.fingerprint);
    record.map(|record| fingerprint(record).ok_or_else(damaged)).transpose()
}

async fn compare(ledger: &Ledger, expected: &[u8], found: &[u8]) -> Result<(), Error> {
    if !equal(expected, found) {
        return Err(Error::MasterKey { expected: hex(expected), found: hex(found) });
    }
    ledger.get::<Check>(Space::INSTALLATION, Uuid::nil()).await?.map(|_| ()).ok_or_else(damaged)
}

fn damaged() -> Error {
    Error::Damaged { what: Check::WHAT, id: Uuid::nil() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
