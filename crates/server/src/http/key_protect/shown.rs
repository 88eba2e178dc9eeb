//! A key of the key manager as the API shows it.
//!
//! The invariant: **no material**: it is added by the one handler that gives it out.

use std::borrow::Cow;

use keymanager::{State, Timers, crn};
use kmip::Timestamp;

use crate::api::key_protect::{AlgorithmMetadata, DualAuthDelete, Key, KeyVersion, RotationPolicy};
use crate::api::rfc3339;
use crate::http::Shared;
use crate::http::caller::Caller;

/// What IBM still says of algorithms.
const DEPRECATED: Cow<'static, str> = Cow::Borrowed("Deprecated");
/// Why a deleted key is not active (Key Protect API: the example of a deleted key).
const DELETED: u32 = 2;

/// A key as it is shown at the time of a call.
pub(super) fn shown(app: &Shared, caller: &Caller, key: &keymanager::Key) -> Key {
    let shown = Key {
        r#type: Cow::Borrowed(Key::TYPE),
        id: key.id.to_string(),
        name: key.name.clone(),
        aliases: key.aliases.clone(),
        description: key.description.clone(),
        tags: key.tags.clone(),
        state: key.state.number(),
        extractable: key.extractable,
        expiration_date: key.expires.map(date),
        crn: crn(key.instance, "key", &key.id.to_string()),
        imported: key.imported,
        key_ring_id: key.ring().to_owned(),
        creation_date: date(key.created),
        created_by: key.created_by.clone(),
        algorithm_type: DEPRECATED,
        algorithm_metadata: AlgorithmMetadata { bit_length: Cow::Borrowed("256"), mode: DEPRECATED },
        algorithm_bit_size: 256,
        algorithm_mode: DEPRECATED,
        nonactive_state_reason: (key.state == State::Destroyed).then_some(DELETED),
        last_update_date: key.updated.map(date),
        last_rotate_date: key.rotated.map(date),
        key_version: (!key.extractable).then(|| newest_version(key)),
        dual_auth_delete: dual_auth(key, app.keys.timers()),
        rotation: key.rotation.as_ref().map(|policy| RotationPolicy {
            enabled: Some(policy.enabled),
            interval_month: Some(policy.interval_month),
        }),
        deleted: key.deleted.is_some(),
        deletion_date: key.deleted.map(date),
        deleted_by: key.deleted_by.clone(),
        restore_allowed: None,
        restore_expiration_date: None,
        purge_allowed: None,
        purge_allowed_from: None,
        purge_scheduled_on: None,
        payload: None,
    };
    match key.deleted {
        Some(deleted) => with_end(shown, key, deleted, (app.keys.timers(), caller.now)),
        None => shown,
    }
}

/// What can still be done with a deleted key, and when.
fn with_end(shown: Key, key: &keymanager::Key, deleted: Timestamp, (timers, now): (&Timers, Timestamp)) -> Key {
    let restorable = after(deleted, timers.restorable);
    let purgeable = after(deleted, timers.purge_after);
    let expired = key.expires.is_some_and(|expires| expires <= now);
    Key {
        restore_allowed: Some(now <= restorable && !expired),
        restore_expiration_date: Some(date(restorable)),
        purge_allowed: Some(now >= purgeable),
        purge_allowed_from: Some(date(purgeable)),
        purge_scheduled_on: Some(date(after(deleted, timers.purge_at))),
        ..shown
    }
}

/// A record of version 0.1 does not say when its newest version was made.
fn newest_version(key: &keymanager::Key) -> KeyVersion {
    let created = key.version_created.or(key.rotated).unwrap_or(key.created);
    KeyVersion { id: key.version.to_string(), creation_date: Some(date(created)) }
}

fn dual_auth(key: &keymanager::Key, timers: &Timers) -> DualAuthDelete {
    let set = key.set_for_deletion.as_ref();
    DualAuthDelete {
        enabled: key.dual_auth.as_ref().is_some_and(|policy| policy.enabled),
        key_set_for_deletion: set.map(|_| true),
        auth_expiration: set.map(|word| date(after(word.at, timers.deletion_authorized))),
    }
}

/// A time as the API writes it.
pub(super) fn date(time: Timestamp) -> String {
    rfc3339(time.seconds())
}

fn after(time: Timestamp, period: i64) -> Timestamp {
    Timestamp::from_millis(time.millis().saturating_add(period))
}

/// Notes a key for the audit event, by IBM's names.
pub(super) fn note(caller: &Caller, key: &keymanager::Key) {
    let visit = &caller.visit;
    visit.is_about(key.id, &key.name);
    visit.note("keyId", key.id.to_string());
    visit.note("keyType", if key.extractable { "standard_key" } else { "root_key" });
    visit.note("keyState", key.state.number());
    if !key.extractable {
        visit.note("keyVersionId", key.version.to_string());
    }
}
