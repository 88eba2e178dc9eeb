//! [`PrivateText`]: the one secret that travels, a private key on its way to the administrator who asked for it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

/// Secret text that wipes itself. It has no Debug and no Display; it is serialised because handing it over once is its purpose.
pub struct PrivateText(Zeroizing<String>);

impl PrivateText {
    /// Takes ownership of secret text.
    pub fn new(text: Zeroizing<String>) -> Self {
        PrivateText(text)
    }

    /// Opens the secret.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Serialize for PrivateText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PrivateText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| PrivateText(Zeroizing::new(text)))
    }
}

impl utoipa::PartialSchema for PrivateText {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        String::schema()
    }
}

impl utoipa::ToSchema for PrivateText {}
