//! `keystead rootkey` and `keystead import-token`.

use crate::running::Running;

/// Three of one name, so that each rule of finding one by name has its case.
#[test]
fn root_keys_are_found_by_name_alias_and_identifier() {
    let server = Running::start_without_waits();
    let make = |line: &str| server.json(line)["id"].as_str().unwrap().to_owned();
    let (first, second) = (make("rootkey create twice --alias one"), make("rootkey create twice"));
    server.check("rootkey show twice", 2, "2 root keys are called `twice`");
    server.check("rootkey show twice", 2, &first);
    for name in ["one", &first] {
        assert_eq!(server.json(&format!("rootkey show {name}"))["id"], first.as_str(), "{name}");
    }
    server.check(&format!("rootkey delete {second} --yes"), 0, &format!("rootkey restore {second}"));
    assert_eq!(server.json("rootkey show twice")["id"], first.as_str(), "the one that is there is meant");
    server.check("rootkey restore twice", 0, "was restored");
    assert_eq!(server.json(&format!("rootkey show {second}"))["state"], 1, "the deleted one was meant");

    for odd in ["x,", "not:x", "ünder", "a/b?c#d"] {
        let id = make(&format!("rootkey create {odd}"));
        assert_eq!(server.json(&format!("rootkey show {odd}"))["id"], id.as_str(), "{odd}");
    }
    let cases = [
        ("rootkey show nobody", 1, "there is no root key `nobody`"),
        ("rootkey show 00000000-0000-4000-8000-000000000000", 1, "there is no root key"),
        ("rootkey show ..", 2, "names nothing"),
        ("rootkey rotate nobody", 1, "keystead rootkey list"),
        ("rootkey list --search WIC", 0, "twice"),
        ("rootkey list --search nobody", 0, "There are no root keys."),
        ("rootkey list --deleted", 0, "There are no deleted root keys."),
        ("rootkey list --ring nowhere", 0, "There are no root keys."),
    ];
    for (line, code, part) in cases {
        server.check(line, code, part);
    }
}

#[test]
fn a_root_key_lives_and_dies() {
    let server = Running::start_without_waits();
    let create = "rootkey create main --description words --alias app --tag one --tag two --expires 2099-01-31";
    server.check(create, 0, "Root key main was made");
    let shown = server.check("rootkey show main", 0, "words").stdout;
    for part in ["app", "one, two", "2099-01-31T00:00:00Z", "generated", "active (1)"] {
        assert!(shown.contains(part), "no `{part}` in {shown}");
    }
    let cases = [
        ("adapter create dc2", 2, "there are 2 active root keys"),
        ("adapter create dc2 --root-key app", 2, "--allow-expiring-key"),
        ("adapter create dc2 --root-key app --allow-expiring-key", 0, "keystead client issue --adapter dc2"),
        ("rootkey list", 0, "dc2"),
        ("rootkey registrations", 0, "KMIP adapter default"),
        ("rootkey registrations main", 0, "KMIP adapter dc2"),
        ("rootkey rotate main", 0, "version 2"),
        ("rootkey show main", 0, "Versions          2"),
        ("rootkey sync main", 0, "told to all"),
        ("rootkey disable main", 2, "--yes"),
        ("rootkey disable main --yes", 0, "is disabled"),
        ("rootkey enable main", 0, "is enabled"),
        ("rootkey enable main", 1, "is not disabled"),
        ("rootkey alias add main second", 0, "is also called second now"),
        ("rootkey alias add default second", 1, "taken"),
        ("rootkey alias remove second second", 0, "is not called second any more"),
        ("rootkey show second", 1, "there is no root key `second`"),
        ("rootkey delete main --yes", 1, "keystead rootkey registrations"),
        ("rootkey delete main --force --yes", 0, "keystead rootkey restore"),
        ("rootkey rotate main", 1, "the verb `restore`"),
        ("rootkey list --deleted", 0, "main"),
        ("rootkey purge main", 2, "--yes"),
        ("rootkey purge main --yes", 1, "keystead access grant"),
        ("access grant administrator KeyPurge", 0, "is KeyPurge on instance default"),
        ("rootkey purge default --yes", 1, "is not deleted"),
        ("rootkey purge main --yes", 0, "was erased"),
        ("rootkey show main", 1, "there is no root key `main`"),
    ];
    for (line, code, part) in cases {
        server.check(line, code, part);
    }
    assert_eq!(server.json("rootkey rotate default")["name"], "default");
    assert_eq!(server.json("rootkey versions default").as_array().unwrap().len(), 2);
}

#[test]
fn policies_say_when_it_rotates_and_how_many_delete_it() {
    let server = Running::start_without_waits();
    let cases = [
        ("rootkey create main --rotate-every 3 --dual-auth", 0, "was made"),
        ("rootkey policy show main", 0, "rotates every 3 months"),
        ("rootkey policy rotation main --off", 0, "does not rotate"),
        ("rootkey policy rotation main --on", 0, "rotates every 3 months"),
        ("rootkey policy rotation main --every 12", 0, "rotates every 12 months"),
        ("rootkey policy rotation main --every 13", 2, "13"),
        ("rootkey policy show default", 0, "has no policies"),
        ("rootkey policy dual-auth default", 2, "--yes"),
        ("rootkey policy dual-auth default --yes", 0, "two people are needed"),
        ("rootkey delete main --yes", 1, "set-for-deletion"),
        ("rootkey set-for-deletion main", 0, "another person"),
        ("rootkey delete main --yes", 1, "set-for-deletion"),
        ("rootkey show main", 0, "Set for deletion  until"),
        ("rootkey unset-for-deletion main", 0, "no longer"),
        ("rootkey set-for-deletion main", 0, "another person"),
    ];
    for (line, code, part) in cases {
        server.check(line, code, part);
    }
    server.check("serviceid create other", 0, "keystead access grant other");
    server.check("access grant other Manager Viewer", 0, "is Manager, Viewer on instance default");
    let other = server.line("apikey create other key");
    let deleted = server.run_with("rootkey delete main --yes", &[("KEYSTEAD_API_KEY", &other)], b"");
    assert_eq!(deleted.code, 0, "{deleted:?}");
}

#[test]
fn what_is_wrapped_is_unwrapped() {
    let server = Running::start_without_waits();
    let (bytes, wrapped, out) = (b"\xff\x00secret\n", server.path("wrapped"), server.path("out"));
    let plain = server.file("plain", bytes);
    server.check(&format!("rootkey wrap default {plain} --aad a --aad b --out {wrapped}"), 0, "");
    server.check(&format!("rootkey unwrap default {wrapped} --aad a --aad b --out {out}"), 0, "");
    assert_eq!(std::fs::read(&out).unwrap(), bytes);
    let base64 = server.line(&format!("rootkey unwrap default {wrapped} --aad a --aad b --base64"));
    assert_eq!(base64, "/wBzZWNyZXQK");
    let again = server.run_with("rootkey wrap default - --base64", &[], b"/wBz\nZWNyZXQK\n");
    let again = server.file("again", again.stdout.as_bytes());
    assert_eq!(server.json(&format!("rootkey unwrap default {again}"))["plaintext"], "/wBzZWNyZXQK");

    server.check("rootkey rotate default", 0, "version 2");
    let unwrap = format!("rootkey unwrap default {wrapped} --aad a --aad b --base64");
    server.check(&unwrap, 0, "warning: it is wrapped under an older version");
    server.check(&format!("rootkey rewrap default {wrapped} --aad a --aad b --out {wrapped} --force"), 0, "");
    assert_eq!(server.check(&unwrap, 0, "").stderr, "");

    let (key, sealed) = (server.path("key"), server.path("sealed"));
    server.check(&format!("rootkey wrap default --new {key} --out {sealed}"), 0, "");
    server.check(&format!("rootkey unwrap default {sealed} --out {out} --force"), 0, "");
    let made = std::fs::read(&key).unwrap();
    assert_eq!((made.len(), &made), (32, &std::fs::read(&out).unwrap()));
    let shown = server.json(&format!("rootkey unwrap default {sealed} --out {out} --force"));
    assert!(shown["plaintext"].is_null() && shown["keyVersion"]["id"].is_string(), "{shown}");

    let long = server.file("long", &[0; 4097]);
    let cases = [
        (format!("rootkey unwrap default {wrapped} --aad b --aad a"), 1, "other additional authenticated data"),
        (format!("rootkey unwrap default {plain}"), 1, "is not text"),
        (format!("rootkey unwrap default {out}.none"), 1, "cannot read"),
        (format!("rootkey unwrap default {wrapped} --out {out}"), 1, "exists already"),
        (format!("rootkey wrap default {long}"), 1, "4097 bytes"),
        (format!("rootkey wrap default --new {key}"), 1, "exists already"),
        (format!("rootkey wrap nobody {plain}"), 1, "there is no root key `nobody`"),
        ("rootkey wrap default".to_owned(), 2, "--new"),
    ];
    for (line, code, part) in &cases {
        server.check(line, *code, part);
    }
    assert_eq!(std::fs::read(&key).unwrap(), made, "nothing was written over");
}

#[test]
fn key_material_is_brought_along() {
    let server = Running::start_without_waits();
    let material = server.file("material", b"AAECAwQFBgcICQoLDA0ODw==\n");
    let odd = server.file("odd", b"AAEC");
    let under = format!("--import {material} --encrypted-nonce AAECAwQFBgcICQoLDA0ODw== --iv AAECAwQFBgcICQoL");
    let pem = server.path("token.pem");
    let cases = [
        (format!("rootkey create brought --import {material}"), 0, "Root key brought was imported"),
        ("rootkey rotate brought".to_owned(), 1, "needs new key material"),
        (format!("rootkey rotate brought --import {material}"), 0, "version 2"),
        (format!("rootkey rotate default --import {material}"), 1, "takes no key material"),
        (format!("rootkey create odd --import {odd}"), 1, "16, 24 or 32"),
        (format!("rootkey create sealed {under}"), 1, "keystead import-token create"),
        ("import-token show".to_owned(), 1, "keystead import-token create"),
        ("import-token create --retrievals 1 --expires-in 299".to_owned(), 2, "299"),
        ("import-token create --retrievals 1 --expires-in 300".to_owned(), 0, "Next: keystead import-token show"),
        (format!("import-token show --key-out {pem}"), 0, "Nonce"),
        ("import-token show".to_owned(), 1, "expired or used up"),
        (format!("import-token show --key-out {pem}"), 1, "exists already"),
        (format!("rootkey create sealed {under}"), 1, "under the import token's public key"),
        (format!("rootkey create sealed {under} --algorithm ROT13"), 1, "RSAES_OAEP_SHA_256"),
        (format!("rootkey create sealed --import {material} --iv AAEC"), 2, "--encrypted-nonce"),
    ];
    for (line, code, part) in &cases {
        server.check(line, *code, part);
    }
    assert!(std::fs::read_to_string(&pem).unwrap().starts_with("-----BEGIN PUBLIC KEY-----"));
}
