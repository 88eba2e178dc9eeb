//! What a record of destruction says, in JSON: the very bytes that are signed.
//!
//! The invariant: **it says no more than was done**, and what hosts and older copies may still hold.

use super::{DestroyedSort, Destruction};
use kmip::Timestamp;
use serde_json::{Value, json};

/// What the signature of a record of destruction is in the context of.
pub const CONTEXT: &str = "keystead destruction record 1";

/// What no key server can do for the hosts.
pub const HOSTS: &str = "Hosts keep keys in memory until they are restarted, and a host with key persistence in its TPM beyond that. \
                         To make them let go: shut down or re-key the virtual machines and the vSAN cluster that used the key, turn \
                         key persistence off (esxcli system security keypersistence disable --remove-all-stored-keys), put each host into maintenance mode \
                         (its vSAN disk groups unmounted where vSAN used the key), and restart it";

/// What was destroyed, and what is beyond that, by sort.
fn scope(sort: DestroyedSort) -> &'static str {
    match sort {
        DestroyedSort::Root => {
            "All versions were removed, and the epoch key that they were sealed under was overwritten in place in the keys file and \
             flushed: no copy of the data folder that was made before opens them with the keys file as it is now, master key or \
             not. Backups have the epoch keys of their time under their own recovery key: destroy those that are older"
        }
        DestroyedSort::Standard => {
            "The sealed payload was removed, and the store's logs and freed room were overwritten. Copies of the database and \
             backups that were made before still hold it, sealed under the installation key: destroy those"
        }
        DestroyedSort::Kmip => {
            "The sealed material was removed, and the store's logs and freed room were overwritten. Copies of the database and \
             backups that were made before still hold it, sealed under the adapter's key: it opens for nobody once the root key is \
             destroyed too"
        }
    }
}

/// The statement, once all of it is done.
pub(super) fn of(record: &Destruction, finished: Timestamp) -> Vec<u8> {
    let moment = |at: Option<Timestamp>, by: &Option<String>| match at {
        Some(at) => json!({ "at": at.rfc3339(), "by": by }),
        None => Value::Null,
    };
    let epoch = match (record.old_epoch, record.new_epoch) {
        (Some(old), Some(new)) => json!({ "destroyed": old, "in_force": new }),
        _ => Value::Null,
    };
    let statement = json!({
        "type": CONTEXT,
        "id": record.id,
        "key": {
            "id": record.key,
            "name": record.name,
            "sort": record.sort.name(),
            "instance": record.instance,
            "ring": record.ring.as_deref().unwrap_or(crate::DEFAULT_RING),
            "versions": record.versions,
        },
        "adapters": record.adapters,
        "deleted": moment(record.deleted, &record.deleted_by),
        "asked": moment(record.asked, &record.asked_by),
        "purged": moment(Some(record.purged), &Some(record.purged_by.clone())),
        "finished": finished.rfc3339(),
        "epoch": epoch,
        "scope": scope(record.sort),
        "hosts": HOSTS,
    });
    statement.to_string().into_bytes()
}
