//! Managed objects as they travel (KMIP 1.4, section 2.2): symmetric keys, secret data and opaque objects.
//!
//! The invariant: key material is only ever held in [`SecretBytes`], which wipe themselves and can't be printed.

use zeroize::Zeroizing;

use crate::attribute::Attribute;
use crate::enums::{CryptographicAlgorithm, KeyCompressionType, KeyFormatType, ObjectType, SecretDataType};
use crate::ttlv::{Decode, DecodeError, Encode, Fault, Item, ItemType, Reader, Writer};
use crate::{Tag, Value, tag};

/// Key material on its way in or out. There is no Debug, and it is wiped when dropped.
#[derive(Clone)]
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes ownership of secret bytes.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        SecretBytes(bytes)
    }

    /// Opens the secret: the files in which this is called are a short list that a test holds.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Gives the wiping buffer itself away, without a copy.
    pub fn into_inner(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

impl Decode for SecretBytes {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        Ok(SecretBytes(Zeroizing::new(item.bytes()?.to_vec())))
    }
}

impl Encode for SecretBytes {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.bytes(tag, &self.0);
    }
}

/// The material in a key value (KMIP 1.4, 2.1.4 and 2.1.7).
#[derive(Clone)]
pub enum KeyMaterial {
    /// Bytes, in the format that the key block names.
    Octets(SecretBytes),
    /// A Transparent Symmetric Key: a structure with one field, Key.
    TransparentSymmetricKey(SecretBytes),
}

impl KeyMaterial {
    /// The bytes themselves, in whichever form they came.
    pub fn into_bytes(self) -> SecretBytes {
        match self {
            KeyMaterial::Octets(bytes) | KeyMaterial::TransparentSymmetricKey(bytes) => bytes,
        }
    }
}

impl Decode for KeyMaterial {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        if item.kind() != ItemType::Structure {
            return SecretBytes::decode(item).map(KeyMaterial::Octets);
        }
        let mut reader = item.structure()?;
        let key = reader.required(tag::KEY)?;
        reader.finish()?;
        Ok(KeyMaterial::TransparentSymmetricKey(key))
    }
}

impl Encode for KeyMaterial {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        match self {
            KeyMaterial::Octets(bytes) => bytes.encode(tag, out),
            KeyMaterial::TransparentSymmetricKey(key) => out.structure(tag, |out| key.encode(tag::KEY, out)),
        }
    }
}

/// A key value: in the clear, or wrapped by the client (KMIP 1.4, 2.1.4).
#[derive(Clone)]
pub enum KeyValue {
    /// In the clear, with attributes that may go with it.
    Plain {
        /// The material.
        material: KeyMaterial,
        /// Attributes of the key, set by registering it.
        attributes: Vec<Attribute>,
    },
    /// Wrapped under another key: bytes whose meaning the key wrapping data tells.
    Wrapped(SecretBytes),
}

impl Decode for KeyValue {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        if item.kind() == ItemType::ByteString {
            return SecretBytes::decode(item).map(KeyValue::Wrapped);
        }
        let mut reader = item.structure()?;
        let material = reader.required(tag::KEY_MATERIAL)?;
        let attributes = reader.repeated(tag::ATTRIBUTE)?;
        reader.finish()?;
        Ok(KeyValue::Plain { material, attributes })
    }
}

impl Encode for KeyValue {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        match self {
            KeyValue::Plain { material, attributes } => out.structure(tag, |out| {
                material.encode(tag::KEY_MATERIAL, out);
                out.repeated(tag::ATTRIBUTE, attributes);
            }),
            KeyValue::Wrapped(bytes) => bytes.encode(tag, out),
        }
    }
}

structure! {
    /// A key block (KMIP 1.4, 2.1.3).
    #[derive(Clone)]
    pub struct KeyBlock {
        /// The format of the material.
        required key_format_type: KeyFormatType = KEY_FORMAT_TYPE;
        /// How an elliptic curve point is compressed.
        optional key_compression_type: KeyCompressionType = KEY_COMPRESSION_TYPE;
        /// The material.
        optional key_value: KeyValue = KEY_VALUE;
        /// The algorithm that the key is for.
        optional cryptographic_algorithm: CryptographicAlgorithm = CRYPTOGRAPHIC_ALGORITHM;
        /// The key's length in bits.
        optional cryptographic_length: i32 = CRYPTOGRAPHIC_LENGTH;
        /// How the key value is wrapped.
        optional key_wrapping_data: Value = KEY_WRAPPING_DATA, of Structure;
    }
}

structure! {
    /// A symmetric key (KMIP 1.4, 2.2.2).
    #[derive(Clone)]
    pub struct SymmetricKey {
        /// The key.
        required key_block: KeyBlock = KEY_BLOCK;
    }
}

structure! {
    /// Secret data, such as a password or a seed (KMIP 1.4, 2.2.7).
    #[derive(Clone)]
    pub struct SecretData {
        /// What sort of secret.
        required secret_data_type: SecretDataType = SECRET_DATA_TYPE;
        /// The secret.
        required key_block: KeyBlock = KEY_BLOCK;
    }
}

structure! {
    /// An opaque object (KMIP 1.4, 2.2.8).
    #[derive(Clone)]
    pub struct OpaqueObject {
        /// What sort of data: all values are extensions.
        required opaque_data_type: OpaqueDataType = OPAQUE_DATA_TYPE;
        /// The data.
        required opaque_data_value: SecretBytes = OPAQUE_DATA_VALUE;
    }
}

/// The number of an opaque object's type: the specification gives none a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpaqueDataType(pub u32);

impl Decode for OpaqueDataType {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        item.enumeration().map(OpaqueDataType)
    }
}

impl Encode for OpaqueDataType {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.enumeration(tag, self.0);
    }
}

/// An object in a Register request or a Get answer.
#[derive(Clone)]
pub enum Object {
    /// A symmetric key.
    SymmetricKey(SymmetricKey),
    /// Secret data.
    SecretData(SecretData),
    /// An opaque object.
    OpaqueObject(OpaqueObject),
    /// An object of a type that Keystead does not keep. Its content is not looked at.
    Unsupported(Tag),
}

impl Object {
    /// The object's type; none for one that is not supported.
    pub fn object_type(&self) -> Option<ObjectType> {
        match self {
            Object::SymmetricKey(_) => Some(ObjectType::SymmetricKey),
            Object::SecretData(_) => Some(ObjectType::SecretData),
            Object::OpaqueObject(_) => Some(ObjectType::OpaqueObject),
            Object::Unsupported(_) => None,
        }
    }

    /// Reads the next field as an object, whichever it is.
    pub fn read(reader: &mut Reader<'_>) -> Result<Object, DecodeError> {
        let item = reader.next()?.ok_or(Fault::Missing.at(tag::SYMMETRIC_KEY))?;
        match item.tag() {
            tag::SYMMETRIC_KEY => SymmetricKey::decode(item).map(Object::SymmetricKey),
            tag::SECRET_DATA => SecretData::decode(item).map(Object::SecretData),
            tag::OPAQUE_OBJECT => OpaqueObject::decode(item).map(Object::OpaqueObject),
            tag::CERTIFICATE | tag::PUBLIC_KEY | tag::PRIVATE_KEY | tag::SPLIT_KEY | tag::TEMPLATE | tag::PGP_KEY => {
                Ok(Object::Unsupported(item.tag()))
            }
            unexpected => Err(Fault::Unexpected.at(unexpected)),
        }
    }

    /// Writes the object under the tag of its type.
    pub fn write(&self, out: &mut Writer) {
        match self {
            Object::SymmetricKey(key) => key.encode(tag::SYMMETRIC_KEY, out),
            Object::SecretData(secret) => secret.encode(tag::SECRET_DATA, out),
            Object::OpaqueObject(object) => object.encode(tag::OPAQUE_OBJECT, out),
            Object::Unsupported(tag) => out.structure(*tag, |_| {}),
        }
    }
}
