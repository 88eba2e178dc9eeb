//! What administrators bring as certificates of clients and of CAs, in whatever form they got it.

use super::client::{self, Pair};
use rcgen::{CertificateParams, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use server::pki::{check_authority_certificate, client_certificates, to_pem};

const WEAK: &[u8] = include_bytes!("fixtures/rsa1024.crt");
const PKCS7: &[u8] = include_bytes!("fixtures/bundle.p7b");
const PKCS7_DER: &[u8] = include_bytes!("fixtures/bundle.der.p7b");
const PKCS12: &[u8] = include_bytes!("fixtures/store.p12");

fn pair(change: impl FnOnce(&mut CertificateParams)) -> Pair {
    Pair::new(&PKCS_ECDSA_P256_SHA256, change)
}

fn check_taken(input: &[u8], expected: &[&[u8]]) {
    let taken =
        client_certificates(input).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(input)));
    let der: Vec<&[u8]> = taken.iter().map(|certificate| &certificate.der[..]).collect();
    assert_eq!(der, expected, "{}", String::from_utf8_lossy(input));
}

fn check_refused(input: &[u8], expected: &str) {
    let error = client_certificates(input).expect_err(expected).to_string();
    assert!(error.contains(expected), "`{error}` does not say `{expected}`");
}

#[test]
fn certificates_are_found_in_whatever_they_come() {
    let [one, two] = [pair(client::authority).certificate, pair(client::expired).certificate];
    let [a, b] = [&one, &two].map(|der| to_pem("CERTIFICATE", der).to_string());
    let bare: String = a.lines().filter(|line| !line.starts_with('-')).collect();
    let from_json = a.replace('\n', "\\n");
    let cases: [(Vec<u8>, &[&[u8]]); 11] = [
        (a.clone().into_bytes(), &[&one]),
        (one.clone(), &[&one]),
        (bare.clone().into_bytes(), &[&one]),
        (format!("  {bare}\r\n").into_bytes(), &[&one]),
        (format!("\u{feff}{}", a.replace('\n', "\r\n")).into_bytes(), &[&one]),
        (format!("{a}{b}").into_bytes(), &[&one, &two]),
        (format!("subject=CN = x\n{a}\nissuer=y\n{b}bye -- all").into_bytes(), &[&one, &two]),
        (format!("{b}{a}{b}{a}").into_bytes(), &[&two, &one]),
        ([&one[..], &two, &one].concat(), &[&one, &two]),
        (format!("{{\"cert\":\"{from_json}\"}}").into_bytes(), &[&one]),
        (a.replace("CERTIFICATE", "X509 CERTIFICATE").into_bytes(), &[&one]),
    ];
    for (input, expected) in cases {
        check_taken(&input, expected);
    }
}

#[test]
fn one_bad_certificate_refuses_all_and_is_named() {
    let good = to_pem("CERTIFICATE", &pair(|_| ()).certificate).to_string();
    let weak = String::from_utf8(WEAK.to_vec()).unwrap();
    let cut = good.replacen("\n", "\n*", 1);
    check_refused(format!("{good}{weak}").as_bytes(), "number 2 of what is there (CN=");
    check_refused(format!("{good}{weak}").as_bytes(), "RSA key has 1024 bits");
    check_refused(format!("{good}{good}{cut}").as_bytes(), "number 3 of what is there: the certificate is damaged");
    check_refused(weak.as_bytes(), "its RSA key has 1024 bits");
}

#[test]
fn other_things_are_called_by_their_names() {
    let pair = pair(|_| ());
    let pem = to_pem("CERTIFICATE", &pair.certificate).to_string();
    let bare = |bytes: &[u8]| to_pem("X", bytes).lines().filter(|line| !line.starts_with('-')).collect::<String>();
    let sec1 = [&[0x30, 0x77, 0x02, 0x01, 0x01, 0x04][..], &[0xf7; 114]].concat();
    let encrypted = [&[0x30, 0x82, 0x01, 0x2d, 0x30, 0x57, 0x06, 0x09][..], &[7; 293]].concat();
    let cases: [(Vec<u8>, &str); 14] = [
        (PKCS7.to_vec(), "this is a PKCS#7 bundle (.p7b)"),
        (PKCS7_DER.to_vec(), "openssl pkcs7 -print_certs"),
        (bare(PKCS7_DER).into_bytes(), "this is a PKCS#7 bundle (.p7b)"),
        (PKCS12.to_vec(), "this is a PKCS#12 store (.p12, .pfx)"),
        (bare(PKCS12).into_bytes(), "openssl pkcs12 -in FILE -clcerts -nokeys"),
        (pair.key.serialize_pem().into_bytes(), "holds a private key"),
        (pair.key.serialized_der().to_vec(), "holds a private key"),
        (Pair::new(&PKCS_RSA_SHA256, |_| ()).key.serialized_der().to_vec(), "holds a private key"),
        (sec1, "holds a private key"),
        (encrypted, "holds a private key"),
        (format!("{pem}{}", pair.key.serialize_pem()).into_bytes(), "holds a private key"),
        (
            format!("{pem}{}", to_pem("CERTIFICATE REQUEST", &[0x30, 0]).as_str()).into_bytes(),
            "this is a `CERTIFICATE REQUEST`",
        ),
        ([&pair.certificate[..], b"x"].concat(), "is damaged"),
        (b" \r\n".to_vec(), "there is nothing in it"),
    ];
    for (input, expected) in cases {
        check_refused(&input, expected);
    }
}

#[test]
fn a_ca_certificate_is_a_cas() {
    let now = server::clock::now();
    let cannot_sign = |params: &mut CertificateParams| {
        client::authority(params);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    };
    let can_sign = |params: &mut CertificateParams| {
        client::authority(params);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    };
    let over = |params: &mut CertificateParams| {
        client::authority(params);
        client::expired(params);
    };
    for good in [pair(client::authority), pair(can_sign)] {
        assert_eq!(check_authority_certificate(&good.certificate, now).unwrap().der, good.certificate);
    }
    let cases = [
        (pair(|_| ()).certificate, "this is no CA certificate: put it on the list as the client's own"),
        (client::version_1(&pair(client::authority).certificate), "this is no CA certificate"),
        (pair(cannot_sign).certificate, "does not allow it to sign certificates"),
        (pair(over).certificate, "it expired on 2001-01-01"),
        (WEAK.to_vec(), "RSA key has 1024 bits"),
        (PKCS7.to_vec(), "this is a PKCS#7 bundle"),
    ];
    for (input, expected) in cases {
        let error = check_authority_certificate(&input, now).expect_err(expected).to_string();
        assert!(error.contains(expected), "`{error}` does not say `{expected}`");
    }
}
