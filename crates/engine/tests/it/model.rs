//! Random operations on a few objects, against a small model of states, attributes and names that knows nothing of the engine.

use std::collections::{BTreeMap, BTreeSet};

use kmip::enums::State;
use kmip::{Value, attribute};
use proptest::prelude::*;

use crate::ask::{Answer, attribute, attributes, create, date, id, ids, named, revoke, unique};
use crate::bench::{Bench, NOW};

/// So many objects, names, attributes and values there are at most.
const OBJECTS: usize = 4;
const NAMES: usize = 3;

/// One step. Objects are numbered in the order in which they were made; one that was not made yet is none.
#[derive(Clone, Debug)]
enum Step {
    Create { name: Option<usize>, activation: Option<i64>, deactivation: Option<i64> },
    Add { object: usize, tag: usize, value: i32 },
    AddName { object: usize, name: usize },
    Modify { object: usize, tag: usize, index: i32, value: i32 },
    Delete { object: usize, tag: usize, index: i32 },
    DeleteName { object: usize, index: i32 },
    Activate(usize),
    Revoke { object: usize, compromise: bool },
    Destroy(usize),
    ReKey(usize),
    Get(usize),
    Pass(i64),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let object = 0..OBJECTS;
    let soon = || proptest::option::of(0..20_i64);
    let step = prop_oneof![
        4 => (proptest::option::of(0..NAMES), soon(), soon())
            .prop_map(|(name, activation, deactivation)| Step::Create { name, activation, deactivation }),
        4 => (object.clone(), 0..2_usize, 0..3).prop_map(|(object, tag, value)| Step::Add { object, tag, value }),
        2 => (object.clone(), 0..NAMES).prop_map(|(object, name)| Step::AddName { object, name }),
        2 => (object.clone(), 0..2_usize, 0..3, 0..3)
            .prop_map(|(object, tag, index, value)| Step::Modify { object, tag, index, value }),
        2 => (object.clone(), 0..2_usize, 0..3).prop_map(|(object, tag, index)| Step::Delete { object, tag, index }),
        1 => (object.clone(), 0..3).prop_map(|(object, index)| Step::DeleteName { object, index }),
        3 => object.clone().prop_map(Step::Activate),
        3 => (object.clone(), any::<bool>()).prop_map(|(object, compromise)| Step::Revoke { object, compromise }),
        2 => object.clone().prop_map(Step::Destroy),
        1 => object.clone().prop_map(Step::ReKey),
        2 => object.prop_map(Step::Get),
        3 => (1..10_i64).prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 1..40)
}

/// What an object is like.
#[derive(Clone, Debug, Default)]
struct Model {
    state: u32,
    activation: Option<i64>,
    deactivation: Option<i64>,
    tags: [BTreeMap<i32, i32>; 2],
    names: BTreeMap<i32, usize>,
}

/// The numbers of the states (KMIP 1.4, 9.1.3.2.20).
const PRE_ACTIVE: u32 = 1;
const ACTIVE: u32 = 2;
const DEACTIVATED: u32 = 3;
const COMPROMISED: u32 = 4;
const DESTROYED: u32 = 5;
const DESTROYED_COMPROMISED: u32 = 6;

impl Model {
    fn pass(&mut self, now: i64) {
        if self.state == PRE_ACTIVE && self.activation.is_some_and(|date| date <= now) {
            self.state = ACTIVE;
        }
        if self.state == ACTIVE && self.deactivation.is_some_and(|date| date <= now) {
            self.state = DEACTIVATED;
        }
    }

    fn destroyed(&self) -> bool {
        self.state >= DESTROYED
    }
}

fn push<T>(instances: &mut BTreeMap<i32, T>, value: T) {
    let next = instances.last_key_value().map_or(0, |(index, _)| index + 1);
    instances.insert(next, value);
}

/// The model of an adapter.
#[derive(Default)]
struct World {
    now: i64,
    objects: Vec<Model>,
}

impl World {
    fn taken(&self) -> BTreeSet<usize> {
        self.objects
            .iter()
            .filter(|object| !object.destroyed())
            .flat_map(|object| object.names.values().copied())
            .collect()
    }

    fn live(&mut self, object: usize) -> Option<&mut Model> {
        self.objects.get_mut(object).filter(|object| !object.destroyed())
    }

    /// Takes a step. Tells whether it can be taken.
    fn take(&mut self, step: &Step) -> bool {
        let (now, taken) = (self.now, self.taken());
        let done = match *step {
            Step::Create { name, activation, deactivation } => self.create(name, activation, deactivation, &taken),
            Step::Add { object, tag, value } => self.live(object).map(|object| {
                if !object.tags[tag].values().any(|there| *there == value) {
                    push(&mut object.tags[tag], value);
                }
            }),
            Step::AddName { object, name } => {
                self.live(object).filter(|_| !taken.contains(&name)).map(|object| push(&mut object.names, name))
            }
            Step::Modify { object, tag, index, value } => {
                self.live(object).and_then(|object| object.tags[tag].get_mut(&index)).map(|there| *there = value)
            }
            Step::Delete { object, tag, index } => {
                self.live(object).and_then(|object| object.tags[tag].remove(&index)).map(|_| ())
            }
            Step::DeleteName { object, index } => {
                self.live(object).and_then(|object| object.names.remove(&index)).map(|_| ())
            }
            Step::Activate(object) => self.live(object).filter(|object| object.state == PRE_ACTIVE).map(|object| {
                (object.state, object.activation) = (ACTIVE, Some(now));
            }),
            Step::Revoke { object, compromise: true } => self.objects.get_mut(object).and_then(compromise),
            Step::Revoke { object, compromise: false } => {
                self.live(object).filter(|object| object.state == ACTIVE).map(|object| {
                    (object.state, object.deactivation) = (DEACTIVATED, Some(now));
                })
            }
            Step::Destroy(object) => self.live(object).filter(|object| object.state != ACTIVE).map(|object| {
                object.state = if object.state == COMPROMISED { DESTROYED_COMPROMISED } else { DESTROYED };
            }),
            Step::ReKey(object) => self.re_key(object),
            Step::Get(object) => self.live(object).map(|_| ()),
            Step::Pass(seconds) => {
                self.now += seconds;
                Some(())
            }
            Step::Restart => Some(()),
        };
        let now = self.now;
        self.objects.iter_mut().for_each(|object| object.pass(now));
        done.is_some()
    }

    fn create(
        &mut self,
        name: Option<usize>,
        from: Option<i64>,
        to: Option<i64>,
        taken: &BTreeSet<usize>,
    ) -> Option<()> {
        let ordered = from.zip(to).is_none_or(|(from, to)| from <= to);
        let free = name.is_none_or(|name| !taken.contains(&name));
        let names = name.into_iter().map(|name| (0, name)).collect();
        let (activation, deactivation) = (from.map(|date| self.now + date), to.map(|date| self.now + date));
        let model = Model { state: PRE_ACTIVE, activation, deactivation, names, ..Model::default() };
        (ordered && free).then(|| self.objects.push(model))
    }

    fn re_key(&mut self, object: usize) -> Option<()> {
        let old = self.live(object)?;
        let ordered = old.activation.zip(old.deactivation).is_none_or(|(from, to)| from <= to);
        let new = Model { state: PRE_ACTIVE, ..old.clone() };
        if ordered {
            old.names.clear();
            self.objects.push(new);
        }
        ordered.then_some(())
    }
}

fn compromise(object: &mut Model) -> Option<()> {
    object.state = match object.state {
        PRE_ACTIVE | ACTIVE | DEACTIVATED => COMPROMISED,
        DESTROYED => DESTROYED_COMPROMISED,
        _ => return None,
    };
    Some(())
}

fn name(number: usize) -> String {
    named(&format!("name {number}"))
}

fn tag(number: usize, value: i32) -> String {
    attribute(&format!("x-{number}"), &value.to_string())
}

/// The real thing, and what it was asked for so far.
struct Real {
    bench: Bench,
    keys: Vec<(String, Option<Vec<u8>>)>,
}

impl Real {
    fn key(&self, object: usize) -> &str {
        self.keys.get(object).map_or("6a1f3c52-9d0e-4f5b-8a77-2b1c0d9e8f70", |(key, _)| key.as_str())
    }

    async fn take(&mut self, step: &Step) -> Answer {
        let at = |offset: &i64| date(self.bench.now().seconds() + offset);
        let indexed = |payload: String, index: i32| {
            payload.replace("  Attribute Value", &format!("  Attribute Index: {index}\n  Attribute Value"))
        };
        let (operation, payload) = match step {
            Step::Create { name, activation, deactivation } => {
                let mut wanted: Vec<String> = name.iter().map(|name| self::name(*name)).collect();
                wanted.extend(activation.iter().map(|offset| attribute("Activation Date", &at(offset))));
                wanted.extend(deactivation.iter().map(|offset| attribute("Deactivation Date", &at(offset))));
                ("Create", create(&wanted))
            }
            Step::Add { object, tag, value } => ("Add Attribute", unique(self.key(*object)) + &self::tag(*tag, *value)),
            Step::AddName { object, name } => ("Add Attribute", unique(self.key(*object)) + &self::name(*name)),
            Step::Modify { object, tag, index, value } => {
                ("Modify Attribute", unique(self.key(*object)) + &indexed(self::tag(*tag, *value), *index))
            }
            Step::Delete { object, tag, index } => (
                "Delete Attribute",
                format!("{}Attribute Name: \"x-{tag}\"\nAttribute Index: {index}\n", unique(self.key(*object))),
            ),
            Step::DeleteName { object, index } => (
                "Delete Attribute",
                format!("{}Attribute Name: \"Name\"\nAttribute Index: {index}\n", unique(self.key(*object))),
            ),
            Step::Activate(object) => ("Activate", unique(self.key(*object))),
            Step::Revoke { object, compromise } => {
                ("Revoke", revoke(self.key(*object), if *compromise { "Key Compromise" } else { "Superseded" }))
            }
            Step::Destroy(object) => ("Destroy", unique(self.key(*object))),
            Step::ReKey(object) => ("Re-key", unique(self.key(*object))),
            Step::Get(object) => ("Get", unique(self.key(*object))),
            Step::Pass(seconds) => {
                self.bench.pass(*seconds);
                ("Discover Versions", String::new())
            }
            Step::Restart => ("Discover Versions", String::new()),
        };
        let answer = self.bench.ask(operation, &payload).await;
        if let (Step::Create { .. } | Step::ReKey(_), Ok(payload)) = (step, &answer) {
            self.keys.push((id(payload), None));
        }
        answer
    }

    /// Sees that an object is as its model.
    async fn compare(&mut self, object: usize, model: &Model) {
        let key = self.key(object).to_owned();
        let payload = self.bench.done("Get Attributes", &unique(&key)).await;
        let there = attributes(&payload);
        let number =
            |wanted: &attribute::Row| there.iter().find(|there| there.name.is(wanted)).map(|there| there.value.clone());
        assert_eq!(number(&attribute::STATE), Some(Value::Enumeration(model.state)));
        let offset = |row| number(row).and_then(|value| value.as_date_time()).map(|date| date.0 - NOW);
        assert_eq!(offset(&attribute::ACTIVATION_DATE), model.activation);
        assert_eq!(offset(&attribute::DEACTIVATION_DATE), model.deactivation);
        for (number, wanted) in model.tags.iter().enumerate() {
            let tagged = there.iter().filter(|there| there.name.as_str() == format!("x-{number}"));
            let found: BTreeMap<i32, i32> =
                tagged.map(|there| (there.index(), there.value.as_integer().unwrap())).collect();
            assert_eq!(found, *wanted);
        }
        let names = there.iter().filter(|there| there.name.is(&attribute::NAME)).map(|there| there.index());
        assert_eq!(names.collect::<Vec<_>>(), model.names.keys().copied().collect::<Vec<_>>());
        self.compare_material(object, &key, model).await;
    }

    /// An object has the same material for as long as it has any.
    async fn compare_material(&mut self, object: usize, key: &str, model: &Model) {
        let answer = self.bench.ask("Get", &unique(key)).await;
        let bytes = answer.ok().and_then(|payload| crate::ask::material(&payload));
        assert_eq!(bytes.is_some(), !model.destroyed());
        if let (Some(before), Some(bytes)) = (&self.keys[object].1, &bytes) {
            assert_eq!(before, bytes);
        }
        self.keys[object].1 = bytes;
    }

    /// Sees that each name leads to the object that has it.
    async fn compare_names(&self, world: &World) {
        for number in 0..NAMES {
            let found = ids(&self.bench.done("Locate", &name(number)).await);
            let has = |object: &Model| !object.destroyed() && object.names.values().any(|name| *name == number);
            let wanted =
                world.objects.iter().zip(&self.keys).filter(|(object, _)| has(object)).map(|(_, (key, _))| key.clone());
            assert_eq!(found, wanted.collect::<Vec<_>>());
        }
    }
}

async fn check(steps: Vec<Step>) {
    let mut world = World::default();
    let bench = if steps.iter().any(|step| matches!(step, Step::Restart)) {
        Bench::on_disk().await
    } else {
        Bench::new().await
    };
    let mut real = Real { bench, keys: Vec::new() };
    for step in &steps {
        if matches!(step, Step::Create { .. } | Step::ReKey(_)) && world.objects.len() >= OBJECTS {
            continue;
        }
        if matches!(step, Step::Restart) {
            real.bench = real.bench.restarted().await;
        }
        let answer = real.take(step).await;
        assert_eq!(answer.is_ok(), world.take(step), "{step:?}: {answer:?}\n{:#?}", world.objects);
        for (object, model) in world.objects.clone().iter().enumerate() {
            real.compare(object, model).await;
        }
        real.compare_names(&world).await;
    }
}

#[test]
fn states_attributes_and_names_are_the_models() {
    let states = [PRE_ACTIVE, ACTIVE, DEACTIVATED, COMPROMISED, DESTROYED, DESTROYED_COMPROMISED];
    assert_eq!(states.map(State::from_number), State::ALL);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    proptest!(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() }, |(steps in steps())| {
        runtime.block_on(check(steps));
    });
}
