//! Crypto-shredding: what was purged opens for nobody, what was not purged for everybody, wherever it was cut off.

use crate::fake_kmip::FakeKmip;
use crate::interposed::{Interposed, puts};
use crate::{AAD, AT_ONCE, CONTENT, call, earlier, make, master, new, of, secret, standard, tenant};
use keymanager::{Action, Key, KeyManager};
use std::path::Path;
use std::sync::Arc;
use store::{Kind, Query, Space, Store};
use tempfile::TempDir;
use uuid::Uuid;
use wrap::keys::Keys;
use wrap::primitive::SystemRandom;
use wrap::{Wrapped, Wrapper};

const VERSION: Kind = Kind(0x13);

/// A data folder with its store and keys.
struct Site {
    folder: TempDir,
    store: Arc<dyn Store>,
    keys: Arc<Keys>,
    manager: Arc<KeyManager>,
    instance: Uuid,
}

fn keys_file(folder: &Path) -> std::path::PathBuf {
    folder.join("keystead.keys")
}

async fn store_in(folder: &Path) -> Arc<dyn Store> {
    store::open(&format!("sqlite:{}", folder.join("data.db").display())).await.unwrap()
}

fn keys_in(folder: &Path) -> Arc<Keys> {
    Arc::new(Keys::open(&keys_file(folder), &master(1), Arc::new(SystemRandom)).unwrap())
}

async fn over(store: &Arc<dyn Store>, keys: &Arc<Keys>) -> Arc<KeyManager> {
    Arc::new(KeyManager::open(store.clone(), keys.clone(), Arc::new(SystemRandom), AT_ONCE).await.unwrap())
}

impl Site {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = store_in(folder.path()).await;
        Self::with(folder, store).await
    }

    async fn with(folder: TempDir, store: Arc<dyn Store>) -> Self {
        let keys = Keys::create(&keys_file(folder.path()), &master(1), Arc::new(SystemRandom)).unwrap();
        let keys = Arc::new(keys);
        let manager = over(&store, &keys).await;
        let instance = tenant(&manager).await;
        Site { folder, store, keys, manager, instance }
    }

    /// A root key, and something that it wrapped.
    async fn root(&self, name: &str) -> (Key, Wrapped) {
        let key = make(&self.manager, self.instance, new(name)).await;
        let wrapped = self.manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
        (key, wrapped)
    }

    async fn delete(&self, key: &Key) {
        self.manager.delete_key(&call(self.instance, Action::DeleteKey), &key.id.to_string(), true).await.unwrap();
    }

    async fn purge(&self, key: &Key) {
        self.delete(key).await;
        self.manager.purge(&call(self.instance, Action::PurgeKey), &key.id.to_string()).await.unwrap();
    }

    /// The sealed material of every version that there is, as it is at rest.
    async fn sealed(&self, store: &dyn Store) -> Vec<Vec<u8>> {
        let space = Space(*self.instance.as_bytes());
        let query = Query { space, kind: VERSION, terms: Vec::new(), after: 0, limit: 1000 };
        let page = store.find(&query).await.unwrap();
        // Behind the record's tag and its other fields; the end of the seal, whatever follows.
        page.records.iter().map(|(_, record)| record.body[150..].to_vec()).collect()
    }
}

async fn opens(manager: &KeyManager, key: &Key, wrapped: &Wrapped) -> bool {
    match manager.unwrap(&of(key), wrapped, AAD).await {
        Ok(unwrapped) => {
            assert_eq!(unwrapped.plaintext.expose(), CONTENT);
            true
        }
        Err(_) => false,
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if !name.contains("reserve") && !name.contains("lock") {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}

fn is_in_a_file(folder: &Path, bytes: &[u8]) -> bool {
    // Any 24 bytes of it in a row.
    let pieces: Vec<_> = bytes.chunks_exact(24).collect();
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        !path.to_string_lossy().contains("reserve") && {
            let content = std::fs::read(path).unwrap();
            pieces.iter().any(|piece| memchr(&content, piece))
        }
    })
}

fn memchr(content: &[u8], piece: &[u8]) -> bool {
    content.windows(piece.len()).any(|window| window[0] == piece[0] && window == piece)
}

/// The whole folder from before the purge is in somebody's hands, with the master key; then the keys file of after it is, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_from_before_does_not_open_what_was_purged() {
    let site = Site::new().await;
    let (doomed, of_doomed) = site.root("doomed").await;
    let (kept, of_kept) = site.root("kept").await;
    let payload = make(&site.manager, site.instance, standard("payload")).await;
    let sealed = site.sealed(&*site.store).await;
    let copied = TempDir::new().unwrap();
    copy(site.folder.path(), copied.path());
    site.purge(&doomed).await;

    // What is sealed anew opens.
    assert!(opens(&site.manager, &kept, &of_kept).await);
    assert!(!opens(&site.manager, &doomed, &of_doomed).await);
    assert_eq!((site.keys.newest().number, site.keys.replaced()), (2, None));
    // The sealed bytes from before, of all that was under the old epoch, are in no file any more; the standard key's are.
    let found: Vec<_> = sealed.iter().map(|bytes| is_in_a_file(site.folder.path(), bytes)).collect();
    assert_eq!(found, [false, false, true]);
    let read =
        site.manager.key_with_payload(&call(site.instance, Action::ReadKey), &payload.id.to_string(), None).await;
    assert!(read.unwrap().1.is_some());

    // The copy with the keys file as it was: the control. With the one of now: nothing opens that was under the old epoch.
    let with = async |keys: Arc<Keys>| {
        let store = store_in(copied.path()).await;
        let manager = over(&store, &keys).await;
        let both = [opens(&manager, &doomed, &of_doomed).await, opens(&manager, &kept, &of_kept).await];
        drop(manager);
        store.close().await.unwrap();
        both
    };
    assert_eq!(with(keys_in(copied.path())).await, [true, true], "before the purge, the copy opens");
    assert_eq!(with(keys_in(site.folder.path())).await, [false, false], "nobody has the old epoch's key any more");
}

/// What stands of an epoch's end after each step that fails: nothing is lost, and the next attempt finishes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cut_off_is_taken_up_again() {
    // What is refused: the versions that are sealed anew, the signed record.
    for refused in [0x13, 0x40] {
        let folder = TempDir::new().unwrap();
        let store = Interposed::over(store_in(folder.path()).await);
        let site = Site::with(folder, store.clone()).await;
        let (doomed, of_doomed) = site.root("doomed").await;
        let (kept, of_kept) = site.root("kept").await;
        site.delete(&doomed).await;
        // The purge itself puts a record of destruction too, with its deletions.
        let deletes = |batch: &store::Batch| batch.changes.len() > 1 && puts(0x40)(batch);
        store.refuse(move |batch| puts(refused)(batch) && !deletes(batch));
        let purged = site.manager.purge(&call(site.instance, Action::PurgeKey), &doomed.id.to_string()).await;
        assert!(purged.is_ok(), "the purge stands");
        assert!(opens(&site.manager, &kept, &of_kept).await);
        let of_tenant = call(site.instance, Action::ListDestructions);
        let pending = site.manager.destructions(&of_tenant, Some(doomed.id)).await.unwrap();
        assert!(!pending[0].is_done() && pending.len() == 1);

        // As after a kill: the files, opened again.
        store.refuse(|_| false);
        let keys = keys_in(site.folder.path());
        let before = keys.newest().number;
        let manager = over(&site.store, &keys).await;
        assert!(opens(&manager, &kept, &of_kept).await);
        assert_eq!(manager.take_up_shredding(crate::NOW).await.unwrap(), 1);
        assert_eq!((keys.replaced(), keys.newest().number > before), (None, true));
        assert!(opens(&manager, &kept, &of_kept).await && !opens(&manager, &doomed, &of_doomed).await);
        let done = manager.destructions(&of_tenant, Some(doomed.id)).await.unwrap();
        assert!(done[0].is_done());
        assert_eq!(manager.take_up_shredding(crate::NOW).await.unwrap(), 0);
    }
}

/// Keys are made, rotated and used while others are purged: not one is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_key_is_lost_while_others_are_purged() {
    let site = Arc::new(Site::new().await);
    let makers: Vec<_> = (0..4)
        .map(|maker| {
            let site = site.clone();
            tokio::spawn(async move {
                let mut made = Vec::new();
                for number in 0..12 {
                    let (key, wrapped) = site.root(&format!("{maker} {number}")).await;
                    let rotation = call(site.instance, Action::RotateKey);
                    site.manager.rotate(&rotation, &key.id.to_string(), None).await.unwrap();
                    assert!(opens(&site.manager, &key, &wrapped).await);
                    made.push((key, wrapped));
                }
                made
            })
        })
        .collect();
    let purgers: Vec<_> = (0..3)
        .map(|purger| {
            let site = site.clone();
            tokio::spawn(async move {
                for number in 0..4 {
                    let (key, _) = site.root(&format!("doomed {purger} {number}")).await;
                    site.purge(&key).await;
                }
            })
        })
        .collect();
    for purger in purgers {
        purger.await.unwrap();
    }
    let again = over(&site.store, &keys_in(site.folder.path())).await;
    for maker in makers {
        for (key, wrapped) in maker.await.unwrap() {
            assert!(opens(&site.manager, &key, &wrapped).await && opens(&again, &key, &wrapped).await, "{}", key.name);
        }
    }
    // Purges at once share epochs; none is left without one.
    let records = site.manager.destructions(&call(site.instance, Action::ListDestructions), None).await.unwrap();
    assert!(records.len() == 12 && records.iter().all(|record| record.is_done()));
    assert!(site.keys.newest().number <= 13);
}

/// A folder from before there were epochs: all its root keys hang on the master key until it is brought under an epoch.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_installation_is_brought_under_an_epoch() {
    let folder = TempDir::new().unwrap();
    let store = earlier::left_behind().await;
    let master = earlier::master();
    let keys = Arc::new(Keys::adopt(&keys_file(folder.path()), &master, Arc::new(SystemRandom)).unwrap());
    let manager = over(&store, &keys).await;
    let instance = manager.instances(&call(Uuid::nil(), Action::ListInstances)).await.unwrap()[0].id;
    let key = manager.key(&call(instance, Action::ReadKeyMetadata), earlier::ROOT_KEY, None).await.unwrap();
    let wrapped = manager.wrap(&of(&key), &secret(CONTENT), AAD).await.unwrap();
    let payload = make(&manager, instance, standard("payload")).await;
    manager.take_up_shredding(crate::NOW).await.unwrap();
    assert_eq!((keys.newest().number, keys.replaced()), (1, None));

    let keys = Keys::open(&keys_file(folder.path()), &master, Arc::new(SystemRandom)).unwrap();
    let again = over(&store, &Arc::new(keys)).await;
    assert!(opens(&again, &key, &wrapped).await && opens(&manager, &key, &wrapped).await);
    let read = again.key_with_payload(&call(instance, Action::ReadKey), &payload.id.to_string(), None).await.unwrap();
    assert!(read.1.is_some());
    // The master key alone, which is all that there was before, opens no root key any more.
    let alone = Arc::new(Keys::unfiled(&master, Arc::new(SystemRandom)).unwrap());
    let by_master = over(&store, &alone).await;
    assert!(!opens(&by_master, &key, &wrapped).await);
}

/// A key is sealed, and before it is committed an epoch is to end: that waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_epoch_does_not_end_under_a_key_that_is_on_its_way() {
    let folder = TempDir::new().unwrap();
    let store = Interposed::over(store_in(folder.path()).await);
    let site = Arc::new(Site::with(folder, store.clone()).await);
    let (doomed, _) = site.root("doomed").await;
    let purging = site.clone();
    let deed = async move {
        drop(tokio::spawn(async move { purging.purge(&doomed).await }));
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    };
    store.before(puts(0x13), deed);
    let (key, wrapped) = site.root("on its way").await;
    assert!(store.is_done());
    for _ in 0..500 {
        if site.keys.newest().number > 1 && site.keys.replaced().is_none() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!((site.keys.newest().number, site.keys.replaced()), (2, None));
    assert!(opens(&site.manager, &key, &wrapped).await);
    let again = over(&site.store, &keys_in(site.folder.path())).await;
    assert!(opens(&again, &key, &wrapped).await);
}

/// Erasure at once takes two people, and the word of the first counts for one deletion and for a time.
#[tokio::test]
async fn two_people_erase_at_once() {
    let site = Site::new().await;
    let timers = keymanager::Timers { purge_after: i64::MAX, deletion_authorized: 1000, ..AT_ONCE };
    let random = Arc::new(SystemRandom);
    let manager = KeyManager::open(site.store.clone(), site.keys.clone(), random, timers).await.unwrap();
    let (key, _) = site.root("doomed").await;
    let id = key.id.to_string();
    let by = |who: &str, millis| {
        let now = kmip::Timestamp::from_millis(crate::NOW.millis() + millis);
        keymanager::Call::internal(site.instance, Action::AskForErasure, who, now)
    };
    assert!(matches!(manager.erase(&by("first", 0), &id).await, Err(keymanager::Error::NotDeleted(_))));
    site.delete(&key).await;
    assert!(matches!(manager.erase(&by("first", 0), &id).await.unwrap(), keymanager::Erased::Asked(_)));
    for _ in 0..2 {
        let again = manager.erase(&by("first", 1000), &id).await;
        assert!(matches!(again, Err(keymanager::Error::SecondPerson { .. })), "nobody is both");
    }
    // Too late: the second is a first one.
    assert!(matches!(manager.erase(&by("second", 1001), &id).await.unwrap(), keymanager::Erased::Asked(_)));
    assert!(matches!(manager.erase(&by("first", 1500), &id).await.unwrap(), keymanager::Erased::Done(_)));
    let records = manager.destructions(&call(site.instance, Action::ListDestructions), Some(key.id)).await.unwrap();
    assert_eq!((records[0].asked_by.as_deref(), &records[0].purged_by[..]), (Some("second"), "first"));
    assert_eq!((records[0].is_done(), records[0].old_epoch, records[0].new_epoch), (true, Some(1), Some(2)));
}

/// A backup of before a destruction is restored, with the records of what was destroyed since: what was in it, and what was made after it.
/// A copy of the folder from in between is somebody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_destroyed_after_a_backup_does_not_come_back_with_it() {
    for before in [true, false] {
        let site = Site::new().await;
        let (kept, of_kept) = site.root("kept").await;
        let root = async || site.root("doomed").await;
        let early = if before { Some(root().await) } else { None };
        let backup = TempDir::new().unwrap();
        site.store.snapshot(&backup.path().join("data.db")).await.unwrap();
        let exported = site.keys.export();
        let (doomed, of_doomed) = if let Some(early) = early { early } else { root().await };
        let copied = TempDir::new().unwrap();
        copy(site.folder.path(), copied.path());
        site.purge(&doomed).await;
        let destroyed = site.manager.destructions(&call(site.instance, Action::ListDestructions), None).await.unwrap();

        let restored = Keys::import(&keys_file(backup.path()), &exported, &master(1), Arc::new(SystemRandom)).unwrap();
        let store = store_in(backup.path()).await;
        let manager = over(&store, &Arc::new(restored)).await;
        assert_eq!(opens(&manager, &doomed, &of_doomed).await, before);
        let buried = manager.bury(&destroyed, crate::NOW).await.unwrap();
        assert_eq!(buried.iter().map(|record| record.key).collect::<Vec<_>>(), vec![doomed.id; usize::from(before)]);
        assert!(opens(&manager, &kept, &of_kept).await && !opens(&manager, &doomed, &of_doomed).await);
        let found = manager.destructions(&call(site.instance, Action::ListDestructions), None).await.unwrap();
        assert_eq!(found, destroyed);
        assert!(manager.bury(&destroyed, crate::NOW).await.unwrap().is_empty(), "once is enough");

        let stolen = store_in(copied.path()).await;
        let opens = async |folder: &Path| opens(&*over(&stolen, &keys_in(folder)).await, &doomed, &of_doomed).await;
        assert!(opens(copied.path()).await, "the control");
        assert!(!opens(backup.path()).await, "nor with the restored keys file");
    }
}

/// A request for an erasure goes with its key, whether it stands, counts, or lapsed long ago.
#[tokio::test]
async fn no_request_for_an_erasure_outlives_its_key() {
    let timers = keymanager::Timers { deletion_authorized: 1000, ..AT_ONCE };
    for (seconds, erases) in [(0, true), (0, false), (2, false)] {
        for of_kmip in [false, true] {
            let store = Interposed::over(crate::memory().await);
            let over: Arc<dyn Store> = store.clone();
            let manager = crate::open_with(&over, timers).await;
            let instance = tenant(&manager).await;
            let kmip = FakeKmip::over_store(&manager, &over);
            let key = match of_kmip {
                true => kmip.add(instance, Uuid::from_u128(7)).id,
                false => make(&manager, instance, standard("doomed")).await.id,
            };
            let id = key.to_string();
            manager.delete_key(&call(instance, Action::DeleteKey), &id, false).await.unwrap();
            manager.erase(&call(instance, Action::AskForErasure), &id).await.unwrap();
            let by = keymanager::Call::internal(instance, Action::PurgeKey, "another", crate::later(seconds));
            // All of it is one batch: without the record of destruction nothing is purged, and the request stands.
            for refused in [true, false] {
                store.refuse(move |batch| refused && puts(0x40)(batch));
                let purged = match erases {
                    true => manager.erase(&by, &id).await.map(drop),
                    false => manager.purge(&by, &id).await.map(drop),
                };
                assert_eq!(purged.is_err(), refused);
                let left = [manager.key(&by, &id, None).await.is_ok(), erasures(&store, instance).await == 1];
                assert_eq!(left, [refused; 2], "{seconds} {erases} {of_kmip}");
            }
            let records = manager.destructions(&call(instance, Action::ListDestructions), Some(key)).await.unwrap();
            assert_eq!((records.len(), records[0].is_done()), (1, true));
            assert_eq!(records[0].asked_by.is_some(), erases);
        }
    }
}

async fn erasures(store: &Interposed, instance: Uuid) -> u64 {
    let query = Query { space: Space(*instance.as_bytes()), kind: Kind(0x41), terms: Vec::new(), after: 0, limit: 0 };
    store.count(&query).await.unwrap()
}

/// A deleted key, by its identifier, which may be erased at once; and where others come between.
async fn deleted() -> (Arc<Interposed>, Arc<KeyManager>, Uuid, String) {
    let store = Interposed::over(crate::memory().await);
    let over: Arc<dyn Store> = store.clone();
    let manager = Arc::new(crate::open_with(&over, AT_ONCE).await);
    let instance = tenant(&manager).await;
    let id = make(&manager, instance, standard("doomed")).await.id.to_string();
    manager.delete_key(&call(instance, Action::DeleteKey), &id, false).await.unwrap();
    (store, manager, instance, id)
}

/// A request that came in while its key went is left over, and goes with the instance.
#[tokio::test]
async fn no_request_for_an_erasure_outlives_its_instance() {
    let (store, manager, instance, id) = deleted().await;
    let (purging, of) = (manager.clone(), id.clone());
    store.before(puts(0x41), async move {
        purging.purge(&call(instance, Action::PurgeKey), &of).await.unwrap();
    });
    manager.erase(&call(instance, Action::AskForErasure), &id).await.unwrap();
    assert_eq!(erasures(&store, instance).await, 1);
    manager.delete_instance(&call(Uuid::nil(), Action::DeleteInstance), &instance.to_string()).await.unwrap();
    assert_eq!(erasures(&store, instance).await, 0);
}

/// Who takes the request back at the very moment comes first: the key stays.
#[tokio::test]
async fn a_request_that_is_taken_back_counts_no_more() {
    let (store, manager, instance, id) = deleted().await;
    manager.erase(&call(instance, Action::AskForErasure), &id).await.unwrap();
    let (taking_back, of) = (manager.clone(), id.clone());
    store.before(puts(0x40), async move {
        taking_back.forgo_erasure(&call(instance, Action::ForgoErasure), &of).await.unwrap();
    });
    let by = keymanager::Call::internal(instance, Action::PurgeKey, "another", crate::NOW);
    assert!(matches!(manager.erase(&by, &id).await, Err(keymanager::Error::Busy)));
    assert!(manager.key(&by, &id, None).await.is_ok());
}

/// A retired version's material is erased: the epoch that it was under is destroyed, and a copy of before does not open it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_epoch_of_an_erased_version_is_destroyed() {
    let folder = TempDir::new().unwrap();
    let store = Interposed::over(store_in(folder.path()).await);
    let site = Site::with(folder, store.clone()).await;
    let (key, wrapped) = site.root("rotated").await;
    let id = key.id.to_string();
    site.manager.rotate(&call(site.instance, Action::RotateKey), &id, None).await.unwrap();
    site.manager.take_up_shredding(crate::NOW).await.unwrap();
    assert_eq!(store.scrubs(), 1, "what was erased before a start may not have been scrubbed");
    let copied = TempDir::new().unwrap();
    copy(site.folder.path(), copied.path());
    site.manager.retire_version(&call(site.instance, Action::RetireKeyVersion), &id, "1").await.unwrap();
    let ends = keymanager::Timers { restorable: 0, ..AT_ONCE };
    let manager = KeyManager::open(site.store.clone(), site.keys.clone(), Arc::new(SystemRandom), ends).await.unwrap();
    let manager = Arc::new(manager);
    manager.take_up_shredding(crate::NOW).await.unwrap();
    assert_eq!((store.scrubs(), site.keys.newest().number), (1, 1));
    // A round that comes between is none that has scrubbed it.
    let round = manager.clone();
    store.before(puts(0x13), async move { assert_eq!(round.take_up_shredding(crate::NOW).await.unwrap(), 0) });
    assert_eq!(manager.do_what_is_due(crate::later(1)).await.unwrap().purged, 1);
    assert!(store.is_done());
    store.scrubs();
    // As after a kill before the round: what is owed is in the store.
    let keys = keys_in(site.folder.path());
    let manager = over(&site.store, &keys).await;
    manager.take_up_shredding(crate::later(2)).await.unwrap();
    assert_eq!((keys.newest().number, keys.replaced(), store.scrubs()), (2, None, 1));
    manager.take_up_shredding(crate::later(3)).await.unwrap();
    assert_eq!((keys.newest().number, store.scrubs()), (2, 0), "once");

    let stolen = store_in(copied.path()).await;
    let opens = async |folder: &Path| opens(&*over(&stolen, &keys_in(folder)).await, &key, &wrapped).await;
    assert!(opens(copied.path()).await && !opens(site.folder.path()).await);
}

/// What a round has scrubbed the next one does not, and what was erased while it scrubbed the next one does.
#[tokio::test]
async fn a_wish_to_scrub_is_fulfilled_once() {
    let store = Interposed::over(crate::memory().await);
    let over: Arc<dyn Store> = store.clone();
    let manager = crate::open_with(&over, AT_ONCE).await;
    let instance = tenant(&manager).await;
    let key = make(&manager, instance, standard("doomed")).await.id.to_string();
    manager.delete_key(&call(instance, Action::DeleteKey), &key, false).await.unwrap();
    manager.purge(&call(instance, Action::PurgeKey), &key).await.unwrap();
    assert_eq!(store.scrubs(), 1);
    manager.finish_destructions(crate::NOW).await.unwrap();
    assert_eq!(store.scrubs(), 0, "the purge's round has fulfilled it");

    // What is erased without a record of its own, under no epoch: a round that comes before its commit is too early for it.
    let key = make(&manager, instance, new("rotated")).await.id.to_string();
    manager.rotate(&call(instance, Action::RotateKey), &key, None).await.unwrap();
    manager.retire_version(&call(instance, Action::RetireKeyVersion), &key, "1").await.unwrap();
    let timers = keymanager::Timers { restorable: 0, ..AT_ONCE };
    let manager = Arc::new(crate::open_with(&over, timers).await);
    let round = manager.clone();
    store.before(puts(0x13), async move { assert_eq!(round.finish_destructions(crate::NOW).await.unwrap(), 0) });
    assert_eq!(manager.do_what_is_due(crate::later(1)).await.unwrap().purged, 1);
    assert_eq!((store.is_done(), store.scrubs()), (true, 1));
    manager.finish_destructions(crate::NOW).await.unwrap();
    assert_eq!(store.scrubs(), 1);
}
