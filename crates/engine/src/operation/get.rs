//! Get: an object with its material (KMIP 1.4, 4.11).

use kmip::enums::{CryptographicAlgorithm, KeyFormatType, KeyWrapType, ObjectType, Operation as Code, SecretDataType};
use kmip::object::{
    KeyBlock, KeyMaterial, KeyValue, Object as Wire, OpaqueDataType, OpaqueObject, SecretBytes, SecretData, SymmetricKey,
};
use kmip::payload::{GetRequest, GetResponse};
use kmip::{Value, attribute};

use super::Operation;
use crate::error::{Failure, Refusal};
use crate::object::Object;
use crate::policy::Permission;
use crate::record::Stored;
use crate::scope::Scope;

pub(crate) struct Get;

impl Operation for Get {
    const CODE: Code = Code::Get;
    const NEEDS: Permission = Permission::Get;
    type Request = GetRequest;
    type Response = GetResponse;

    async fn run(request: GetRequest, scope: &mut Scope<'_>) -> Result<GetResponse, Failure> {
        let mut stored = scope.live(request.unique_identifier.as_deref()).await?;
        serve(&mut stored, scope).await?;
        let object = stored.object;
        let format = format(&request, &object)?;
        may_leave(&object)?;
        let material = scope.material(&object).await?.into_client();
        Ok(GetResponse {
            object_type: object.object_type,
            unique_identifier: object.identifier(),
            object: wire(&object, format, material),
        })
    }
}

/// An object that is given out is fresh no longer (KMIP 1.4, 3.34). A store that takes no changes does not keep it from being given.
async fn serve(stored: &mut Stored, scope: &mut Scope<'_>) -> Result<(), Failure> {
    if stored.object.get(&attribute::FRESH) == Some(&Value::Boolean(true)) {
        stored.change().set(&attribute::FRESH, Value::Boolean(false));
        scope.note(stored).await?;
    }
    Ok(())
}

/// The format to answer in, if the request asks for nothing that is not offered.
fn format(request: &GetRequest, object: &Object) -> Result<KeyFormatType, Refusal> {
    if request.key_wrapping_specification.is_some() {
        return Err(Refusal::Feature("Key wrapping"));
    }
    if request.key_wrap_type == Some(KeyWrapType::AsRegistered) {
        return Err(Refusal::Feature("A key wrapped as it was registered"));
    }
    if request.key_compression_type.is_some() {
        return Err(Refusal::KeyCompression);
    }
    let symmetric = object.object_type == ObjectType::SymmetricKey;
    match request.key_format_type {
        None => Ok(object.format),
        Some(format) if format == object.format && object.object_type != ObjectType::OpaqueObject => Ok(format),
        Some(format) if symmetric && is_plain(format) && is_plain(object.format) => Ok(format),
        Some(_) => Err(Refusal::KeyFormat),
    }
}

/// Whether a format is the key's own bytes, so that one can be given for the other.
fn is_plain(format: KeyFormatType) -> bool {
    matches!(format, KeyFormatType::Raw | KeyFormatType::TransparentSymmetricKey)
}

/// A key that is not extractable never leaves; one that is sensitive leaves wrapped only, and wrapping is not offered
/// (KMIP 1.4, 3.48 and 3.50).
fn may_leave(object: &Object) -> Result<(), Refusal> {
    if object.get(&attribute::EXTRACTABLE) == Some(&Value::Boolean(false)) {
        return Err(Refusal::NotExtractable("The object is not extractable"));
    }
    if object.get(&attribute::SENSITIVE) == Some(&Value::Boolean(true)) {
        return Err(Refusal::Sensitive);
    }
    Ok(())
}

fn wire(object: &Object, format: KeyFormatType, material: SecretBytes) -> Wire {
    match object.object_type {
        ObjectType::SecretData => Wire::SecretData(SecretData {
            secret_data_type: object.secret_data_type.unwrap_or(SecretDataType::Password),
            key_block: key_block(object, format, material),
        }),
        ObjectType::OpaqueObject => Wire::OpaqueObject(OpaqueObject {
            opaque_data_type: object.opaque_data_type.unwrap_or(OpaqueDataType(0)),
            opaque_data_value: material,
        }),
        _ => Wire::SymmetricKey(SymmetricKey { key_block: key_block(object, format, material) }),
    }
}

fn key_block(object: &Object, key_format_type: KeyFormatType, material: SecretBytes) -> KeyBlock {
    let material = match key_format_type {
        KeyFormatType::TransparentSymmetricKey => KeyMaterial::TransparentSymmetricKey(material),
        _ => KeyMaterial::Octets(material),
    };
    let algorithm = object.get(&attribute::CRYPTOGRAPHIC_ALGORITHM).and_then(Value::as_enumeration);
    KeyBlock {
        key_format_type,
        key_compression_type: None,
        key_value: Some(KeyValue::Plain { material, attributes: Vec::new() }),
        cryptographic_algorithm: algorithm.map(CryptographicAlgorithm::from_number),
        cryptographic_length: object.get(&attribute::CRYPTOGRAPHIC_LENGTH).and_then(Value::as_integer),
        key_wrapping_data: None,
    }
}
