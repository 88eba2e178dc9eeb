//! Get Attribute List: the names of the attributes that are set (KMIP 1.4, 4.13).

use kmip::enums::Operation as Code;
use kmip::payload::{GetAttributeListResponse, ObjectRequest};

use super::Operation;
use crate::error::Failure;
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct GetAttributeList;

impl Operation for GetAttributeList {
    const CODE: Code = Code::GetAttributeList;
    const NEEDS: Permission = Permission::Get;
    type Request = ObjectRequest;
    type Response = GetAttributeListResponse;

    async fn run(request: ObjectRequest, scope: &mut Scope<'_>) -> Result<GetAttributeListResponse, Failure> {
        let object = scope.object(request.unique_identifier.as_deref()).await?.object;
        let object = scope.with_digest(object).await?;
        let mut attribute_names = Vec::new();
        for attribute in object.visible(scope.version()) {
            if !attribute_names.contains(&attribute.name) {
                attribute_names.push(attribute.name);
            }
        }
        Ok(GetAttributeListResponse { unique_identifier: object.identifier(), attribute_names })
    }
}
