//! Records: what is written is read, in one way alone; and what version 0.1 wrote is still read.

use super::*;
use crate::key::PolicyStamp;
use crate::{CreateImportAccess, Network, Rule};
use std::net::{Ipv4Addr, Ipv6Addr};

const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_678);

/// A root key's record and a deleted one's, as version 0.1 wrote them.
const EARLIER: [&str; 2] = [
    "54120001000000a85412010800000010000000000000000000000000000000015412020800000010000000000000000000000000000000\
     02541203070000000363726b00000000005412050500000004000000010000000054120606000000080000000000000000541207080000\
     0010000000000000000000000000000000035412080300000008000000000000000154120903000000080000019b7ca98f2e54120a0700\
     000008736f6d65626f6479",
    "54120001000001085412010800000010000000000000000000000000000000015412020800000010000000000000000000000000000000\
     02541203070000000363726b0000000000541204070000000d61206465736372697074696f6e0000005412050500000004000000050000\
     000054120606000000080000000000000001541207080000001000000000000000000000000000000003541208030000000800000000ff\
     ffffff54120903000000080000019b7ca98f2e54120a0700000008736f6d65626f647954120b03000000080000019b7ca98f2e54120c03\
     00000008ffffffffffffffff54120d03000000080000019b7ca98f2e54120e070000000d736f6d65626f647920656c7365000000",
];

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn stamp() -> PolicyStamp {
    let (created_by, updated_by) = ("somebody".into(), "somebody else".into());
    PolicyStamp { id: id(9), created: NOW, created_by, updated: Timestamp::from_millis(0), updated_by }
}

/// What version 0.1 knew of a key.
fn earlier(full: bool) -> Key {
    Key {
        id: id(1),
        instance: id(2),
        name: "crk".into(),
        description: full.then(|| "a description".into()),
        aliases: Vec::new(),
        tags: Vec::new(),
        extractable: false,
        ring: None,
        state: if full { State::Destroyed } else { State::Active },
        imported: full,
        version: id(3),
        version_created: None,
        versions: if full { u32::MAX } else { 1 },
        created: NOW,
        created_by: "somebody".into(),
        rotated: full.then_some(NOW),
        updated: full.then_some(Timestamp::from_millis(-1)),
        expires: None,
        suspended: None,
        deleted: full.then_some(NOW),
        deleted_by: full.then(|| "somebody else".into()),
        synced: None,
        rotation: None,
        dual_auth: None,
        set_for_deletion: None,
    }
}

fn full() -> Key {
    Key {
        aliases: vec!["one".into(), "two".into()],
        tags: vec![String::new(), "tag".into()],
        extractable: true,
        ring: Some("ring".into()),
        version_created: Some(NOW),
        expires: Some(Timestamp::from_millis(i64::MAX)),
        suspended: Some(NOW),
        synced: Some(NOW),
        rotation: Some(Rotation { enabled: true, interval_month: 12, stamp: stamp() }),
        dual_auth: Some(DualAuth { enabled: false, stamp: stamp() }),
        set_for_deletion: Some(SetForDeletion { by: "somebody".into(), at: NOW }),
        ..earlier(true)
    }
}

fn api_key(full: bool) -> ApiKey {
    ApiKey {
        id: id(1),
        instance: id(2),
        name: "admin".into(),
        kind: if full { ApiKeyKind::ServiceId } else { ApiKeyKind::Administrator },
        service_id: full.then_some(id(3)),
        description: full.then(|| "a description".into()),
        created: NOW,
        created_by: "somebody".into(),
        expires: full.then_some(NOW),
        revoked: full.then_some(NOW),
        digest: [7; 32],
    }
}

fn policies() -> Policies {
    let access = CreateImportAccess {
        create_root_key: true,
        create_standard_key: false,
        import_root_key: true,
        import_standard_key: false,
        enforce_token: true,
    };
    let networks = vec![
        Network { address: Ipv4Addr::new(10, 0, 0, 0).into(), prefix: 8 },
        Network { address: Ipv6Addr::LOCALHOST.into(), prefix: 128 },
    ];
    let rules = [
        Rule::DualAuthDelete,
        Rule::AllowedNetwork { private_only: true },
        Rule::AllowedIp(networks),
        Rule::KeyCreateImportAccess(access),
        Rule::Metrics,
        Rule::Rotation { interval_month: None },
        Rule::Rotation { interval_month: Some(3) },
    ];
    let policy = |rule| InstancePolicy {
        rule,
        enabled: true,
        created: NOW,
        created_by: "somebody".into(),
        updated: NOW,
        updated_by: "somebody else".into(),
    };
    Policies { instance: id(2), each: rules.map(policy).into() }
}

/// An entry of this kind, read and written again.
type Again = fn(&[u8]) -> Option<Vec<u8>>;

fn again<T: Entry>(bytes: &[u8]) -> Option<Vec<u8>> {
    T::decode(bytes).ok().map(|entry| entry.encode())
}

/// A kind, and samples of it with as few and as many fields as it can have.
struct Sort {
    kind: Kind,
    again: Again,
    samples: Vec<Vec<u8>>,
}

fn sort<T: Entry>(entries: &[T]) -> Sort {
    Sort { kind: T::KIND, again: again::<T>, samples: entries.iter().map(Entry::encode).collect() }
}

fn version(epoch: Option<u64>, retired: bool) -> SealedVersion {
    SealedVersion {
        id: id(1),
        instance: id(2),
        key: id(3),
        number: 1,
        created: NOW,
        sealed: if retired { Vec::new() } else { vec![7; 81] },
        epoch,
        retired: retired.then_some(NOW),
        retired_by: retired.then(|| "somebody".into()),
        erased: retired.then_some(NOW),
    }
}

fn rotation(full: bool) -> RotationJob {
    RotationJob {
        key: id(1),
        instance: id(2),
        from: id(3),
        to: id(4),
        total: 7,
        done: 3,
        started: NOW,
        by: "somebody".into(),
        finished: full.then_some(NOW),
        failed: 1,
        reason: full.then(|| "why".into()),
        correlation: full.then(|| "correlation".into()),
    }
}

fn destruction(full: bool) -> Destruction {
    Destruction {
        id: id(1),
        instance: id(2),
        key: id(3),
        name: "a key".into(),
        sort: DestroyedSort::Root,
        ring: full.then(|| "ring".into()),
        versions: if full { vec![id(4), id(5)] } else { Vec::new() },
        adapters: if full { vec!["an adapter".into()] } else { Vec::new() },
        deleted: full.then_some(NOW),
        deleted_by: full.then(|| "somebody".into()),
        purged: NOW,
        purged_by: "somebody".into(),
        asked: full.then_some(NOW),
        asked_by: full.then(|| "somebody".into()),
        old_epoch: full.then_some(1),
        new_epoch: full.then_some(2),
        statement: full.then(|| b"{}".to_vec()),
        signature: full.then(|| vec![9; 64]),
    }
}

/// Every kind there is.
fn sorts() -> Vec<Sort> {
    let (one, created, created_by) = (id(1), NOW, String::from("somebody"));
    let check = |index| Check { fingerprint: vec![1; 8], index };
    let instance = Instance { id: one, name: "tenant".into(), created, created_by: created_by.clone() };
    let service_id = |full: bool| ServiceId {
        id: one,
        name: "program".into(),
        description: full.then(|| "a description".into()),
        owner: full.then_some(id(2)),
        created,
        created_by: created_by.clone(),
    };
    let grant =
        |roles, target| Grant { id: one, service_id: id(2), roles, target, created, created_by: created_by.clone() };
    let narrow = Target { instance: Some(id(2)), ring: Some("ring".into()), key: Some(id(3)) };
    let roles = Role::ALL.to_vec();
    let authorization = Authorization {
        id: one,
        source: id(2),
        target: id(3),
        roles: roles.clone(),
        created,
        created_by: created_by.clone(),
    };
    let ring = |closing, gone| {
        let (name, instance, created_by) = ("ring".into(), id(2), created_by.clone());
        KeyRing { name, instance, created, created_by, closing, gone }
    };
    let alias = Alias { name: "alias".into(), instance: id(2), key: one, created, created_by: created_by.clone() };
    let token = SealedToken {
        id: one,
        instance: id(2),
        created,
        created_by: created_by.clone(),
        expires: NOW,
        max_retrievals: 500,
        remaining_retrievals: 0,
        public_key: "a public key".into(),
        nonce: [5; 12],
        sealed: vec![6; 90],
    };
    let name = |owner| ServiceIdName { owner, name: "program".into(), service_id: one };
    let erasure = Erasure { key: one, instance: id(2), asked: NOW, asked_by: created_by.clone(), deleted: NOW };
    vec![
        sort(&[check(None), check(Some(1))]),
        sort(&[instance]),
        sort(&[earlier(false), earlier(true), full()]),
        sort(&[version(None, false), version(Some(7), false), version(None, true)]),
        sort(&[api_key(false), api_key(true)]),
        sort(&[service_id(false), service_id(true)]),
        sort(&[grant(Vec::new(), Target::default()), grant(roles, narrow)]),
        sort(&[authorization]),
        sort(&[ring(false, false), ring(true, false), ring(false, true)]),
        sort(&[alias]),
        sort(&[Policies { instance: id(2), each: Vec::new() }, policies()]),
        sort(&[token]),
        sort(&[name(None), name(Some(id(2)))]),
        sort(&[rotation(false), rotation(true)]),
        sort(&[destruction(false), destruction(true)]),
        sort(&[erasure]),
    ]
}

/// The numbers of the data format: none is ever changed or used again.
#[test]
fn kinds_have_their_numbers() {
    let kinds: Vec<u8> = sorts().iter().map(|sort| sort.kind.0).collect();
    assert_eq!(kinds, (0x10..=0x1D).chain([0x40, 0x41]).collect::<Vec<_>>());
}

#[test]
fn what_is_written_is_read() {
    for key in [earlier(false), earlier(true), full()] {
        assert_eq!(Key::decode(&key.encode()).unwrap(), key);
    }
    for key in [api_key(false), api_key(true)] {
        assert_eq!(ApiKey::decode(&key.encode()).unwrap(), key);
    }
    assert_eq!(Policies::decode(&policies().encode()).unwrap().each, policies().each);
    for Sort { again, samples, .. } in sorts() {
        for bytes in samples {
            assert_eq!(again(&bytes), Some(bytes));
        }
    }
}

#[test]
fn what_version_0_1_wrote_is_read() {
    for (hex, expected) in EARLIER.into_iter().zip([earlier(false), earlier(true)]) {
        assert_eq!(Key::decode(&bytes(hex)).unwrap(), expected);
        assert_eq!(expected.encode(), bytes(hex), "and is written as it was");
    }
}

/// There is one way to write an entry: whatever else is read at all is written as it was read.
#[test]
fn no_two_writings_are_the_same_entry() {
    for Sort { again, samples, .. } in sorts() {
        for bytes in samples {
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(again(&flipped).is_none_or(|written| written == flipped), "bit {bit} of {bytes:02x?}");
            }
            for length in 0..bytes.len() {
                assert_eq!(again(&bytes[..length]), None);
            }
            assert_eq!(again(&[&bytes[..], &[0]].concat()), None);
            assert_eq!(again(&[&bytes[..], &bytes].concat()), None);
        }
    }
}

#[test]
fn no_entry_is_read_as_another_kind() {
    let sorts = sorts();
    for bytes in sorts.iter().flat_map(|sort| &sort.samples) {
        assert_eq!(sorts.iter().filter(|sort| (sort.again)(bytes).is_some()).count(), 1);
    }
}
