//! Discover Versions: the versions that both sides speak, the server's preferred one first (KMIP 1.4, 4.26).

use kmip::Version;
use kmip::enums::Operation as Code;
use kmip::message::ProtocolVersion;
use kmip::payload::DiscoverVersions as Payload;

use super::Operation;
use crate::error::Failure;
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct DiscoverVersions;

impl Operation for DiscoverVersions {
    const CODE: Code = Code::DiscoverVersions;
    const NEEDS: Permission = Permission::Get;
    type Request = Payload;
    type Response = Payload;

    async fn run(request: Payload, _scope: &mut Scope<'_>) -> Result<Payload, Failure> {
        let asked = request.protocol_versions;
        let mut protocol_versions: Vec<ProtocolVersion> = Version::ALL.into_iter().map(Into::into).collect();
        protocol_versions.retain(|version| asked.is_empty() || asked.contains(version));
        Ok(Payload { protocol_versions })
    }
}
