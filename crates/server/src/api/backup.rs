//! Backups, and the public half of the recovery key that they are sealed to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Resource;

/// A backup in the server's backup folder.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Backup {
    /// The file's name there.
    pub name: String,
    /// When it was made.
    pub created_at: String,
    /// The same in milliseconds since the Unix epoch, as the backup itself says.
    pub created: i64,
    /// In bytes.
    pub size: u64,
    /// The recovery key that opens it.
    pub recovery_key: String,
}

/// The recovery key, as far as the server has it: the public half.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RecoveryKey {
    /// The installation that the kit is for: its public signing key in hexadecimal.
    pub installation: String,
    /// What the recovery key is called; none while there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// How its kit is kept, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
    /// Since when backups are sealed to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// When the newest backup was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_backup: Option<String>,
    /// When the newest backup that was verified was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_verified: Option<String>,
    /// Where the server puts backups.
    pub folder: String,
}

/// Sets the recovery key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRecoveryKey {
    /// The public half: 32 bytes in hexadecimal.
    pub public: String,
    /// How the kit is kept, in words: 1 to 80 characters.
    pub kept: String,
}

/// Says that a backup was verified by whoever has the kit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifiedBackup {
    /// When it was made, in milliseconds since the Unix epoch, as the backup itself says.
    pub created: i64,
}

impl Resource for Backup {
    const TYPE: &'static str = "application/vnd.keystead.backup+json";
}

impl Resource for RecoveryKey {
    const TYPE: &'static str = "application/vnd.keystead.recovery-key+json";
}
