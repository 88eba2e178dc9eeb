//! What makes a key (Key Protect API: "Create a key", "Create a key with policy overrides").

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{DualAuthPolicy, RotationPolicy};
use crate::api::PrivateText;

/// The two requests differ in the policies that only one of them takes; a field that a request does not know is refused.
macro_rules! new_key {
    ($(#[$about:meta])* $name:ident { $($policies:tt)* }) => {
        $(#[$about])*
        #[derive(Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct $name {
            /// `application/vnd.ibm.kms.key+json`, which it also is when it is left out.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(pattern = r"^application/vnd\.ibm\.kms\.key\+json$")]
            pub r#type: Option<String>,
            /// Its name, which need not be unique.
            #[schema(min_length = 1, max_length = 90)]
            pub name: String,
            /// Other names, each of which no other key of the instance has.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(max_items = 5)]
            pub aliases: Option<Vec<String>>,
            /// What it is for.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(min_length = 2, max_length = 240)]
            pub description: Option<String>,
            /// Words to find it by, without `< > , : & |`. IBM's Go client writes `Tags`.
            #[serde(default, skip_serializing_if = "Option::is_none", alias = "Tags")]
            #[schema(max_items = 30)]
            pub tags: Option<Vec<String>>,
            /// When it becomes deactivated: a date in the future (RFC 3339).
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(format = "date-time")]
            pub expiration_date: Option<String>,
            /// True for a standard key, which it also is when this is left out; false for a root key.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub extractable: Option<bool>,
            /// Material in base64: 16, 24 or 32 bytes for a root key, up to 7500 for a standard key. Made when it is left out.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<String>, format = "byte")]
            pub payload: Option<PrivateText>,
            /// How the payload is encrypted: `RSAES_OAEP_SHA_256` or `RSAES_OAEP_SHA_1`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub encryption_algorithm: Option<String>,
            /// The import token's nonce, encrypted under the material that is brought along, in base64.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(format = "byte")]
            pub encrypted_nonce: Option<String>,
            /// The initialisation vector of that, in base64.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(format = "byte")]
            pub iv: Option<String>,
            $($policies)*
        }
    };
}

new_key! {
    /// Makes a key under the instance's policies.
    NewKey {}
}

new_key! {
    /// Makes a key with policies of its own in the place of the instance's.
    NewKeyWithPolicies {
        /// How it rotates by itself; left out: it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub rotation: Option<RotationPolicy>,
        /// Whether two people are needed to delete it; left out: one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub dual_auth_delete: Option<DualAuthPolicy>,
    }
}

impl NewKeyWithPolicies {
    /// The key, and its policies.
    pub fn split(self) -> (NewKey, Option<RotationPolicy>, Option<DualAuthPolicy>) {
        let new = NewKey {
            r#type: self.r#type,
            name: self.name,
            aliases: self.aliases,
            description: self.description,
            tags: self.tags,
            expiration_date: self.expiration_date,
            extractable: self.extractable,
            payload: self.payload,
            encryption_algorithm: self.encryption_algorithm,
            encrypted_nonce: self.encrypted_nonce,
            iv: self.iv,
        };
        (new, self.rotation, self.dual_auth_delete)
    }
}
