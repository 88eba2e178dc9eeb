//! Patterns against real certificates, and what is wrong with those that are none.

use super::*;
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};

/// Whether a pattern fits a certificate with these values; `DNS` is an alternative name.
fn check(pattern: &str, subject: &[(&str, &str)], expected: bool) {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for (word, value) in subject {
        let dn = match *word {
            "DNS" => {
                params.subject_alt_names.push(SanType::DnsName((*value).try_into().unwrap()));
                continue;
            }
            "CN" => DnType::CommonName,
            "O" => DnType::OrganizationName,
            "OU" => DnType::OrganizationalUnitName,
            "C" => DnType::CountryName,
            "L" => DnType::LocalityName,
            "ST" => DnType::StateOrProvinceName,
            "DC" => DnType::CustomDnType(vec![0, 9, 2342, 19_200_300, 100, 1, 25]),
            other => panic!("{other}"),
        };
        params.distinguished_name.push(dn, DnValue::Utf8String((*value).into()));
    }
    let der = params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec();
    let fits = pattern.parse::<Pattern>().unwrap().fits(&Subject::of(&der).unwrap());
    assert_eq!(fits, expected, "`{pattern}` and {subject:?}");
}

#[test]
fn a_pattern_fits_where_all_its_parts_do() {
    let vcenter = [
        ("CN", "vcenter1.example.com"),
        ("O", "Example, Inc."),
        ("OU", "Storage"),
        ("C", "DE"),
        ("L", "Köln"),
        ("ST", "NRW"),
        ("DC", "example"),
        ("DNS", "vcenter1.example.com"),
        ("DNS", "vc.example.com"),
    ];
    let cases = [
        ("CN=vcenter1.example.com", true),
        ("cn=VCENTER*", true),
        ("CN=*", true),
        ("CN=*.example.com", true),
        ("CN=v*.*.com", true),
        ("CN=vcenter", false),
        ("CN=*vcenter", false),
        ("CN=vcenter1.example.com*", true),
        ("CN=vcenter1.example.com?", false),
        ("CN=vcenter..example.com", false),
        ("O=Example\\, Inc.", true),
        ("O=Example\\, Inc.,OU=Storage", true),
        (" O = Example\\, Inc. , OU = storage ", true),
        ("O=Example\\, Inc.,OU=Network", false),
        ("OU=Storage,CN=host*", false),
        ("C=de,L=Köln,ST=nrw,DC=Example", true),
        ("L=KÖLN", false),
        ("DNS=vc.example.com", true),
        ("DNS=vc*,DNS=vcenter1*", true),
        ("DNS=other.example.com", false),
        ("CN=vc.example.com", false),
        ("CN=\\*", false),
    ];
    for (pattern, expected) in cases {
        check(pattern, &vcenter, expected);
    }
    check("OU=*", &[("CN", "x")], false);
    check("CN=\\*.example.com", &[("CN", "*.example.com")], true);
    check("CN=kms", &[("CN", "\u{212a}ms")], false);
    check("CN=a*b*c", &[("CN", "a-b-b-c")], true);
    check("CN=a*b*c", &[("CN", "a-c-b")], false);
}

#[test]
fn what_can_t_be_compared_fits_nothing() {
    for value in ["vcenter\0.evil.example", "vcenter\n", "vcenter\u{85}"] {
        check("CN=*", &[("CN", value)], false);
        check("CN=vcenter*", &[("CN", value)], false);
    }
    check("CN=*", &[("CN", &"v".repeat(LONGEST_VALUE))], true);
    check("CN=*", &[("CN", &"v".repeat(LONGEST_VALUE + 1))], false);
}

/// A glob with many wildcards takes no longer than the product of both lengths.
#[test]
fn no_pattern_runs_away() {
    let pattern = format!("CN={}b", "a*".repeat(120));
    check(&pattern, &[("CN", &"a".repeat(LONGEST_VALUE))], false);
}

#[test]
fn what_is_wrong_with_a_pattern_is_said() {
    let cases = [
        ("", PatternError::Empty),
        ("  ", PatternError::Empty),
        ("vcenter", PatternError::Form("vcenter".into())),
        ("CN=a,", PatternError::Form(String::new())),
        ("O=Example, Inc.", PatternError::Form("Inc.".into())),
        ("CN\\=a", PatternError::Form("CN=a".into())),
        ("EMAIL=a", PatternError::Attribute("EMAIL".into())),
        ("=a", PatternError::Attribute(String::new())),
        ("cn=", PatternError::NoValue("CN".into())),
        ("CN=a\0", PatternError::Control),
        ("CN=a\\", PatternError::Escape),
        (&*"CN=a,".repeat(200), PatternError::Long),
    ];
    for (pattern, expected) in cases {
        assert_eq!(pattern.parse::<Pattern>().unwrap_err(), expected, "`{pattern}`");
    }
}
