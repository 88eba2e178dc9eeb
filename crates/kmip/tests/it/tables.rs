//! The tables against themselves, against what the specification says in other places, and against a second reading of it.

use std::collections::{BTreeMap, HashSet};

use kmip::attribute::{self, ROWS, Row};
use kmip::ttlv::ItemType;
use kmip::{Tag, Version, enums, tag};

fn unique<T: std::hash::Hash + Eq>(values: impl Iterator<Item = T>) -> usize {
    values.collect::<HashSet<T>>().len()
}

#[test]
fn tags_are_numbered_from_1_without_a_gap_and_named_once() {
    let numbers: Vec<u32> = tag::ALL.iter().map(|tag| tag.0).collect();
    assert_eq!(numbers, (0x42_0001..=0x42_0124).collect::<Vec<u32>>());
    assert_eq!(unique(tag::ALL.iter().map(|tag| tag.name().unwrap())), tag::ALL.len());
    assert!(tag::ALL.is_sorted_by_key(|tag| tag.since().unwrap()));
    // The last tag of each version (KMIP 1.0 to 1.4, 9.1.3.1).
    let last = |version| tag::ALL.iter().rfind(|tag| tag.since() == Some(version)).unwrap().0 & 0xFFF;
    assert_eq!(Version::ALL.map(last), [0x124, 0xF7, 0xD3, 0xB7, 0xA1]);
}

#[test]
fn a_tag_without_a_row_has_no_name() {
    for number in [0, 0x42_0000, 0x42_0125, 0x54_0000, 0x54_FFFF, 0xFF_FFFF] {
        assert_eq!((Tag(number).name(), Tag(number).since()), (None, None));
        assert_eq!(Tag(number).is_extension(), (0x54_0000..=0x54_FFFF).contains(&number));
        assert_eq!(Tag(number).to_string(), format!("0x{number:06x}"));
    }
}

#[test]
fn an_enumeration_s_names_and_numbers_are_inverse() {
    let mut tables = 0;
    for tag in tag::ALL {
        let numbers = enums::numbers(*tag);
        tables += usize::from(!numbers.is_empty());
        assert_eq!(unique(numbers.iter()), numbers.len(), "{tag}");
        assert_eq!(unique(numbers.iter().map(|number| enums::name(*tag, *number).unwrap())), numbers.len(), "{tag}");
        for number in numbers {
            let name = enums::name(*tag, number).unwrap();
            assert_eq!(enums::number(*tag, name), Some(number), "{tag} {name}");
            let borrowed = *tag == tag::MASK_GENERATOR_HASHING_ALGORITHM;
            assert!(borrowed || enums::since(*tag, number) >= tag.since(), "{tag} {name} is older than its tag");
        }
        assert_eq!(enums::name(*tag, 0x8000_0000), None);
        assert_eq!(enums::number(*tag, "Nonsense"), None);
    }
    // 48 enumerations have values (KMIP 1.4, 9.1.3.2), one of them under two tags.
    assert_eq!(tables, 49);
}

/// How many values each enumeration got with each version, 1.0 to 1.4.
const VALUES: [(Tag, [usize; 5]); 49] = [
    (tag::ALTERNATIVE_NAME_TYPE, [0, 0, 7, 0, 0]),
    (tag::ATTESTATION_TYPE, [0, 0, 3, 0, 0]),
    (tag::BATCH_ERROR_CONTINUATION_OPTION, [3, 0, 0, 0, 0]),
    (tag::BLOCK_CIPHER_MODE, [17, 0, 0, 0, 1]),
    (tag::CANCELLATION_RESULT, [5, 0, 0, 0, 0]),
    (tag::CERTIFICATE_REQUEST_TYPE, [4, 0, 0, 0, 0]),
    (tag::CERTIFICATE_TYPE, [2, 0, 0, 0, 0]),
    (tag::CLIENT_REGISTRATION_METHOD, [0, 0, 0, 5, 0]),
    (tag::CREDENTIAL_TYPE, [1, 1, 1, 0, 0]),
    (tag::CRYPTOGRAPHIC_ALGORITHM, [25, 0, 1, 1, 13]),
    (tag::DRBG_ALGORITHM, [0, 0, 0, 5, 0]),
    (tag::DERIVATION_METHOD, [7, 0, 0, 0, 1]),
    (tag::DESTROY_ACTION, [0, 0, 0, 7, 0]),
    (tag::DIGITAL_SIGNATURE_ALGORITHM, [0, 16, 0, 0, 3]),
    (tag::ENCODING_OPTION, [0, 2, 0, 0, 0]),
    (tag::FIPS186_VARIATION, [0, 0, 0, 7, 0]),
    (tag::HASHING_ALGORITHM, [11, 0, 2, 0, 4]),
    (tag::KEY_COMPRESSION_TYPE, [4, 0, 0, 0, 0]),
    (tag::KEY_FORMAT_TYPE, [19, 0, 0, 2, 1]),
    (tag::KEY_ROLE_TYPE, [21, 0, 0, 0, 3]),
    (tag::KEY_VALUE_LOCATION_TYPE, [0, 0, 2, 0, 0]),
    (tag::KEY_WRAP_TYPE, [0, 0, 0, 0, 2]),
    (tag::LINK_TYPE, [7, 0, 4, 0, 2]),
    (tag::MASK_GENERATOR, [0, 0, 0, 0, 1]),
    (tag::MASK_GENERATOR_HASHING_ALGORITHM, [11, 0, 2, 0, 4]),
    (tag::NAME_TYPE, [2, 0, 0, 0, 0]),
    (tag::OBJECT_GROUP_MEMBER, [0, 2, 0, 0, 0]),
    (tag::OBJECT_TYPE, [8, 0, 1, 0, 0]),
    (tag::OPERATION, [28, 2, 11, 0, 2]),
    (tag::PADDING_METHOD, [10, 0, 0, 0, 0]),
    (tag::PROFILE_NAME, [0, 0, 0, 120, 36]),
    (tag::PUT_FUNCTION, [2, 0, 0, 0, 0]),
    (tag::QUERY_FUNCTION, [4, 2, 1, 5, 0]),
    (tag::RNG_ALGORITHM, [0, 0, 0, 6, 0]),
    (tag::RNG_MODE, [0, 0, 0, 3, 0]),
    (tag::RECOMMENDED_CURVE, [15, 0, 53, 0, 0]),
    (tag::RESULT_REASON, [18, 1, 3, 0, 3]),
    (tag::RESULT_STATUS, [4, 0, 0, 0, 0]),
    (tag::REVOCATION_REASON_CODE, [7, 0, 0, 0, 0]),
    (tag::SECRET_DATA_TYPE, [2, 0, 0, 0, 0]),
    (tag::SHREDDING_ALGORITHM, [0, 0, 0, 3, 0]),
    (tag::SPLIT_KEY_METHOD, [3, 0, 1, 0, 0]),
    (tag::STATE, [6, 0, 0, 0, 0]),
    (tag::UNWRAP_MODE, [0, 0, 0, 3, 0]),
    (tag::USAGE_LIMITS_UNIT, [2, 0, 0, 0, 0]),
    (tag::VALIDATION_AUTHORITY_TYPE, [0, 0, 0, 3, 0]),
    (tag::VALIDATION_TYPE, [0, 0, 0, 5, 0]),
    (tag::VALIDITY_INDICATOR, [3, 0, 0, 0, 0]),
    (tag::WRAPPING_METHOD, [5, 0, 0, 0, 0]),
];

#[test]
fn each_version_has_as_many_values_as_it_brought() {
    for (tag, expected) in VALUES {
        let numbers = enums::numbers(tag);
        let brought = |version| numbers.iter().filter(|number| enums::since(tag, **number) == Some(version)).count();
        let mut found = Version::ALL.map(brought);
        found.reverse();
        assert_eq!(found, expected, "{tag}");
    }
}

#[test]
fn an_attribute_s_row_agrees_with_the_tags_and_enumerations() {
    assert_eq!(unique(ROWS.iter().map(|row| row.name)), ROWS.len());
    for row in ROWS {
        assert_eq!(attribute::row(row.name), Some(*row));
        assert_eq!(row.tag.name(), Some(row.name));
        assert!(row.tag.since().unwrap() <= row.since, "{}", row.name);
        assert_eq!(row.kind == ItemType::Structure, !row.shape.is_empty(), "{}", row.name);
        let mut parts =
            row.shape.iter().map(|part| (part.tag, part.kind, part.since.max(row.since))).collect::<Vec<_>>();
        parts.push((row.tag, row.kind, row.since));
        for (tag, kind, since) in parts {
            assert!(tag.since().unwrap() <= since, "{}: {tag}", row.name);
            assert_eq!(kind == ItemType::Enumeration, !enums::numbers(tag).is_empty(), "{}: {tag}", row.name);
        }
    }
    assert_eq!(attribute::row("x-Name"), None);
    assert_eq!(attribute::row("name"), None);
}

/// What the rules of KMIP 1.4, section 3, say, read by column: there, they stand attribute by attribute.
#[test]
fn who_may_do_what_is_as_the_specification_has_it() {
    let check = |what: &str, has: fn(&Row) -> bool, expected: &[&str]| {
        let found: Vec<&str> = ROWS.iter().filter(|row| has(row)).map(|row| row.name).collect();
        assert_eq!(found, expected, "{what}");
    };
    let deletable = [
        "Name",
        "Cryptographic Parameters",
        "Usage Limits",
        "Object Group",
        "Link",
        "Application Specific Information",
        "Contact Information",
        "Alternative Name",
        "Key Value Location",
        "PKCS#12 Friendly Name",
        "Description",
        "Comment",
    ];
    check("deleted by clients", |row| row.delete, &deletable);
    let kept =
        ["Activation Date", "Process Start Date", "Protect Stop Date", "Deactivation Date", "Sensitive", "Extractable"];
    check("modified but not deleted by clients", |row| row.modify && !row.delete, &kept);
    let once = [
        "Cryptographic Algorithm",
        "Cryptographic Length",
        "Cryptographic Domain Parameters",
        "Operation Policy Name",
        "Cryptographic Usage Mask",
        "Fresh",
        "Original Creation Date",
        "Random Number Generator",
    ];
    check("set but not modified by clients", |row| row.set && !row.modify, &once);
    check("modified but not set by clients", |row| (row.modify || row.delete) && !row.set, &[]);
    let multi = [
        "Name",
        "Cryptographic Parameters",
        "Digital Signature Algorithm",
        "Digest",
        "Object Group",
        "Link",
        "Application Specific Information",
        "Alternative Name",
        "Key Value Location",
    ];
    check("of several instances", |row| row.multi, &multi);
    let fields = |row: &Row| Version::ALL.map(|version| row.shape.iter().filter(|part| part.since == version).count());
    let younger = |row: &Row| row.shape.iter().any(|part| part.since > row.since);
    let younger: Vec<_> = ROWS.iter().filter(|row| younger(row)).map(|row| (row.name, fields(row))).collect();
    assert_eq!(younger, [("Cryptographic Parameters", [5, 0, 9, 0, 4]), ("Digest", [0, 0, 0, 1, 2])]);
    let count = |version| ROWS.iter().filter(|row| row.since == version).count();
    assert_eq!(Version::ALL.map(count), [7, 1, 4, 6, 32]);
}

/// The specification's tables as `tables.json` has them, of KMIP 1.0 to 2.1 together. Where that file is not there, nothing is held.
#[test]
fn the_tables_are_those_of_the_specification() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/oasis/tables.json");
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("SKIPPED: there is no {path}, so the tables are not compared with the specification's");
        return;
    };
    let tables: serde_json::Value = serde_json::from_str(&text).unwrap();

    let tags = numbers(&tables["tags"]);
    let mine: Vec<(String, u32)> = tag::ALL.iter().map(|tag| (plain(tag.name().unwrap()), tag.0)).collect();
    mine.iter().for_each(|(name, number)| assert_eq!(tags.get(name), Some(number), "{name}"));
    assert_eq!(mine.len(), tags.values().filter(|number| **number <= 0x42_0124).count());

    let mut compared = 0;
    for (name, values) in tables["enums"].as_object().unwrap() {
        compared += usize::from(compare(&plain(name), &numbers(values)));
    }
    assert_eq!(compared, 48, "enumerations compared");
}

fn plain(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

fn numbers(values: &serde_json::Value) -> BTreeMap<String, u32> {
    let values = values.as_object().unwrap().iter();
    values.map(|(name, number)| (plain(name), u32::try_from(number.as_u64().unwrap()).unwrap())).collect()
}

/// Holds that the values of an enumeration have the specification's names, and that all others that it has are younger than 1.4:
/// those come after, in number. Gives back whether there is such an enumeration.
fn compare(enumeration: &str, values: &BTreeMap<String, u32>) -> bool {
    // Profiles have new names since 2.0, under the old enumeration's name.
    let is_it =
        |name: &str| enumeration != "profilename" && (name == enumeration || format!("{name}type") == enumeration);
    let mut tables = tag::ALL.iter().filter(|tag| !enums::numbers(**tag).is_empty());
    let Some(tag) = tables.find(|tag| is_it(&plain(tag.name().unwrap_or_default()))) else { return false };
    let mine = enums::numbers(*tag);
    for number in &mine {
        let name = plain(enums::name(*tag, *number).unwrap());
        let same = |(theirs, value): (&String, &u32)| {
            value == number && (name.starts_with(theirs.as_str()) || theirs == "des3")
        };
        assert!(values.iter().any(same), "{tag}: {name} = {number:#x}");
    }
    let last = mine.iter().filter(|number| **number != 0x100).max().unwrap();
    let missing = values.values().find(|number| !mine.contains(number) && *number <= last);
    assert_eq!(missing, None, "{tag}");
    true
}
