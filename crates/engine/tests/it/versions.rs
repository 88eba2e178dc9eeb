//! What a protocol version does not know is not sent to it: not a tag, not an attribute, not an enumeration's value.

use kmip::attribute::{self, AttributeName};
use kmip::ttlv::{Item, ItemType};
use kmip::{Tag, Version, enums, tag};

use crate::ask::{attribute, create, date, id, message, message_with, named, opaque, revoke, structured, unique};
use crate::bench::{Bench, NOW};

/// Sends a request and sees that the answer has nothing in it that is younger than the version.
async fn check(bench: &Bench, version: Version, operation: &str, payload: &str) -> Vec<u8> {
    let reply = bench.send(&bench.client, &message(version, &[(operation, payload)])).await;
    let item = Item::parse(&reply.bytes, Version::NEWEST).unwrap();
    let mut younger = Vec::new();
    walk(item, None, version, &mut younger);
    assert!(younger.is_empty(), "{operation} in {version}: {younger:?}\n{}", kmip::text::dump(&reply.bytes));
    reply.bytes.to_vec()
}

/// Everything below an item that is younger than a version. An attribute's value is named by the attribute.
fn walk(item: Item<'_>, named: Option<Tag>, version: Version, younger: &mut Vec<String>) {
    let known = |since: Option<Version>| since.is_none_or(|since| since <= version);
    if !known(item.tag().since()) && !item.tag().is_extension() {
        younger.push(format!("tag {}", item.tag()));
    }
    let kind = named.filter(|_| item.tag() == tag::ATTRIBUTE_VALUE).unwrap_or(item.tag());
    match item.kind() {
        ItemType::Enumeration if !known(enums::since(kind, item.enumeration().unwrap())) => {
            younger.push(format!("{kind} {}", item.enumeration().unwrap()));
        }
        ItemType::Structure => {
            let (mut fields, mut named) = (item.structure().unwrap(), None);
            while let Some(field) = fields.next().unwrap() {
                if field.tag() == tag::ATTRIBUTE_NAME {
                    let row = attribute::row(field.text().unwrap());
                    named = row.map(|row| row.tag);
                    let known = row.is_none_or(|row| row.since <= version);
                    younger.extend((!known).then(|| format!("attribute {}", field.text().unwrap())));
                }
                walk(field, named, version, younger);
            }
        }
        _ => {}
    }
}

/// Every attribute that a client can set, with the youngest values where there is a choice.
fn everything() -> Vec<String> {
    let parameters = "Block Cipher Mode: AEAD\nPadding Method: PKCS5\nDigital Signature Algorithm: SHA3-256 with RSA Encryption\n\
         Random IV: true\nIV Length: 96\nSalt Length: 8\nMask Generator: MGF1\nTrailer Field: 1";
    let alternative = "Alternative Name Value: \"other\"\nAlternative Name Type: DNS Name";
    vec![
        named("name"),
        structured("Cryptographic Parameters", parameters),
        attribute("Operation Policy Name", "\"default\""),
        structured("Usage Limits", "Usage Limits Total: Long Integer 9\nUsage Limits Unit: Object"),
        attribute("Activation Date", &date(NOW)),
        attribute("Process Start Date", &date(NOW + 1)),
        attribute("Protect Stop Date", &date(NOW + 9)),
        attribute("Deactivation Date", &date(NOW + 10)),
        attribute("Object Group", "\"group\""),
        structured("Link", "Link Type: PKCS#12 Password Link\nLinked Object Identifier: \"other\""),
        structured("Application Specific Information", "Application Namespace: \"ns\""),
        attribute("Contact Information", "\"somebody\""),
        structured("Alternative Name", alternative),
        structured("Key Value Location", "Key Value Location Value: \"here\"\nKey Value Location Type: URI"),
        attribute("PKCS#12 Friendly Name", "\"friend\""),
        attribute("Description", "\"described\""),
        attribute("Comment", "\"commented\""),
        attribute("x-custom", "\"custom\""),
    ]
}

#[tokio::test]
async fn nothing_younger_is_answered() {
    for version in Version::ALL {
        let bench = Bench::new().await;
        let key = bench.key(&everything()).await;
        let hidden = bench.key(&[attribute("Sensitive", "true")]).await;
        let kept = bench.key(&[attribute("Extractable", "false")]).await;
        let young = id(&bench.done("Create", &create(&[]).replace("AES", "ChaCha20")).await);
        let functions: String =
            (1..=12).map(|number| format!("Query Function: Enumeration {number:#010x}\n")).collect();
        for (operation, payload) in [
            ("Get", unique(&key)),
            ("Get", unique(&hidden)),
            ("Get", unique(&kept)),
            ("Get", unique(&young)),
            ("Get Attributes", unique(&key)),
            ("Get Attributes", unique(&young)),
            ("Get Attribute List", unique(&key)),
            ("Get Attribute List", unique(&young)),
            ("Locate", named("name")),
            ("Check", unique(&key)),
            ("Obtain Lease", unique(&key)),
            ("Get Usage Allocation", unique(&key) + "Usage Limits Count: Long Integer 1"),
            ("Add Attribute", unique(&key) + &attribute("x-more", "1")),
            ("Modify Attribute", unique(&key) + &attribute("x-custom", "2")),
            ("Delete Attribute", unique(&key) + "Attribute Name: \"x-custom\""),
            ("Delete Attribute", unique(&key) + "Attribute Name: \"Cryptographic Parameters\""),
            ("Create", create(&[])),
            ("Register", opaque("00", &[])),
            ("Re-key", unique(&key)),
            ("Get Attributes", unique(&key)),
            ("Activate", unique(&hidden)),
            ("Revoke", revoke(&key, "Superseded")),
            ("Destroy", unique(&key)),
            ("Query", functions),
            ("Discover Versions", String::new()),
            ("Encrypt", String::new()),
            ("Export", String::new()),
        ] {
            let number = enums::number(tag::OPERATION, operation).unwrap();
            // An operation that the client has from elsewhere is given back to it as it named it.
            if enums::since(tag::OPERATION, number).unwrap() <= version {
                check(&bench, version, operation, &payload).await;
            }
        }
    }
}

/// The walk itself: what is hidden from 1.0 is there in 1.4, and would be seen.
#[tokio::test]
async fn what_is_hidden_from_one_version_is_told_to_another() {
    let bench = Bench::new().await;
    let key = bench.key(&everything()).await;
    for (version, attributes) in [(Version::V1_4, 35), (Version::V1_2, 25), (Version::V1_1, 22), (Version::V1_0, 21)] {
        let answer = check(&bench, version, "Get Attributes", &unique(&key)).await;
        let told = kmip::text::dump(&answer).matches("Attribute Name").count();
        assert_eq!(told, attributes, "{version}: {}", kmip::text::dump(&answer));
        let mut younger = Vec::new();
        walk(Item::parse(&answer, Version::NEWEST).unwrap(), None, Version::V1_0, &mut younger);
        assert_eq!(younger.is_empty(), version == Version::V1_0, "{younger:?}");
    }
    let unknown = AttributeName::new("Fresh", Version::V1_0);
    assert_eq!(unknown.row(), None);
}

/// An unreadable message is answered in its own version, and with nothing younger in it.
#[tokio::test]
async fn refusals_of_messages_are_in_their_version() {
    let bench = Bench::new().await;
    for version in Version::ALL {
        for header in ["Maximum Response Size: \"x\"", "Batch Error Continuation Option: Undo"] {
            let reply = bench.send(&bench.client, &message_with(version, header, &[("Query", "")])).await;
            let mut younger = Vec::new();
            walk(Item::parse(&reply.bytes, Version::NEWEST).unwrap(), None, version, &mut younger);
            assert!(younger.is_empty(), "{younger:?}");
            assert_eq!(crate::ask::answers(&reply.bytes, version).len(), 1);
        }
    }
}
