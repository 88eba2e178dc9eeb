//! Get Attributes: those that are set, of those asked for (KMIP 1.4, 4.12).

use kmip::attribute::{self, Attribute, AttributeName};
use kmip::enums::Operation as Code;
use kmip::payload::{GetAttributesRequest, GetAttributesResponse};

use super::Operation;
use crate::error::{Failure, Refusal};
use crate::object::shown;
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct GetAttributes;

impl Operation for GetAttributes {
    const CODE: Code = Code::GetAttributes;
    const NEEDS: Permission = Permission::Get;
    type Request = GetAttributesRequest;
    type Response = GetAttributesResponse;

    async fn run(request: GetAttributesRequest, scope: &mut Scope<'_>) -> Result<GetAttributesResponse, Failure> {
        let names = request.attribute_names;
        distinct(&names)?;
        let mut object = scope.object(request.unique_identifier.as_deref()).await?.object;
        if names.is_empty() || names.iter().any(|name| name.is(&attribute::DIGEST)) {
            object = scope.with_digest(object).await?;
        }
        let version = scope.version();
        let attributes: Vec<Attribute> = if names.is_empty() {
            object.visible(version)
        } else {
            names.iter().flat_map(|name| object.instances(name)).map(|attribute| shown(attribute, version)).collect()
        };
        Ok(GetAttributesResponse { unique_identifier: object.identifier(), attributes })
    }
}

fn distinct(names: &[AttributeName]) -> Result<(), Refusal> {
    let twice = names.iter().enumerate().find(|(place, name)| names.iter().take(*place).any(|earlier| earlier == *name));
    twice.map_or(Ok(()), |(_, name)| Err(Refusal::NamedTwice(name.as_str().to_owned())))
}
