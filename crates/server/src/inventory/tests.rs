//! Inventories in every shape that one may have, and what is none.

use super::{Entry, Error, read};

const A: &str = "6f2b1c1e-8a0d-4c53-9d8e-2f1f0a7b3c11";
const B: &str = "0b9d6a52-1f7e-4b0a-8a52-7c3a0e5d9f42";

fn entry(id: &str, provider: &str) -> Entry {
    Entry { id: id.to_owned(), provider: (!provider.is_empty()).then(|| provider.to_owned()) }
}

fn utf_16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(order).collect()
}

#[track_caller]
fn check(bytes: impl AsRef<[u8]>, expected: &[(&str, &str)]) {
    let expected: Vec<Entry> = expected.iter().map(|(id, provider)| entry(id, provider)).collect();
    assert_eq!(read(bytes.as_ref()), Ok(expected));
}

#[test]
fn tables_are_read_as_powershell_and_spreadsheets_write_them() {
    let ours = [(A, "keystead"), (B, "other")];
    check(format!("Name,KeyId,ProviderId\nvm-1,{A},keystead\nvm-2,{B},other\n"), &ours);
    check(
        format!(
            "\"Name\",\"KeyId\",\"ProviderId\"\r\n\"a, \"\"b\"\"\nc\",\"{A}\",\"keystead\"\r\n\"\",\"{B}\",\"other\""
        ),
        &ours,
    );
    check(format!("KMSserver;Encryption Key ID;VM\nkeystead;{A};x\nother;{B};y\n\n"), &ours);
    check(format!("#TYPE Selected.VMware\nkekId\tkmsProviderId\n{A}\tkeystead\n{B}\tother\n"), &ours);
    check(format!("\u{feff}KeyId,ProviderId\n{A},keystead\n{B},other\n"), &ours);
    let text = format!("Name,KeyId,ProviderId\r\nvm-1,{},keystead\r\nvm-2,{{{B}}},other\r\n", A.to_uppercase());
    check(utf_16(&text, u16::to_le_bytes), &ours);
    check(utf_16(&text, u16::to_be_bytes), &ours);
    check(format!("HostKeyId,KekId\n{A},\n,{B}\n"), &[(A, ""), (B, "")]);
    check(format!("Cluster,KeyIds\nc1,{A} {B}\n"), &[(A, ""), (B, "")]);
    check(format!("KeyId\n{A}\n{A}\n"), &[(A, ""), (A, "")]);
}

#[test]
fn json_is_searched_however_deep() {
    let govc = format!(
        r#"{{"virtualMachines":[{{"name":"vm-1","config":{{"keyId":{{"keyId":"{A}","providerId":{{"id":"keystead"}}}}}}}},
            {{"name":"plain","config":{{"keyId":null}}}},{{"config":{{"cryptoSpec":{{"cryptoKeyId":{{"KeyId":"{B}","ProviderId":{{"Id":"other"}}}}}}}}}}]}}"#
    );
    check(govc, &[(A, "keystead"), (B, "other")]);
    let vsan = format!(r#"[{{"kmsProviderId":{{"id":"k"}},"kekId":"{A}","hostKeyId":"{B}","dekGenerationId":3}}]"#);
    let mut found = read(vsan.as_bytes()).unwrap();
    found.sort_by(|one, other| other.id.cmp(&one.id));
    assert_eq!(found, [entry(A, "k"), entry(B, "k")]);
    check(format!(r#"["{A}", "{B}"]"#), &[(A, ""), (B, "")]);
    check(format!(r#"{{"keyIds":["{A}","17"]}}"#), &[(A, ""), ("17", "")]);
}

#[test]
fn plain_lists_are_ids_alone() {
    check(format!("# from vCenter\n{A}\r\n\n  {B}\n"), &[(A, ""), (B, "")]);
    check(format!("\"{A}\"\n"), &[(A, "")]);
}

#[test]
fn what_is_not_understood_is_an_error() {
    let cases: &[(&[u8], Error)] = &[
        (b"", Error::NoKeys),
        (b"  \n\n", Error::NoKeys),
        (b"[]", Error::NoKeys),
        (b"KeyId,Name\n", Error::NoKeys),
        (b"KeyId,Name\n,vm-1\n", Error::NoKeys),
        (br#"{"virtualMachines":[{"name":"vm"}]}"#, Error::NoKeys),
        (b"\x00\x01\x02", Error::NotText),
        (b"\xff\xfeK\x00e", Error::NotText),
        (b"K\x00e\x00", Error::NotText),
        (b"Name,Power\nvm-1,on\n", Error::NoColumn("Name,Power".to_owned())),
        (b"KeyId,Name\n\"x,y\nz", Error::Quote(2)),
        (b"hello\nworld\n", Error::Line(1, "hello".to_owned())),
        (b"[\"hello\"]", Error::Line(1, "hello".to_owned())),
        (b"Name,KeyId\nvm,VMware.Vim.CryptoKeyId\n", Error::Flattened("VMware.Vim.CryptoKeyId".to_owned())),
        (br#"[{"KeyId":"@{KeyId=1; ProviderId=}"}]"#, Error::Flattened("@{KeyId=1; ProviderId=}".to_owned())),
    ];
    for (bytes, expected) in cases {
        assert_eq!(read(bytes).as_ref(), Err(expected), "{}", String::from_utf8_lossy(bytes));
    }
    assert!(matches!(read(b"{\"keyId\": "), Err(Error::Json(_))));
    assert!(matches!(read(&[b"[".repeat(1000)].concat()), Err(Error::Json(_))));
}
