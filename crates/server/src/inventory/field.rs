//! Which fields hold key ids, and which say of what provider they are.
//!
//! The names are those of the vSphere API (`CryptoKeyId.keyId`, `.providerId`; `VsanDataEncryptionConfig.kekId`, `.hostKeyId`,
//! `.kmsProviderId`), of PowerCLI's modules over it (`EncryptionKeyId`, `KMSserver`), and what people make of them. The invariant: case,
//! blanks and punctuation in a name count for nothing.

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// A key's id, or several.
    Key,
    /// The provider of the keys beside it.
    Provider,
    /// Neither.
    Other,
}

const KEY_ENDINGS: [&str; 4] = ["keyid", "keyids", "kekid", "kekids"];
const KEY_NAMES: [&str; 5] = ["cryptokey", "kek", "hostkey", "keyuuid", "kmskey"];
const PROVIDER_PARTS: [&str; 3] = ["provider", "kmscluster", "kmsserver"];

/// What a field is by its name.
pub(super) fn of(name: &str) -> Field {
    let letters = name.chars().filter(|c| c.is_ascii_alphanumeric());
    let name: String = letters.map(|c| c.to_ascii_lowercase()).collect();
    let is_key = KEY_ENDINGS.iter().any(|end| name.ends_with(end)) || KEY_NAMES.contains(&name.as_str());
    match PROVIDER_PARTS.iter().any(|part| name.contains(part)) {
        _ if is_key => Field::Key,
        true => Field::Provider,
        false => Field::Other,
    }
}
