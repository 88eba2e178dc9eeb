//! The role table: what each role may do.
//!
//! The facts are IBM's (Key Protect: "Managing user access", the table of roles; HPCS for the last two roles). The invariant: **this
//! is the only place that says so.** Each route of the API names its action, and an action that has no row does not exist.

use Role::{
    Administrator, Editor, KeyPurge, KmipAdapterManager, Manager, Operator, Reader, ReaderPlus, Viewer,
    VmwareKmipManager, Writer,
};

macro_rules! roles {
    ($($(#[doc = $doc:literal])* $role:ident = $number:literal $name:literal,)*) => {
        /// What a principal is to an instance, a key ring or a key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role { $($(#[doc = $doc])* $role,)* }

        impl Role {
            /// Every role.
            pub const ALL: &[Role] = &[$(Role::$role),*];

            /// IBM's name for it.
            pub fn name(self) -> &'static str {
                match self { $(Role::$role => $name,)* }
            }

            /// Its number in records: part of the data format.
            pub(crate) fn number(self) -> u8 {
                match self { $(Role::$role => $number,)* }
            }
        }
    };
}

roles! {
    /// Platform role: sees the instance.
    Viewer = 1 "Viewer",
    /// Platform role: sees the instance and its state.
    Operator = 2 "Operator",
    /// Platform role: makes, changes and deletes instances.
    Editor = 3 "Editor",
    /// Platform role: an editor who also gives access to others.
    Administrator = 4 "Administrator",
    /// Service role: lists keys, wraps and unwraps.
    Reader = 5 "Reader",
    /// Service role: a reader who also gets the payload of standard keys.
    ReaderPlus = 6 "ReaderPlus",
    /// Service role: also makes and rotates keys.
    Writer = 7 "Writer",
    /// Service role: everything but purging.
    Manager = 8 "Manager",
    /// Service role: purges deleted keys, and nothing else.
    KeyPurge = 9 "KeyPurge",
    /// Service role: KMIP adapters, their certificates and objects.
    KmipAdapterManager = 10 "KmipAdapterManager",
    /// Service role for service-to-service authorizations (HPCS): activates, deactivates and looks at KMIP endpoints, adds and
    /// removes client certificates.
    VmwareKmipManager = 11 "VMware KMIP Manager",
}

impl Role {
    /// The role with this name, whatever its case.
    pub fn from_name(name: &str) -> Option<Role> {
        Role::ALL.iter().copied().find(|role| role.name().eq_ignore_ascii_case(name))
    }

    pub(crate) fn from_number(number: u8) -> Option<Role> {
        Role::ALL.iter().copied().find(|role| role.number() == number)
    }

    /// Whether it is a platform role: one on instances and the access to them, rather than on keys.
    pub fn is_platform(self) -> bool {
        match self {
            Viewer | Operator | Editor | Administrator => true,
            Reader | ReaderPlus | Writer | Manager | KeyPurge | KmipAdapterManager | VmwareKmipManager => false,
        }
    }

    /// Whether the role has the action.
    pub fn may(self, action: Action) -> bool {
        action.roles().contains(&self)
    }
}

macro_rules! actions {
    ($($action:ident $event:literal [$($role:ident)*])*) => {
        /// What can be asked of the key manager and of the KMIP service over it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the rows of the table say what each is")]
        pub enum Action { $($action,)* }

        impl Action {
            /// Every action.
            pub const ALL: &[Action] = &[$(Action::$action),*];

            /// Its name in audit events: IBM's, where IBM has the action.
            pub fn event(self) -> &'static str {
                match self { $(Action::$action => $event,)* }
            }

            /// Whether it is about instances and the access to them, rather than about keys: network policies are not for it. What is
            /// about keys has IBM's name for that, or is for nobody with a platform role.
            pub(crate) fn is_platform(self) -> bool {
                let of_keys = ["kms.", "keystead.erasure.", "keystead.destruction.", "keystead.kmip-object."];
                let is_of_keys = of_keys.iter().any(|prefix| self.event().starts_with(prefix));
                !is_of_keys && self.roles().iter().any(|role| role.is_platform())
            }

            /// Whether it is about the KMIP service of an instance.
            pub(crate) fn is_of_kmip(self) -> bool {
                ["kms.kmip-management.", "keystead.kmip-object."].iter().any(|of| self.event().starts_with(of))
            }

            /// Who may.
            pub fn roles(self) -> &'static [Role] {
                match self { $(Action::$action => &[$($role),*],)* }
            }

            /// Its name in this server's own API: the row's.
            pub fn name(self) -> &'static str {
                match self { $(Action::$action => stringify!($action),)* }
            }
        }
    };
}

actions! {
    // Keys.
    HeadKeys                 "kms.secrets.head"                              [Reader ReaderPlus Writer Manager KmipAdapterManager]
    ListKeys                 "kms.secrets.list"                              [Reader ReaderPlus Writer Manager KmipAdapterManager]
    ReadKeyMetadata          "kms.secrets-metadata.read"                     [Reader ReaderPlus Writer Manager]
    ListKeyVersions          "kms.secrets-key-versions.list"                 [Reader ReaderPlus Writer Manager]
    ReadKey                  "kms.secrets.read"                              [ReaderPlus Writer Manager]
    CreateKey                "kms.secrets.create"                            [Writer Manager]
    CreateKeyWithOverrides   "kms.secrets-with-policy-overrides.create"      [Writer Manager]
    PatchKey                 "kms.secrets.patch"                             [Manager]
    DeleteKey                "kms.secrets.delete"                            [Manager]
    RestoreKey               "kms.secrets.restore"                           [Manager]
    PurgeKey                 "kms.secrets.purge"                             [KeyPurge]
    ExpireKey                "kms.secrets.expire"                            []
    // The end of keys. What has no name of IBM's is ours: erasure at once by two people, and records of destruction.
    AskForErasure            "keystead.erasure.create"                       [KeyPurge]
    ReadErasure              "keystead.erasure.read"                         [Manager KeyPurge]
    ForgoErasure             "keystead.erasure.delete"                       [Manager KeyPurge]
    ListDestructions         "keystead.destruction.list"                     [Manager KeyPurge]
    ReadDestruction          "keystead.destruction.read"                     [Manager KeyPurge]
    // Actions on keys.
    WrapKey                  "kms.secrets.wrap"                              [Reader ReaderPlus Writer Manager]
    UnwrapKey                "kms.secrets.unwrap"                            [Reader ReaderPlus Writer Manager]
    RewrapKey                "kms.secrets.rewrap"                            [Reader ReaderPlus Writer Manager]
    RotateKey                "kms.secrets.rotate"                            [Writer Manager]
    EnableKey                "kms.secrets.enable"                            [Manager]
    DisableKey               "kms.secrets.disable"                           [Manager]
    SetKeyForDeletion        "kms.secrets.setkeyfordeletion"                 [Writer Manager]
    UnsetKeyForDeletion      "kms.secrets.unsetkeyfordeletion"               [Writer Manager]
    SyncKey                  "kms.secrets.default"                           [Writer Manager]
    // Policies.
    ReadKeyPolicies          "kms.policies.read"                             [Manager]
    WriteKeyPolicies         "kms.policies.write"                            [Manager]
    ReadInstancePolicies     "kms.instance-policies.read"                    [Manager]
    WriteInstancePolicies    "kms.instance-policies.write"                   [Manager]
    ReadAllowedIpPort        "kms.instance-allowed-ip-port.read"             [Manager]
    // Import tokens, registrations, aliases, key rings.
    CreateImportToken        "kms.import-token.create"                       [Writer Manager]
    ReadImportToken          "kms.import-token.read"                         [Writer Manager]
    ListRegistrations        "kms.registrations.list"                        [Reader ReaderPlus Writer Manager]
    CreateAlias              "kms.secrets-alias.create"                      [Writer Manager]
    DeleteAlias              "kms.secrets-alias.delete"                      [Writer Manager]
    ListKeyRings             "kms.key-rings.list"                            [Reader ReaderPlus Writer Manager KmipAdapterManager]
    CreateKeyRing            "kms.key-rings.create"                          [Writer Manager]
    DeleteKeyRing            "kms.key-rings.delete"                          [Manager]
    // The KMIP service.
    ListAdapters             "kms.kmip-management.list"                      [Manager KmipAdapterManager]
    CreateAdapter            "kms.kmip-management.create"                    [Manager KmipAdapterManager VmwareKmipManager]
    ReadAdapter              "kms.kmip-management.read"                      [Manager KmipAdapterManager VmwareKmipManager]
    UpdateAdapter            "kms.kmip-management.update"                   [Manager KmipAdapterManager VmwareKmipManager]
    DeleteAdapter            "kms.kmip-management.delete"                    [Manager KmipAdapterManager VmwareKmipManager]
    ListCertificates         "kms.kmip-management.list"                      [Manager KmipAdapterManager]
    AddCertificate           "kms.kmip-management.create"                    [Manager KmipAdapterManager VmwareKmipManager]
    ReadCertificate          "kms.kmip-management.read"                      [Manager KmipAdapterManager]
    DeleteCertificate        "kms.kmip-management.delete"                    [Manager KmipAdapterManager VmwareKmipManager]
    ListKmipObjects          "kms.kmip-management.list"                      [Manager KmipAdapterManager]
    ReadKmipObject           "kms.kmip-management.read"                      [Manager KmipAdapterManager]
    DeleteKmipObject         "kms.kmip-management.delete"                    [Manager KmipAdapterManager]
    ReactivateKmipObject     "keystead.kmip-object.reactivate"               [Manager KmipAdapterManager]
    // What is done to the KMIP service's objects that IBM has no name for.
    QuarantineKmipObject     "keystead.kmip-object.quarantine"              [Manager KmipAdapterManager]
    ReleaseKmipObject        "keystead.kmip-object.release"                 [Manager KmipAdapterManager]
    // Instances and access to them: platform roles. The names of events are those of IBM's resource controller and IAM.
    ListInstances            "resource-controller.instance.list"             [Viewer Operator Editor Administrator]
    ReadInstance             "resource-controller.instance.retrieve"         [Viewer Operator Editor Administrator]
    CreateInstance           "resource-controller.instance.create"           [Editor Administrator]
    UpdateInstance           "resource-controller.instance.update"           [Editor Administrator]
    DeleteInstance           "resource-controller.instance.delete"           [Editor Administrator]
    ReadMetrics              "kms.metrics.read"                              [Viewer Operator Editor Administrator]
    ListServiceIds           "iam-identity.serviceid.list"                   [Administrator]
    ReadServiceId            "iam-identity.serviceid.get"                    [Administrator]
    CreateServiceId          "iam-identity.serviceid.create"                 [Administrator]
    DeleteServiceId          "iam-identity.serviceid.delete"                 [Administrator]
    ListApiKeys              "iam-identity.apikey.list"                      [Administrator]
    ReadApiKey               "iam-identity.apikey.get"                       [Administrator]
    CreateApiKey             "iam-identity.apikey.create"                    [Administrator]
    DeleteApiKey             "iam-identity.apikey.delete"                    [Administrator]
    ListGrants               "iam-access-management.policy.list"             [Administrator]
    CreateGrant              "iam-access-management.policy.create"           [Administrator]
    DeleteGrant              "iam-access-management.policy.delete"           [Administrator]
    ListAuthorizations       "iam-access-management.authorization.list"      [Administrator]
    CreateAuthorization      "iam-access-management.authorization.create"    [Administrator]
    DeleteAuthorization      "iam-access-management.authorization.delete"    [Administrator]
    // Rotations and the versions they leave, and what a key's end would stop.
    ReadRotation             "keystead.rotation.read"                       [Reader ReaderPlus Writer Manager]
    ListRotations            "keystead.rotation.list"                       [Reader ReaderPlus Writer Manager]
    FinishRotation           "keystead.rotation.finish"                     []
    ListVersionUse           "keystead.key-version.list"                    [Reader ReaderPlus Writer Manager]
    RetireKeyVersion         "keystead.key-version.retire"                  [Manager]
    UnretireKeyVersion       "keystead.key-version.unretire"                [Manager]
    EraseKeyVersion          "keystead.key-version.erase"                   []
    ReadImpact               "keystead.impact.read"                         [Manager KmipAdapterManager]
    // The server's own certificates: platform roles. What is done to them has no name of IBM's.
    ReadServerCertificate    "keystead.server-certificate.read"             [Viewer Operator Editor Administrator]
    UpdateServerCertificate  "keystead.server-certificate.update"           [Administrator]
    // The audit: whoever may operate the instance, or the installation, sees what was done in it.
    ListAuditEvents          "keystead.audit-events.list"                   [Operator Editor Administrator]
    ReadAuditState           "keystead.audit-state.read"                    [Operator Editor Administrator]
    // The installation's numbers, of all instances.
    ReadInstallationMetrics  "keystead.metrics.read"                        [Viewer Operator Editor Administrator]
    // Asked for at the control socket of the machine, not over the network.
    ChangeMasterKey          "keystead.master-key.change"                    [Administrator]
    // What anybody with an API key may do.
    // Backups hold all that the installation has: they are its administrators' alone.
    ReadBackups              "keystead.backup.read"                         [Administrator]
    CreateBackup             "keystead.backup.create"                       [Administrator]
    UpdateRecoveryKey        "keystead.recovery-key.update"                 [Administrator]
    ReadSigningKey           "keystead.signing-key.read"                     [Viewer Operator Editor Administrator Reader ReaderPlus Writer Manager KeyPurge KmipAdapterManager VmwareKmipManager]
    ReadRoles                "iam-access-management.role.read"               [Viewer Operator Editor Administrator Reader ReaderPlus Writer Manager KeyPurge KmipAdapterManager VmwareKmipManager]
}
