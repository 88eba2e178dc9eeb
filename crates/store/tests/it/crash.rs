//! `kill -9` while it writes: whatever was acknowledged is there and whole, and nothing is there in part.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use store::journal::{Flush, Journal, read};
use store::{Batch, Change, Error, Expect, Key, Kind, Query, Space, Store, Term};

const SPACE: Space = Space([3; 16]);
const RECORD: Kind = Kind(1);
const COUNTER: Kind = Kind(2);
const COMMITTERS: u64 = 8;
const ROUNDS: u64 = 20;
const FOLDER: &str = "STORE_CRASH_TEST_FOLDER";

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = [0u8; 32];
    for (at, byte) in parts.iter().flat_map(|part| part.iter()).enumerate() {
        digest[at % 32] = digest[at % 32].rotate_left(3) ^ byte;
    }
    digest
}

fn key(kind: Kind, committer: u64, number: u64) -> Key {
    Key { space: SPACE, kind, id: (u128::from(committer) << 64 | u128::from(number)).to_be_bytes() }
}

/// Every fourth is long, so that the commit log's files are written over now and then.
fn body(committer: u64, number: u64) -> Vec<u8> {
    let repeat = if number.is_multiple_of(4) { 10_000 } else { 100 };
    number.to_be_bytes().into_iter().chain([committer as u8; 8]).collect::<Vec<_>>().repeat(repeat)
}

/// Each committer's next record, its counter, and an event, in one batch.
fn batch(committer: u64, number: u64) -> Batch {
    let record = Change::Put {
        key: key(RECORD, committer, number),
        expect: Expect::Absent,
        body: body(committer, number),
        terms: vec![Term([committer as u8; 16])],
    };
    let expect = if number == 1 { Expect::Absent } else { Expect::Version(number - 1) };
    let counter = key(COUNTER, committer, 0);
    let counter = Change::Put { key: counter, expect, body: number.to_be_bytes().to_vec(), terms: vec![] };
    Batch { changes: vec![record, counter], events: vec![number.to_be_bytes().to_vec()] }
}

async fn open(folder: &Path) -> Result<Arc<dyn Store>, Error> {
    store::open(&format!("sqlite:{}", folder.join("store.db").display())).await
}

fn journal(folder: &Path) -> Journal {
    Journal::open(&folder.join("reads"), [1; 16], digest, Flush::Soon).unwrap()
}

/// How many batches of a committer are there.
async fn counted(store: &dyn Store, committer: u64) -> u64 {
    let counter = store.get(&key(COUNTER, committer, 0)).await.unwrap();
    counter.map_or(0, |counter| u64::from_be_bytes(counter.body[..].try_into().unwrap()))
}

/// The process that is killed: it commits and appends until then, and prints what was answered.
#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn child() {
    let folder = std::env::var_os(FOLDER).unwrap();
    let folder = Path::new(&folder);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let store = open(folder).await.unwrap();
        let journal = Arc::new(journal(folder));
        say("open");
        // Scrubbed all the while, so that kills fall between its steps too. A store that is too busy for it says so.
        let scrubbed = store.clone();
        tokio::spawn(async move {
            loop {
                let _ = scrubbed.scrub().await;
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        });
        let committers = (0..COMMITTERS).map(|committer| {
            let (store, journal) = (store.clone(), journal.clone());
            tokio::spawn(async move {
                for number in counted(&*store, committer).await + 1.. {
                    store.commit(batch(committer, number)).await.unwrap();
                    journal.append(&[committer.to_be_bytes(), number.to_be_bytes()].concat()).unwrap();
                    say(&format!("{committer} {number}"));
                }
            })
        });
        for committer in committers.collect::<Vec<_>>() {
            committer.await.unwrap();
        }
    });
}

/// One write a line: a line that is there is whole.
fn say(line: &str) {
    std::io::stdout().lock().write_all(format!("@{line}\n").as_bytes()).unwrap();
}

fn spawn(folder: &Path) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "crash::child", "--ignored", "--nocapture", "--test-threads=1"]);
    command.env(FOLDER, folder).stdout(Stdio::piped()).spawn().unwrap()
}

/// Runs a child and kills it once it said so many lines; gives the lines that it said altogether.
fn run_and_kill(folder: &Path, lines: usize) -> Vec<String> {
    let mut child = spawn(folder);
    let output = BufReader::new(child.stdout.take().unwrap());
    let mut said = Vec::new();
    for line in output.lines() {
        said.extend(line.unwrap().split_once('@').map(|(_, line)| line.to_owned()));
        if said.len() == lines {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    said
}

/// Runs a child and kills it while it opens what the one before it left, more or less.
fn run_and_kill_early(folder: &Path, round: u64) {
    let mut child = spawn(folder);
    std::thread::sleep(Duration::from_millis(round));
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The highest number of each committer that was acknowledged.
fn acknowledged(said: &[String]) -> Vec<u64> {
    let mut highest = vec![0; COMMITTERS as usize];
    for line in said {
        if let Some((committer, number)) = line.split_once(' ') {
            highest[committer.parse::<usize>().unwrap()] = number.parse().unwrap();
        }
    }
    highest
}

async fn check_store(folder: &Path, acknowledged: &[u64]) {
    let store = open(folder).await.unwrap();
    let mut total = 0;
    for (committer, &least) in (0..).zip(acknowledged) {
        let count = counted(&*store, committer).await;
        assert!(count >= least, "committer {committer}: {count} are there, {least} were acknowledged");
        for number in 1..=count {
            let record = store.get(&key(RECORD, committer, number)).await.unwrap();
            assert_eq!(record.map(|record| record.body.to_vec()), Some(body(committer, number)));
        }
        let terms = vec![Term([committer as u8; 16])];
        let query = Query { space: SPACE, kind: RECORD, terms, after: 0, limit: 0 };
        assert_eq!(store.count(&query).await.unwrap(), count);
        total += count;
    }
    assert_eq!(store.events(0, usize::MAX).await.unwrap().len() as u64, total);
    store.close().await.unwrap();
}

fn check_journal(folder: &Path, acknowledged: &[u64]) {
    drop(journal(folder));
    let mut highest = vec![0; acknowledged.len()];
    for body in read(&folder.join("reads"), digest).unwrap() {
        let body = body.unwrap();
        let number = |at: usize| u64::from_be_bytes(body[at..at + 8].try_into().unwrap());
        highest[number(0) as usize] = number(8);
    }
    assert!(highest.iter().zip(acknowledged).all(|(there, least)| there >= least), "{highest:?} {acknowledged:?}");
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut before = vec![0; COMMITTERS as usize];
    for round in 0..ROUNDS {
        let said = run_and_kill(folder.path(), 1 + (round as usize * 37) % 250);
        run_and_kill_early(folder.path(), round);
        let now = acknowledged(&said);
        let least: Vec<u64> = now.iter().zip(&before).map(|(now, before)| *now.max(before)).collect();
        check_store(folder.path(), &least).await;
        check_journal(folder.path(), &least);
        before = least;
    }
    assert!(before.iter().sum::<u64>() > ROUNDS);
}

#[tokio::test]
async fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = spawn(folder.path());
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap().ends_with("@open")));
    let path = folder.path().join("store.db").display().to_string();
    assert_eq!(open(folder.path()).await.err(), Some(Error::Locked(path)));
    child.kill().unwrap();
    child.wait().unwrap();
    open(folder.path()).await.unwrap();
}
