//! A request message: every item's payload is decoded as its operation's, and what was understood survives a round trip.

#![no_main]

use kmip::enums::Operation;
use kmip::message::{RequestItem, RequestMessage};
use kmip::payload::{
    ChangeAttributeRequest, Check, CreateRequest, DeleteAttributeRequest, DiscoverVersions, GetAttributesRequest,
    GetRequest, GetUsageAllocationRequest, LocateRequest, ObjectRequest, QueryRequest, ReKeyRequest, RegisterRequest,
    RevokeRequest,
};
use kmip::tag;
use kmip::ttlv::{Decode, Encode, Item, Writer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = RequestMessage::decode(bytes) {
        message.items.iter().for_each(payload);
    }
});

fn payload(item: &RequestItem<'_>) {
    match item.operation {
        Operation::Create => round_trip::<CreateRequest>(item.payload),
        Operation::Register => round_trip::<RegisterRequest>(item.payload),
        Operation::ReKey => round_trip::<ReKeyRequest>(item.payload),
        Operation::Locate => round_trip::<LocateRequest>(item.payload),
        Operation::Check => round_trip::<Check>(item.payload),
        Operation::Get => round_trip::<GetRequest>(item.payload),
        Operation::GetAttributes => round_trip::<GetAttributesRequest>(item.payload),
        Operation::AddAttribute | Operation::ModifyAttribute => round_trip::<ChangeAttributeRequest>(item.payload),
        Operation::DeleteAttribute => round_trip::<DeleteAttributeRequest>(item.payload),
        Operation::GetUsageAllocation => round_trip::<GetUsageAllocationRequest>(item.payload),
        Operation::Revoke => round_trip::<RevokeRequest>(item.payload),
        Operation::Query => round_trip::<QueryRequest>(item.payload),
        Operation::DiscoverVersions => round_trip::<DiscoverVersions>(item.payload),
        _ => round_trip::<ObjectRequest>(item.payload),
    }
}

/// What was decoded is encoded, decoded and encoded again: both encodings are the same bytes.
fn round_trip<T: Decode + Encode>(item: Item<'_>) {
    if let Ok(value) = T::decode(item) {
        let once = encode(&value, item);
        let again = Item::parse(once.as_bytes(), item.version()).and_then(T::decode);
        let again = again.unwrap_or_else(|error| panic!("what was encoded can't be decoded: {error}"));
        assert!(encode(&again, item).as_bytes() == once.as_bytes(), "the round trip changed the payload");
    }
}

fn encode<T: Encode>(value: &T, like: Item<'_>) -> Writer {
    let mut out = Writer::new(like.version(), 512);
    value.encode(tag::REQUEST_PAYLOAD, &mut out);
    out
}
