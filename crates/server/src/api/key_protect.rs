//! What travels over Key Protect's API: IBM's shapes and names.

mod key;

pub use key::Key;
