//! Where a start goes on.

use store::journal::{Flush, Journal, read};
use wrap::keys::Keys;
use wrap::master::MasterKey;
use wrap::primitive::{SystemRandom, digest, random_secret};

use super::*;
use crate::alarm::Alarms;
use crate::audit::JOURNAL;
use crate::folder::Folder;

const RHYTHM: Rhythm = Rhythm { every: Duration::from_secs(3600), records: u64::MAX };

struct Site {
    folder: tempfile::TempDir,
    store: Arc<dyn Store>,
    keys: Keys,
}

impl Site {
    async fn new() -> Self {
        let random = Arc::new(SystemRandom);
        let master = MasterKey::new(&random_secret(&*random, 32).unwrap()).unwrap();
        let (folder, store) = (tempfile::tempdir().unwrap(), store::open("memory:").await.unwrap());
        Site { folder, store, keys: Keys::unfiled(&master, random).unwrap() }
    }

    async fn start(&self) -> Keeper {
        let data = Arc::new(Folder::open(&self.folder.path().join("data")).unwrap());
        let journal = Arc::new(Journal::open(&data.path(JOURNAL), [7; 16], digest, Flush::Soon).unwrap());
        let key = Arc::new(self.keys.signing_key().unwrap());
        let now = || kmip::Timestamp::from_millis(0);
        let audit = Arc::new(Audit::new(journal, data, key, Arc::new(Alarms::default()), now));
        Keeper::open(audit, self.store.clone(), RHYTHM).await.unwrap()
    }

    fn journal(&self) -> std::path::PathBuf {
        self.folder.path().join("data").join(JOURNAL)
    }

    async fn change(&self) {
        self.store.commit(Batch { changes: Vec::new(), events: vec![b"{}".to_vec()] }).await.unwrap();
    }

    /// The numbers of the changes that are in the journal.
    fn changes(&self) -> Vec<u64> {
        let bodies = read(&self.journal(), digest).unwrap().map(Result::unwrap);
        let number = |body: Vec<u8>| match Entry::decode(&body) {
            Entry::Change { sequence, .. } => Some(sequence),
            _ => None,
        };
        bodies.filter_map(number).collect()
    }
}

/// More reads than go into a segment.
fn fill(keeper: &Keeper) {
    (0..66).for_each(|_| keeper.audit.journal.append(&[b'{'; 1 << 20]).unwrap());
}

#[tokio::test]
async fn no_change_gets_into_the_journal_twice() {
    let site = Site::new().await;
    let mut keeper = site.start().await;
    site.change().await;
    keeper.pump().await.unwrap();
    fill(&keeper);
    keeper.finish().await;
    // The segment with the change is archived: what was kept with the head tells of it.
    std::fs::remove_file(site.journal().join("0000000000000001.journal")).unwrap();
    let keeper = site.start().await;
    assert!(keeper.audit.head().is_some());
    keeper.finish().await;
    assert_eq!(site.changes(), [0; 0]);

    // A change after the newest head, and the start is in the segment after it.
    let mut keeper = site.start().await;
    site.change().await;
    keeper.pump().await.unwrap();
    fill(&keeper);
    drop(keeper);
    let mut keeper = site.start().await;
    keeper.pump().await.unwrap();
    assert_eq!(site.changes(), [2]);

    // Another journal: what it lacks is brought over once more, and it says that it is not the one that was signed.
    drop(keeper);
    std::fs::rename(site.journal(), site.folder.path().join("away")).unwrap();
    let keeper = site.start().await;
    assert!(keeper.audit.head().is_none());
    keeper.finish().await;
    assert_eq!(site.changes(), [2]);
}

/// A record from before the number was kept: the whole journal tells, once.
#[tokio::test]
async fn a_head_without_its_number_is_read() {
    let site = Site::new().await;
    let mut keeper = site.start().await;
    site.change().await;
    keeper.pump().await.unwrap();
    fill(&keeper);
    keeper.sign().await.unwrap();
    let (place, head) = (keeper.place(), keeper.audit.head().unwrap());
    let mut body = Writer::new(Version::V1_4, 512);
    body.text(HEAD, &String::from_utf8_lossy(&head.to_bytes()));
    let put = Change::Put { key: place, expect: Expect::Version(1), body: body.as_bytes().to_vec(), terms: Vec::new() };
    site.store.commit(Batch { changes: vec![put], events: Vec::new() }).await.unwrap();
    drop(keeper);
    let keeper = site.start().await;
    assert_eq!((keeper.last, keeper.audit.head().is_some()), (1, true));
}
