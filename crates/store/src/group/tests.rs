//! What the committer promises whatever is below it.

use super::*;
use crate::{Expect, Kind, Space, memory, sqlite};

/// A back end whose writer stands still until the other end is dropped.
struct Gated<W>(W, std::sync::mpsc::Receiver<()>);

impl<W: Writer> Writer for Gated<W> {
    fn apply(&mut self, batches: Vec<Batch>) -> Result<Vec<Outcome>, Error> {
        let _ = self.1.recv();
        self.0.apply(batches)
    }

    fn wipe(&mut self, first: bool) -> Result<Wiped, Error> {
        self.0.wipe(first)
    }

    fn close(self) -> Result<(), Error> {
        self.0.close()
    }
}

fn batch(id: u8) -> Batch {
    let key = Key { space: Space([1; 16]), kind: Kind(1), id: [id; 16] };
    let put = Change::Put { key, expect: Expect::Absent, body: vec![id; 1000], terms: vec![] };
    Batch { changes: vec![put], events: vec![] }
}

/// Holds the writer until all commits are queued: then they take one flush, or two where one had been taken already.
async fn check_shared_flush<R: Reader>((reader, writer): (R, impl Writer)) {
    let (held, gate) = std::sync::mpsc::channel();
    let store = Arc::new(Grouped::start(reader, Gated(writer, gate)).unwrap());
    let commits: Vec<_> = (0..64).map(|id| (id, store.clone())).collect();
    let commits = commits.into_iter().map(|(id, store)| tokio::spawn(async move { store.commit(batch(id)).await }));
    let commits: Vec<_> = commits.collect();
    while store.room.available_permits() > QUEUE_KIB as usize - 2 * 64 {
        tokio::task::yield_now().await;
    }
    drop(held);
    for commit in commits {
        commit.await.unwrap().unwrap();
    }
    assert!(store.flushes.load(Ordering::Relaxed) <= 2);
}

#[tokio::test]
async fn commits_that_wait_share_a_flush() {
    check_shared_flush(memory::open()).await;
    let folder = tempfile::tempdir().unwrap();
    check_shared_flush(sqlite::open(&folder.path().join("store.db")).unwrap()).await;
}

/// Fails as storage does, and must not be asked again.
struct Broken(bool);

impl Writer for Broken {
    fn apply(&mut self, _: Vec<Batch>) -> Result<Vec<Outcome>, Error> {
        assert!(!std::mem::replace(&mut self.0, true), "a failed flush is never tried again");
        Err(Error::Failed("no medium".into()))
    }

    fn wipe(&mut self, _: bool) -> Result<Wiped, Error> {
        Ok(Wiped::All)
    }

    fn close(self) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_is_written_after_a_failed_flush() {
    let store = Grouped::start(memory::open().0, Broken(false)).unwrap();
    for id in 0..3 {
        assert_eq!(store.commit(batch(id)).await, Err(Error::Failed("no medium".into())));
    }
    assert_eq!(
        store.count(&Query { space: Space([1; 16]), kind: Kind(1), terms: vec![], after: 0, limit: 1 }).await,
        Ok(0)
    );
}

#[tokio::test]
async fn a_batch_that_names_a_key_twice_conflicts_with_itself() {
    let (reader, writer) = memory::open();
    let store = Grouped::start(reader, writer).unwrap();
    let changes = [batch(1).changes, batch(2).changes, batch(1).changes].concat();
    let conflict = Error::Conflict(*changes[0].key());
    assert_eq!(store.commit(Batch { changes, events: vec![] }).await, Err(conflict));
}

/// A scrub was left after the log had turned: what is replaced then is in the file that it had turned to. The next scrub sees to it.
#[tokio::test]
async fn a_scrub_that_was_left_half_way_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (reader, writer) = sqlite::open(&folder.path().join("store.db")).unwrap();
    let store = Grouped::start(reader, writer).unwrap();
    store.commit(batch(1)).await.unwrap();
    store.reader.written_back().await.unwrap();
    // Overwrites the file that is not in use, which is empty, and turns.
    assert_eq!(store.wipe(true).await, Ok(Wiped::Blocked));
    let body = vec![0xA7; 999];
    let is_there = || {
        let files =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
        files.filter(|bytes| bytes.windows(body.len()).any(|window| window == body)).count() > 0
    };
    let put =
        Change::Put { key: *batch(2).changes[0].key(), expect: Expect::Absent, body: body.clone(), terms: vec![] };
    let delete = Change::Delete { key: *put.key(), version: 1 };
    for change in [put, delete] {
        store.commit(Batch { changes: vec![change], events: vec![] }).await.unwrap();
    }
    assert!(is_there());
    store.scrub().await.unwrap();
    assert!(!is_there());
}
