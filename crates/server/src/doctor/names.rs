//! The names of checks that more than one room speaks of: who makes the check, and who concludes from it.
//!
//! The invariant: a name that [`super::sights`] concludes from stands here, so that the two can't drift apart.

pub(super) const TCP: &str = "TCP connection";
pub(super) const TLS_PROBE: &str = "TLS without a client certificate";
pub(super) const SERVER_CERTIFICATE: &str = "Server certificate";
pub(super) const DATES: &str = "Certificate dates";
pub(super) const CHAIN: &str = "Certificate chain";
pub(super) const CLIENT_DATES: &str = "Client certificate dates";
pub(super) const TLS_CLIENT: &str = "TLS with the client certificate";
pub(super) const GREETING: &str = "Discover Versions";
pub(super) const GREETING_AGAIN: &str = "Discover Versions again, with a batch id";
pub(super) const QUERY: &str = "Query server information";
pub(super) const SPEED: &str = "Speed";
pub(super) const CREATE: &str = "Create a key";
pub(super) const TAG: &str = "Tag the key (three attributes in one message)";
pub(super) const NAME: &str = "Name the key (one attribute at a time)";
pub(super) const FETCH: &str = "Fetch and activate the key";
pub(super) const FETCH_TWICE: &str = "Fetch it over two connections at once";
pub(super) const LOAD: &str = "Handshakes under load";
pub(super) const SAME_KEYS: &str = "The same keys";
