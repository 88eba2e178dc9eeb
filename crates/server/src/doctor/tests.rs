//! What can be judged without a server: addresses, certificates, messages.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SignatureAlgorithm};

use super::report::{Outcome, Report};
use super::tls::{Shown, Target};
use super::{certificate, message, split};

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
    let shown = Shown {
        chain: vec![certificate.der().clone()],
        trusted: None,
        protocol: String::new(),
        cipher: String::new(),
        took: Duration::ZERO,
    };
    let target = Target { host: "kms.example.com".into(), port: 5696, roots: None, timeout: Duration::ZERO };
    let mut report = Report::new(target.to_string());
    certificate::judge(&shown, &target, until.unix_timestamp() + days_after_end * 86_400, &mut report);
    report
}

#[test]
fn a_certificate_is_judged_by_what_vsphere_asks_for() {
    use Outcome::{Failed, Passed, Warning};
    let (rsa, ecdsa) = (&PKCS_RSA_SHA256, &PKCS_ECDSA_P256_SHA256);
    let cases: [(&[&str], _, i64, &str, Outcome); 10] = [
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
    let bytes = message::request(vec![message::Ask::discover_versions()], false);
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
    };
    let mut report = Report::new(target.to_string());
    assert!(runtime.block_on(super::examine(&target, None, false, &mut report)).is_err());
    assert_eq!(report.outcome("TCP connection"), Some(Outcome::Failed));
    assert!(report.failed());
}
