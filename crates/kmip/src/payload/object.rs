//! Making and fetching objects: Create, Register, Re-key, Get.

use crate::attribute::Attribute;
use crate::enums::{KeyCompressionType, KeyFormatType, KeyWrapType, NameType, ObjectType};
use crate::object::Object;
use crate::ttlv::{Decode, DecodeError, Encode, Item, Writer};
use crate::{Interval, Tag, Value, tag};

structure! {
    /// A name (KMIP 1.4, 3.2).
    #[derive(Clone)]
    pub struct Name {
        /// The text.
        required value: String = NAME_VALUE;
        /// How to read it.
        required kind: NameType = NAME_TYPE;
    }
}

structure! {
    /// A template-attribute: names of templates, and attributes (KMIP 1.4, 2.1.8).
    #[derive(Clone, Default)]
    pub struct TemplateAttribute {
        /// Templates to take attributes from.
        repeated names: Name = NAME;
        /// Attributes.
        repeated attributes: Attribute = ATTRIBUTE;
    }
}

structure! {
    /// Create's request (KMIP 1.4, 4.1).
    pub struct CreateRequest {
        /// What to make.
        required object_type: ObjectType = OBJECT_TYPE;
        /// What it shall be like.
        required template_attribute: TemplateAttribute = TEMPLATE_ATTRIBUTE;
    }
}

structure! {
    /// Create's answer.
    pub struct CreateResponse {
        /// What was made.
        required object_type: ObjectType = OBJECT_TYPE;
        /// Which object.
        required unique_identifier: String = UNIQUE_IDENTIFIER;
        /// Attributes that the server set on its own account.
        optional template_attribute: TemplateAttribute = TEMPLATE_ATTRIBUTE;
    }
}

/// Register's request (KMIP 1.4, 4.3).
pub struct RegisterRequest {
    /// What the object is.
    pub object_type: ObjectType,
    /// Its attributes.
    pub template_attribute: TemplateAttribute,
    /// The object itself; none where only its key value's location is registered.
    pub object: Option<Object>,
}

impl Decode for RegisterRequest {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        let mut reader = item.structure()?;
        let object_type = reader.required(tag::OBJECT_TYPE)?;
        let template_attribute = reader.required(tag::TEMPLATE_ATTRIBUTE)?;
        let object = reader.peek().map(|_| Object::read(&mut reader)).transpose()?;
        reader.finish()?;
        Ok(RegisterRequest { object_type, template_attribute, object })
    }
}

impl Encode for RegisterRequest {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.structure(tag, |out| {
            self.object_type.encode(tag::OBJECT_TYPE, out);
            self.template_attribute.encode(tag::TEMPLATE_ATTRIBUTE, out);
            self.object.iter().for_each(|object| object.write(out));
        });
    }
}

structure! {
    /// The answer of Register (KMIP 1.4, 4.3) and of Re-key (4.4).
    pub struct RegisterResponse {
        /// Which object.
        required unique_identifier: String = UNIQUE_IDENTIFIER;
        /// Attributes that the server set on its own account.
        optional template_attribute: TemplateAttribute = TEMPLATE_ATTRIBUTE;
    }
}

structure! {
    /// Re-key's request (KMIP 1.4, 4.4).
    pub struct ReKeyRequest {
        /// The key to replace; none means the ID placeholder's.
        optional unique_identifier: String = UNIQUE_IDENTIFIER;
        /// Between the new key's initial and activation dates, in seconds.
        optional offset: Interval = OFFSET;
        /// What the new key shall be like, beyond what it takes over.
        optional template_attribute: TemplateAttribute = TEMPLATE_ATTRIBUTE;
    }
}

structure! {
    /// Get's request (KMIP 1.4, 4.11).
    pub struct GetRequest {
        /// Which object; none means the ID placeholder's.
        optional unique_identifier: String = UNIQUE_IDENTIFIER;
        /// The format that the key shall be in.
        optional key_format_type: KeyFormatType = KEY_FORMAT_TYPE;
        /// Whether it shall be wrapped as it was registered.
        optional key_wrap_type: KeyWrapType = KEY_WRAP_TYPE, since V1_4;
        /// How an elliptic curve point shall be compressed.
        optional key_compression_type: KeyCompressionType = KEY_COMPRESSION_TYPE;
        /// How the key shall be wrapped.
        optional key_wrapping_specification: Value = KEY_WRAPPING_SPECIFICATION, of Structure;
    }
}

/// Get's answer.
pub struct GetResponse {
    /// What it is.
    pub object_type: ObjectType,
    /// Which object.
    pub unique_identifier: String,
    /// The object itself.
    pub object: Object,
}

impl Decode for GetResponse {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        let mut reader = item.structure()?;
        let object_type = reader.required(tag::OBJECT_TYPE)?;
        let unique_identifier = reader.required(tag::UNIQUE_IDENTIFIER)?;
        let object = Object::read(&mut reader)?;
        reader.finish()?;
        Ok(GetResponse { object_type, unique_identifier, object })
    }
}

impl Encode for GetResponse {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.structure(tag, |out| {
            self.object_type.encode(tag::OBJECT_TYPE, out);
            out.text(tag::UNIQUE_IDENTIFIER, &self.unique_identifier);
            self.object.write(out);
        });
    }
}
