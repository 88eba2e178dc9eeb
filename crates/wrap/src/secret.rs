//! [`Secret`]: bytes that wipe themselves.

use zeroize::Zeroizing;

/// Secret bytes. There is no Debug, Display or Serialize, and they are wiped when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes ownership of secret bytes.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Secret(bytes)
    }

    /// Opens the secret: the files in which this is called are a short list that a test holds.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Gives the wiping buffer itself away, without a copy.
    pub fn into_inner(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}
