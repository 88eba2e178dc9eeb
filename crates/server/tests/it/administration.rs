//! The command line against a running server.

mod identities;
mod instances;
mod root_keys;
mod standard_keys;

use std::os::unix::fs::PermissionsExt;

use crate::running::{Running, command, finish};

#[test]
fn an_administrator_does_everything_from_the_command_line() {
    let server = Running::start_without_waits();
    server.check("adapter list", 0, "default");
    server.check("rootkey list", 0, "active");
    server.check("cert list", 0, "No client may connect");
    server.check("key list", 0, "holds no keys");

    server.check("adapter create dc2 --description second", 0, "keystead client issue --adapter dc2");
    server.check("adapter create dc2", 1, "`dc2` is taken");
    server.check("adapter show dc2", 0, "second");
    server.check("adapter show dc3", 1, "there is no adapter `dc3`");
    server.check("adapter remove dc2", 2, "--yes");
    server.check("adapter remove dc2 --yes", 0, "was removed");
    server.check("adapter remove dc2 --yes", 1, "there is no adapter `dc2`");

    server.check("rootkey create spare --description unused", 0, "was made");
    server.check("rootkey show spare", 0, "unused");
    server.check("rootkey rotate default", 0, "version 2");
    server.check("rootkey disable spare --yes", 0, "is disabled");
    server.check("rootkey enable spare", 0, "is enabled");
    server.check("rootkey delete default --yes", 1, "is used by default");
    server.check("rootkey delete spare", 2, "--yes");
    server.check("rootkey delete spare --yes", 0, "30 days");
    server.check("rootkey restore spare", 0, "was restored");
    server.check("rootkey rotate spare --import /nowhere", 1, "cannot read /nowhere");
}

#[test]
fn json_is_what_the_api_gives() {
    let server = Running::start();
    let adapters = server.json("adapter list");
    assert_eq!(adapters[0]["name"], "default");
    assert_eq!(server.json("adapter show default"), adapters[0]);
    let root_key = server.json("rootkey show default");
    assert_eq!((&root_key["name"], &root_key["extractable"]), (&"default".into(), &false.into()));
    assert_eq!(adapters[0]["profile_data"]["crk_id"], root_key["id"]);
    assert_eq!(server.json("rootkey list"), serde_json::json!([root_key]));
    assert_eq!(server.json("key list"), serde_json::json!([]));
    assert_eq!(server.json("cert list"), serde_json::json!([]));
}

#[test]
fn a_client_certificate_is_issued_into_files() {
    let server = Running::start();
    let out = server.path("out");
    let said = server.check(&format!("client issue --name vc --out {out}"), 0, "Make KMS trust vCenter");
    assert!(said.stdout.contains("KMS certificate and private key"));
    let mode = |file: &str| std::fs::metadata(format!("{out}/{file}")).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("vc.key"), mode("vc.crt"), mode("ca.crt")), (0o600, 0o644, 0o644));
    let read = |file: &str| std::fs::read_to_string(format!("{out}/{file}")).unwrap();
    let key = read("vc.key");
    assert!(
        key.starts_with("-----BEGIN PRIVATE KEY-----") && read("vc.crt").starts_with("-----BEGIN CERTIFICATE-----")
    );

    server.check(&format!("client issue --name vc --out {out}"), 1, "exists already");
    assert_eq!(read("vc.key"), key);
    server.check(&format!("client issue --name vc --out {out} --force"), 1, "`vc` is taken");
    assert_eq!(read("vc.key"), key);
    server.check(&format!("client issue --name ../vc --out {out}"), 2, "is not a name");
    server.check("cert list", 0, "vc");
    server.check("cert show vc", 0, "BEGIN CERTIFICATE");
    server.check("cert remove vc --yes", 0, "also on open connections");
    server.check("cert list", 0, "No client may connect");
}

#[test]
fn certificates_are_taken_as_pem_as_der_and_from_standard_input() {
    let server = Running::start();
    let make = || {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        rcgen::CertificateParams::new(vec![]).unwrap().self_signed(&key).unwrap()
    };
    let (pem, der, piped) = (make(), make(), make());
    std::fs::write(server.path("c.pem"), pem.pem()).unwrap();
    std::fs::write(server.path("c.der"), der.der()).unwrap();
    server.check(&format!("cert add {} --name one", server.path("c.pem")), 0, "may connect from now on");
    server.check(&format!("cert add {} --name two", server.path("c.der")), 0, "two");
    server.check(&format!("cert add {} --name three", server.path("c.der")), 1, "`two`");
    let outcome = server.run_with("cert add - --json", &[], piped.pem().as_bytes());
    assert!(outcome.code == 0 && outcome.stdout.contains("kmip_cert_"), "{outcome:?}");
    server.check("cert add /dev/null", 1, "is empty");
    assert_eq!(server.json("cert list").as_array().unwrap().len(), 3);
}

#[test]
fn a_signing_request_becomes_a_certificate() {
    let server = Running::start();
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let request = rcgen::CertificateParams::new(vec![]).unwrap().serialize_request(&key).unwrap().pem().unwrap();
    let (csr, out) = (server.path("vc.csr"), server.path("vc.crt"));
    std::fs::write(&csr, request).unwrap();
    server.check(&format!("client sign --name vc --csr {csr} --out {out}"), 0, "Upload signed CSR certificate");
    assert!(std::fs::read_to_string(&out).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    server.check(&format!("client sign --name vc2 --csr {csr} --out {out}"), 1, "exists already");
    server.check(&format!("client sign --name vc2 --csr {out} --out {}", server.path("x")), 1, "CERTIFICATE");
}

#[test]
fn what_stands_in_the_way_is_said_with_what_to_do() {
    let server = Running::start();
    let url = "https://127.0.0.1:1";
    let closed = server.run_with("adapter list", &[("KEYSTEAD_URL", url)], b"");
    assert!(closed.code == 1 && closed.stderr.contains(url) && closed.stderr.contains("running"), "{closed:?}");

    let key = server.run_with("adapter list", &[("KEYSTEAD_API_KEY", "keystead_wrong")], b"");
    assert!(key.code == 1 && key.stderr.contains("KEYSTEAD_API_KEY"), "{key:?}");
    let words = server.run_with("adapter list", &[("KEYSTEAD_API_KEY", "two words")], b"");
    assert!(words.code == 2 && words.stderr.contains("is no API key"), "{words:?}");

    let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::new(vec![]).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(server.path("other.pem"), params.self_signed(&other).unwrap().pem()).unwrap();
    let ca = server.run_with("adapter list", &[("KEYSTEAD_CA", &server.path("other.pem"))], b"");
    assert!(ca.code == 1 && ca.stderr.contains("is not the server"), "{ca:?}");

    let empty = tempfile::tempdir().unwrap();
    let nothing = finish(command().args(["adapter", "list", "--data"]).arg(empty.path()), b"");
    assert!(nothing.code == 1 && nothing.stderr.contains("admin.json does not exist"), "{nothing:?}");
}

#[test]
fn commands_without_a_server_work_without_one() {
    for shell in ["bash", "zsh", "fish"] {
        let outcome = finish(command().args(["completion", shell]), b"");
        assert!(outcome.code == 0 && outcome.stdout.contains("rootkey"), "{shell}: {outcome:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keystead.toml");
    for (text, code, part) in
        [("kmip_listen = \"127.0.0.1:5699\"", 0, "5699"), ("kmip_lissten = \"x\"", 1, "kmip_listen")]
    {
        std::fs::write(&file, text).unwrap();
        let outcome = finish(command().args(["config", "check"]).arg(&file), b"");
        assert!(outcome.code == code && format!("{outcome:?}").contains(part), "{text}: {outcome:?}");
    }
    let outcome = finish(command().args(["rootkey", "explode"]), b"");
    assert!(outcome.code == 2 && outcome.stdout.is_empty(), "{outcome:?}");
}
