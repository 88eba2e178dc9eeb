//! Add Attribute: an attribute, or one more instance of one (KMIP 1.4, 4.14).

use kmip::attribute::{self, Attribute};
use kmip::enums::Operation as Code;
use kmip::payload::{ChangeAttributeRequest, ChangeAttributeResponse};

use super::{Operation, template};
use crate::error::{Failure, Refusal};
use crate::lifecycle;
use crate::object::{Object, shown};
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct AddAttribute;

impl Operation for AddAttribute {
    const CODE: Code = Code::AddAttribute;
    const NEEDS: Permission = Permission::Create;
    type Request = ChangeAttributeRequest;
    type Response = ChangeAttributeResponse;

    async fn run(request: ChangeAttributeRequest, scope: &mut Scope<'_>) -> Result<ChangeAttributeResponse, Failure> {
        let mut stored = scope.live(request.unique_identifier.as_deref()).await?;
        let object = stored.change();
        let unique_identifier = object.identifier();
        if request.attribute.index.is_some() {
            return Err(Refusal::Field("An attribute is added without an index: the server gives it one").into());
        }
        scope.hear(&request.attribute);
        // The same instance of a custom attribute again is no change: clients that set theirs later again don't pile them up.
        if let Some(there) = repeated(object, &request.attribute) {
            return Ok(ChangeAttributeResponse { unique_identifier, attribute: there });
        }
        let name = request.attribute.name.clone();
        template::add(object, request.attribute, scope.version())?;
        let added = object.instances(&name).last().cloned().ok_or(Refusal::AttributeNotFound(name.as_str().to_owned()))?;
        if added.name.is(&attribute::NAME) {
            scope.claim_name(object.id.0, &added.value).await?;
        }
        super::modify_attribute::dates_allow(object, &added.name)?;
        lifecycle::advance(object, scope.now());
        scope.update(&mut stored).await?;
        Ok(ChangeAttributeResponse { unique_identifier, attribute: shown(&added, scope.version()) })
    }
}

fn repeated(object: &Object, attribute: &Attribute) -> Option<Attribute> {
    let custom = attribute.name.row().is_none();
    object.instances(&attribute.name).find(|there| custom && there.value == attribute.value).cloned()
}
