//! What can be judged without a server: addresses, certificates, messages.

mod examined;
mod fake;

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm};

use super::load::{self, Load, Measured};
use super::machine::{self, Machine};
use super::report::{Outcome, Report};
use super::tls::{Shown, Target};
use super::{Examination, certificate, client, message, names, sights, split};

#[test]
fn addresses_are_taken_as_people_write_them() {
    let cases = [
        ("kms:5697", Some(("kms", 5697))),
        ("kms.example.com", Some(("kms.example.com", 5696))),
        ("192.0.2.1:1", Some(("192.0.2.1", 1))),
        ("[2001:db8::1]:5697", Some(("2001:db8::1", 5697))),
        ("[2001:db8::1]", Some(("2001:db8::1", 5696))),
        ("2001:db8::1", Some(("2001:db8::1", 5696))),
        ("", None),
        (":5696", None),
        ("kms:", None),
        ("kms:0", None),
        ("kms:70000", None),
        ("https://kms:5696", None),
    ];
    for (text, expected) in cases {
        let found = split(text).ok();
        assert_eq!(found.as_ref().map(|(host, port)| (host.as_str(), *port)), expected, "{text}");
    }
}

/// Judges a certificate with these names and this key at a time that lies so many days after its end.
fn check(names: &[&str], algorithm: &'static SignatureAlgorithm, days_after_end: i64) -> Report {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    let (from, until) =
        (time::OffsetDateTime::UNIX_EPOCH, time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(1000));
    (params.not_before, params.not_after) = (from, until);
    let certificate = params.self_signed(&KeyPair::generate_for(algorithm).unwrap()).unwrap();
    let shown = Shown { chain: vec![certificate.der().clone()], ..Shown::cut_short() };
    let target =
        Target { host: "kms.example.com".into(), port: 5696, roots: None, timeout: Duration::ZERO, login: None };
    let mut report = Report::new(target.to_string());
    let now = until.unix_timestamp() + days_after_end * 86_400;
    certificate::judge(&shown, &target, now, &mut report);
    client::judge(certificate.der(), now, &mut report);
    report
}

#[test]
fn a_certificate_is_judged_by_what_vsphere_asks_for() {
    use Outcome::{Failed, Passed, Warning};
    let (rsa, ecdsa) = (&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256);
    let cases: [(&[&str], _, i64, &str, Outcome); 16] = [
        (&["kms.example.com"], rsa, -500, "Certificate names", Passed),
        (&["KMS.example.com", "kms"], rsa, -500, "Certificate names", Passed),
        (&["other.example.com"], rsa, -500, "Certificate names", Warning),
        (&["*.example.com"], rsa, -500, "Certificate names", Failed),
        (&[], rsa, -500, "Certificate names", Warning),
        (&[], rsa, -500, "Certificate key", Passed),
        (&[], ecdsa, -500, "Certificate key", Warning),
        (&[], ecdsa, -30, "Certificate dates", Warning),
        (&[], ecdsa, 1, "Certificate dates", Failed),
        (&[], ecdsa, -2000, "Certificate dates", Failed),
        (&[], ecdsa, -500, "Client certificate dates", Passed),
        (&[], ecdsa, -20, "Client certificate dates", Warning),
        (&[], ecdsa, 1, "Client certificate dates", Warning),
        (&[], ecdsa, -2000, "Client certificate dates", Warning),
        (&[], ecdsa, -500, "Client certificate key", Passed),
        (&[], rsa, -500, "Client certificate key", Passed),
    ];
    for (names, algorithm, days, name, expected) in cases {
        assert_eq!(check(names, algorithm, days).outcome(name), Some(expected), "{names:?} {days}: {name}");
    }
}

#[test]
fn the_first_request_is_vcenters_byte_for_byte() {
    let expected = "\
        42007801 00000060 42007701 00000038 42006901 00000020 42006a02 00000004 00000001 00000000 \
        42006b02 00000004 00000001 00000000 42000d02 00000004 00000001 00000000 42000f01 00000018 \
        42005c05 00000004 0000001e 00000000 42007901 00000000";
    let bytes = message::request(vec![message::Ask::discover_versions()], false, None);
    let hexadecimal: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hexadecimal, expected.replace(' ', ""));
}

#[test]
fn batch_ids_count_up_in_little_endian() {
    assert_eq!(message::batch_id(0), *b"QLKC\x01\0\0\0");
    assert_eq!(message::batch_id(257), *b"QLKC\x02\x01\0\0");
}

#[test]
fn a_server_that_is_not_there_is_one_failed_check() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let target = Target {
        host: "127.0.0.1".into(),
        port: free,
        roots: Some(Arc::new(rustls::RootCertStore::empty())),
        timeout: Duration::from_secs(5),
        login: None,
    };
    let load = Load { lasting: Duration::from_secs(1), parallel: 1 };
    let examination = Examination { identity: None, keep: false, load, root: std::path::Path::new("/") };
    let report = runtime.block_on(examination.one(&target));
    assert_eq!(report.outcome(names::TCP), Some(Outcome::Failed));
    assert!(report.failed());
}

#[test]
fn machines_are_told_by_what_their_firmware_says() {
    let guest = "flags\t\t: fpu hypervisor lahf_lm\n";
    let (vmware, kvm) = (Machine::VMware, Machine::Other(Some("QEMU".to_owned())));
    type Files<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Files<'_>, Machine, Outcome); 7] = [
        (
            &[("sys/class/dmi/id/sys_vendor", "VMware, Inc.\n"), ("proc/cpuinfo", guest)],
            vmware.clone(),
            Outcome::Warning,
        ),
        (&[("sys/class/dmi/id/product_name", "VMware20,1\n")], vmware.clone(), Outcome::Warning),
        (&[("sys/class/dmi/id/bios_vendor", "VMW71.00V\n")], vmware, Outcome::Warning),
        (&[("sys/class/dmi/id/sys_vendor", "QEMU\n"), ("proc/cpuinfo", guest)], kvm, Outcome::Passed),
        (&[("proc/cpuinfo", guest)], Machine::Other(None), Outcome::Noted),
        (
            &[("sys/class/dmi/id/sys_vendor", "Dell Inc.\n"), ("proc/cpuinfo", "flags: fpu\n")],
            Machine::Physical,
            Outcome::Passed,
        ),
        (&[], Machine::Physical, Outcome::Passed),
    ];
    for (files, expected, outcome) in cases {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        assert_eq!(machine::detect(folder.path()), expected, "{files:?}");
        let mut report = Report::new(String::new());
        machine::judge(folder.path(), &mut report);
        assert_eq!(report.outcome("Where the server runs"), Some(outcome), "{files:?}");
    }
}

#[test]
fn handshakes_under_load_are_judged_by_what_vsan_waits_for() {
    use Outcome::{Failed, Passed, Warning};
    let times = |slow: usize, took: u64| {
        let fast = std::iter::repeat_n(Duration::from_millis(3), 1000 - slow);
        fast.chain(std::iter::repeat_n(Duration::from_millis(took), slow)).collect::<Vec<_>>()
    };
    let cases = [
        (times(0, 0), None, Passed),
        (times(5, 900), None, Passed),
        (times(20, 501), None, Warning),
        (times(1, 1001), None, Warning),
        (times(20, 1001), None, Failed),
        (times(0, 0), Some((2, "closed".to_owned())), Failed),
        (vec![], None, Failed),
    ];
    for (times, failed, expected) in cases {
        let mut report = Report::new(String::new());
        let measured = Measured::of(times, 8, Duration::from_secs(2));
        load::judge(measured.as_ref(), failed.clone(), &mut report);
        assert_eq!(report.outcome(names::LOAD), Some(expected), "{measured:?} {failed:?}");
    }
}

/// What is said of a place after checks with these outcomes, the rest of them not made.
#[test]
fn what_will_be_seen_follows_from_the_checks() {
    const STATUS: &str = "Key Providers, connection status";
    const VSAN: &str = "vSAN health, vCenter KMS status";
    let unknown = "not known";
    type Checks<'a> = &'a [(&'a str, Outcome)];
    let cases: [(Checks<'_>, &str, &str); 8] = [
        (&[], STATUS, unknown),
        (&[(names::TCP, Outcome::Passed)], STATUS, unknown),
        (&[(names::TCP, Outcome::Failed)], STATUS, "\"Not connected\""),
        (&[(names::GREETING, Outcome::Failed)], STATUS, "\"Make KMS trust vCenter\""),
        (&[(names::QUERY, Outcome::Passed)], STATUS, "\"Connected\""),
        (&[(names::QUERY, Outcome::Passed), (names::LOAD, Outcome::Warning)], VSAN, "KB 67115"),
        (&[(names::QUERY, Outcome::Passed), (names::LOAD, Outcome::Passed)], VSAN, "green"),
        (&[(names::DATES, Outcome::Failed)], "Key Providers, certificate status of the server", "\"Expired\""),
    ];
    for (checks, place, expected) in cases {
        let mut report = Report::new("kms".to_owned());
        for (name, outcome) in checks {
            match outcome {
                Outcome::Failed => report.failed_check(name, "", ""),
                Outcome::Warning => report.warning(name, "", ""),
                Outcome::Passed | Outcome::Noted | Outcome::Skipped => report.passed(name, ""),
            }
        }
        let sights = sights::of(&report);
        let sight = sights.iter().find(|sight| sight.place == place).unwrap();
        assert!(sight.shows.contains(expected), "{checks:?} {place}: {}", sight.shows);
    }
}
