//! Lists and counts of standard keys, over several adapters and instances, against a list that is sorted and cut.

use engine::registry::Client;
use engine::standard_key::{Counts, StandardKey, StandardKeyPage, Which};
use kmip::Version;
use proptest::prelude::*;
use store::Order;
use uuid::Uuid;

use crate::ask::{create, id, unique};
use crate::bench::{Bench, by};

/// One step. Adapters and keys are numbered; a number beyond what there is means none.
#[derive(Clone, Debug)]
enum Step {
    Create(usize),
    Destroy(usize),
    Delete(usize),
    Restore(usize),
    Purge(usize),
    Remove(usize),
}

/// Three adapters of one instance, one of another.
const ADAPTERS: usize = 4;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..25_usize;
    let step = prop_oneof![
        8 => (0..ADAPTERS).prop_map(Step::Create),
        2 => key.clone().prop_map(Step::Destroy),
        4 => key.clone().prop_map(Step::Delete),
        2 => key.clone().prop_map(Step::Restore),
        2 => key.prop_map(Step::Purge),
        1 => (0..ADAPTERS).prop_map(Step::Remove),
    ];
    proptest::collection::vec(step, 1..60)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Live,
    Deleted,
    Destroyed,
    Purged,
}

/// A key: whose, and how far it has come. Those of an adapter that was removed are gone.
struct Model {
    id: Uuid,
    adapter: usize,
    stage: Stage,
}

struct World {
    bench: Bench,
    clients: Vec<Client>,
    removed: [bool; ADAPTERS],
    keys: Vec<Model>,
}

impl World {
    async fn new() -> World {
        let bench = Bench::new().await;
        let clients = vec![
            bench.client.clone(),
            bench.neighbour("second").await,
            bench.stranger(None, "third").await,
            bench.stranger(Some("other tenant"), "fourth").await,
        ];
        World { bench, clients, removed: [false; ADAPTERS], keys: Vec::new() }
    }

    fn instance(&self, adapter: usize) -> Uuid {
        self.clients[adapter].adapter().instance
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Create(adapter) => {
                let made = self.bench.ask_as(&self.clients[adapter], Version::V1_4, "Create", &create(&[])).await;
                assert_eq!(made.is_err(), self.removed[adapter]);
                self.keys.extend(made.map(|made| Model {
                    id: Uuid::parse_str(&id(&made)).unwrap(),
                    adapter,
                    stage: Stage::Live,
                }));
            }
            Step::Destroy(key) => self.destroy(key).await,
            Step::Delete(key) => self.step(key, &[(Stage::Live, Stage::Deleted)], step).await,
            Step::Restore(key) => {
                self.step(key, &[(Stage::Deleted, Stage::Live), (Stage::Destroyed, Stage::Live)], step).await;
            }
            Step::Purge(key) => {
                let ways = [(Stage::Deleted, Stage::Purged), (Stage::Destroyed, Stage::Purged)];
                self.step(key, &ways, step).await;
            }
            Step::Remove(adapter) => self.remove(adapter).await,
        }
    }

    async fn destroy(&mut self, key: usize) {
        let Some(model) = self.keys.get_mut(key).filter(|model| !self.removed[model.adapter]) else { return };
        let client = &self.clients[model.adapter];
        let done = self.bench.ask_as(client, Version::V1_4, "Destroy", &unique(&model.id.to_string())).await;
        assert_eq!(done.is_ok(), model.stage == Stage::Live);
        if done.is_ok() {
            model.stage = Stage::Destroyed;
        }
    }

    /// Takes a step that leads from some stages to others, and sees that no other takes it.
    async fn step(&mut self, key: usize, ways: &[(Stage, Stage)], step: &Step) {
        let Some(Model { id, adapter, stage }) = self.keys.get(key) else { return };
        let (engine, instance, now) = (&self.bench.engine, self.instance(*adapter), self.bench.now());
        let outcome = match step {
            Step::Delete(_) => engine.delete_standard_key(instance, *id, &by(), now).await,
            Step::Restore(_) => engine.restore_standard_key(instance, *id, &by(), now).await,
            _ => engine.purge_standard_key(instance, *id, &by(), now, &[]).await,
        };
        let way = ways.iter().find(|(from, _)| from == stage).filter(|_| !self.removed[*adapter]);
        assert_eq!(outcome.is_ok(), way.is_some(), "{step:?} in {stage:?}: {outcome:?}");
        if let Some((_, to)) = way {
            self.keys[key].stage = *to;
        }
    }

    async fn remove(&mut self, adapter: usize) {
        if self.removed[adapter] {
            return;
        }
        let mine = self.keys.iter().filter(|key| key.adapter == adapter);
        let in_use = mine.filter(|key| key.stage == Stage::Live).count();
        let client = &self.clients[adapter];
        let removed = self.bench.engine.remove_adapter(client.adapter(), false, &by(), self.bench.now()).await;
        assert_eq!(removed.is_ok(), in_use == 0, "{removed:?}");
        self.removed[adapter] = removed.is_ok();
    }

    /// An instance's keys in the order in which they were made.
    fn keys_of(&self, instance: Uuid) -> Vec<&Model> {
        let there = |key: &&Model| self.instance(key.adapter) == instance && !self.removed[key.adapter];
        self.keys.iter().filter(there).collect()
    }

    async fn compare(&self) {
        for instance in [self.instance(0), self.instance(ADAPTERS - 1)] {
            self.compare_each(instance).await;
            let there = self.keys_of(instance);
            let count = |stages: &[Stage]| there.iter().filter(|key| stages.contains(&key.stage)).count() as u64;
            let counts = Counts { live: count(&[Stage::Live]), deleted: count(&[Stage::Deleted, Stage::Destroyed]) };
            assert_eq!(self.bench.engine.count_standard_keys(instance).await.unwrap(), counts);
        }
    }

    async fn compare_each(&self, instance: Uuid) {
        for key in &self.keys {
            let shown = self.bench.engine.standard_key(instance, key.id).await.unwrap();
            let there = self.keys_of(instance).iter().any(|there| there.id == key.id);
            assert_eq!(shown.is_some(), there);
            shown.iter().for_each(|shown| same(shown, key));
        }
    }

    /// Every page of all, of the live and of the deleted, in either order and direction, of several lengths.
    async fn compare_pages(&self) {
        for instance in [self.instance(0), self.instance(ADAPTERS - 1)] {
            for which in [Which::All, Which::Live, Which::Deleted] {
                for (by_id, descending) in [(true, false), (true, true), (false, false), (false, true)] {
                    let there = self.listed(instance, which, by_id, descending);
                    let order = if by_id { Order::Id { after: None } } else { Order::Made { after: None } };
                    for limit in [1, 2, 3, 7, 20, 100] {
                        self.read(instance, StandardKeyPage { which, order, descending, limit }, &there).await;
                    }
                }
            }
        }
    }

    /// What a list has: a plain filter, sorted.
    fn listed(&self, instance: Uuid, which: Which, by_id: bool, descending: bool) -> Vec<&Model> {
        let mut there = self.keys_of(instance);
        there.retain(|key| match which {
            Which::All => key.stage != Stage::Purged,
            Which::Live => key.stage == Stage::Live,
            Which::Deleted => matches!(key.stage, Stage::Deleted | Stage::Destroyed),
        });
        if by_id {
            there.sort_by_key(|key| key.id);
        }
        if descending {
            there.reverse();
        }
        there
    }

    async fn read(&self, instance: Uuid, mut page: StandardKeyPage, there: &[&Model]) {
        let (limit, by_id) = (page.limit, matches!(page.order, Order::Id { .. }));
        let mut expected = there.chunks(limit);
        loop {
            let keys = self.bench.engine.standard_keys(instance, &page).await.unwrap();
            let chunk = expected.next().unwrap_or_default();
            let read: Vec<Uuid> = keys.iter().map(|(_, key)| key.id).collect();
            assert_eq!(read, chunk.iter().map(|key| key.id).collect::<Vec<_>>(), "{page:?}");
            keys.iter().zip(chunk).for_each(|((_, shown), key)| same(shown, key));
            let Some((place, last)) = keys.last().filter(|_| keys.len() == limit) else { break };
            page.order = if by_id {
                Order::Id { after: Some(last.id.into_bytes()) }
            } else {
                Order::Made { after: Some(*place) }
            };
        }
        assert!(expected.next().is_none());
    }
}

impl World {
    /// How many keys a page of the first instance shows, and how many records are read for it from each adapter.
    async fn cost(&self, which: Which, order: Order, limit: usize) -> (usize, Vec<usize>) {
        let before = self.bench.store.scanned();
        let page = StandardKeyPage { which, order, descending: false, limit };
        let shown = self.bench.engine.standard_keys(self.instance(0), &page).await.unwrap().len();
        let scanned = self.bench.store.scanned();
        let read = |client: &Client| {
            let space = store::Space(client.adapter().id.into_bytes());
            scanned.get(&space).unwrap_or(&0) - before.get(&space).unwrap_or(&0)
        };
        (shown, self.clients.iter().map(read).collect())
    }
}

fn same(shown: &StandardKey, key: &Model) {
    let erased = key.stage == Stage::Purged;
    let seen = (shown.deleted.is_some(), shown.erased, shown.purged, shown.verified);
    assert_eq!(seen, (key.stage != Stage::Live, erased, key.stage == Stage::Purged, true));
}

async fn check(steps: Vec<Step>) {
    let mut world = World::new().await;
    for step in &steps {
        world.take(step).await;
        world.compare().await;
    }
    world.compare_pages().await;
}

#[test]
fn lists_and_counts_are_the_models() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    proptest!(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        runtime.block_on(check(steps));
    });
}

/// More records than are read from an adapter at a time, unevenly spread, on disk.
#[tokio::test]
async fn long_lists_are_read_on() {
    let mut world = World::new().await;
    world.bench = Bench::on_disk().await;
    world.clients = vec![
        world.bench.client.clone(),
        world.bench.neighbour("second").await,
        world.bench.stranger(None, "third").await,
        world.bench.stranger(Some("other tenant"), "fourth").await,
    ];
    for number in 0..150_usize {
        world.take(&Step::Create([0, 0, 0, 1, 0, 3, 2][number % 7])).await;
    }
    for number in (0..150).step_by(4) {
        world.take(&Step::Delete(number)).await;
    }
    world.compare().await;
    world.compare_pages().await;
}

/// However many adapters and keys there are, a page reads no more records from an adapter than it has room for.
#[tokio::test]
async fn a_page_reads_no_more_than_its_length() {
    let mut world = World::new().await;
    for number in 0..120_usize {
        world.take(&Step::Create([0, 1, 2, 0][number % 4])).await;
    }
    for limit in [1, 5, 20, 40, 100] {
        let (shown, read) = world.cost(Which::All, Order::Id { after: None }, limit).await;
        assert_eq!(shown, limit);
        assert!(read.iter().all(|read| *read <= limit), "{limit}");
        let all: usize = read.iter().sum();
        assert!(all <= limit + 3 * 33.max(limit / 3), "{all} for {limit}");
    }
}

/// What is deleted is found among what is not, and costs no more for it: beside what is shown, one record of each adapter.
#[tokio::test]
async fn few_that_are_deleted_are_read_alone() {
    let mut world = World::new().await;
    for number in 0..400_usize {
        world.take(&Step::Create(number % 3)).await;
    }
    for number in (50..400).step_by(70) {
        world.take(&Step::Delete(number)).await;
        world.take(&Step::Destroy(number + 1)).await;
    }
    for order in [Order::Id { after: None }, Order::Made { after: None }] {
        for (limit, shown) in [(100, 10), (20, 10), (3, 3), (1, 1)] {
            let (keys, read) = world.cost(Which::Deleted, order, limit).await;
            assert_eq!(keys, shown);
            // Each adapter has what it could show, by either term, and its first record.
            let most = 10.min(2 * 3 * limit) + 3;
            assert!(read.iter().sum::<usize>() <= most, "{read:?} for {limit}");
        }
    }
}

/// A page of the live ones passes over those that are deleted, in few steps, and reads no more beside them than once as many.
#[tokio::test]
async fn what_is_deleted_is_passed_over_in_strides() {
    let mut world = World::new().await;
    for number in 0..300 {
        world.take(&Step::Create(0)).await;
        if number < 290 {
            world.take(&Step::Delete(number)).await;
        }
    }
    let calls = world.bench.store.scans();
    let (keys, read) = world.cost(Which::Live, Order::Made { after: None }, 1).await;
    assert_eq!(keys, 1);
    assert!(read[0] <= 300 && world.bench.store.scans() - calls <= 12, "{read:?}");
    assert_eq!(world.cost(Which::Live, Order::Made { after: None }, 20).await, (10, vec![300, 0, 0, 0]));
}
