//! What the tables say of a structure's fields, as data, for tests alone: from it they make instances of every structure, and every
//! way to get one wrong.
//!
//! The invariant: a shape comes from the same row that the code comes from. Those written by hand here stand for codecs that are
//! written by hand.

mod instance;
mod tests;

use crate::attribute::{Attribute, AttributeName};
use crate::enums::ObjectType;
use crate::message::{Credential, Password, UsernameAndPassword};
use crate::object::{KeyMaterial, KeyValue, OpaqueDataType, OpaqueObject, SecretBytes, SecretData, SymmetricKey};
use crate::payload::{GetResponse, RegisterRequest, TemplateAttribute};
use crate::ttlv::ItemType;
use crate::{DateTime, Interval, Tag, Value, Version, tag};

/// What can stand under a tag.
#[derive(Clone)]
pub(crate) enum Shape {
    /// A value of this type.
    Leaf(ItemType),
    /// An Enumeration with this number.
    Number(u32),
    /// An attribute's name.
    Name,
    /// Fields in this order.
    Structure(Vec<Field>),
    /// Any value of any type.
    Any,
}

/// A field of a structure.
#[derive(Clone)]
pub(crate) struct Field {
    pub(crate) required: bool,
    pub(crate) repeated: bool,
    pub(crate) since: Version,
    /// The tags that the field can have, and what stands under them.
    pub(crate) choices: Vec<(Tag, Shape)>,
}

/// A type whose shape is known: more than one where its form varies.
pub(crate) trait Shaped {
    fn shapes() -> Vec<Shape>;
}

impl Field {
    /// A field of a type, as a row of `structure!` says it.
    pub(crate) fn of<T: Shaped>(mode: &str, tag: Tag, since: Version) -> Field {
        let choices = T::shapes().into_iter().map(|shape| (tag, shape)).collect();
        Field { required: mode == "required", repeated: mode == "repeated", since, choices }
    }

    /// What can stand under one of the field's tags.
    pub(crate) fn shapes(&self, tag: Tag) -> Vec<&Shape> {
        self.choices.iter().filter(|choice| choice.0 == tag).map(|choice| &choice.1).collect()
    }

    /// The same field, where its table says which type any value must have.
    pub(crate) fn restricted(mut self, kind: ItemType) -> Field {
        self.choices.iter_mut().for_each(|(_, shape)| *shape = Shape::Leaf(kind));
        self
    }

    fn required<T: Shaped>(tag: Tag) -> Field {
        Field::of::<T>("required", tag, Version::V1_0)
    }

    fn optional<T: Shaped>(tag: Tag) -> Field {
        Field::of::<T>("optional", tag, Version::V1_0)
    }

    fn object(required: bool) -> Field {
        let fields = [
            Field::required::<SymmetricKey>(tag::SYMMETRIC_KEY),
            Field::required::<SecretData>(tag::SECRET_DATA),
            Field::required::<OpaqueObject>(tag::OPAQUE_OBJECT),
        ];
        let choices = fields.into_iter().flat_map(|field| field.choices).collect();
        Field { required, repeated: false, since: Version::V1_0, choices }
    }
}

macro_rules! leaves {
    ($($type:ty: $kind:ident;)*) => {$(
        impl Shaped for $type {
            fn shapes() -> Vec<Shape> {
                vec![Shape::Leaf(ItemType::$kind)]
            }
        }
    )*};
}

leaves! {
    i32: Integer;
    i64: LongInteger;
    bool: Boolean;
    String: TextString;
    DateTime: DateTime;
    Interval: Interval;
    Password: TextString;
    SecretBytes: ByteString;
    OpaqueDataType: Enumeration;
}

macro_rules! structures {
    ($($type:ty: $($fields:expr),*;)*) => {$(
        impl Shaped for $type {
            fn shapes() -> Vec<Shape> {
                vec![Shape::Structure(vec![$($fields),*])]
            }
        }
    )*};
}

structures! {
    Attribute: Field::required::<AttributeName>(tag::ATTRIBUTE_NAME), Field::optional::<i32>(tag::ATTRIBUTE_INDEX),
        Field::required::<Value>(tag::ATTRIBUTE_VALUE);
    RegisterRequest: Field::required::<ObjectType>(tag::OBJECT_TYPE),
        Field::required::<TemplateAttribute>(tag::TEMPLATE_ATTRIBUTE), Field::object(false);
    GetResponse: Field::required::<ObjectType>(tag::OBJECT_TYPE), Field::required::<String>(tag::UNIQUE_IDENTIFIER),
        Field::object(true);
}

impl Shaped for AttributeName {
    fn shapes() -> Vec<Shape> {
        vec![Shape::Name]
    }
}

impl Shaped for Value {
    fn shapes() -> Vec<Shape> {
        vec![Shape::Any]
    }
}

impl Shaped for Credential {
    fn shapes() -> Vec<Shape> {
        let kind = (tag::CREDENTIAL_TYPE, Shape::Number(1));
        let kind = Field { required: true, repeated: false, since: Version::V1_0, choices: vec![kind] };
        vec![Shape::Structure(vec![kind, Field::required::<UsernameAndPassword>(tag::CREDENTIAL_VALUE)])]
    }
}

impl Shaped for KeyMaterial {
    fn shapes() -> Vec<Shape> {
        let transparent = Shape::Structure(vec![Field::required::<SecretBytes>(tag::KEY)]);
        vec![Shape::Leaf(ItemType::ByteString), transparent]
    }
}

impl Shaped for KeyValue {
    fn shapes() -> Vec<Shape> {
        let attributes = Field::of::<Attribute>("repeated", tag::ATTRIBUTE, Version::V1_0);
        let plain = Shape::Structure(vec![Field::required::<KeyMaterial>(tag::KEY_MATERIAL), attributes]);
        vec![plain, Shape::Leaf(ItemType::ByteString)]
    }
}
