//! The table of roles, held against IBM's (Key Protect: "Managing user access"; HPCS for KMIP for VMware), which is written here by
//! hand in its own rows: abilities by roles.

use keymanager::Action::{self, *};
use keymanager::Role::{self, *};

/// An ability, the actions that are meant by it, and who has it.
type Ability = (&'static [Action], &'static [Role]);

const SERVICE: &[Ability] = &[
    // head, list, metadata, versions, list rings. The KMIP adapter manager: head, list, rings.
    (&[HeadKeys, ListKeys, ListKeyRings], &[Reader, ReaderPlus, Writer, Manager, KmipAdapterManager]),
    (&[ReadKeyMetadata, ListKeyVersions], &[Reader, ReaderPlus, Writer, Manager]),
    // wrap, unwrap, rewrap, list registrations
    (&[WrapKey, UnwrapKey, RewrapKey, ListRegistrations], &[Reader, ReaderPlus, Writer, Manager]),
    // get a key with its payload
    (&[ReadKey], &[ReaderPlus, Writer, Manager]),
    // create, import, rotate
    (&[CreateKey, CreateKeyWithOverrides, RotateKey], &[Writer, Manager]),
    // set and unset for deletion, sync
    (&[SetKeyForDeletion, UnsetKeyForDeletion, SyncKey], &[Writer, Manager]),
    // import token, create ring, aliases
    (&[CreateImportToken, ReadImportToken, CreateKeyRing, CreateAlias, DeleteAlias], &[Writer, Manager]),
    // enable, disable, delete, restore, patch, delete ring
    (&[EnableKey, DisableKey, DeleteKey, RestoreKey, PatchKey, DeleteKeyRing], &[Manager]),
    // all policies
    (&[ReadKeyPolicies, WriteKeyPolicies, ReadInstancePolicies, WriteInstancePolicies, ReadAllowedIpPort], &[Manager]),
    // purge
    (&[PurgeKey], &[KeyPurge]),
    // Erasure at once: who purges asks and carries out; who manages keys may see it coming, and stop it. Records of it: both.
    (&[AskForErasure], &[KeyPurge]),
    (&[ReadErasure, ForgoErasure, ListDestructions, ReadDestruction], &[Manager, KeyPurge]),
    // KMIP adapters, certificates, objects. HPCS's VMware KMIP Manager: activate, deactivate, get the status of a KMIP endpoint,
    // add and delete client certificates.
    (&[CreateAdapter, UpdateAdapter, DeleteAdapter, ReadAdapter], &[Manager, KmipAdapterManager, VmwareKmipManager]),
    (&[AddCertificate, DeleteCertificate], &[Manager, KmipAdapterManager, VmwareKmipManager]),
    (&[ListAdapters, ListCertificates, ReadCertificate], &[Manager, KmipAdapterManager]),
    (&[ListKmipObjects, ReadKmipObject, DeleteKmipObject, ReactivateKmipObject], &[Manager, KmipAdapterManager]),
    // Rotations as they go on, and versions with their use: who lists versions. Whoever may delete a key may retire a version of it.
    (&[ReadRotation, ListRotations, ListVersionUse], &[Reader, ReaderPlus, Writer, Manager]),
    (&[RetireKeyVersion, UnretireKeyVersion], &[Manager]),
    // What would stop names what KMIP objects are for: who lists those.
    (&[ReadImpact], &[Manager, KmipAdapterManager]),
    (&[QuarantineKmipObject, ReleaseKmipObject], &[Manager, KmipAdapterManager]),
    // The server's own.
    (&[ExpireKey, FinishRotation, EraseKeyVersion], &[]),
];

const PLATFORM: &[Ability] = &[
    (&[ListInstances, ReadInstance, ReadMetrics, ReadServerCertificate], &[Viewer, Operator, Editor, Administrator]),
    (&[CreateInstance, UpdateInstance, DeleteInstance], &[Editor, Administrator]),
    // The server's own certificates: whoever changes them decides whom vCenter trusts.
    (&[UpdateServerCertificate], &[Administrator]),
    (&[ListServiceIds, ReadServiceId, CreateServiceId, DeleteServiceId], &[Administrator]),
    (&[ListApiKeys, ReadApiKey, CreateApiKey, DeleteApiKey], &[Administrator]),
    (&[ListGrants, CreateGrant, DeleteGrant], &[Administrator]),
    (&[ListAuthorizations, CreateAuthorization, DeleteAuthorization], &[Administrator]),
    // The audit: who looks after an instance sees what was done in it. IBM shows events to viewers of another service.
    (&[ListAuditEvents, ReadAuditState], &[Operator, Editor, Administrator]),
    // The installation's numbers: as an instance's.
    (&[ReadInstallationMetrics], &[Viewer, Operator, Editor, Administrator]),
    // Backups hold all that the installation has, and the master key opens it.
    (&[ReadBackups, CreateBackup, UpdateRecoveryKey, ChangeMasterKey], &[Administrator]),
    (&[ReadRoles], Role::ALL),
    // A public key.
    (&[ReadSigningKey], Role::ALL),
];

/// What the tables above say.
pub(crate) fn allowed(role: Role, action: Action) -> bool {
    let abilities = SERVICE.iter().chain(PLATFORM);
    let rows: Vec<_> = abilities.filter(|(actions, _)| actions.contains(&action)).collect();
    let [(_, roles)] = rows[..] else { panic!("{action:?} is in {} rows", rows.len()) };
    roles.contains(&role)
}

#[test]
fn each_role_may_what_ibm_says() {
    for &action in Action::ALL {
        for &role in Role::ALL {
            assert_eq!(role.may(action), allowed(role, action), "{role:?} {action:?}");
        }
    }
}

/// A role on keys gives no access to access, and a platform role none to keys.
#[test]
fn platform_and_service_are_apart() {
    let platform: Vec<_> = Role::ALL.iter().filter(|role| role.is_platform()).collect();
    assert_eq!(platform, [&Viewer, &Operator, &Editor, &Administrator]);
    for (actions, roles) in SERVICE {
        assert!(roles.iter().all(|role| !role.is_platform()), "{actions:?}");
    }
    for (actions, roles) in
        PLATFORM.iter().filter(|(actions, _)| ![[ReadRoles], [ReadSigningKey]].iter().any(|all| actions == all))
    {
        assert!(roles.iter().all(|role| role.is_platform()), "{actions:?}");
    }
}

#[test]
fn names_are_read_back() {
    for &role in Role::ALL {
        assert_eq!(Role::from_name(role.name()), Some(role));
        assert_eq!(Role::from_name(&role.name().to_uppercase()), Some(role));
    }
    for name in ["", "Root", "VMwareKMIPManager", " Viewer", "Viewer "] {
        assert_eq!(Role::from_name(name), None, "{name:?}");
    }
}
