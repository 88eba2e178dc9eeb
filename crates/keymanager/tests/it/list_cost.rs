//! What a page costs: for each way that a list is read, in records taken from the store and from the KMIP service.

use crate::counting::Counting;
use crate::listed_kmip::ListedKmip;
use crate::{AT_ONCE, call, call_at, later, memory, open_with, tenant};
use keymanager::{
    Action, Call, Comparison, Error, Filter, KeyManager, ListQuery, Moment, NewKey, Scope, Search, SortBy, State,
};
use std::sync::Arc;
use store::Store;
use uuid::Uuid;

/// Keys of each sort in the small world and in the large one.
const SMALL: usize = 500;
const LARGE: usize = 4 * SMALL;
/// Keys of each sort that are not like the others, in either world.
const RARE: usize = 20;
/// Keys in a page.
const PAGE: usize = 100;

struct World {
    manager: KeyManager,
    instance: Uuid,
    store: Arc<Counting>,
    kmip: Arc<ListedKmip>,
}

impl World {
    /// So many own keys and so many KMIP objects; of what is rare there are as many in a small world as in a large one.
    async fn of(size: usize) -> World {
        let store = Counting::over(memory().await);
        let shared: Arc<dyn Store> = store.clone();
        let manager = open_with(&shared, AT_ONCE).await;
        let instance = tenant(&manager).await;
        for ring in ["busy", "quiet"] {
            manager.create_key_ring(&call(instance, Action::CreateKeyRing), ring).await.unwrap();
        }
        let kmip = ListedKmip::over(&manager);
        let world = World { manager, instance, store, kmip };
        for nth in 0..size {
            let rare = size / RARE;
            world.add(nth, (nth % rare == 0).then_some(nth / rare)).await;
        }
        world
    }

    /// A rare key, of which every other one is a root key, rotated and then disabled, and the rest expire; or one like most.
    async fn add(&self, nth: usize, rare: Option<usize>) {
        let time = later(i64::try_from(nth).unwrap());
        let at = |action| call_at(self.instance, action, time);
        let new = match rare {
            Some(rare) => NewKey {
                ring: Some("quiet".into()),
                aliases: vec![format!("nickname-{rare}")],
                expires: (rare % 2 == 0).then(|| later(5000)),
                ..NewKey::named(&format!("acornzebra-{rare}-wxyz"), rare % 2 == 0)
            },
            None => NewKey {
                ring: nth.is_multiple_of(2).then(|| "busy".into()),
                ..NewKey::named(
                    &format!("acorn-{nth}-{}", if nth.is_multiple_of(2) { "vwxy" } else { "xyzv" }),
                    nth % 4 < 2,
                )
            },
        };
        let id = self.manager.create_key(&at(Action::CreateKey), new).await.unwrap().id.to_string();
        if rare.is_some_and(|rare| rare % 2 == 1) {
            self.manager.rotate(&at(Action::RotateKey), &id, None).await.unwrap();
            self.manager.disable(&at(Action::DisableKey), &id).await.unwrap();
        }
        self.kmip.add(self.instance, uuid(nth), time, rare.map(|_| later(1)));
    }

    /// What a page costs, and how many keys are on it.
    async fn cost(&self, query: &ListQuery) -> Cost {
        let by = call_at(self.instance, Action::ListKeys, later(10_000));
        self.store.taken();
        self.kmip.taken();
        let page = self.manager.list_keys(&by, query).await.unwrap();
        let (records, calls) = self.store.taken();
        Cost { records: records + self.kmip.taken(), calls, keys: page.keys.len() }
    }
}

/// Records that were taken, calls of the store, and keys that are shown for it.
struct Cost {
    records: usize,
    calls: usize,
    keys: usize,
}

/// Spread over all identifiers.
fn uuid(nth: usize) -> Uuid {
    Uuid::from_u128((nth as u128).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835))
}

fn all() -> ListQuery {
    ListQuery { filter: Filter::default(), sort: Vec::new(), offset: 0, limit: PAGE }
}

fn filtered(filter: Filter) -> ListQuery {
    ListQuery { filter, ..all() }
}

fn sorted(by: SortBy, descending: bool) -> ListQuery {
    ListQuery { sort: vec![(by, descending)], ..all() }
}

fn states(states: &[State]) -> Filter {
    Filter { states: Some(states.to_vec()), ..Filter::default() }
}

fn searched(word: &str) -> Search {
    Search { word: word.to_owned(), scopes: Vec::new(), not: false, exact: false }
}

fn found(search: Search) -> ListQuery {
    filtered(Filter { search: Some(search), ..Filter::default() })
}

fn since(moment: Moment) -> Filter {
    Filter { moments: vec![(moment, Comparison::Greater, Some(later(0)))], ..Filter::default() }
}

/// Every way that a list is read, and the most records that a page may cost.
fn ways() -> Vec<(&'static str, ListQuery, usize)> {
    let exact = |word| Search { exact: true, ..searched(word) };
    let in_ring = |ring: &str| filtered(Filter { ring: Some(ring.to_owned()), ..Filter::default() });
    let name = |word| Search { scopes: vec![Scope::Name], ..searched(word) };
    let alias = |word| Search { scopes: vec![Scope::Alias], ..searched(word) };
    let standard = |extractable| Filter { extractable: Some(extractable), ..Filter::default() };
    let id = uuid(5).to_string();
    let prefix = format!("vmware_kmip_{}", &id[..6]);
    vec![
        ("by identifier", all(), 450),
        ("by identifier, from the end", sorted(SortBy::Id, true), 450),
        ("by creation", sorted(SortBy::Creation, false), 1000),
        ("by creation, from the end", sorted(SortBy::Creation, true), 1000),
        ("a state that most have", filtered(states(&[State::Active])), 450),
        ("a state that few have", filtered(states(&[State::Suspended])), 50),
        ("deactivated, some of them not yet on record", filtered(states(&[State::Deactivated])), 50),
        ("destroyed", filtered(states(&[State::Destroyed])), 50),
        ("every state", filtered(states(&State::ALL)), 450),
        ("root keys", filtered(standard(false)), 250),
        ("standard keys", filtered(standard(true)), 450),
        ("a ring with many keys", in_ring("busy"), 250),
        ("a ring with few keys", in_ring("quiet"), 50),
        ("the ring that KMIP objects are in", in_ring("default"), 450),
        ("a part of many names", found(name("acorn-")), 900),
        (
            "a part of many names, in states that few have",
            filtered(Filter { search: Some(name("acorn")), ..states(&[State::Suspended, State::Destroyed]) }),
            900,
        ),
        ("a part of few names", found(name("ZEBRA")), 350),
        ("a part of few names whose own parts many have", found(name("wxyz")), 150),
        ("a part of few names among many", found(searched("acornzebra-")), 350),
        ("a part of aliases", found(alias("nick")), 100),
        ("a whole name", found(exact("AcornZebra-0-wxyz")), 100),
        ("a whole alias", found(exact("NICKNAME-0")), 100),
        ("an identifier", found(searched(&id)), 350),
        ("the beginning of KMIP objects' names", found(searched(&prefix)), 350),
        (
            "the same by creation",
            ListQuery { filter: found(searched(&prefix)).filter, ..sorted(SortBy::Creation, true) },
            1000,
        ),
        ("a part of every KMIP object's name", found(searched("kmip")), 450),
        ("a word that is nowhere", found(searched("nowhere")), 150),
        ("one character", found(searched("n")), 450),
        ("a word that most don't have", found(Search { not: true, ..searched("zebra") }), 550),
        ("with an expiration date", filtered(since(Moment::Expiration)), 150),
        ("rotated", filtered(since(Moment::LastRotate)), 150),
        ("deleted", filtered(Filter { states: Some(State::ALL.to_vec()), ..since(Moment::Deletion) }), 50),
        ("sorted here", ListQuery { filter: states(&[State::Suspended]), ..sorted(SortBy::LastUpdate, true) }, 50),
    ]
}

#[tokio::test]
async fn a_page_costs_what_it_shows() {
    let (small, large) = (World::of(SMALL).await, World::of(LARGE).await);
    for (what, query, most) in ways() {
        let (small, Cost { records, calls, keys }) = (small.cost(&query).await.records, large.cost(&query).await);
        println!("{what}: {records} records in {calls} calls for {keys} keys ({small} records in the small world)");
        assert!(records <= most, "{what}: {records} records for {keys} keys");
        assert!(records <= 2 * small + 50, "{what}: {small} records of {SMALL}, {records} of {LARGE}");
        assert!(calls <= 250, "{what}: {calls} calls");
        assert!(keys > 0 || what == "a word that is nowhere", "{what}");
    }
}

#[tokio::test]
async fn counting_takes_no_records() {
    let world = World::of(SMALL).await;
    let by = call_at(world.instance, Action::HeadKeys, later(10_000));
    for (filter, count) in [
        (Filter::default(), 2 * SMALL - RARE),
        (states(&State::ALL), 2 * SMALL),
        (states(&[State::Destroyed]), RARE),
        (states(&[State::Suspended]), RARE / 2),
        (states(&[State::Active, State::Deactivated]), 2 * SMALL - RARE - RARE / 2),
        (Filter { extractable: Some(false), ..Filter::default() }, SMALL / 2),
        (Filter { ring: Some("quiet".into()), ..Filter::default() }, RARE),
        (
            Filter { ring: Some("default".into()), extractable: Some(true), ..Filter::default() },
            SMALL + SMALL / 4 - RARE - RARE / 4,
        ),
    ] {
        world.store.taken();
        world.kmip.taken();
        let counted = world.manager.count_keys(&by, &filter).await.unwrap();
        assert_eq!((counted, world.store.taken().0, world.kmip.taken()), (count as u64, 0, 0), "{filter:?}");
    }
}

/// KMIP objects alone: they are quickly made.
async fn with_kmip(count: usize) -> World {
    with_kmip_named(count, uuid).await
}

async fn with_kmip_named(count: usize, id: impl Fn(usize) -> Uuid) -> World {
    let store = Counting::over(memory().await);
    let shared: Arc<dyn Store> = store.clone();
    let manager = open_with(&shared, AT_ONCE).await;
    let instance = tenant(&manager).await;
    let kmip = ListedKmip::over(&manager);
    for nth in 0..count {
        kmip.add(instance, id(nth), later(0), None);
    }
    World { manager, instance, store, kmip }
}

#[tokio::test]
async fn at_most_5000_keys_are_sorted() {
    for (count, fits) in [(5000, true), (5001, false)] {
        let world = with_kmip(count).await;
        let by = call(world.instance, Action::ListKeys);
        for sort in [SortBy::State, SortBy::Imported, SortBy::LastUpdate, SortBy::Expiration] {
            let list = world.manager.list_keys(&by, &sorted(sort, false)).await;
            match list {
                Ok(list) => assert!(fits && list.total == Some(5000) && list.keys.len() == PAGE, "{count}"),
                Err(Error::TooBroad) => assert!(!fits, "{count}"),
                Err(other) => panic!("{other}"),
            }
        }
        assert!(world.manager.list_keys(&by, &sorted(SortBy::Creation, true)).await.is_ok());
    }
}

#[tokio::test]
async fn a_search_gives_up_after_5000_keys_and_says_so() {
    for (count, complete) in [(4999, true), (5000, false), (6000, false)] {
        let world = with_kmip(count).await;
        let by = call(world.instance, Action::ListKeys);
        world.kmip.taken();
        let list = world.manager.list_keys(&by, &found(searched("0123456"))).await.unwrap();
        assert_eq!((list.incomplete, list.total, list.keys.len()), (!complete, complete.then_some(0), 0), "{count}");
        assert!(world.kmip.taken() < 5400);
        // What it finds on its way does not count.
        let list =
            world.manager.list_keys(&by, &ListQuery { offset: count - 50, ..found(searched("kmip")) }).await.unwrap();
        assert_eq!((list.incomplete, list.keys.len()), (false, 50));
        assert_eq!(world.manager.count_keys(&by, &found(searched("0123456")).filter).await.unwrap(), 0);
    }
}

/// Goes through a list of 3000 keys in pages of 100 and says what the last one cost, with something happening before it.
async fn last_page(
    filter: &Filter,
    descending: bool,
    before_it: impl AsyncFnOnce(&World, &mut Call),
) -> (Vec<Uuid>, Vec<usize>) {
    let world = with_kmip(3000).await;
    let mut by = call(world.instance, Action::ListKeys);
    let (mut seen, mut costs, mut before_it) = (Vec::new(), Vec::new(), Some(before_it));
    for offset in (0..).step_by(PAGE) {
        if offset == 2000 {
            before_it.take().unwrap()(&world, &mut by).await;
        }
        let query = ListQuery { offset, ..ListQuery { filter: filter.clone(), ..sorted(SortBy::Id, descending) } };
        world.kmip.taken();
        let page = world.manager.list_keys(&by, &query).await.unwrap();
        costs.push(world.kmip.taken());
        if page.keys.is_empty() {
            return (seen, costs);
        }
        seen.extend(page.keys.iter().map(|key| key.id));
    }
    unreachable!()
}

#[tokio::test]
async fn a_far_page_costs_what_a_near_one_does() {
    let mut ids: Vec<Uuid> = (0..3000).map(uuid).collect();
    ids.sort();
    let word = Search { not: true, ..searched("abc") };
    let found = |filter: &Filter| match &filter.search {
        Some(_) => ids.iter().copied().filter(|id| !id.to_string().contains("abc")).collect::<Vec<_>>(),
        None => ids.clone(),
    };
    for filter in [Filter::default(), Filter { search: Some(word), ..Filter::default() }] {
        for descending in [false, true] {
            let (seen, costs) = last_page(&filter, descending, async |_, _| ()).await;
            let mut expected = found(&filter);
            if descending {
                expected.reverse();
            }
            assert!(seen == expected);
            let (near, far) = costs.split_at(10);
            assert!(near.iter().all(|cost| *cost <= 1600) && far.iter().all(|cost| *cost <= 250), "{costs:?}");
        }
    }
}

#[tokio::test]
async fn who_pages_far_sees_each_key_once_though_others_come_and_go() {
    let (first, last) = (Uuid::from_u128(1), Uuid::max());
    let come = async |world: &World, _: &mut Call| {
        for id in [first, last] {
            world.kmip.add(world.instance, id, later(0), None);
        }
    };
    let (seen, _) = last_page(&Filter::default(), false, come).await;
    assert_eq!((seen.len(), seen.iter().filter(|id| **id == last).count(), seen.contains(&first)), (3001, 1, false));
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert!(seen == once);
}

#[tokio::test]
async fn a_bookmark_is_for_the_same_question_and_a_minute() {
    let (manager, kmip, instance) = {
        let World { manager, kmip, instance, .. } = with_kmip(1500).await;
        (manager, kmip, instance)
    };
    let far = ListQuery { offset: 1000, ..all() };
    let by = |seconds| call_at(instance, Action::ListKeys, later(seconds));
    let first = async |call: &Call, query: &ListQuery| manager.list_keys(call, query).await.unwrap().keys[0].id;
    let at_900 = ListQuery { offset: 900, ..all() };
    first(&by(0), &at_900).await;
    let before = first(&by(0), &far).await;
    kmip.add(instance, Uuid::from_u128(1), later(0), None);
    // The page goes on after the one before; who asks anything else, or later, counts.
    assert_eq!(first(&by(60), &far).await, before);
    let counted = first(&by(61), &far).await;
    assert!(counted < before);
    assert_eq!(first(&by(-1), &far).await, counted);
    let other = Filter { ring: Some("default".into()), ..Filter::default() };
    assert_eq!(first(&by(30), &ListQuery { offset: 1000, ..filtered(other) }).await, counted);
    assert_eq!(first(&by(30), &ListQuery { offset: 500, ..sorted(SortBy::Id, true) }).await, counted);
}

#[tokio::test]
async fn a_search_gives_up_at_the_same_key_however_it_is_paged() {
    let every_other =
        |nth: usize| Uuid::from_u128((nth as u128) << 64 | if nth.is_multiple_of(2) { 0xAB_CDEF } else { 0 });
    let world = with_kmip_named(11_000, every_other).await;
    let by = call(world.instance, Action::ListKeys);
    for limit in [500, 5000] {
        let (mut shown, mut incomplete) = (0, false);
        while !incomplete {
            let query = ListQuery { offset: shown, limit, ..found(searched("abcdef")) };
            let page = world.manager.list_keys(&by, &query).await.unwrap();
            shown += page.keys.len();
            incomplete = page.incomplete;
            assert!(incomplete || !page.keys.is_empty(), "after {shown}");
        }
        assert_eq!(shown, 5000);
    }
}
