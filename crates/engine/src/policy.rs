//! What a client may do.
//!
//! The invariant: a permission is a closed list, and each operation needs exactly one of them.

use crate::registry::Client;

/// What an operation needs. The names are those of IBM's audit events, `kms.kmip.<name>`, which group the operations alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Make objects and give them attributes.
    Create,
    /// Read objects and attributes, and ask what the server can do.
    Get,
    /// Activate objects.
    Activate,
    /// Revoke objects.
    Revoke,
    /// Destroy objects.
    Destroy,
    /// Find objects.
    Locate,
}

/// The action of the audit event of what is no operation that is offered.
pub(crate) const OTHER: &str = "kms.kmip.default";

impl Permission {
    /// The action of its audit event.
    pub fn action(self) -> &'static str {
        match self {
            Permission::Create => "kms.kmip.create",
            Permission::Get => "kms.kmip.get",
            Permission::Activate => "kms.kmip.activate",
            Permission::Revoke => "kms.kmip.revoke",
            Permission::Destroy => "kms.kmip.destroy",
            Permission::Locate => "kms.kmip.locate",
        }
    }
}

/// Whether a client has a permission. A certificate on an adapter's allow-list, or one that an authority there vouches for, may do all that the adapter offers, to every object of
/// the adapter: that is the service's promise to vCenter, and there is no finer grant.
pub fn allows(client: &Client, permission: Permission) -> bool {
    client.is_served() && client.adapter().offers(permission)
}
