//! Policies of an instance: set, shown, and what they are asked.

use crate::{NOW, call, call_at, fresh, later, make, memory, new, open, plain, standard, tenant, with};
use keymanager::{
    Action, CreateImportAccess, Error, InstancePolicy, KeyManager, Network, NewInstancePolicy, NewKey, Overrides,
    RotationSetting, Rule,
};
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;

pub(crate) const EVERYTHING: CreateImportAccess = CreateImportAccess {
    create_root_key: true,
    create_standard_key: true,
    import_root_key: true,
    import_standard_key: true,
    enforce_token: false,
};

pub(crate) fn on(rule: Rule) -> NewInstancePolicy {
    NewInstancePolicy { rule, enabled: true }
}

fn off(rule: Rule) -> NewInstancePolicy {
    NewInstancePolicy { rule, enabled: false }
}

fn every(months: u32) -> Rule {
    Rule::Rotation { interval_month: Some(months) }
}

fn networks(texts: &[&str]) -> Rule {
    Rule::AllowedIp(texts.iter().map(|text| text.parse().unwrap()).collect())
}

pub(crate) async fn set(manager: &KeyManager, instance: Uuid, policies: Vec<NewInstancePolicy>) {
    manager.set_instance_policies(&call(instance, Action::WriteInstancePolicies), policies).await.unwrap();
}

async fn shown(manager: &KeyManager, instance: Uuid) -> Vec<InstancePolicy> {
    manager.instance_policies(&call(instance, Action::ReadInstancePolicies)).await.unwrap()
}

async fn rules(manager: &KeyManager, instance: Uuid) -> Vec<(Rule, bool)> {
    shown(manager, instance).await.into_iter().map(|policy| (policy.rule, policy.enabled)).collect()
}

fn all() -> Vec<Rule> {
    vec![
        Rule::DualAuthDelete,
        Rule::AllowedNetwork { private_only: true },
        networks(&["192.0.2.0/24", "2001:db8::/32"]),
        Rule::KeyCreateImportAccess(CreateImportAccess { import_root_key: false, ..EVERYTHING }),
        Rule::Metrics,
        every(3),
    ]
}

#[tokio::test]
async fn what_is_set_is_shown_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let address = format!("sqlite:{}", folder.path().join("data.db").display());
    let store = store::open(&address).await.unwrap();
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    assert!(shown(&manager, instance).await.is_empty());
    set(&manager, instance, all().into_iter().map(on).collect()).await;
    let expected: Vec<_> = all().into_iter().map(|rule| (rule, true)).collect();
    assert_eq!(rules(&manager, instance).await, expected);
    assert_eq!(shown(&manager, tenant(&manager).await).await, [], "another instance's are its own");
    drop(manager);
    store.close().await.unwrap();
    drop(store);
    let manager = open(&store::open(&address).await.unwrap()).await;
    assert_eq!(rules(&manager, instance).await, expected);
}

#[tokio::test]
async fn a_policy_says_who_made_it_and_who_changed_it() {
    let (manager, instance) = fresh().await;
    set(&manager, instance, vec![on(Rule::Metrics), on(every(1))]).await;
    let other = keymanager::Call::internal(instance, Action::WriteInstancePolicies, "another", later(5));
    manager.set_instance_policies(&other, vec![on(every(2))]).await.unwrap();
    let stamps: Vec<_> = shown(&manager, instance)
        .await
        .into_iter()
        .map(|each| (each.rule, each.created, each.created_by, each.updated, each.updated_by))
        .collect();
    let (first, second) = ("somebody".to_owned(), "another".to_owned());
    let expected = [(Rule::Metrics, NOW, first.clone(), NOW, first.clone()), (every(2), NOW, first, later(5), second)];
    assert_eq!(stamps, expected);
}

/// Disabling takes no attributes and keeps those that were there; allowedNetwork always has its own.
#[tokio::test]
async fn a_disabled_policy_stays_listed_with_what_it_said() {
    let (manager, instance) = fresh().await;
    let access = CreateImportAccess { create_standard_key: false, ..EVERYTHING };
    let cases = [
        (Rule::DualAuthDelete, Rule::DualAuthDelete, Rule::DualAuthDelete),
        (
            Rule::AllowedNetwork { private_only: true },
            Rule::AllowedNetwork { private_only: false },
            Rule::AllowedNetwork { private_only: false },
        ),
        (networks(&["192.0.2.0/24"]), networks(&[]), networks(&["192.0.2.0/24"])),
        (
            Rule::KeyCreateImportAccess(access),
            Rule::KeyCreateImportAccess(EVERYTHING),
            Rule::KeyCreateImportAccess(access),
        ),
        (Rule::Metrics, Rule::Metrics, Rule::Metrics),
        (every(7), Rule::Rotation { interval_month: None }, every(7)),
    ];
    for (enabled, disabled, kept) in cases {
        let instance = tenant(&manager).await;
        set(&manager, instance, vec![off(disabled.clone())]).await;
        assert_eq!(rules(&manager, instance).await, [(disabled.clone(), false)], "never enabled");
        set(&manager, instance, vec![on(enabled.clone())]).await;
        assert_eq!(rules(&manager, instance).await, [(enabled, true)]);
        set(&manager, instance, vec![off(disabled)]).await;
        assert_eq!(rules(&manager, instance).await, [(kept, false)]);
    }
    assert!(shown(&manager, instance).await.is_empty());
}

#[tokio::test]
async fn what_cannot_be_set_is_refused_and_nothing_with_it() {
    let store = memory().await;
    let manager = open(&store).await;
    let instance = tenant(&manager).await;
    let before = store.events(0, 100).await.unwrap().len();
    let many = |count: u32| Rule::AllowedIp((0..count).map(|number| single(number.to_be_bytes().into())).collect());
    let cases = [
        (vec![], "resources", "are empty: name one policy or more"),
        (
            vec![on(Rule::Metrics), off(Rule::Metrics)],
            "policy_type",
            "metrics is given twice: set a policy once in a request",
        ),
        (vec![on(networks(&[]))], "allowed_ip", "is empty: give one address or block at least"),
        (vec![off(networks(&["192.0.2.1"]))], "allowed_ip", "is given to disable the policy: leave it out"),
        (vec![on(many(1001))], "allowed_ip", "has 1001 addresses and blocks: give 1000 at most"),
        (
            vec![on(Rule::AllowedIp(vec![Network { address: [192, 0, 2, 1].into(), prefix: 33 }]))],
            "allowed_ip",
            "has the block 192.0.2.1/33: the prefix of such an address is 32 at most",
        ),
        (vec![on(Rule::Rotation { interval_month: None })], "interval_month", "is missing: give 1 to 12 months"),
        (vec![on(every(0))], "interval_month", "is out of range: give 1 to 12 months"),
        (vec![on(every(13))], "interval_month", "is out of range: give 1 to 12 months"),
        (vec![off(every(3))], "interval_month", "is given to disable the policy: leave it out"),
    ];
    for (policies, field, reason) in cases {
        let policies = [policies.clone(), vec![on(Rule::DualAuthDelete)]].concat();
        let policies = if reason.starts_with("are empty") { Vec::new() } else { policies };
        let call = call(instance, Action::WriteInstancePolicies);
        let error = manager.set_instance_policies(&call, policies).await.unwrap_err();
        let Error::Field { field: found, reason: why } = error else { panic!("{error}") };
        assert_eq!((found, why.as_str()), (field, reason));
    }
    let nowhere = call(Uuid::from_u128(1), Action::WriteInstancePolicies);
    let error = manager.set_instance_policies(&nowhere, vec![on(Rule::Metrics)]).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { what: "instance", .. }), "{error}");
    assert_eq!(shown(&manager, instance).await, []);
    assert_eq!(store.events(0, 100).await.unwrap().len(), before);
    set(&manager, instance, vec![on(many(1000)), on(Rule::Metrics)]).await;
    assert_eq!(store.events(0, 100).await.unwrap().len(), before + 1, "one event for all of them");
}

fn single(address: std::net::Ipv4Addr) -> Network {
    Network { address: address.into(), prefix: 32 }
}

/// Many at once: each that was answered is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn policies_set_at_the_same_time_are_all_set() {
    let (manager, instance) = fresh().await;
    let manager = Arc::new(manager);
    for _ in 0..20 {
        let tasks: Vec<_> = all()
            .into_iter()
            .map(|rule| {
                let manager = Arc::clone(&manager);
                tokio::spawn(async move { set(&manager, instance, vec![on(rule)]).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        let found = rules(&manager, instance).await;
        assert!(found.len() == 6 && all().iter().all(|rule| found.contains(&(rule.clone(), true))), "{found:?}");
        let disabled =
            vec![off(Rule::DualAuthDelete), off(Rule::Metrics), off(Rule::Rotation { interval_month: None })];
        set(&manager, instance, disabled).await;
    }
}

#[tokio::test]
async fn key_create_import_access_is_a_table() {
    let (manager, instance) = fresh().await;
    let access = |index: usize| CreateImportAccess {
        create_root_key: index != 1,
        create_standard_key: index != 2,
        import_root_key: index != 3,
        import_standard_key: index != 4,
        enforce_token: index == 5,
    };
    let makes = ["create root", "create standard", "import root", "import standard"];
    let asked = |number| match number {
        0 => new("k"),
        1 => standard("k"),
        2 => with(new("k"), &[1; 32]),
        _ => with(standard("k"), &[1; 32]),
    };
    let allowed = |index, make| match index {
        0 => true,
        5 => make < 2,
        refused => make + 1 != refused,
    };
    for index in 0..6 {
        let rule = Rule::KeyCreateImportAccess(access(index));
        set(&manager, instance, vec![on(rule.clone())]).await;
        for (number, name) in makes.iter().enumerate() {
            let made = manager.create_key(&call(instance, Action::CreateKey), asked(number)).await;
            match made {
                Ok(_) => assert!(allowed(index, number), "{name} under {rule:?}"),
                Err(error) => {
                    assert!(
                        !allowed(index, number) && matches!(error, Error::CreateImportAccess(_)),
                        "{name}: {error}"
                    );
                }
            }
        }
        set(&manager, instance, vec![off(rule)]).await;
        for number in 0..makes.len() {
            make(&manager, instance, asked(number)).await;
        }
    }
}

/// A key that is there is made anew, by rotation or restoration, only where such a one could be made; but no token is asked for what
/// brings no material along.
#[tokio::test]
async fn key_create_import_access_is_asked_again() {
    let (manager, instance) = fresh().await;
    let (generated, imported) =
        (make(&manager, instance, new("k")).await, make(&manager, instance, with(new("k"), &[1; 32])).await);
    let nothing = CreateImportAccess { create_root_key: false, import_root_key: false, ..EVERYTHING };
    let token = CreateImportAccess { enforce_token: true, ..EVERYTHING };
    let rows = [
        (nothing, &generated, None, [false, false]),
        (nothing, &imported, Some(&[2; 32]), [false, false]),
        (token, &imported, Some(&[3; 32]), [false, true]),
        (token, &generated, None, [true, true]),
        (EVERYTHING, &imported, Some(&[4; 32]), [true, true]),
    ];
    for (index, (access, key, payload, [rotates, restores])) in rows.into_iter().enumerate() {
        let (id, now) = (key.id.to_string(), 86_400 * i64::try_from(index + 1).unwrap());
        let at = |action, seconds| call_at(instance, action, later(now + seconds));
        set(&manager, instance, vec![on(Rule::KeyCreateImportAccess(access))]).await;
        let rotated = manager.rotate(&at(Action::RotateKey, 0), &id, payload.map(|bytes| plain(bytes))).await;
        assert_eq!(rotated.is_ok(), rotates, "{access:?}: {rotated:?}");
        manager.delete_key(&at(Action::DeleteKey, 1), &id, false).await.unwrap();
        let restored = manager.restore(&at(Action::RestoreKey, 100), &id).await;
        assert_eq!(restored.is_ok(), restores, "{access:?}: {restored:?}");
        for refused in [rotated.err(), restored.err()].into_iter().flatten() {
            assert!(matches!(refused, Error::CreateImportAccess(_)), "{refused}");
        }
        set(&manager, instance, vec![on(Rule::KeyCreateImportAccess(EVERYTHING))]).await;
        let _ = manager.restore(&at(Action::RestoreKey, 200), &id).await;
    }
}

#[tokio::test]
async fn new_keys_get_the_instances_policies() {
    let (manager, instance) = fresh().await;
    let (both, none) = (vec![on(Rule::DualAuthDelete), on(every(3))], Vec::new());
    let neither = vec![off(Rule::DualAuthDelete), off(Rule::Rotation { interval_month: None })];
    let overrides = |rotation, dual_auth_delete| Some(Overrides { rotation, dual_auth_delete });
    let own = RotationSetting { enabled: true, interval_month: Some(9) };
    let with_overrides = |overrides| NewKey { overrides, ..new("k") };
    let cases = [
        (&none, new("k"), (None, None)),
        (&both, new("k"), (Some(3), Some(true))),
        (&both, standard("k"), (None, Some(true))),
        (&both, with(new("k"), &[1; 16]), (None, Some(true))),
        (&both, with(standard("k"), &[1; 16]), (None, Some(true))),
        (&both, with_overrides(overrides(Some(own), None)), (Some(9), None)),
        (&both, with_overrides(overrides(None, Some(false))), (None, Some(false))),
        (&neither, new("k"), (None, None)),
    ];
    for (policies, new, expected) in cases {
        if !policies.is_empty() {
            set(&manager, instance, policies.clone()).await;
        }
        let key = make(&manager, instance, new).await;
        let found = (key.rotation.map(|policy| policy.interval_month), key.dual_auth.map(|policy| policy.enabled));
        assert_eq!(found, expected);
    }
}

#[tokio::test]
async fn metrics_are_served_while_their_policy_is_enabled() {
    let (manager, instance) = fresh().await;
    assert!(!manager.metrics_enabled(instance).await.unwrap());
    set(&manager, instance, vec![on(Rule::Metrics), on(Rule::DualAuthDelete)]).await;
    assert!(manager.metrics_enabled(instance).await.unwrap());
    assert!(!manager.metrics_enabled(tenant(&manager).await).await.unwrap());
    set(&manager, instance, vec![off(Rule::Metrics)]).await;
    assert!(!manager.metrics_enabled(instance).await.unwrap());
}
