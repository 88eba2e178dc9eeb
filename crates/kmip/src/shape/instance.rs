//! Instances of shapes: random ones, the one with every field, and those with one thing wrong.
//!
//! The invariant: an instance that is wrong is wrong in one place, and the place is known.

use proptest::collection::vec;
use proptest::prelude::*;

use super::{Field, Shape};
use crate::attribute;
use crate::ttlv::ItemType;
use crate::{DateTime, Interval, Tag, Value, Version};

/// A value of a type.
pub(super) fn sample(kind: ItemType) -> Value {
    match kind {
        ItemType::Structure => Value::Structure(Vec::new()),
        ItemType::Integer => Value::Integer(1),
        ItemType::LongInteger => Value::LongInteger(2),
        ItemType::BigInteger => Value::BigInteger(vec![3; 8]),
        ItemType::Enumeration => Value::Enumeration(1),
        ItemType::Boolean => Value::Boolean(true),
        ItemType::TextString => Value::TextString("text".to_owned()),
        ItemType::ByteString => Value::ByteString(vec![4; 5]),
        ItemType::DateTime => Value::DateTime(DateTime(5)),
        ItemType::Interval => Value::Interval(Interval(6)),
    }
}

/// Random values of a type that is none with fields.
fn leaf(kind: ItemType) -> BoxedStrategy<Value> {
    match kind {
        ItemType::Structure => Just(Value::Structure(Vec::new())).boxed(),
        ItemType::Integer => any::<i32>().prop_map(Value::Integer).boxed(),
        ItemType::LongInteger => any::<i64>().prop_map(Value::LongInteger).boxed(),
        ItemType::BigInteger => vec(any::<[u8; 8]>(), 1..4).prop_map(|words| Value::BigInteger(words.concat())).boxed(),
        ItemType::Enumeration => any::<u32>().prop_map(Value::Enumeration).boxed(),
        ItemType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        ItemType::TextString => any::<String>().prop_map(Value::TextString).boxed(),
        ItemType::ByteString => vec(any::<u8>(), 0..20).prop_map(Value::ByteString).boxed(),
        ItemType::DateTime => any::<i64>().prop_map(|seconds| Value::DateTime(DateTime(seconds))).boxed(),
        ItemType::Interval => any::<u32>().prop_map(|seconds| Value::Interval(Interval(seconds))).boxed(),
    }
}

/// Random values of any type, with extension tags below them.
fn anything() -> BoxedStrategy<Value> {
    let leaf = proptest::sample::select(&ItemType::ALL[..]).prop_flat_map(leaf);
    let tag = (0..=0xFFFF_u32).prop_map(|number| Tag(Tag::EXTENSIONS.0 + number));
    leaf.prop_recursive(3, 12, 3, move |inner| vec((tag.clone(), inner), 0..3).prop_map(Value::Structure)).boxed()
}

/// Random instances of a shape, with the fields that a version knows.
pub(super) fn random(shape: &Shape, version: Version) -> BoxedStrategy<Value> {
    match shape {
        Shape::Leaf(kind) => leaf(*kind),
        Shape::Number(number) => Just(Value::Enumeration(*number)).boxed(),
        Shape::Name => {
            let names: Vec<&str> = attribute::ROWS.iter().map(|row| row.name).collect();
            let names =
                prop_oneof![proptest::sample::select(names).prop_map(str::to_owned), "[xyz]-[a-z]{1,4}", ".{0,6}"];
            names.prop_map(Value::TextString).boxed()
        }
        Shape::Structure(fields) => {
            let fields: Vec<_> = fields.iter().filter(|field| field.since <= version).collect();
            let fields: Vec<_> = fields.into_iter().map(|field| random_field(field, version)).collect();
            fields.prop_map(|fields| Value::Structure(fields.concat())).boxed()
        }
        Shape::Any => anything(),
    }
}

fn random_field(field: &Field, version: Version) -> BoxedStrategy<Vec<(Tag, Value)>> {
    let choices = field.choices.iter().map(|(tag, shape)| (Just(*tag), random(shape, version)));
    let count = if field.required { 1..=1 } else { 0..=if field.repeated { 3 } else { 1 } };
    vec(proptest::strategy::Union::new(choices), count).boxed()
}

/// The instance with every field that a version knows. Where there is a choice, `pick` makes it.
pub(super) fn full(shape: &Shape, version: Version, pick: usize) -> Value {
    match shape {
        Shape::Leaf(kind) => sample(*kind),
        Shape::Number(number) => Value::Enumeration(*number),
        Shape::Name => Value::TextString("x-name".to_owned()),
        Shape::Structure(fields) => {
            let known = fields.iter().filter(|field| field.since <= version);
            Value::Structure(known.flat_map(|field| full_field(field, version, pick)).collect())
        }
        Shape::Any => sample(ItemType::TextString),
    }
}

fn full_field(field: &Field, version: Version, pick: usize) -> Vec<(Tag, Value)> {
    let choices = field.choices.len();
    let (tag, shape) = &field.choices[pick % choices];
    vec![(*tag, full(shape, version, pick / choices)); if field.repeated { 2 } else { 1 }]
}

/// A wrong instance: the tag at which it is wrong, and the instance.
pub(super) type Wrong = (Tag, Value);

/// `value`, once for each item in it and each type that this item may not have.
pub(super) fn wrong_types(tag: Tag, shapes: &[&Shape], value: &Value) -> Vec<Wrong> {
    let allowed = |kind: ItemType| shapes.iter().any(|shape| allows(shape, kind));
    let wrong = ItemType::ALL.into_iter().filter(|kind| !allowed(*kind));
    let here = wrong.map(|kind| (tag, sample(kind)));
    let below = below(shapes, value, |field, tag, value| wrong_types(tag, &field.shapes(tag), value));
    here.chain(below).collect()
}

fn allows(shape: &Shape, kind: ItemType) -> bool {
    match shape {
        Shape::Leaf(leaf) => *leaf == kind,
        Shape::Number(_) => kind == ItemType::Enumeration,
        Shape::Name => kind == ItemType::TextString,
        Shape::Structure(_) => kind == ItemType::Structure,
        Shape::Any => true,
    }
}

/// `value` without one of its required fields, once for each of them.
pub(super) fn missing(shapes: &[&Shape], value: &Value) -> Vec<Wrong> {
    let fields = value.fields().iter().enumerate();
    let here = fields.filter(|(_, (tag, _))| field_of(shapes, *tag).is_some_and(|field| field.required)).map(
        |(index, (tag, _))| {
            let mut fields = value.fields().to_vec();
            fields.remove(index);
            (*tag, Value::Structure(fields))
        },
    );
    let below = below(shapes, value, |field, tag, value| missing(&field.shapes(tag), value));
    here.chain(below).collect()
}

/// `value` with one more field, once at the end of each structure in it.
pub(super) fn more(shapes: &[&Shape], value: &Value) -> Vec<Wrong> {
    if !shapes.iter().any(|shape| matches!(shape, Shape::Structure(_))) || value.kind() != ItemType::Structure {
        return Vec::new();
    }
    let extra = (Tag::EXTENSIONS, Value::Boolean(true));
    let fields = value.fields().iter().cloned().chain([extra]).collect();
    let below = below(shapes, value, |field, tag, value| more(&field.shapes(tag), value));
    [(Tag::EXTENSIONS, Value::Structure(fields))].into_iter().chain(below).collect()
}

/// The full instance for a version with one field that is younger, once for each such field.
pub(super) fn younger(shape: &Shape, version: Version, pick: usize) -> Vec<Wrong> {
    let Shape::Structure(fields) = shape else { return Vec::new() };
    let field_at = |field: &Field, other: &Field| std::ptr::eq(field, other) || field.since <= version;
    let here = fields.iter().filter(|field| field.since > version).map(|young| {
        let with = fields.iter().filter(|field| field_at(field, young));
        let with =
            with.flat_map(|field| full_field(field, if field.since > version { field.since } else { version }, pick));
        (young.choices[0].0, Value::Structure(with.collect()))
    });
    let value = full(shape, version, pick);
    let below = below(&[shape], &value, |field, tag, _| {
        let (_, shape) = &field.choices[pick % field.choices.len()];
        assert_eq!(tag, field.choices[pick % field.choices.len()].0);
        younger(shape, version, pick / field.choices.len())
    });
    here.chain(below).collect()
}

fn field_of<'s>(shapes: &[&'s Shape], tag: Tag) -> Option<&'s Field> {
    let structures =
        shapes.iter().filter_map(|shape| if let Shape::Structure(fields) = shape { Some(fields) } else { None });
    structures.flatten().find(|field| field.choices.iter().any(|choice| choice.0 == tag))
}

/// `value` with one of its fields replaced by each of the wrong ones that `wrong` makes of it.
fn below(shapes: &[&Shape], value: &Value, wrong: impl Fn(&Field, Tag, &Value) -> Vec<Wrong>) -> Vec<Wrong> {
    let mut all = Vec::new();
    for (index, (tag, child)) in value.fields().iter().enumerate() {
        let Some(field) = field_of(shapes, *tag) else { continue };
        for (at, replacement) in wrong(field, *tag, child) {
            let mut fields = value.fields().to_vec();
            fields[index].1 = replacement;
            all.push((at, Value::Structure(fields)));
        }
    }
    all
}
