//! Lists against a model: random keys of both sorts, random queries, and what a filter, a sort and a page of a vector say.

use crate::fake_kmip::FakeKmip;
use crate::listed_kmip::ListedKmip;
use crate::people::House;
use crate::{AT_ONCE, call, call_at, later, memory, open_with, plain, tenant};
use keymanager::{
    Action, Call, Comparison, DEFAULT_RING, Error, Filter, KMIP_PREFIX, Key, KmipKey, ListQuery, Moment, NewKey, Role,
    Scope, Search, SortBy, State, Target,
};
use kmip::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use std::cmp::Ordering;
use std::sync::Arc;
use uuid::Uuid;

/// When lists are made; keys are made in the 100 seconds before.
const LISTED: i64 = 100;
const WORDS: [&str; 9] = ["Alpha", "beta", "vmware_kmip_", "kmip", "ALPHABET", "été", "İzmir", "a", "ΑΣ"];
const RINGS: [Option<&str>; 4] = [None, None, Some("one"), Some("two")];

#[derive(Clone, Debug)]
struct NewOne {
    words: (&'static str, &'static str),
    aliases: usize,
    extractable: bool,
    imported: bool,
    ring: Option<&'static str>,
    created: i64,
    expires: Option<i64>,
    fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Nothing,
    Disable,
    Rotate,
    Delete,
    Restore,
    Purge,
    Move,
    Touch,
}

fn new_one() -> impl Strategy<Value = NewOne> {
    use Fate::{Delete, Disable, Move, Nothing, Purge, Restore, Rotate, Touch};
    let fates = [Nothing, Nothing, Disable, Rotate, Delete, Delete, Restore, Purge, Move, Touch, Touch];
    let what = (select(WORDS.to_vec()), select(WORDS.to_vec()), 0..3_usize, any::<bool>(), any::<bool>());
    let when = (0..LISTED / 5, prop::option::of(LISTED - 20..LISTED + 20));
    (what, select(RINGS.to_vec()), when, select(fates.to_vec())).prop_map(
        |((first, second, aliases, extractable, imported), ring, (created, expires), fate)| NewOne {
            words: (first, second),
            aliases,
            extractable,
            imported,
            ring,
            created: created * 4,
            expires,
            fate,
        },
    )
}

fn kmip_one() -> impl Strategy<Value = (u128, i64, Option<i64>)> {
    (any::<u128>(), 0..LISTED, prop::option::of(LISTED - 5..LISTED))
}

fn moments() -> impl Strategy<Value = (Moment, Comparison, Option<Timestamp>)> {
    use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual};
    use Moment::{Creation, Deletion, Expiration, LastRotate, LastUpdate};
    let moments = select(&[Creation, Deletion, Expiration, LastRotate, LastUpdate][..]);
    let compared = (select(&[Less, LessOrEqual, Greater, GreaterOrEqual, Equal][..]), -20..LISTED + 20);
    let compared = compared.prop_map(|(comparison, at)| (comparison, Some(later(at))));
    (moments, prop_oneof![4 => compared, 1 => Just((Equal, None))])
        .prop_map(|(moment, (comparison, at))| (moment, comparison, at))
}

fn search() -> impl Strategy<Value = Search> {
    let words = [
        "alpha",
        "PHAB",
        "kmip",
        "vmware_kmip_",
        "beta",
        "bet",
        "é",
        "ét",
        "été",
        "i̇z",
        "İZM",
        "a",
        "ασ",
        "e",
        "-1",
        "alpha-beta",
        "Alpha-Alpha",
        "kmip_0",
        "_a",
        "f",
        "12",
        "abc",
        "nothing",
        "alpha_alias",
        "ALPHA_ALIAS-3",
        "<own>",
        "<kmip>",
        "<name>",
        "<alias>",
    ];
    let scopes = [vec![], vec![Scope::Name], vec![Scope::Alias], vec![Scope::Name, Scope::Alias]];
    (select(words.to_vec()), select(scopes.to_vec()), prop::bool::weighted(0.2), prop::bool::weighted(0.25))
        .prop_map(|(word, scopes, not, exact)| Search { word: word.to_owned(), scopes, not, exact })
}

fn filter() -> impl Strategy<Value = Filter> {
    let states = prop::option::of(prop::sample::subsequence(State::ALL.to_vec(), 0..=5));
    let rings = prop::option::weighted(0.3, select(&["default", "one", "two", "none"][..]));
    let moments = prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec(moments(), 1..3)];
    (states, prop::option::of(any::<bool>()), rings, moments, prop::option::of(search())).prop_map(
        |(states, extractable, ring, moments, search)| Filter {
            states,
            extractable,
            ring: ring.map(str::to_owned),
            moments,
            search,
        },
    )
}

fn query() -> impl Strategy<Value = ListQuery> {
    use SortBy::{Creation, Deletion, Expiration, Extractable, Id, Imported, LastRotate, LastUpdate, State};
    let by = select(
        &[Id, State, Extractable, Imported, Creation, Creation, LastUpdate, LastRotate, Deletion, Expiration][..],
    );
    let sort = prop::collection::vec((by, any::<bool>()), 0..3);
    (filter(), sort, 1..12_usize).prop_map(|(filter, sort, limit)| ListQuery { filter, sort, offset: 0, limit })
}

struct World {
    house: House,
    kmip: Arc<ListedKmip>,
    keys: Vec<Key>,
    count: usize,
}

impl World {
    async fn new() -> World {
        let store = memory().await;
        let manager = open_with(&store, AT_ONCE).await;
        let (tenant, other) = (tenant(&manager).await, tenant(&manager).await);
        for (instance, ring) in [(tenant, "one"), (tenant, "two"), (other, "one"), (other, "two")] {
            manager.create_key_ring(&call(instance, Action::CreateKeyRing), ring).await.unwrap();
        }
        let kmip = ListedKmip::over(&manager);
        World { house: House { manager, store, tenant, other }, kmip, keys: Vec::new(), count: 0 }
    }

    /// A key in both instances; the model knows of one.
    async fn add(&mut self, new: &NewOne) {
        self.count += 1;
        self.make(self.house.other, new).await;
        if let Some(id) = self.make(self.house.tenant, new).await {
            let by = call_at(self.house.tenant, Action::ReadKeyMetadata, later(LISTED));
            self.keys.push(self.house.manager.key(&by, &id, None).await.unwrap());
        }
    }

    async fn make(&self, instance: Uuid, new: &NewOne) -> Option<String> {
        let (manager, (first, second)) = (&self.house.manager, new.words);
        let made = NewKey {
            aliases: (0..new.aliases).map(|nth| format!("Alpha_Alias-{}", self.count * 10 + nth)).collect(),
            ring: new.ring.map(str::to_owned),
            payload: new.imported.then(|| plain(&[7; 32])),
            expires: new.expires.map(later),
            ..NewKey::named(&format!("{first}-{second}"), new.extractable)
        };
        let at = |action| call_at(instance, action, later(new.created));
        let id = manager.create_key(&at(Action::CreateKey), made).await.unwrap().id.to_string();
        match new.fate {
            Fate::Disable if !new.extractable => drop(manager.disable(&at(Action::DisableKey), &id).await.unwrap()),
            Fate::Rotate if !new.extractable && !new.imported => {
                manager.rotate(&at(Action::RotateKey), &id, None).await.unwrap();
            }
            Fate::Delete | Fate::Restore | Fate::Purge => {
                manager.delete_key(&at(Action::DeleteKey), &id, false).await.unwrap();
            }
            Fate::Move => drop(manager.move_key(&at(Action::PatchKey), &id, "one").await.unwrap()),
            // Whatever changes a key writes down that its time is over.
            Fate::Touch => {
                let late = call_at(instance, Action::WriteKeyPolicies, later(LISTED));
                manager.set_dual_auth(&late, &id, true).await.unwrap();
            }
            Fate::Nothing | Fate::Disable | Fate::Rotate => {}
        }
        match new.fate {
            Fate::Restore => drop(manager.restore(&at(Action::RestoreKey), &id).await.unwrap()),
            Fate::Purge => {
                manager.purge(&at(Action::PurgeKey), &id).await.unwrap();
                return None;
            }
            Fate::Nothing | Fate::Disable | Fate::Rotate | Fate::Delete | Fate::Move | Fate::Touch => {}
        }
        Some(id)
    }

    fn add_kmip(&mut self, (id, created, deleted): (u128, i64, Option<i64>)) {
        let (id, created, deleted) = (Uuid::from_u128(id), later(created), deleted.map(later));
        let kmip = self.kmip.add(self.house.tenant, id, created, deleted);
        self.kmip.add(self.house.other, Uuid::from_u128(!id.as_u128()), created, deleted);
        self.keys.push(as_standard_key(self.house.tenant, &kmip));
    }
}

/// A KMIP object as its standard key, put together here.
fn as_standard_key(instance: Uuid, kmip: &KmipKey) -> Key {
    Key {
        id: kmip.id,
        instance,
        name: format!("{KMIP_PREFIX}{}", kmip.id),
        description: None,
        aliases: Vec::new(),
        tags: Vec::new(),
        extractable: true,
        ring: None,
        state: if kmip.deleted.is_some() { State::Destroyed } else { State::Active },
        imported: false,
        created: kmip.created,
        created_by: kmip.created_by.clone(),
        rotated: None,
        updated: kmip.updated,
        expires: None,
        suspended: None,
        deleted: kmip.deleted,
        deleted_by: kmip.deleted_by.clone(),
        synced: None,
        rotation: None,
        dual_auth: None,
        set_for_deletion: None,
        version: kmip.id,
        version_created: Some(kmip.created),
        versions: 1,
    }
}

/// The model: whether a filter has a key.
fn has(filter: &Filter, key: &Key) -> bool {
    let states = match &filter.states {
        Some(states) => states.contains(&key.state),
        None => key.state != State::Destroyed,
    };
    states
        && filter.extractable.is_none_or(|extractable| key.extractable == extractable)
        && filter.ring.as_ref().is_none_or(|ring| key.ring() == ring)
        && filter.moments.iter().all(|condition| holds(condition, key))
        && filter.search.as_ref().is_none_or(|search| found(search, key) != search.not)
}

fn holds((moment, comparison, at): &(Moment, Comparison, Option<Timestamp>), key: &Key) -> bool {
    let time = match moment {
        Moment::Creation => Some(key.created),
        Moment::Deletion => key.deleted,
        Moment::Expiration => key.expires,
        Moment::LastRotate => key.rotated,
        Moment::LastUpdate => key.updated,
    };
    let (Some(time), Some(at)) = (time, at) else { return time.is_none() && at.is_none() };
    match comparison {
        Comparison::Less => time < *at,
        Comparison::LessOrEqual => time <= *at,
        Comparison::Greater => time > *at,
        Comparison::GreaterOrEqual => time >= *at,
        Comparison::Equal => time == *at,
    }
}

fn found(search: &Search, key: &Key) -> bool {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<String>();
    let word = lower(&search.word);
    let hit = |text: &str| if search.exact { lower(text) == word } else { lower(text).contains(&word) };
    let looked = |scope| search.scopes.is_empty() || search.scopes.contains(&scope);
    looked(Scope::Name) && hit(&key.name)
        || looked(Scope::Alias) && key.aliases.iter().any(|alias| hit(alias))
        || search.scopes.is_empty() && word == key.id.to_string()
}

/// The model: whether a key comes before another.
fn in_order(sort: &[(SortBy, bool)], one: &Key, other: &Key) -> Ordering {
    let mut ordering = Ordering::Equal;
    for (by, descending) in sort {
        let next = match by {
            SortBy::Id => one.id.cmp(&other.id),
            SortBy::State => one.state.number().cmp(&other.state.number()),
            SortBy::Extractable => one.extractable.cmp(&other.extractable),
            SortBy::Imported => one.imported.cmp(&other.imported),
            SortBy::Creation => one.created.cmp(&other.created),
            SortBy::LastUpdate => one.updated.cmp(&other.updated),
            SortBy::LastRotate => one.rotated.cmp(&other.rotated),
            SortBy::Deletion => one.deleted.cmp(&other.deleted),
            SortBy::Expiration => one.expires.cmp(&other.expires),
        };
        ordering = ordering.then(if *descending { next.reverse() } else { next });
    }
    ordering.then(one.id.cmp(&other.id))
}

impl World {
    /// Who sees which rings: a part of the server, and people with roles on some.
    async fn callers(&self) -> Vec<(Call, Option<Vec<&'static str>>)> {
        let (tenant, mut callers) = (self.house.tenant, vec![(call(self.house.tenant, Action::ListKeys), None)]);
        for rings in [vec!["one"], vec![DEFAULT_RING, "two"], vec!["one", "two"]] {
            let mut service_id = None;
            for ring in &rings {
                let target = Target { instance: Some(tenant), ring: Some((*ring).to_owned()), key: None };
                let who = match service_id.take() {
                    Some(who) => who,
                    None => self.house.service_id(Uuid::nil(), &rings.concat()).await,
                };
                self.house.grant(&who, &[Role::Reader], target).await;
                service_id = Some(who);
            }
            let (key, _) = self.house.api_key(&service_id.unwrap()).await;
            let who = self.house.manager.principal(key.id, crate::NOW).await.unwrap();
            callers.push((self.house.enter(&who, tenant, Action::ListKeys).await.unwrap(), Some(rings)));
        }
        callers.iter_mut().for_each(|(call, _)| call.now = later(LISTED));
        callers
    }

    /// The query with words of some key in it.
    fn with_words(&self, query: &ListQuery) -> ListQuery {
        let mut query = query.clone();
        if let (Some(search), Some(own), Some(last)) = (&mut query.filter.search, self.keys.first(), self.keys.last()) {
            search.word = match &search.word[..] {
                "<own>" => own.id.to_string().to_uppercase(),
                "<kmip>" => last.name.get(..18).unwrap_or_default().to_owned(),
                "<name>" => own.name.clone(),
                "<alias>" => own.aliases.first().cloned().unwrap_or_default(),
                other => other.to_owned(),
            };
        }
        query
    }

    async fn check(&self, (call, rings): &(Call, Option<Vec<&str>>), query: &ListQuery) {
        let (manager, query) = (&self.house.manager, self.with_words(query));
        let reached = |key: &Key| rings.as_ref().is_none_or(|rings| rings.contains(&key.ring()));
        if let (Some(ring), Some(rings)) = (&query.filter.ring, rings)
            && !rings.contains(&&ring[..])
        {
            assert!(matches!(manager.list_keys(call, &query).await, Err(Error::Unauthorized)));
            assert!(matches!(manager.count_keys(call, &query.filter).await, Err(Error::Unauthorized)));
            return;
        }
        let mut expected: Vec<Key> =
            self.keys.iter().filter(|key| reached(key) && has(&query.filter, key)).cloned().collect();
        expected.sort_by(|one, other| in_order(&query.sort, one, other));
        assert_eq!(manager.count_keys(call, &query.filter).await.unwrap(), expected.len() as u64, "{query:?}");
        let mut offset = 0;
        loop {
            let page = manager.list_keys(call, &ListQuery { offset, ..query.clone() }).await.unwrap();
            let rest = expected.iter().skip(offset).take(query.limit).cloned().collect::<Vec<_>>();
            assert_eq!(page.keys, rest, "{query:?} from {offset}");
            assert!(page.total.is_none_or(|total| total == expected.len() as u64), "{query:?}");
            assert!(!page.incomplete, "{query:?}");
            offset += query.limit;
            if rest.is_empty() {
                return assert!(page.total.is_some(), "{query:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_list_is_what_a_filter_a_sort_and_a_page_of_a_vector_are(
        own in prop::collection::vec(new_one(), 0..40),
        kmip in prop::collection::vec(kmip_one(), 0..30),
        queries in prop::collection::vec(query(), 40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for one in &own {
                world.add(one).await;
            }
            for one in kmip {
                world.add_kmip(one);
            }
            let callers = world.callers().await;
            for (nth, query) in queries.iter().enumerate() {
                world.check(&callers[0], query).await;
                world.check(&callers[nth % callers.len()], query).await;
            }
        });
    }
}

#[tokio::test]
async fn a_kmip_service_without_an_index_of_states_is_gone_through() {
    let store = memory().await;
    let manager = open_with(&store, AT_ONCE).await;
    let instance = tenant(&manager).await;
    let kmip = FakeKmip::over(&manager);
    for nth in 0..600 {
        let key = kmip.add(instance, Uuid::from_u128(nth));
        let deleted = (nth % 50 == 7).then(|| later(1));
        kmip.put(instance, KmipKey { deleted, ..key });
    }
    let by = call(instance, Action::ListKeys);
    for (states, count) in [(None, 588), (Some(vec![State::Destroyed]), 12), (Some(State::ALL.to_vec()), 600)] {
        let filter = Filter { states, ..Filter::default() };
        let (mut seen, mut offset) = (Vec::new(), 0);
        while offset < 700 {
            let query = ListQuery { filter: filter.clone(), sort: Vec::new(), offset, limit: 7 };
            seen.extend(manager.list_keys(&by, &query).await.unwrap().keys.into_iter().map(|key| key.id));
            offset += 7;
        }
        assert!(seen.is_sorted_by(|one, next| one < next));
        assert_eq!(seen.len(), count);
    }
}
