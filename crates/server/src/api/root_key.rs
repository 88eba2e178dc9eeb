//! Root keys: what adapters seal under. Their material never leaves the key manager.

use serde::{Deserialize, Serialize};

use super::PrivateText;

/// A root key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RootKey {
    /// Its identifier, a UUID.
    pub id: String,
    /// Its name; it need not be unique, but then the identifier is needed to speak of it.
    pub name: String,
    /// What the administrator wrote about it; empty when nothing.
    pub description: String,
    /// The number of its state: 0 pre-active, 1 active, 2 suspended, 3 deactivated, 5 destroyed.
    pub state: u8,
    /// The word for its state.
    pub state_name: String,
    /// Whether its material was imported.
    pub imported: bool,
    /// How many versions it has had.
    pub versions: u32,
    /// The names of the adapters that seal under it.
    pub adapters: Vec<String>,
    /// When it was made.
    pub created_at: String,
    /// Who made it.
    pub created_by: String,
    /// When its newest version was made, if it was ever rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotated_at: Option<String>,
    /// When it was deleted, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<String>,
    /// Until when it can be restored, if it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restorable_until: Option<String>,
}

/// What makes a root key.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRootKey {
    /// 1 to 90 characters.
    pub name: String,
    /// At most 240 characters.
    #[serde(default)]
    pub description: String,
    /// Key material to import: 16, 24 or 32 bytes in base64. Made at random when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PrivateText>,
}

/// What rotates a root key.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateRootKey {
    /// New key material, which an imported root key needs and a generated one refuses; as in [`NewRootKey`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PrivateText>,
}
