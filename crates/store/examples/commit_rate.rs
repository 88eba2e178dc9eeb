//! Measures durable commits against the disk's own limit, and reads at a million records.
//!
//!     cargo run --release -p store --example commit_rate -- FOLDER [SECONDS [RECORDS]]
//!
//! The limit is a loop that appends the same bytes, grouped in the same way, to a file in the same folder and flushes it with
//! `fdatasync`. Rounds of both alternate, so that noise hits both; the ratio is what to look at.

#![expect(clippy::disallowed_methods, reason = "it measures time")]
#![expect(clippy::print_stdout, reason = "it is a program for the terminal")]
#![expect(clippy::unwrap_used, reason = "a failed measurement may end in a panic")]
#![expect(clippy::cast_possible_truncation, reason = "its numbers are small")]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use store::journal::{Digest, Flush, Journal};
use store::{Batch, Change, Expect, Key, Kind, Query, Space, Store, Term};
use tokio::sync::{mpsc, oneshot};

const SPACE: Space = Space([7; 16]);
const KIND: Kind = Kind(1);
const BODY: usize = 1024;
const EVENT: usize = 256;
const ROUNDS: usize = 7;

/// Whether identifiers rise, as those of version 7 UUIDs do.
static ORDERED: LazyLock<bool> = LazyLock::new(|| std::env::var_os("ORDERED").is_some());

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".into()));
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(0.5);
    let records = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let path = folder.join("commit_rate.db");
    let store = store::open(&format!("sqlite:{}", path.display())).await.unwrap();
    println!("an empty store:");
    rates(&folder, &store, Duration::from_secs_f64(seconds)).await;
    fill(&store, records).await;
    reads(&store, records).await;
    appends(&folder).await;
    println!("with {records} records:");
    rates(&folder, &store, Duration::from_secs_f64(seconds)).await;
    store.close().await.unwrap();
}

/// Commits a second at 1, 8 and 64 committers, beside the limit.
async fn rates(folder: &Path, store: &Arc<dyn Store>, time: Duration) {
    println!(
        "{:>10} {:>18} {:>18} {:>7} {:>14}",
        "committers", "limit/s (p99 ms)", "commits/s (p99 ms)", "ratio", "CPU µs/commit"
    );
    let only = std::env::var("COMMITTERS").ok().and_then(|text| text.parse().ok());
    for committers in only.map_or_else(|| vec![1, 8, 64], |only: usize| vec![only]) {
        let mut rounds = [const { Vec::new() }; 6];
        for _ in 0..ROUNDS {
            let limit = run(committers, time, Arc::new(Limit::start(&folder.join("commit_rate.log")))).await;
            let before = cpu();
            let found = run(committers, time, Arc::new(Commits(store.clone()))).await;
            let cost = (cpu() - before) / (found.rate * time.as_secs_f64());
            let row = [limit.rate, limit.p99, found.rate, found.p99, 100.0 * found.rate / limit.rate, cost];
            rounds.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
        }
        let [limit, limit_p99, rate, p99, ratio, cost] = rounds.map(median);
        println!(
            "{committers:>10} {limit:>10.0} ({limit_p99:>5.1}) {rate:>10.0} ({p99:>5.1}) {ratio:>6.0}% {cost:>14.1}"
        );
    }
}

/// Something that makes a record durable.
#[async_trait::async_trait]
trait Sink: Send + Sync + 'static {
    async fn put(&self, number: u64);
}

struct Commits(Arc<dyn Store>);

#[async_trait::async_trait]
impl Sink for Commits {
    async fn put(&self, number: u64) {
        self.0.commit(batch(number)).await.unwrap();
    }
}

/// A thread that appends whatever is queued, flushes, and answers.
struct Limit(mpsc::UnboundedSender<(Vec<u8>, oneshot::Sender<()>)>);

impl Limit {
    fn start(path: &Path) -> Self {
        let (queue, mut jobs) = mpsc::unbounded_channel::<(Vec<u8>, oneshot::Sender<()>)>();
        let mut file = File::create(path).unwrap();
        std::thread::spawn(move || {
            let mut group = Vec::new();
            while jobs.blocking_recv_many(&mut group, 256) > 0 {
                let bytes: Vec<u8> = group.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
                for (_, answer) in group.drain(..) {
                    answer.send(()).unwrap();
                }
            }
        });
        Self(queue)
    }
}

#[async_trait::async_trait]
impl Sink for Limit {
    async fn put(&self, number: u64) {
        let (answer, done) = oneshot::channel();
        self.0.send((vec![number.to_le_bytes()[0]; 33 + BODY + 6 * 16 + EVENT], answer)).unwrap();
        done.await.unwrap();
    }
}

/// What a round found: puts a second, and how long 99 of 100 took at most, in milliseconds.
struct Found {
    rate: f64,
    p99: f64,
}

async fn run(committers: usize, time: Duration, sink: Arc<impl Sink>) -> Found {
    static NUMBER: AtomicU64 = AtomicU64::new(1 << 40);
    let start = Instant::now();
    let tasks = (0..committers).map(|_| {
        let sink = sink.clone();
        tokio::spawn(async move {
            let mut times = Vec::new();
            while start.elapsed() < time {
                let begun = Instant::now();
                sink.put(NUMBER.fetch_add(1, Ordering::Relaxed)).await;
                times.push(begun.elapsed().as_secs_f64() * 1e3);
            }
            times
        })
    });
    let mut times = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        times.extend(task.await.unwrap());
    }
    let rate = times.len() as f64 / start.elapsed().as_secs_f64();
    Found { rate, p99: at(&mut times, 0.99) }
}

/// A record as the creation of a key makes it: a name of its own, and five terms that most others bear too.
fn batch(number: u64) -> Batch {
    let terms = std::iter::once(name(number)).chain((1..=5).map(|shared| Term([shared; 16]))).collect();
    let put = Change::Put { key: key(number), expect: Expect::Absent, body: noise(number, BODY), terms };
    Batch { changes: vec![put], events: vec![noise(number, EVENT)] }
}

fn key(number: u64) -> Key {
    Key { space: SPACE, kind: KIND, id: wide(number) }
}

fn name(number: u64) -> Term {
    Term(wide(!number))
}

/// Sixteen bytes without order, unless `ORDERED`.
fn wide(number: u64) -> [u8; 16] {
    let mixed = (u128::from(number) + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let mixed = (mixed ^ (mixed >> 57)).wrapping_mul(0xBF58_476D_1CE4_E5B9_94D0_49BB_1331_11EB);
    let mut wide = (mixed ^ (mixed >> 61)).to_be_bytes();
    if *ORDERED && number < 1 << 63 {
        wide[..8].copy_from_slice(&number.to_be_bytes());
    }
    wide
}

fn noise(number: u64, length: usize) -> Vec<u8> {
    wide(number).repeat(length / 16)
}

/// Adds records many to a batch.
async fn fill(store: &Arc<dyn Store>, records: u64) {
    let start = Instant::now();
    for from in (0..records).step_by(1000) {
        let changes = (from..records.min(from + 1000)).flat_map(|number| batch(number).changes).collect();
        store.commit(Batch { changes, events: Vec::new() }).await.unwrap();
    }
    println!("{records} records put at {:.0}/s", records as f64 / start.elapsed().as_secs_f64());
}

/// Latency of reads among all records, and of repeated ones.
async fn reads(store: &Arc<dyn Store>, records: u64) {
    for (label, spread) in [("get, any", records), ("get, one of 1,000", 1000.min(records))] {
        latency(label, 50_000, async |turn| {
            let found = store.get(&key(turn.wrapping_mul(0x9E37_79B9) % spread)).await.unwrap();
            assert!(found.is_some());
        })
        .await;
    }
    latency("find by name", 50_000, async |turn| {
        let terms = vec![name(turn.wrapping_mul(0x9E37_79B9) % records)];
        let page = store.find(&Query { space: SPACE, kind: KIND, terms, after: 0, limit: 10 }).await.unwrap();
        assert_eq!(page.records.len(), 1);
    })
    .await;
    latency("find a page of 100", 1000, async |turn| {
        let terms = vec![Term([3; 16])];
        let after = turn.wrapping_mul(0x9E37_79B9) % records;
        store.find(&Query { space: SPACE, kind: KIND, terms, after, limit: 100 }).await.unwrap();
    })
    .await;
    latency("count all", 3, async |_| {
        let query = Query { space: SPACE, kind: KIND, terms: Vec::new(), after: 0, limit: 0 };
        assert!(store.count(&query).await.unwrap() >= records);
    })
    .await;
}

/// Latency of a read's event in the journal; the digest is cheaper than the real one, which takes some 0.3 µs.
async fn appends(folder: &Path) {
    let folder = folder.join("commit_rate.journal");
    let digest: Digest = |parts| [parts.iter().map(|part| part[part.len() / 2]).fold(0, u8::wrapping_add); 32];
    let journal = Journal::open(&folder, [1; 16], digest, Flush::Soon).unwrap();
    latency("journal append", 200_000, async |_| journal.append(&[7; EVENT]).unwrap()).await;
}

async fn latency(label: &str, turns: u64, mut one: impl AsyncFnMut(u64)) {
    let mut times = Vec::new();
    for turn in 0..turns {
        let start = Instant::now();
        one(turn).await;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    println!("{label:>20}: p50 {:.1} µs, p99 {:.1} µs", at(&mut times, 0.5), at(&mut times, 0.99));
}

/// Microseconds of processor time that this process has used.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let after_name: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: f64 = [11, 12].iter().map(|&field| after_name[field].parse::<f64>().unwrap()).sum();
    ticks * 10_000.0
}

fn median(mut values: Vec<f64>) -> f64 {
    at(&mut values, 0.5)
}

fn at(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share) as usize]
}
