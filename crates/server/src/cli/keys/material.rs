//! Key material that an administrator brings along, for a new root key or a new version of one.

use std::path::PathBuf;

use crate::api::PrivateText;
use crate::cli::{Failure, private};

/// What `--import` and its companions say.
#[derive(Clone, Debug, Default, clap::Args)]
pub(in crate::cli) struct Material {
    /// Bring key material along: a file with 16, 24 or 32 bytes in base64; - reads standard input
    #[arg(long, visible_alias = "payload-file", value_name = "FILE")]
    import: Option<PathBuf>,
    /// The material is encrypted under the import token's key, and this is the token's nonce encrypted under the material
    #[arg(long, value_name = "BASE64", requires_all = ["import", "iv"])]
    encrypted_nonce: Option<String>,
    /// The initialisation vector that the nonce was encrypted with
    #[arg(long, value_name = "BASE64", requires = "encrypted_nonce")]
    iv: Option<String>,
    /// How the material is encrypted: RSAES_OAEP_SHA_256 (which it is when left out) or RSAES_OAEP_SHA_1
    #[arg(long, value_name = "NAME", requires = "encrypted_nonce")]
    algorithm: Option<String>,
}

/// Material as requests have it.
#[derive(Default)]
pub(in crate::cli) struct Brought {
    pub(in crate::cli) payload: Option<PrivateText>,
    pub(in crate::cli) encryption_algorithm: Option<String>,
    pub(in crate::cli) encrypted_nonce: Option<String>,
    pub(in crate::cli) iv: Option<String>,
}

impl Material {
    /// Reads the file. What it holds is judged by the server.
    pub(in crate::cli) fn read(self) -> Result<Brought, Failure> {
        Ok(Brought {
            payload: self.import.as_deref().map(private::text).transpose()?,
            encryption_algorithm: self.algorithm,
            encrypted_nonce: self.encrypted_nonce,
            iv: self.iv,
        })
    }
}

impl Brought {
    /// Material as it is, for a standard key.
    pub(in crate::cli) fn plain(payload: PrivateText) -> Self {
        Brought { payload: Some(payload), ..Brought::default() }
    }
}
