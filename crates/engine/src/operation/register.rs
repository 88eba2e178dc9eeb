//! Register: an object that the client brings (KMIP 1.4, 4.3): a symmetric key, secret data, an opaque object.

use kmip::attribute::{self, Attribute, Row};
use kmip::enums::{CryptographicAlgorithm, KeyFormatType, Operation as Code};
use kmip::object::{KeyBlock, KeyMaterial, KeyValue, OpaqueObject, SecretData};
use kmip::payload::{RegisterRequest, RegisterResponse};
use kmip::{Value, Version, object as wire};

use super::{Operation, template};
use crate::error::{Failure, Refusal};
use crate::object::Object;
use crate::policy::Permission;
use crate::scope::Scope;
use crate::seal::Material;

pub(crate) struct Register;

impl Operation for Register {
    const CODE: Code = Code::Register;
    const NEEDS: Permission = Permission::Create;
    type Request = RegisterRequest;
    type Response = RegisterResponse;

    async fn run(request: RegisterRequest, scope: &mut Scope<'_>) -> Result<RegisterResponse, Failure> {
        let brought = request.object.ok_or(Refusal::Missing("The object"))?;
        if let wire::Object::Unsupported(_) = brought {
            return Err(Refusal::Field("Objects of this type are not kept here").into());
        }
        if brought.object_type() != Some(request.object_type) {
            return Err(Refusal::Field("The object is not of the type that the request says").into());
        }
        let mut object = Object::new(scope.new_id()?, request.object_type, KeyFormatType::Opaque);
        let version = scope.version();
        template::apply(&mut object, request.template_attribute, version)?;
        let material = take(&mut object, brought, version)?;
        template::complete(&mut object, material, scope).await?;
        template::claim_names(&object, scope).await?;
        scope.insert(&object).await?;
        Ok(RegisterResponse { unique_identifier: object.identifier(), template_attribute: None })
    }
}

/// Takes what the brought object says into the new one, and gives its material back.
fn take(object: &mut Object, brought: wire::Object, version: Version) -> Result<Material, Refusal> {
    match brought {
        wire::Object::SymmetricKey(key) => {
            let material = key_block(object, key.key_block, version)?;
            symmetric_key(object, &material)?;
            Ok(material)
        }
        wire::Object::SecretData(SecretData { secret_data_type, key_block: block }) => {
            object.secret_data_type = Some(secret_data_type);
            key_block(object, block, version)
        }
        wire::Object::OpaqueObject(OpaqueObject { opaque_data_type, opaque_data_value }) => {
            object.opaque_data_type = Some(opaque_data_type);
            Ok(Material::from_client(opaque_data_value))
        }
        wire::Object::Unsupported(_) => Err(Refusal::Field("Objects of this type are not kept here")),
    }
}

fn key_block(object: &mut Object, block: KeyBlock, version: Version) -> Result<Material, Refusal> {
    if block.key_wrapping_data.is_some() {
        return Err(Refusal::Feature("Registering a wrapped key"));
    }
    if block.key_compression_type.is_some() {
        return Err(Refusal::KeyCompression);
    }
    let (material, attributes) = match block.key_value.ok_or(Refusal::Missing("Key Value"))? {
        KeyValue::Plain { material, attributes } => (material, attributes),
        KeyValue::Wrapped(_) => return Err(Refusal::Feature("Registering a wrapped key")),
    };
    object.format = format(block.key_format_type, &material)?;
    attributes.into_iter().try_for_each(|attribute| template::add(object, attribute, version))?;
    let algorithm = block.cryptographic_algorithm.map(|algorithm| Value::Enumeration(algorithm.number()));
    agree(object, &attribute::CRYPTOGRAPHIC_ALGORITHM, algorithm, version)?;
    agree(object, &attribute::CRYPTOGRAPHIC_LENGTH, block.cryptographic_length.map(Value::Integer), version)?;
    Ok(Material::from_client(material.into_bytes()))
}

/// The format that the key is given back in, if the material has its shape.
fn format(said: KeyFormatType, material: &KeyMaterial) -> Result<KeyFormatType, Refusal> {
    match (said, material) {
        (KeyFormatType::Raw | KeyFormatType::Opaque, KeyMaterial::Octets(_))
        | (KeyFormatType::TransparentSymmetricKey, KeyMaterial::TransparentSymmetricKey(_)) => Ok(said),
        _ => Err(Refusal::KeyFormat),
    }
}

/// What the key block says and what the template says must be the same; one of them is enough.
fn agree(object: &mut Object, row: &'static Row, said: Option<Value>, version: Version) -> Result<(), Refusal> {
    let Some(value) = said else { return Ok(()) };
    match object.get(row) {
        Some(set) if *set != value => {
            Err(Refusal::Attribute(row.name.to_owned(), "the key block and the template say different things"))
        }
        Some(_) => Ok(()),
        None => template::add(object, Attribute::new(row, value), version),
    }
}

/// A symmetric key tells what it is, and its material is as long as it says.
fn symmetric_key(object: &mut Object, material: &Material) -> Result<(), Refusal> {
    object.get(&attribute::CRYPTOGRAPHIC_USAGE_MASK).ok_or(Refusal::Missing("Cryptographic Usage Mask"))?;
    let algorithm = object.get(&attribute::CRYPTOGRAPHIC_ALGORITHM).and_then(Value::as_enumeration);
    let algorithm = CryptographicAlgorithm::from_number(algorithm.ok_or(Refusal::Missing("Cryptographic Algorithm"))?);
    let bits = i32::try_from(material.length() * 8).unwrap_or(i32::MAX);
    let said = object.get(&attribute::CRYPTOGRAPHIC_LENGTH).and_then(Value::as_integer).unwrap_or(bits);
    object.set(&attribute::CRYPTOGRAPHIC_LENGTH, Value::Integer(said));
    let fits = template::length_fits(algorithm, said)? && template::key_bytes(said) == material.length();
    if fits { Ok(()) } else { Err(wrong_length()) }
}

fn wrong_length() -> Refusal {
    Refusal::Attribute("Cryptographic Length".to_owned(), "the key material does not have the length of such a key")
}
