//! The journal: what was appended comes back, and what was tampered with is named.

use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::Error;
use store::journal::{At, Entry, Flush, Follower, Journal, Position, read, read_from};
use tempfile::tempdir;

const NODE: [u8; 16] = [9; 16];
const HEADER: u64 = 96;

/// Good enough to notice a change: the real one is the caller's.
fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = [0; 32];
    for (salt, chunk) in (1u64..).zip(digest.chunks_mut(8)) {
        let mut hasher = DefaultHasher::new();
        hasher.write_u64(salt);
        parts.iter().for_each(|part| hasher.write(part));
        chunk.copy_from_slice(&hasher.finish().to_be_bytes());
    }
    digest
}

fn open(folder: &Path) -> Journal {
    Journal::open(folder, NODE, digest, Flush::Soon).unwrap()
}

fn bodies(folder: &Path) -> Result<Vec<Vec<u8>>, Error> {
    read(folder, digest)?.collect()
}

fn segment(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:016}.journal"))
}

/// Three records of 10 bytes, each 46 with its frame, the first at offset 96.
fn three(folder: &Path) -> Vec<Vec<u8>> {
    let journal = open(folder);
    let bodies: Vec<_> = (0..3).map(|number| vec![number; 10]).collect();
    bodies.iter().for_each(|body| journal.append(body).unwrap());
    bodies
}

#[test]
fn what_was_appended_comes_back() {
    for flush in [Flush::Soon, Flush::Each] {
        let folder = tempdir().unwrap();
        let mut all = Vec::new();
        for round in 0..3u8 {
            let journal = Journal::open(folder.path(), NODE, digest, flush).unwrap();
            for length in [0, 1, 300, 1 << 20] {
                let body = vec![round; length];
                journal.append(&body).unwrap();
                all.push(body);
            }
            assert_eq!(bodies(folder.path()).unwrap(), all, "while it is open");
            journal.flush().unwrap();
        }
        assert_eq!(bodies(folder.path()).unwrap(), all);
    }
}

#[test]
fn a_record_that_is_too_long_is_refused_and_harms_nothing() {
    let folder = tempdir().unwrap();
    let journal = open(folder.path());
    assert!(matches!(journal.append(&vec![0; (1 << 20) + 1]), Err(Error::Io(_))));
    journal.append(b"next").unwrap();
    assert_eq!(bodies(folder.path()).unwrap(), [b"next"]);
}

#[test]
fn threads_append_whole_records() {
    for flush in [Flush::Soon, Flush::Each] {
        let folder = tempdir().unwrap();
        let journal = Arc::new(Journal::open(folder.path(), NODE, digest, flush).unwrap());
        let threads = (0..8u8).map(|thread| {
            let journal = journal.clone();
            std::thread::spawn(move || (0..50u8).for_each(|turn| journal.append(&[thread, turn]).unwrap()))
        });
        threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
        let bodies = bodies(folder.path()).unwrap();
        for thread in 0..8u8 {
            let turns: Vec<u8> = bodies.iter().filter(|body| body[0] == thread).map(|body| body[1]).collect();
            assert_eq!(turns, (0..50).collect::<Vec<u8>>());
        }
    }
}

/// Good enough to fill segments with quickly: the end of what was appended is all that it looks at.
fn brief(parts: &[&[u8]]) -> [u8; 32] {
    digest(&parts.iter().map(|part| &part[part.len().saturating_sub(32)..]).collect::<Vec<_>>())
}

#[test]
fn segments_follow_each_other() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    for _ in 0..2 {
        let journal = Journal::open(folder, NODE, brief, Flush::Soon).unwrap();
        (0..70u8).for_each(|number| journal.append(&[number; 1 << 20]).unwrap());
    }
    let all = || read(folder, brief).unwrap().collect::<Result<Vec<_>, _>>();
    let numbers: Vec<u8> = all().unwrap().iter().map(|body| body[0]).collect();
    assert_eq!(numbers, (0..70).chain(0..70).collect::<Vec<u8>>());
    let [first, second, third] = [1, 2, 3].map(|number| segment(folder, number));
    let aside = folder.join("aside");
    let broken = |result: Result<_, Error>, name: &str| {
        assert!(matches!(result, Err(Error::Damaged(text)) if text.contains(name)), "{name}");
    };
    fs::rename(&second, &aside).unwrap();
    broken(all(), "3.journal, offset 96");
    fs::rename(&third, &second).unwrap();
    broken(all(), "2.journal, offset 0");
    fs::rename(&second, &third).unwrap();
    fs::rename(&aside, &second).unwrap();
    fs::remove_file(first).unwrap();
    assert!(all().is_ok_and(|bodies| bodies.len() < 140), "the oldest may be archived");
}

/// Cuts the last of three records anywhere: it is set aside, the others are kept, and the chain goes on.
#[test]
fn a_torn_tail_is_set_aside() {
    for cut in 1..46 {
        let folder = tempdir().unwrap();
        let mut all = three(folder.path());
        let path = segment(folder.path(), 1);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - cut]).unwrap();
        all.pop();
        assert_eq!(bodies(folder.path()).unwrap(), all);
        open(folder.path()).append(b"after").unwrap();
        all.push(b"after".to_vec());
        assert_eq!(bodies(folder.path()).unwrap(), all);
        let aside = fs::read(path.with_extension(format!("{}.torn", HEADER + 2 * 46)));
        assert_eq!(aside.ok().unwrap_or_default(), whole[HEADER as usize + 92..whole.len() - cut]);
    }
}

#[test]
fn a_tail_of_zeros_is_set_aside() {
    let folder = tempdir().unwrap();
    let mut all = three(folder.path());
    let path = segment(folder.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend([0; 5000]);
    fs::write(&path, bytes).unwrap();
    open(folder.path()).append(b"after").unwrap();
    all.push(b"after".to_vec());
    assert_eq!(bodies(folder.path()).unwrap(), all);
}

/// Flips a bit at an offset: the records before are given out, then the damage is named.
fn check_damage(offset: u64, good: usize, at: u64) {
    let folder = tempdir().unwrap();
    let all = three(folder.path());
    let path = segment(folder.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[offset as usize] ^= 1;
    fs::write(&path, bytes).unwrap();
    let mut records = read(folder.path(), digest).unwrap();
    for body in &all[..good] {
        assert_eq!(records.next().unwrap().unwrap(), *body);
    }
    let named = format!("0000000000000001.journal, offset {at}:");
    assert!(matches!(records.next(), Some(Err(Error::Damaged(text))) if text.contains(&named)));
    assert!(records.next().is_none());
    let opened = Journal::open(folder.path(), NODE, digest, Flush::Soon).err();
    assert!(matches!(opened, Some(Error::Damaged(text)) if text.contains(&named)));
}

#[test]
fn damage_is_named_with_its_place() {
    (0..HEADER).for_each(|offset| check_damage(offset, 0, 0));
    check_damage(HEADER, 0, HEADER);
    (HEADER + 3..HEADER + 46).for_each(|offset| check_damage(offset, 0, HEADER));
    (HEADER + 50..HEADER + 92).for_each(|offset| check_damage(offset, 1, HEADER + 46));
    (HEADER + 96..HEADER + 138).for_each(|offset| check_damage(offset, 2, HEADER + 92));
}

#[test]
fn a_removed_record_shows() {
    let folder = tempdir().unwrap();
    three(folder.path());
    let path = segment(folder.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes.drain(HEADER as usize + 46..HEADER as usize + 92);
    fs::write(&path, bytes).unwrap();
    assert!(matches!(bodies(folder.path()), Err(Error::Damaged(text)) if text.contains("offset 142")));
}

#[test]
fn a_journal_belongs_to_one_opener_and_one_node() {
    let folder = tempdir().unwrap();
    let journal = open(folder.path());
    assert!(matches!(Journal::open(folder.path(), NODE, digest, Flush::Soon), Err(Error::Locked(_))));
    drop(journal);
    let other = Journal::open(folder.path(), [8; 16], digest, Flush::Soon);
    assert!(matches!(other, Err(Error::Damaged(text)) if text.contains("another node")));
}

/// A head is made of the position just before it, also where it begins a segment; and it covers what came before.
#[test]
fn a_head_speaks_of_the_place_that_it_stands_at() {
    let folder = tempdir().unwrap();
    let journal = Journal::open(folder.path(), NODE, brief, Flush::Soon).unwrap();
    let told = |position: &Position| format!("{position:?}").into_bytes();
    for length in [10, 1 << 20] {
        for number in 0..70u8 {
            journal.append(&vec![b'a' + number % 20; length]).unwrap();
            assert_eq!(journal.position().1, 1 + u64::from(number % 3));
            if number % 3 == 2 {
                journal.append_head(told).unwrap();
                assert_eq!(journal.position().1, 0);
            }
        }
        journal.append_head(told).unwrap();
    }
    let mut records = read(folder.path(), brief).unwrap();
    let mut heads = 0;
    while let Some(body) = records.next() {
        if let Entry::Head(head) = Entry::decode(&body.unwrap()) {
            assert_eq!(String::from_utf8_lossy(head), format!("{:?}", records.before().unwrap()));
            heads += 1;
        }
    }
    assert_eq!((heads, records.position().unwrap().segment, records.left_over()), (48, 2, 0));
    assert!(read_from(folder.path(), 2, brief).unwrap().count() < 140);
}

#[test]
fn the_last_change_in_the_last_segment_is_known_after_a_start() {
    let folder = tempdir().unwrap();
    let open = || Journal::open(folder.path(), NODE, brief, Flush::Soon).unwrap();
    let journal = open();
    assert_eq!(journal.last_change(), None);
    let change = |sequence| Entry::Change { sequence, event: b"{}" }.encode();
    journal.append_all(&[change(3), change(4)]).unwrap();
    drop(journal);
    let journal = open();
    assert_eq!(journal.last_change(), Some(4));
    (0..70).for_each(|_| journal.append(&[b'{'; 1 << 20]).unwrap());
    drop(journal);
    assert_eq!(open().last_change(), None, "it is in the segment before the last");
}

/// From any record on, across segments, while it grows; and from any other place nothing is given out.
#[test]
fn a_follower_goes_on_where_it_was() {
    let folder = tempdir().unwrap();
    let folder = folder.path();
    let journal = Journal::open(folder, NODE, brief, Flush::Soon).unwrap();
    let mut follower = Follower::new(folder, At::default(), brief);
    assert_eq!(follower.step().unwrap(), None);
    let lengths = [0, 10, 300_000, 1 << 20, 5];
    let mut places = Vec::new();
    for number in 0..350usize {
        let body = vec![number as u8; lengths[number % lengths.len()]];
        journal.append(&body).unwrap();
        let found = follower.step().unwrap().unwrap();
        assert_eq!(found.body, body);
        places.push((found.at, body));
        assert_eq!(follower.step().unwrap(), None);
        assert_eq!(follower.at(), journal.end());
    }
    assert_eq!(journal.end().segment, 2);
    for (at, body) in places.iter().step_by(17) {
        let mut again = Follower::new(folder, *at, brief);
        assert_eq!(again.step().unwrap().map(|found| (found.at, found.body)), Some((*at, body.clone())));
    }
    let mut all = Follower::new(folder, At::default(), brief);
    for (_, body) in &places {
        assert_eq!(&all.step().unwrap().unwrap().body, body);
    }
    let (segment, offset) = (places[7].0.segment, places[7].0.offset);
    for offset in [offset - 1, offset + 1, offset + 40, 1 << 30] {
        let odd = Follower::new(folder, At { segment, offset }, brief).step();
        assert!(matches!(odd, Err(Error::Damaged(_))), "{offset}");
    }
    assert_eq!(Follower::new(folder, At { segment: 9, offset: 0 }, brief).step().unwrap(), None);
    fs::remove_file(self::segment(folder, 1)).unwrap();
    let found = Follower::new(folder, At::default(), brief).step().unwrap().unwrap();
    assert_eq!(found.at.segment, 2, "the oldest may be archived");
}

/// A head for which there is no room any more begins the next segment, and speaks of that.
#[test]
fn a_head_that_does_not_fit_begins_a_segment() {
    let folder = tempdir().unwrap();
    let journal = Journal::open(folder.path(), NODE, brief, Flush::Soon).unwrap();
    (0..63).for_each(|_| journal.append(&[b'a'; 1 << 20]).unwrap());
    let left = (64 << 20) - HEADER as usize - 63 * ((1 << 20) + 36);
    journal.append(&vec![b'b'; left - 36 - 60]).unwrap();
    journal.append_head(|position| format!("{position:?}").into_bytes()).unwrap();
    let mut records = read(folder.path(), brief).unwrap();
    let last = records.by_ref().map(Result::unwrap).last().unwrap();
    let before = records.before().unwrap();
    assert_eq!((before.segment, before.records), (2, 0));
    assert_eq!(Entry::decode(&last), Entry::Head(format!("{before:?}").as_bytes()));
}

#[test]
fn a_follower_gives_out_nothing_that_was_changed() {
    let folder = tempdir().unwrap();
    three(folder.path());
    let path = segment(folder.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[HEADER as usize + 50] ^= 1;
    fs::write(&path, bytes).unwrap();
    let mut follower = Follower::new(folder.path(), At::default(), digest);
    assert!(follower.step().unwrap().is_some());
    let at = follower.at();
    for _ in 0..2 {
        assert!(matches!(follower.step(), Err(Error::Damaged(_))));
        assert_eq!(follower.at(), at, "the place stays where it was");
    }
}

/// Waits for whatever is behind it.
struct Slow(std::sync::atomic::AtomicBool);

#[async_trait::async_trait]
impl store::journal::Witness for Slow {
    async fn seen(&self) -> Result<(), Error> {
        match self.0.load(std::sync::atomic::Ordering::Relaxed) {
            true => Ok(()),
            false => Err(Error::Io("not yet".into())),
        }
    }
}

#[tokio::test]
async fn an_answer_waits_for_the_witness_where_there_is_one() {
    let folder = tempdir().unwrap();
    let journal = open(folder.path());
    journal.seen().await.unwrap();
    let witness = Arc::new(Slow(false.into()));
    journal.require(witness.clone());
    assert!(journal.seen().await.is_err());
    witness.0.store(true, std::sync::atomic::Ordering::Relaxed);
    journal.seen().await.unwrap();
}

#[tokio::test]
async fn events_are_let_go_but_for_the_newest() {
    for sqlite in [false, true] {
        let folder = tempdir().unwrap();
        let address = if sqlite { format!("sqlite:{}", folder.path().join("db").display()) } else { "memory:".into() };
        let mut store = store::open(&address).await.unwrap();
        let commit = |store: Arc<dyn store::Store>, count| async move {
            for number in 0..count {
                let batch = store::Batch { changes: vec![], events: vec![vec![number]] };
                store.commit(batch).await.unwrap();
            }
        };
        let numbers = |store: Arc<dyn store::Store>| async move {
            let events = store.events(0, 100).await.unwrap();
            events.iter().map(|event| event.sequence).collect::<Vec<_>>()
        };
        commit(store.clone(), 10).await;
        store.forget_events(4);
        commit(store.clone(), 1).await;
        assert_eq!(numbers(store.clone()).await, (5..=11).collect::<Vec<_>>());
        store.forget_events(11);
        commit(store.clone(), 1).await;
        assert_eq!(numbers(store.clone()).await, [12]);
        store.forget_events(12);
        if sqlite {
            store.close().await.unwrap();
            store = store::open(&address).await.unwrap();
        }
        commit(store.clone(), 2).await;
        store.forget_events(99);
        commit(store.clone(), 1).await;
        assert_eq!(numbers(store.clone()).await, [15], "numbers go on, and the newest stays");
    }
}
