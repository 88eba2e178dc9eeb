//! `keystead standardkey` and `keystead ring`.

use crate::running::Running;

#[test]
fn standard_keys_are_stored_and_given_back() {
    let server = Running::start_without_waits();
    let (bytes, out) = (b"\xff\x00secret\n", server.path("out"));
    let file = server.file("file", bytes);
    let cases = [
        ("standardkey list".to_owned(), 0, "There are no standard keys."),
        ("standardkey create made --description words".to_owned(), 0, "Standard key made was made"),
        (format!("standardkey import brought {file} --tag t --alias also"), 0, "was imported"),
        ("standardkey list".to_owned(), 0, "brought"),
        ("standardkey show made".to_owned(), 0, "words"),
        ("rootkey show made".to_owned(), 1, "there is no root key `made`"),
        (format!("standardkey payload also --out {out}"), 0, ""),
        (format!("standardkey payload also --out {out}"), 1, "exists already"),
        ("standardkey payload nobody".to_owned(), 1, "there is no standard key `nobody`"),
        ("standardkey payload default".to_owned(), 1, "there is no standard key `default`"),
        ("standardkey import empty /dev/null".to_owned(), 1, "is empty"),
        (format!("standardkey import odd {file} --base64"), 1, "is not text"),
        ("standardkey alias add made other".to_owned(), 0, "is also called other now"),
        ("standardkey policy dual-auth other --yes".to_owned(), 0, "two people are needed"),
        ("standardkey policy show made".to_owned(), 0, "dual-auth"),
        ("standardkey delete made --yes".to_owned(), 1, "set-for-deletion"),
        ("standardkey delete brought".to_owned(), 2, "can't be read unless it is restored"),
        ("standardkey delete brought --yes".to_owned(), 0, "keystead standardkey restore"),
        ("standardkey payload brought".to_owned(), 1, "is deleted"),
        ("standardkey list --deleted".to_owned(), 0, "brought"),
        ("standardkey restore brought".to_owned(), 0, "was restored"),
    ];
    for (line, code, part) in &cases {
        server.check(line, *code, part);
    }
    assert_eq!(std::fs::read(&out).unwrap(), bytes);
    assert_eq!(server.line("standardkey payload brought --base64"), "/wBzZWNyZXQK");
    let shown = server.json("standardkey payload brought");
    assert_eq!((&shown["payload"], &shown["name"]), (&"/wBzZWNyZXQK".into(), &"brought".into()));
    assert!(server.json("standardkey show brought")["payload"].is_null(), "it is not shown unasked");

    let id = shown["id"].as_str().unwrap();
    server.check(&format!("rootkey delete {id} --yes"), 2, "is a standard key");
    assert_eq!(server.json("standardkey show brought")["deleted"], false);
}

#[test]
fn the_keys_of_kmip_clients_are_standard_keys() {
    let server = Running::start_without_waits();
    let out = server.path("out");
    server.check(&format!("client issue --name vc --out {out}"), 0, "");
    let files = format!("--cert {out}/vc.crt --key {out}/vc.key --ca {out}/ca.crt");
    server.check(&format!("doctor {} {files} --keep", server.kmip), 0, "vCenter can use this server");
    let key = server.json("key list")[0]["id"].as_str().unwrap().to_owned();
    let name = format!("vmware_kmip_{key}");
    assert_eq!(server.json("standardkey list --search vmware_kmip_")[0]["name"], name.as_str());
    assert_eq!(server.json(&format!("standardkey show {name}"))["id"], key.as_str());
    assert!(server.line(&format!("standardkey payload {name} --base64")).len() > 40);
    let cases = [
        (format!("standardkey move {name} other"), 1, "belongs to a KMIP adapter"),
        (format!("standardkey delete {name} --yes"), 0, "keystead standardkey restore"),
        (format!("key show {key}"), 1, "no"),
        (format!("standardkey restore {name}"), 0, "was restored"),
        (format!("key show {key}"), 0, "Symmetric Key"),
    ];
    for (line, code, part) in &cases {
        server.check(line, *code, part);
    }
}

#[test]
fn key_rings_hold_keys_of_both_sorts() {
    let server = Running::start_without_waits();
    let cases = [
        ("ring list", 0, "default"),
        ("ring create dev", 0, "--ring dev"),
        ("ring create dev", 1, "taken"),
        ("ring create d", 1, "2 to 100"),
        ("rootkey create root --ring dev", 0, "was made"),
        ("rootkey create root --ring none", 1, "there is no key ring `none`"),
        ("standardkey create standard --ring dev", 0, "was made"),
        ("rootkey list --ring dev", 0, "root"),
        ("ring delete dev --yes", 1, "has keys in it"),
        ("standardkey move standard default", 0, "is in key ring default now"),
        ("rootkey move root none", 1, "there is no key ring `none`"),
        ("rootkey delete root --yes", 0, "was deleted"),
        ("ring delete dev --yes", 1, "has keys in it"),
        ("ring delete dev", 2, "--yes"),
        ("ring delete dev --force --yes", 0, "was deleted"),
        ("ring delete default --yes", 1, "default"),
        ("rootkey list --ring default --deleted", 0, "root"),
    ];
    for (line, code, part) in cases {
        server.check(line, code, part);
    }
    assert_eq!(server.json("ring list"), serde_json::json!([{ "id": "default" }]));
}
