//! `keystead instance`, and which instance other verbs are about.

use crate::running::Running;

#[test]
fn each_command_is_about_one_instance() {
    let server = Running::start_without_waits();
    let id = server.json("instance create prod")["id"].as_str().unwrap().to_owned();
    let cases = [
        ("rootkey list --instance prod".to_owned(), 0, "There are no root keys."),
        ("rootkey create main --instance prod".to_owned(), 0, "was made"),
        (format!("rootkey list --instance {id}"), 0, "main"),
        ("rootkey show main".to_owned(), 1, "there is no root key `main`"),
        ("adapter create dc1 --instance prod".to_owned(), 0, "--out . --instance prod"),
        ("cert list --adapter dc1 --instance prod".to_owned(), 0, "No client may connect to adapter dc1"),
        ("cert list --adapter dc1".to_owned(), 1, "there is no adapter `dc1`"),
        ("key list --adapter dc1 --instance prod".to_owned(), 0, "holds no keys"),
        ("rootkey list --instance nowhere".to_owned(), 1, "there is no instance `nowhere`"),
        ("rootkey list --instance 00000000-0000-4000-8000-000000000000".to_owned(), 1, "no such instance"),
        ("instance rename default test".to_owned(), 0, "is called test now"),
        ("rootkey list".to_owned(), 2, "there are several instances: test, prod"),
        ("cert list".to_owned(), 2, "there are several instances"),
        ("rootkey list --instance test".to_owned(), 0, "default"),
    ];
    for (line, code, part) in &cases {
        server.check(line, *code, part);
    }
    let prod = [("KEYSTEAD_INSTANCE", "prod")];
    let listed = server.run_with("adapter list", &prod, b"");
    assert!(listed.code == 0 && listed.stdout.contains("dc1"), "{listed:?}");
    let flag = server.run_with("adapter list --instance test", &prod, b"");
    assert!(flag.code == 0 && !flag.stdout.contains("dc1"), "the flag wins: {flag:?}");
}

#[test]
fn instances_come_and_go() {
    let server = Running::start_without_waits();
    let cases = [
        ("instance list", 0, "default"),
        ("instance show default", 0, "Created"),
        ("instance create prod", 0, "keystead rootkey create main --instance"),
        ("instance rename prod default", 0, "is called default now"),
        ("rootkey list", 2, "2 instances are called `default`"),
        ("instance rename default prod", 1, "use the id"),
        ("instance show nowhere", 1, "there is no instance `nowhere`"),
        ("instance delete default --yes", 1, "use the id"),
    ];
    for (line, code, part) in cases {
        server.check(line, code, part);
    }
    let instances = server.json("instance list");
    let (old, new) = (instances[0]["id"].as_str().unwrap(), instances[1]["id"].as_str().unwrap());
    server.check(&format!("instance delete {old} --yes"), 1, "still holds");
    server.check(&format!("instance delete {new}"), 2, "--yes");
    server.check(&format!("instance delete {new} --yes"), 0, "Instance default was deleted.");
    server.check("rootkey list", 0, "default");
}

#[test]
fn policies_of_an_instance_are_set_and_turned_off() {
    let server = Running::start_without_waits();
    let cases = [
        ("instance policy list", 0, "has no policies"),
        ("instance policy port", 0, "There is none"),
        ("instance policy set dual-auth-delete on", 0, "counts from now on"),
        ("instance policy set rotation --every 3", 0, "counts from now on"),
        ("instance policy set metrics on", 0, "counts from now on"),
        ("instance policy set allowed-network public-and-private", 0, "counts from now on"),
        ("instance policy set allowed-network private-only", 2, "--yes"),
        ("instance policy set allowed-ip 127.0.0.0/8", 2, "127.0.0.0/8 will be refused"),
        ("instance policy set allowed-ip 127.0.0.0/8 2001:db8::1 --yes", 0, "counts from now on"),
        ("instance policy set allowed-ip 300.0.0.1 --yes", 1, "300.0.0.1"),
        ("instance policy port", 0, "PORT"),
        ("instance policy list", 0, "127.0.0.0/8, 2001:db8::1"),
        ("rootkey create main", 0, "was made"),
        ("rootkey policy show main", 0, "every 3 months"),
        ("rootkey delete main --yes", 1, "two people"),
        ("instance policy set key-create-import-access --create-root-key false", 0, "counts from now on"),
        ("rootkey create other", 1, "keystead instance policy list"),
        ("instance policy set key-create-import-access --off", 0, "does not count any more"),
        ("instance policy set rotation --off", 0, "does not count any more"),
        ("instance policy set dual-auth-delete off", 0, "does not count any more"),
        ("instance policy set allowed-network public-and-private --off", 0, "does not count any more"),
        ("rootkey create other", 0, "was made"),
        ("rootkey policy show other", 0, "has no policies"),
        ("instance policy set allowed-ip 192.0.2.1 --yes", 0, "counts from now on"),
        ("rootkey list", 1, "policies refuse this address"),
        ("instance policy set allowed-ip --off", 0, "does not count any more"),
        ("rootkey list", 0, "other"),
    ];
    for (line, code, part) in cases {
        server.check(line, code, part);
    }
    let policies = server.json("instance policy list");
    let enabled = |kind: &str| {
        let policies = policies.as_array().unwrap();
        let policy = policies.iter().find(|policy| policy["policy_type"] == kind).unwrap();
        policy["policy_data"]["enabled"].as_bool().unwrap()
    };
    let all = ["dualAuthDelete", "allowedNetwork", "allowedIP", "keyCreateImportAccess", "metrics", "rotation"];
    assert_eq!(all.map(enabled), [false, false, false, false, true, false]);
}
