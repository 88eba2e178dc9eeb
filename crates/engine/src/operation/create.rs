//! Create: a new symmetric key (KMIP 1.4, 4.1).

use kmip::attribute;
use kmip::enums::{KeyFormatType, ObjectType, Operation as Code};
use kmip::payload::{CreateRequest, CreateResponse};

use super::{Operation, template};
use crate::error::{Failure, Refusal};
use crate::object::Object;
use crate::policy::Permission;
use crate::scope::Scope;
use crate::seal::Material;

pub(crate) struct Create;

impl Operation for Create {
    const CODE: Code = Code::Create;
    const NEEDS: Permission = Permission::Create;
    type Request = CreateRequest;
    type Response = CreateResponse;

    async fn run(request: CreateRequest, scope: &mut Scope<'_>) -> Result<CreateResponse, Failure> {
        if request.object_type != ObjectType::SymmetricKey {
            return Err(Refusal::Field("Only symmetric keys can be created").into());
        }
        let mut object = Object::new(scope.new_id()?, ObjectType::SymmetricKey, KeyFormatType::Raw);
        template::apply(&mut object, request.template_attribute, scope.version())?;
        let (_, bits) = template::key_shape(&object)?;
        object.get(&attribute::CRYPTOGRAPHIC_USAGE_MASK).ok_or(Refusal::Missing("Cryptographic Usage Mask"))?;
        let material = Material::random(scope.random(), template::key_bytes(bits))?;
        object.set_date(&attribute::ORIGINAL_CREATION_DATE, scope.date());
        object.set(&attribute::RANDOM_NUMBER_GENERATOR, template::generator());
        template::complete(&mut object, material, scope).await?;
        template::claim_names(&object, scope).await?;
        scope.insert(&object).await?;
        Ok(CreateResponse {
            object_type: ObjectType::SymmetricKey,
            unique_identifier: object.identifier(),
            template_attribute: None,
        })
    }
}
