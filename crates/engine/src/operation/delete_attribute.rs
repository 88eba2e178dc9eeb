//! Delete Attribute: one instance of an attribute (KMIP 1.4, 4.16).

use kmip::attribute::{self, Attribute};
use kmip::enums::Operation as Code;
use kmip::payload::{ChangeAttributeResponse, DeleteAttributeRequest};
use kmip::ttlv::Encode;

use super::Operation;
use crate::error::{Failure, Refusal};
use crate::object::shown;
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct DeleteAttribute;

impl Operation for DeleteAttribute {
    const CODE: Code = Code::DeleteAttribute;
    const NEEDS: Permission = Permission::Create;
    type Request = DeleteAttributeRequest;
    type Response = ChangeAttributeResponse;

    async fn run(request: DeleteAttributeRequest, scope: &mut Scope<'_>) -> Result<ChangeAttributeResponse, Failure> {
        let mut stored = scope.live(request.unique_identifier.as_deref()).await?;
        let name = request.attribute_name;
        if name.row().is_some_and(|row| !row.delete) {
            return Err(Refusal::ReadOnly(name.as_str().to_owned(), "it can't be deleted").into());
        }
        let index = request.attribute_index.unwrap_or(0);
        // A value that the client's version can't be told is not there for it.
        let named = |there: &Attribute| there.name == name && there.index() == index && there.known_to(scope.version());
        let attributes = &mut stored.change().attributes;
        let place = attributes.iter().position(named);
        let place = place.ok_or_else(|| Refusal::AttributeNotFound(name.as_str().to_owned()))?;
        let deleted = attributes.remove(place);
        if name.is(&attribute::NAME) {
            scope.release_name(stored.object.id.0, &deleted.value).await?;
        }
        scope.update(&mut stored).await?;
        let unique_identifier = stored.object.identifier();
        Ok(ChangeAttributeResponse { unique_identifier, attribute: shown(&deleted, scope.version()) })
    }
}
