//! [`Deed`]: everything that is done with one key, each in one line.

use crate::call_at;
use keymanager::{Action, Call, Error, Key, KeyManager};
use kmip::Timestamp;

/// What is done with a key, by the name of its action in IBM's documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deed {
    Get,
    Payload,
    Move,
    Wrap,
    Unwrap,
    Rewrap,
    Rotate,
    Enable,
    Disable,
    Versions,
    AllVersions,
    Delete,
    Restore,
    Purge,
}
impl Deed {
    pub(crate) const ALL: [Deed; 14] = [
        Deed::Get,
        Deed::Payload,
        Deed::Move,
        Deed::Wrap,
        Deed::Unwrap,
        Deed::Rewrap,
        Deed::Rotate,
        Deed::Enable,
        Deed::Disable,
        Deed::Versions,
        Deed::AllVersions,
        Deed::Delete,
        Deed::Restore,
        Deed::Purge,
    ];

    pub(crate) fn action(self) -> Action {
        match self {
            Deed::Get => Action::ReadKeyMetadata,
            Deed::Payload => Action::ReadKey,
            Deed::Move => Action::PatchKey,
            Deed::Wrap => Action::WrapKey,
            Deed::Unwrap => Action::UnwrapKey,
            Deed::Rewrap => Action::RewrapKey,
            Deed::Rotate => Action::RotateKey,
            Deed::Enable => Action::EnableKey,
            Deed::Disable => Action::DisableKey,
            Deed::Versions | Deed::AllVersions => Action::ListKeyVersions,
            Deed::Delete => Action::DeleteKey,
            Deed::Restore => Action::RestoreKey,
            Deed::Purge => Action::PurgeKey,
        }
    }

    /// Does it as a part of the server; what it gives is the key afterwards, where it gives it.
    pub(crate) async fn run(
        self,
        manager: &KeyManager,
        key: &Key,
        now: Timestamp,
        old: &[u8],
    ) -> Result<Option<Key>, Error> {
        self.run_by(&call_at(key.instance, self.action(), now), manager, &key.id.to_string(), old).await
    }

    /// Does it by a call; `old` is what was wrapped before.
    pub(crate) async fn run_by(
        self,
        call: &Call,
        manager: &KeyManager,
        id: &str,
        old: &[u8],
    ) -> Result<Option<Key>, Error> {
        match self {
            Deed::Get => manager.key(call, id, None).await.map(Some),
            Deed::Payload => manager.key_with_payload(call, id, None).await.map(|(key, _)| Some(key)),
            Deed::Move => manager.move_key(call, id, "default").await.map(Some),
            Deed::Wrap => manager.wrap_data(call, id, None, &[]).await.map(|_| None),
            Deed::Unwrap => manager.unwrap_data(call, id, old, &[]).await.map(|_| None),
            Deed::Rewrap => manager.rewrap_data(call, id, old, &[]).await.map(|_| None),
            Deed::Rotate => manager.rotate(call, id, None).await.map(Some),
            Deed::Enable => manager.enable(call, id).await.map(Some),
            Deed::Disable => manager.disable(call, id).await.map(Some),
            Deed::Versions => manager.versions(call, id, false).await.map(|_| None),
            Deed::AllVersions => manager.versions(call, id, true).await.map(|_| None),
            Deed::Delete => manager.delete_key(call, id, false).await.map(Some),
            Deed::Restore => manager.restore(call, id).await.map(Some),
            Deed::Purge => manager.purge(call, id).await.map(|_| None),
        }
    }
}
