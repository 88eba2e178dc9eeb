//! What version 0.1 left behind is read: its records, byte for byte as it wrote them.

use crate::{NOW, call, memory};
use keymanager::{Action, ApiKeyKind, Denied, Error, Extent, KeyManager, Origin, Principal, State, Timers};
use std::sync::Arc;
use store::{Batch, Change, Expect, Key, Kind, Space, Store, Term};
use uuid::Uuid;
use wrap::Secret;
use wrap::keys::Keys;
use wrap::master::MasterKey;
use wrap::primitive::SystemRandom;
use zeroize::Zeroizing;

const GOLDEN: &str = include_str!("../golden/version-0.1.txt");

fn bytes(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    if text == "-" { Vec::new() } else { (0..text.len()).step_by(2).map(digits).collect() }
}

fn sixteen(bytes: &[u8]) -> [u8; 16] {
    bytes.try_into().unwrap()
}

/// The word after another one at the beginning of a line.
fn word(name: &str) -> &'static str {
    GOLDEN.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap()
}

/// Puts a record as often as makes its version.
async fn put(store: &Arc<dyn Store>, line: &str) {
    let fields: Vec<&str> = line.split(' ').collect();
    let [space, kind, id, version, terms, body] = fields[..] else { panic!("{line}") };
    let key = Key { space: Space(sixteen(&bytes(space))), kind: Kind(bytes(kind)[0]), id: sixteen(&bytes(id)) };
    let terms: Vec<Term> = bytes(terms).chunks(16).map(|term| Term(sixteen(term))).collect();
    for before in 0..version.parse::<u64>().unwrap() {
        let expect = if before == 0 { Expect::Absent } else { Expect::Version(before) };
        let change = Change::Put { key, expect, body: bytes(body), terms: terms.clone() };
        store.commit(Batch { changes: vec![change], events: Vec::new() }).await.unwrap();
    }
}

async fn opened() -> KeyManager {
    open_over(left_behind().await).await
}

/// A store as version 0.1 left it.
pub(crate) async fn left_behind() -> Arc<dyn Store> {
    let store = memory().await;
    for line in GOLDEN.lines().filter(|line| line.split(' ').count() == 6 && !line.starts_with('#')) {
        put(&store, line).await;
    }
    store
}

/// Its root key.
pub(crate) const ROOT_KEY: &str = "c92f6048-4808-44ae-b4c0-24cf0d4f46a2";

/// Its master key.
pub(crate) fn master() -> MasterKey {
    MasterKey::new(&Secret::new(Zeroizing::new(bytes(word("master"))))).unwrap()
}

pub(crate) async fn open_over(store: Arc<dyn Store>) -> KeyManager {
    let keys = Arc::new(Keys::unfiled(&master(), Arc::new(SystemRandom)).unwrap());
    KeyManager::open(store, keys, Arc::new(SystemRandom), Timers::default()).await.unwrap()
}

#[tokio::test]
async fn its_instance_and_root_key_are_there() {
    let manager = opened().await;
    let instances = manager.instances(&call(Uuid::nil(), Action::ListInstances)).await.unwrap();
    assert_eq!(instances.iter().map(|instance| &instance.name[..]).collect::<Vec<_>>(), ["default"]);
    let of = call(instances[0].id, Action::ReadKeyMetadata);
    let key = manager.key(&of, ROOT_KEY, None).await.unwrap();
    assert_eq!((&key.name[..], key.state, key.versions, key.extractable), ("default", State::Active, 2, false));
    assert_eq!((key.ring(), key.aliases.len(), key.rotation.is_none()), ("default", 0, true));
    let versions = manager.versions(&of, &key.id.to_string(), false).await.unwrap();
    assert_eq!(versions.iter().map(|version| version.number).collect::<Vec<_>>(), [2, 1]);
    let of = call(instances[0].id, Action::WrapKey);
    let wrapped = manager.wrap_data(&of, &key.id.to_string(), None, &[]).await.unwrap();
    assert_eq!(wrapped.key_version, key.version);
}

#[tokio::test]
async fn its_administrator_may_do_everything_but_purge() {
    let manager = opened().await;
    let instance = manager.instances(&call(Uuid::nil(), Action::ListInstances)).await.unwrap()[0].id;
    let by_secret = manager.authenticate(word("secret"), NOW).await.unwrap();
    let Principal { iam_id, service_id, api_key, name, home, .. } =
        manager.principal(by_secret.api_key, NOW).await.unwrap();
    assert_eq!((api_key, &name[..], home, service_id), (by_secret.api_key, "administrator", Some(instance), None));
    assert_eq!(iam_id, format!("ApiKey-{api_key}"));
    for &action in Action::ALL {
        for (of, extent) in [(None, Extent::Installation), (Some(instance), Extent::Instance)] {
            let entered = manager.enter(&by_secret, of, action, Origin::default(), NOW).await;
            let reached = entered.is_ok_and(|call| call.reaches(extent));
            let nobody = action.roles().is_empty() || [Action::PurgeKey, Action::AskForErasure].contains(&action);
            assert_eq!(reached, !nobody, "{action:?}");
        }
    }
}

#[tokio::test]
async fn its_administrator_can_be_replaced() {
    let manager = opened().await;
    let secret = word("secret");
    let who = manager.authenticate(secret, NOW).await.unwrap();
    let enter = async |instance, action| manager.enter(&who, instance, action, Origin::default(), NOW).await.unwrap();
    let administrators = manager.administrators(&enter(None, Action::ListApiKeys).await).await.unwrap();
    assert_eq!(
        administrators.iter().map(|key| (key.id, key.kind)).collect::<Vec<_>>(),
        [(who.api_key, ApiKeyKind::Administrator)]
    );
    let own = manager.revoke_administrator(&enter(None, Action::DeleteApiKey).await, who.api_key).await;
    assert!(matches!(own, Err(Error::Field { field: "id", .. })));
    let tenant = enter(who.home, Action::DeleteApiKey).await;
    assert!(matches!(manager.revoke_administrator(&tenant, who.api_key).await, Err(Error::Unauthorized)));
    assert!(matches!(manager.administrators(&tenant).await, Err(Error::Unauthorized)));
    let by = call(Uuid::nil(), Action::DeleteApiKey);
    assert!(matches!(manager.revoke_administrator(&by, Uuid::from_u128(1)).await, Err(Error::NotFound { .. })));
    manager.revoke_administrator(&by, who.api_key).await.unwrap();
    assert!(matches!(manager.authenticate(secret, NOW).await, Err(Denied::Revoked(_))));
    assert!(matches!(manager.principal(who.api_key, NOW).await, Err(Denied::Revoked(_))));
}
