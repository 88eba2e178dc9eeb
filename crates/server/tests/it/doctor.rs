//! `keystead doctor`, vCenter's whole conversation, against a running server.

use serde_json::Value;

use crate::running::Running;

/// A server, and the doctor's command line with a certificate that is on its list.
fn server_and_doctor() -> (Running, String) {
    let server = Running::start();
    let out = server.path("out");
    server.check(&format!("client issue --name vc --out {out}"), 0, "vc.crt");
    let files = format!("--cert {out}/vc.crt --key {out}/vc.key --ca {out}/ca.crt");
    // This machine may be a guest of VMware's, or not.
    let line = format!("doctor {} {files} --load 0 --root {out}", server.kmip);
    (server, line)
}

#[test]
fn a_fresh_server_passes_every_check() {
    let (server, doctor) = server_and_doctor();
    let report = server.json(&doctor);
    let examined = &report["servers"][0];
    for check in examined["checks"].as_array().unwrap() {
        let expected = if check["name"] == "Handshakes under load" { "noted" } else { "passed" };
        assert_eq!(check["outcome"], expected, "{report:#}");
    }
    assert!(examined["handshake_ms"].is_number() && examined["first_answer_ms"].is_number(), "{report:#}");
    assert_eq!(report["you_will_see"][0]["shows"], "\"Connected\"", "{report:#}");
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
    // When a key was last used is written down now and then: a crash may lose the latest.
    let listed = |server: &Running| {
        let mut keys = server.json("key list");
        keys.as_array_mut().unwrap().iter_mut().for_each(|key| key["usage"] = Value::Null);
        keys
    };
    let before = listed(&server);
    assert_eq!(before[0]["state"], "Active");
    let server = server.crash_and_restart();
    assert_eq!(listed(&server), before);
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

/// An adapter that demands a user name and password besides the certificate.
#[test]
fn a_door_opens_to_its_user_name_and_password() {
    let (server, doctor) = server_and_doctor();
    let [right, wrong] = ["right", "wrong"].map(|text| {
        let file = server.path(text);
        std::fs::write(&file, format!("{text} password\n")).unwrap();
        file
    });
    server.check(&format!("adapter door default --user vcenter --password-file {right}"), 0, "vcenter");
    server.check(&doctor, 1, "Authentication Not Successful");
    server.check(&format!("{doctor} --user vcenter --password-file {wrong}"), 1, "Authentication Not Successful");
    server.check(&format!("{doctor} --user vcenter --password-file {right}"), 0, "vCenter can use this server.");
    server.check("adapter door default --no-password", 0, "no user name");
    server.check(&doctor, 0, "vCenter can use this server.");
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
    let admin: Value = serde_json::from_slice(&std::fs::read(server.data().join("admin.json")).unwrap()).unwrap();
    let port = admin["url"].as_str().unwrap().rsplit_once(':').unwrap().1;
    let line = doctor.replace(&server.kmip, &format!("localhost:{port}"));
    server.check(&line, 1, "FAIL  Discover Versions");
}

/// The outcomes of a check in the comparison of several servers.
fn compared<'a>(report: &'a Value, name: &str) -> Vec<&'a str> {
    let checks = report["compared"]["checks"].as_array().unwrap();
    checks.iter().filter(|check| check["name"] == name).map(|check| check["outcome"].as_str().unwrap()).collect()
}

#[test]
fn two_addresses_of_one_server_hold_the_same_keys() {
    let (server, doctor) = server_and_doctor();
    let other = server.kmip.replace("localhost", "127.0.0.1");
    let line = doctor.replace(&server.kmip, &format!("{} {other}", server.kmip));
    let report = server.json(&line);
    for name in ["The same keys", "A key made at each", "Destroyed at one, gone at all"] {
        assert_eq!(compared(&report, name), ["passed", "passed"], "{report:#}");
    }
    server.check(&line, 0, "whichever server vCenter reaches: works");
    for key in server.json("key list").as_array().unwrap() {
        assert_eq!(key["state"], "Destroyed", "nothing usable is left behind");
    }
    server.check(&doctor.replace(&server.kmip, &format!("{0} {0}", server.kmip)), 2, "is given twice");
}

#[test]
fn two_installations_are_told_apart() {
    let (server, doctor) = server_and_doctor();
    let other = Running::start();
    other.check(&format!("cert add {} --name vc", server.path("out/vc.crt")), 0, "vc");
    let said = server.check(
        &doctor.replace(&server.kmip, &format!("{} {}", server.kmip, other.kmip)).replace("--ca ", "--timeout 9 --ca "),
        1,
        "encrypted VMs fail to power on when vCenter reaches the other server",
    );
    assert!(said.stdout.contains("does not know the key made at"), "{said:?}");
    for key in other.json("key list").as_array().unwrap() {
        assert_eq!(key["state"], "Destroyed", "nothing usable is left behind");
    }
}

#[test]
fn load_is_bounded_and_its_figures_are_told() {
    let (server, doctor) = server_and_doctor();
    server.check(&format!("{} --parallel 65", doctor), 2, "65");
    server.check(&format!("{} --parallel 0", doctor), 2, "0");
    let outcome = server.run(&format!("{} --parallel 4 --json", doctor.replace("--load 0", "--load 1")));
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let load = &report["servers"][0]["load"];
    assert!(load["handshakes"].as_u64().unwrap() > 0 && load["worst_ms"].is_number(), "{report:#}");
}

#[test]
fn a_guest_of_vmware_is_warned() {
    let (server, doctor) = server_and_doctor();
    let firmware = server.data().parent().unwrap().join("out/sys/class/dmi/id");
    std::fs::create_dir_all(&firmware).unwrap();
    std::fs::write(firmware.join("sys_vendor"), "VMware, Inc.\n").unwrap();
    server.check(&doctor, 0, "VM Storage Policy");
}
