//! Bytes and values that several tests need.

use kmip::ttlv::{Decode, DecodeError, Encode, Item, ItemType, Writer};
use kmip::{DateTime, Interval, Tag, Value, Version};
use proptest::collection::vec;
use proptest::prelude::*;

/// The bytes of hex digits, in groups or not.
pub(crate) fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u32> = digits.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
}

/// What `value` is as one item.
pub(crate) fn write(value: &impl Encode, tag: Tag, version: Version) -> Vec<u8> {
    let mut out = Writer::new(version, 0);
    value.encode(tag, &mut out);
    out.as_bytes().to_vec()
}

/// What the one item in `bytes` is.
pub(crate) fn read<T: Decode>(bytes: &[u8], version: Version) -> Result<T, DecodeError> {
    T::decode(Item::parse(bytes, version)?)
}

/// One value of each type.
pub(crate) fn one_of_each() -> Vec<Value> {
    let values = vec![
        Value::Structure(vec![(Tag(0x54_0001), Value::Integer(-1)), (Tag(0x54_0002), Value::Structure(Vec::new()))]),
        Value::Integer(i32::MIN),
        Value::LongInteger(i64::MAX),
        Value::BigInteger(hex("8000 0000 0000 0000 0000 0000 0000 0001")),
        Value::Enumeration(0x8000_0001),
        Value::Boolean(true),
        Value::TextString("\u{1f511} \"quoted\" \\ two\nlines".to_owned()),
        Value::ByteString(vec![0, 255]),
        Value::DateTime(DateTime(0x47DA_67F8)),
        Value::Interval(Interval(u32::MAX)),
    ];
    assert!(values.iter().map(Value::kind).eq(ItemType::ALL));
    values
}

/// `depth` structures, one in the other, the outermost under `tag`.
pub(crate) fn nested(tag: Tag, depth: usize) -> Vec<u8> {
    let value =
        (1..depth).fold(Value::Structure(Vec::new()), |inner, _| Value::Structure(vec![(Tag(0x54_0000), inner)]));
    write(&value, tag, Version::NEWEST)
}

/// Random values, with tags that `tag` makes.
pub(crate) fn any_value(tag: impl Strategy<Value = Tag> + Clone + 'static) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(Value::Integer),
        any::<i64>().prop_map(Value::LongInteger),
        vec(any::<[u8; 8]>(), 1..4).prop_map(|words| Value::BigInteger(words.concat())),
        prop_oneof![0..0x20_u32, any::<u32>()].prop_map(Value::Enumeration),
        any::<bool>().prop_map(Value::Boolean),
        any::<String>().prop_map(Value::TextString),
        vec(any::<u8>(), 0..20).prop_map(Value::ByteString),
        prop_oneof![any::<i64>(), -70_000_000_000..260_000_000_000_i64]
            .prop_map(|seconds| Value::DateTime(DateTime(seconds))),
        any::<u32>().prop_map(|seconds| Value::Interval(Interval(seconds))),
    ];
    leaf.prop_recursive(5, 24, 4, move |inner| vec((tag.clone(), inner), 0..5).prop_map(Value::Structure))
}
