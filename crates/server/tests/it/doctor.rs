//! `keystead doctor`, vCenter's whole conversation, against a running server.

use crate::running::Running;

/// A server, and the doctor's command line with a certificate that is on its list.
fn server_and_doctor() -> (Running, String) {
    let server = Running::start();
    let out = server.path("out");
    server.check(&format!("client issue --name vc --out {out}"), 0, "vc.crt");
    let line = format!("doctor {} --cert {out}/vc.crt --key {out}/vc.key --ca {out}/ca.crt", server.kmip);
    (server, line)
}

#[test]
fn a_fresh_server_passes_every_check() {
    let (server, doctor) = server_and_doctor();
    let report = server.json(&doctor);
    for check in report["checks"].as_array().unwrap() {
        assert_eq!(check["outcome"], "passed", "{report:#}");
    }
    assert!(report["handshake_ms"].is_number() && report["first_answer_ms"].is_number(), "{report:#}");
    let said = server.check(&doctor, 0, "vCenter can use this server.");
    assert!(said.stdout.contains("revoked and destroyed"), "{said:?}");
    for key in server.json("key list").as_array().unwrap() {
        assert_eq!(key["state"], "Destroyed", "nothing usable is left behind");
    }
}

#[test]
fn what_the_doctor_keeps_survives_a_crash_and_is_destroyed_by_force_only() {
    let (server, doctor) = server_and_doctor();
    server.check(&format!("{doctor} --keep"), 0, "was kept");
    let before = server.json("key list");
    assert_eq!(before[0]["state"], "Active");
    let server = server.crash_and_restart();
    assert_eq!(server.json("key list"), before);
    server.check("key list", 0, "keystead-doctor-test-key");
    let id = before[0]["id"].as_str().unwrap();
    server.check(&format!("key show {id}"), 0, "x-Component = Virtual Machine");
    server.check(&format!("key destroy {id}"), 2, "--yes");
    server.check(&format!("key destroy {id} --yes"), 1, "is active");
    server.check(&format!("key destroy {id} --yes --force"), 0, "was destroyed");
    assert_eq!(server.json(&format!("key show {id}"))["state"], "Destroyed");
    server.check("adapter remove default --yes", 0, "was removed");
}

#[test]
fn a_stranger_is_told_to_get_onto_the_list() {
    let (server, doctor) = server_and_doctor();
    server.check("cert remove vc --yes", 0, "off the list");
    let said = server.check(&doctor, 1, "keystead cert add");
    assert!(said.stdout.contains("FAIL") && said.stderr.is_empty(), "{said:?}");
}

#[test]
fn without_a_certificate_what_comes_before_it_is_checked() {
    let server = Running::start();
    let said = server.check(&format!("doctor {}", server.kmip), 0, "No fault was found");
    assert!(said.stdout.contains("skip  vCenter's conversation"), "{said:?}");
}

#[test]
fn a_server_of_another_kind_is_recognised() {
    let (server, doctor) = server_and_doctor();
    let admin: serde_json::Value =
        serde_json::from_slice(&std::fs::read(server.data().join("admin.json")).unwrap()).unwrap();
    let port = admin["url"].as_str().unwrap().rsplit_once(':').unwrap().1;
    let line = doctor.replace(&server.kmip, &format!("localhost:{port}"));
    server.check(&line, 1, "FAIL  Discover Versions");
}
