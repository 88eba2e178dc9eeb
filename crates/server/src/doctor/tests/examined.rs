//! Whole examinations of servers with faults.

use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};

use super::fake::{Fake, Keys};
use crate::doctor::findings::Findings;
use crate::doctor::identity::Identity;
use crate::doctor::load::{self, Load};
use crate::doctor::report::Outcome::{self, Failed, Noted, Passed, Skipped, Warning};
use crate::doctor::report::Report;
use crate::doctor::tls::Target;
use crate::doctor::{Examination, names};

/// A client certificate that ends at a time far off, and its key.
fn identity(folder: &Path) -> Identity {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["kmipClient20260101000000".to_owned()]).unwrap();
    std::fs::write(folder.join("crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(folder.join("key"), key.serialize_pem()).unwrap();
    Identity::read(&folder.join("crt"), &folder.join("key")).unwrap_or_else(|_| panic!("it fits"))
}

/// Runs something with a client certificate.
fn run<T>(examination: impl AsyncFnOnce(&Identity, &Path) -> T) -> T {
    let folder = tempfile::tempdir().unwrap();
    let identity = identity(folder.path());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(examination(&identity, folder.path()))
}

/// Examines servers with these faults, all of them together, and one where nobody listens if `absent`.
fn examine(fakes: &[Fake], absent: bool, load: Load) -> Findings {
    run(async |identity, root| {
        let mut targets = join_all(fakes.iter().cloned().map(Fake::start)).await;
        if absent {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            targets.push(Target { port, ..targets[0].clone() });
        }
        Examination { identity: Some(identity), keep: false, load, root }.of(&targets).await
    })
}

const NO_LOAD: Load = Load { lasting: Duration::ZERO, parallel: 1 };

fn check(fake: Fake, cases: &[(&str, Outcome, &str)]) {
    let findings = examine(&[fake], false, NO_LOAD);
    for (name, outcome, words) in cases {
        let report = &findings.servers[0];
        assert_eq!(report.outcome(name), Some(*outcome), "{name}: {}", findings.text());
        assert!(report.text().contains(words), "{name}: no `{words}` in {}", findings.text());
    }
}

#[test]
fn a_server_without_a_fault_passes() {
    check(
        Fake::default(),
        &[
            ("Client certificate", Passed, "the private key fits"),
            ("Client certificate asked for", Passed, ""),
            ("TLS versions", Passed, "TLS 1.3 (X25519MLKEM768"),
            ("Old TLS refused", Passed, ""),
            ("Plain text refused", Passed, ""),
            ("No resumption", Passed, ""),
            ("Clock", Passed, "within a second"),
            ("Where the server runs", Passed, "not a virtual one"),
            ("Clean up", Passed, "revoked and destroyed"),
            (names::LOAD, Noted, "--load 0"),
        ],
    );
}

#[test]
fn clocks_are_judged_by_how_far_they_are_off_and_which_way() {
    let cases = [
        (Some(25), Passed, "25 s ahead of"),
        (Some(40), Warning, "40 s ahead of"),
        (Some(-240), Warning, "240 s behind"),
        (Some(-3600), Failed, "behind"),
        (Some(400), Failed, "6 min ahead of"),
        (None, Warning, "no Time Stamp"),
    ];
    for (ahead, outcome, words) in cases {
        check(Fake { ahead, ..Fake::default() }, &[("Clock", outcome, words)]);
    }
}

#[test]
fn what_the_port_lets_in_is_told() {
    let asks_nobody = Fake { asks: false, ..Fake::default() };
    check(asks_nobody, &[("Client certificate asked for", Failed, "Whoever reaches the port may fetch keys")]);
    let resumes = Fake { resumes: true, ..Fake::default() };
    check(resumes, &[("No resumption", Warning, "in TLS 1.2 and TLS 1.3")]);
}

/// Two servers, and how the comparison of their keys goes.
fn compare(one: Fake, other: Fake, outcome: Outcome, words: &str) -> Findings {
    let findings = examine(&[one, other], false, NO_LOAD);
    let compared = findings.compared.as_ref().unwrap();
    assert_eq!(compared.outcome(names::SAME_KEYS), Some(outcome), "{}", findings.text());
    assert!(findings.text().contains(words), "no `{words}` in {}", findings.text());
    findings
}

#[test]
fn servers_of_one_key_provider_must_hold_the_same_keys() {
    let keys = Keys::default();
    let one = || Fake { keys: keys.clone(), ..Fake::default() };
    compare(one(), one(), Passed, "whichever server vCenter reaches: works");
    assert!(keys.lock().is_empty(), "nothing is left behind");
    let apart = "encrypted VMs fail to power on when vCenter reaches the other server";
    compare(one(), Fake::default(), Failed, apart);
    compare(one(), Fake { byte: 0x4c, ..one() }, Failed, "has other bytes");
    compare(one(), Fake { vendor: "other", ahead: Some(60), ..one() }, Passed, "60 s ahead of");
    assert!(keys.lock().is_empty(), "nothing is left behind");
}

#[test]
fn a_server_that_can_not_be_used_is_not_compared() {
    let findings = examine(&[Fake::default()], true, NO_LOAD);
    let compared = findings.compared.as_ref().unwrap();
    assert_eq!(compared.outcome(names::SAME_KEYS), Some(Skipped), "{}", findings.text());
    assert!(findings.text().contains("whichever server vCenter reaches: not known"), "{}", findings.text());
}

/// In no form of writing bytes that anybody uses.
#[test]
fn no_byte_of_a_key_is_told() {
    let keys = Keys::default();
    let one = |byte| Fake { keys: keys.clone(), byte, ..Fake::default() };
    for (byte, other) in [(0x4b, 0x4b), (0x4b, 0x4c)] {
        let findings = examine(&[one(byte), one(other)], false, NO_LOAD);
        let said = format!("{}{}{findings:?}", findings.text(), serde_json::to_string(&findings).unwrap());
        for form in ["KKK", "4b4b", "4B4B", "4b 4b", "S0tLS0tL", "75, 75", "LLL", "4c4c", "76, 76", "TExMTExM"] {
            assert!(!said.contains(form), "`{form}` in {said}");
        }
    }
}

#[test]
fn load_is_measured_and_a_slow_server_told() {
    let load = Load { lasting: Duration::from_millis(300), parallel: 4 };
    let findings = examine(&[Fake::default()], false, load);
    let measured = findings.servers[0].load.as_ref().unwrap();
    assert!(measured.handshakes > 0 && measured.p50_ms <= measured.p99_ms && measured.p99_ms <= measured.worst_ms);
    run(async |identity, _| {
        let target = Fake { delay: 1_100, ..Fake::default() }.start().await;
        let mut report = Report::new(target.to_string());
        load::put(&target, identity, load, &mut report).await;
        assert_eq!(report.outcome(names::LOAD), Some(Failed), "{}", report.text());
        assert!(report.text().contains("KB 67115"), "{}", report.text());
    });
}

#[test]
fn a_key_that_is_another_certificates_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for (name, algorithm) in [("rsa", &PKCS_RSA_SHA256), ("p256", &PKCS_ECDSA_P256_SHA256), ("other", &PKCS_RSA_SHA256)]
    {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
        std::fs::write(path(&format!("{name}.crt")), certificate.pem()).unwrap();
        std::fs::write(path(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }
    let names = ["rsa", "p256", "other"];
    for (certificate, key) in names.iter().flat_map(|one| names.map(|other| (*one, other))) {
        let read = Identity::read(&path(&format!("{certificate}.crt")), &path(&format!("{key}.key")));
        assert_eq!(read.is_ok(), certificate == key, "{certificate} {key}");
    }
}
