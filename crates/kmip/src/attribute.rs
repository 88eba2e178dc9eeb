//! Attributes: one row each in [`ROWS`] (KMIP 1.4, section 3), and the [`Attribute`] structure that carries one.
//!
//! The invariant: all that the specification says of an attribute as such (name, tag, type, since when, single or multi, who may
//! set, modify and delete it) stands in its row; what depends on the object's state is the engine's.

use crate::ttlv::{Decode, DecodeError, Encode, Fault, Item, ItemType, Writer};
use crate::{Tag, Value, Version, enums, tag};

/// What the specification says of an attribute.
#[derive(Debug)]
pub struct Row {
    /// Its name in the 1.x protocols.
    pub name: &'static str,
    /// Its tag: the name in the 2.x protocols, and what enumerations in it are named by.
    pub tag: Tag,
    /// The type of its value.
    pub kind: ItemType,
    /// The version since which it exists.
    pub since: Version,
    /// Whether an object may have several instances of it.
    pub multi: bool,
    /// Whether a client may set it.
    pub set: bool,
    /// Whether a client may modify it.
    pub modify: bool,
    /// Whether a client may delete it.
    pub delete: bool,
    /// The fields of its value, where that is a Structure.
    pub shape: &'static [Part],
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.tag == other.tag
    }
}

impl Eq for Row {}

/// A field of a structured attribute's value.
#[derive(Debug)]
pub struct Part {
    /// Its tag.
    pub tag: Tag,
    /// Its type.
    pub kind: ItemType,
    /// Whether it must be there.
    pub required: bool,
    /// The version since which it exists.
    pub since: Version,
}

const fn required(tag: Tag, kind: ItemType) -> Part {
    Part { tag, kind, required: true, since: V1_0 }
}

const fn optional(tag: Tag, kind: ItemType) -> Part {
    Part { tag, kind, required: false, since: V1_0 }
}

const fn since(version: Version, part: Part) -> Part {
    Part { since: version, ..part }
}

use ItemType::{Boolean, ByteString, DateTime, Enumeration, Integer, Interval, LongInteger, Structure, TextString};
use Version::{V1_0, V1_1, V1_2, V1_3, V1_4};

/// The rows: `CONSTANT "Name" TAG Type since, multi|single, set modify delete; shape`. Who may set, modify or delete is what the
/// specification grants to clients; `-` is nobody but the server.
macro_rules! attributes {
    ($($constant:ident $name:literal $tag:ident $kind:ident $since:ident $count:ident $set:tt $modify:tt $delete:tt $([$($part:expr),*])?;)*) => {
        $(
            #[doc = concat!("The attribute ", $name, ".")]
            pub static $constant: Row = Row {
                name: $name, tag: tag::$tag, kind: $kind, since: $since,
                multi: attributes!(@flag $count), set: attributes!(@flag $set),
                modify: attributes!(@flag $modify), delete: attributes!(@flag $delete),
                shape: &[$($($part),*)?],
            };
        )*

        /// Every attribute of the tables, in the specification's order.
        pub static ROWS: &[&Row] = &[$(&$constant),*];

        /// The row of the attribute with this name.
        pub fn row(name: &str) -> Option<&'static Row> {
            match name {
                $($name => Some(&$constant),)*
                _ => None,
            }
        }
    };
    (@flag single) => { false };
    (@flag multi) => { true };
    (@flag -) => { false };
    (@flag $yes:ident) => { true };
}

attributes! {
    UNIQUE_IDENTIFIER "Unique Identifier" UNIQUE_IDENTIFIER TextString V1_0 single - - -;
    NAME "Name" NAME Structure V1_0 multi set modify delete
        [required(tag::NAME_VALUE, TextString), required(tag::NAME_TYPE, Enumeration)];
    OBJECT_TYPE "Object Type" OBJECT_TYPE Enumeration V1_0 single - - -;
    CRYPTOGRAPHIC_ALGORITHM "Cryptographic Algorithm" CRYPTOGRAPHIC_ALGORITHM Enumeration V1_0 single set - -;
    CRYPTOGRAPHIC_LENGTH "Cryptographic Length" CRYPTOGRAPHIC_LENGTH Integer V1_0 single set - -;
    CRYPTOGRAPHIC_PARAMETERS "Cryptographic Parameters" CRYPTOGRAPHIC_PARAMETERS Structure V1_0 multi set modify delete
        [optional(tag::BLOCK_CIPHER_MODE, Enumeration), optional(tag::PADDING_METHOD, Enumeration),
         optional(tag::HASHING_ALGORITHM, Enumeration), optional(tag::KEY_ROLE_TYPE, Enumeration),
         since(V1_2, optional(tag::DIGITAL_SIGNATURE_ALGORITHM, Enumeration)),
         since(V1_2, optional(tag::CRYPTOGRAPHIC_ALGORITHM, Enumeration)), since(V1_2, optional(tag::RANDOM_IV, Boolean)),
         since(V1_2, optional(tag::IV_LENGTH, Integer)), since(V1_2, optional(tag::TAG_LENGTH, Integer)),
         since(V1_2, optional(tag::FIXED_FIELD_LENGTH, Integer)), since(V1_2, optional(tag::INVOCATION_FIELD_LENGTH, Integer)),
         since(V1_2, optional(tag::COUNTER_LENGTH, Integer)), since(V1_2, optional(tag::INITIAL_COUNTER_VALUE, Integer)),
         since(V1_4, optional(tag::SALT_LENGTH, Integer)), since(V1_4, optional(tag::MASK_GENERATOR, Enumeration)),
         since(V1_4, optional(tag::MASK_GENERATOR_HASHING_ALGORITHM, Enumeration)),
         since(V1_4, optional(tag::P_SOURCE, ByteString)), since(V1_4, optional(tag::TRAILER_FIELD, Integer))];
    CRYPTOGRAPHIC_DOMAIN_PARAMETERS "Cryptographic Domain Parameters" CRYPTOGRAPHIC_DOMAIN_PARAMETERS Structure V1_0 single set - -
        [optional(tag::QLENGTH, Integer), optional(tag::RECOMMENDED_CURVE, Enumeration)];
    CERTIFICATE_TYPE "Certificate Type" CERTIFICATE_TYPE Enumeration V1_0 single - - -;
    CERTIFICATE_LENGTH "Certificate Length" CERTIFICATE_LENGTH Integer V1_1 single - - -;
    X509_CERTIFICATE_IDENTIFIER "X.509 Certificate Identifier" X509_CERTIFICATE_IDENTIFIER Structure V1_1 single - - -
        [required(tag::ISSUER_DISTINGUISHED_NAME, ByteString), required(tag::CERTIFICATE_SERIAL_NUMBER, ByteString)];
    X509_CERTIFICATE_SUBJECT "X.509 Certificate Subject" X509_CERTIFICATE_SUBJECT Structure V1_1 single - - -
        [required(tag::SUBJECT_DISTINGUISHED_NAME, ByteString), optional(tag::SUBJECT_ALTERNATIVE_NAME, ByteString)];
    X509_CERTIFICATE_ISSUER "X.509 Certificate Issuer" X509_CERTIFICATE_ISSUER Structure V1_1 single - - -
        [required(tag::ISSUER_DISTINGUISHED_NAME, ByteString), optional(tag::ISSUER_ALTERNATIVE_NAME, ByteString)];
    CERTIFICATE_IDENTIFIER "Certificate Identifier" CERTIFICATE_IDENTIFIER Structure V1_0 single - - -
        [required(tag::ISSUER, TextString), optional(tag::SERIAL_NUMBER, TextString)];
    CERTIFICATE_SUBJECT "Certificate Subject" CERTIFICATE_SUBJECT Structure V1_0 single - - -
        [required(tag::CERTIFICATE_SUBJECT_DISTINGUISHED_NAME, TextString),
         optional(tag::CERTIFICATE_SUBJECT_ALTERNATIVE_NAME, TextString)];
    CERTIFICATE_ISSUER "Certificate Issuer" CERTIFICATE_ISSUER Structure V1_0 single - - -
        [required(tag::CERTIFICATE_ISSUER_DISTINGUISHED_NAME, TextString),
         optional(tag::CERTIFICATE_ISSUER_ALTERNATIVE_NAME, TextString)];
    DIGITAL_SIGNATURE_ALGORITHM "Digital Signature Algorithm" DIGITAL_SIGNATURE_ALGORITHM Enumeration V1_1 multi - - -;
    DIGEST "Digest" DIGEST Structure V1_0 multi - - -
        [required(tag::HASHING_ALGORITHM, Enumeration), optional(tag::DIGEST_VALUE, ByteString),
         since(V1_1, optional(tag::KEY_FORMAT_TYPE, Enumeration))];
    OPERATION_POLICY_NAME "Operation Policy Name" OPERATION_POLICY_NAME TextString V1_0 single set - -;
    CRYPTOGRAPHIC_USAGE_MASK "Cryptographic Usage Mask" CRYPTOGRAPHIC_USAGE_MASK Integer V1_0 single set - -;
    LEASE_TIME "Lease Time" LEASE_TIME Interval V1_0 single - - -;
    USAGE_LIMITS "Usage Limits" USAGE_LIMITS Structure V1_0 single set modify delete
        [required(tag::USAGE_LIMITS_TOTAL, LongInteger), optional(tag::USAGE_LIMITS_COUNT, LongInteger),
         required(tag::USAGE_LIMITS_UNIT, Enumeration)];
    STATE "State" STATE Enumeration V1_0 single - - -;
    INITIAL_DATE "Initial Date" INITIAL_DATE DateTime V1_0 single - - -;
    ACTIVATION_DATE "Activation Date" ACTIVATION_DATE DateTime V1_0 single set modify -;
    PROCESS_START_DATE "Process Start Date" PROCESS_START_DATE DateTime V1_0 single set modify -;
    PROTECT_STOP_DATE "Protect Stop Date" PROTECT_STOP_DATE DateTime V1_0 single set modify -;
    DEACTIVATION_DATE "Deactivation Date" DEACTIVATION_DATE DateTime V1_0 single set modify -;
    DESTROY_DATE "Destroy Date" DESTROY_DATE DateTime V1_0 single - - -;
    COMPROMISE_OCCURRENCE_DATE "Compromise Occurrence Date" COMPROMISE_OCCURRENCE_DATE DateTime V1_0 single - - -;
    COMPROMISE_DATE "Compromise Date" COMPROMISE_DATE DateTime V1_0 single - - -;
    REVOCATION_REASON "Revocation Reason" REVOCATION_REASON Structure V1_0 single - - -
        [required(tag::REVOCATION_REASON_CODE, Enumeration), optional(tag::REVOCATION_MESSAGE, TextString)];
    ARCHIVE_DATE "Archive Date" ARCHIVE_DATE DateTime V1_0 single - - -;
    OBJECT_GROUP "Object Group" OBJECT_GROUP TextString V1_0 multi set modify delete;
    FRESH "Fresh" FRESH Boolean V1_1 single set - -;
    LINK "Link" LINK Structure V1_0 multi set modify delete
        [required(tag::LINK_TYPE, Enumeration), required(tag::LINKED_OBJECT_IDENTIFIER, TextString)];
    APPLICATION_SPECIFIC_INFORMATION "Application Specific Information" APPLICATION_SPECIFIC_INFORMATION Structure V1_0 multi set modify delete
        [required(tag::APPLICATION_NAMESPACE, TextString), optional(tag::APPLICATION_DATA, TextString)];
    CONTACT_INFORMATION "Contact Information" CONTACT_INFORMATION TextString V1_0 single set modify delete;
    LAST_CHANGE_DATE "Last Change Date" LAST_CHANGE_DATE DateTime V1_0 single - - -;
    ALTERNATIVE_NAME "Alternative Name" ALTERNATIVE_NAME Structure V1_2 multi set modify delete
        [required(tag::ALTERNATIVE_NAME_VALUE, TextString), required(tag::ALTERNATIVE_NAME_TYPE, Enumeration)];
    KEY_VALUE_PRESENT "Key Value Present" KEY_VALUE_PRESENT Boolean V1_2 single - - -;
    KEY_VALUE_LOCATION "Key Value Location" KEY_VALUE_LOCATION Structure V1_2 multi set modify delete
        [required(tag::KEY_VALUE_LOCATION_VALUE, TextString), required(tag::KEY_VALUE_LOCATION_TYPE, Enumeration)];
    ORIGINAL_CREATION_DATE "Original Creation Date" ORIGINAL_CREATION_DATE DateTime V1_2 single set - -;
    RANDOM_NUMBER_GENERATOR "Random Number Generator" RANDOM_NUMBER_GENERATOR Structure V1_3 single set - -
        [required(tag::RNG_ALGORITHM, Enumeration), optional(tag::CRYPTOGRAPHIC_ALGORITHM, Enumeration),
         optional(tag::CRYPTOGRAPHIC_LENGTH, Integer), optional(tag::HASHING_ALGORITHM, Enumeration),
         optional(tag::DRBG_ALGORITHM, Enumeration), optional(tag::RECOMMENDED_CURVE, Enumeration),
         optional(tag::FIPS186_VARIATION, Enumeration), optional(tag::PREDICTION_RESISTANCE, Boolean)];
    PKCS12_FRIENDLY_NAME "PKCS#12 Friendly Name" PKCS12_FRIENDLY_NAME TextString V1_4 single set modify delete;
    DESCRIPTION "Description" DESCRIPTION TextString V1_4 single set modify delete;
    COMMENT "Comment" COMMENT TextString V1_4 single set modify delete;
    SENSITIVE "Sensitive" SENSITIVE Boolean V1_4 single set modify -;
    ALWAYS_SENSITIVE "Always Sensitive" ALWAYS_SENSITIVE Boolean V1_4 single - - -;
    EXTRACTABLE "Extractable" EXTRACTABLE Boolean V1_4 single set modify -;
    NEVER_EXTRACTABLE "Never Extractable" NEVER_EXTRACTABLE Boolean V1_4 single - - -;
}

/// An attribute's name in the 1.x protocols.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttributeName {
    /// One of the specification's.
    Standard(&'static Row),
    /// A custom attribute: `x-` made by clients, `y-` by servers (KMIP 1.4, 3.39).
    Custom(String),
    /// Neither.
    Unknown(String),
}

impl AttributeName {
    /// The name that stands for this text in a protocol version.
    pub fn new(name: &str, version: Version) -> AttributeName {
        match row(name) {
            Some(row) if row.since <= version => AttributeName::Standard(row),
            _ if name.starts_with("x-") || name.starts_with("y-") => AttributeName::Custom(name.to_owned()),
            _ => AttributeName::Unknown(name.to_owned()),
        }
    }

    /// The name as it stands on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            AttributeName::Standard(row) => row.name,
            AttributeName::Custom(name) | AttributeName::Unknown(name) => name,
        }
    }

    /// The row, of a standard attribute.
    pub fn row(&self) -> Option<&'static Row> {
        if let AttributeName::Standard(row) = self { Some(row) } else { None }
    }

    /// Whether it is this standard attribute.
    pub fn is(&self, row: &Row) -> bool {
        self.row() == Some(row)
    }

    /// Whether a protocol version knows the name: what it doesn't know is not sent to it.
    pub fn known_to(&self, version: Version) -> bool {
        self.row().is_none_or(|row| row.since <= version)
    }
}

impl Decode for AttributeName {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        Ok(AttributeName::new(item.text()?, item.version()))
    }
}

impl Encode for AttributeName {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        out.text(tag, self.as_str());
    }

    fn known_to(&self, version: Version) -> bool {
        self.row().is_none_or(|row| row.since <= version)
    }
}

/// An attribute of an object (KMIP 1.4, 2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Which attribute.
    pub name: AttributeName,
    /// Which instance of it; none is instance 0.
    pub index: Option<i32>,
    /// Its value.
    pub value: Value,
}

impl Attribute {
    /// A standard attribute's only or first instance.
    pub fn new(row: &'static Row, value: Value) -> Self {
        Attribute { name: AttributeName::Standard(row), index: None, value }
    }

    /// The instance: 0 where it is not said.
    pub fn index(&self) -> i32 {
        self.index.unwrap_or(0)
    }
}

impl Decode for Attribute {
    fn decode(item: Item<'_>) -> Result<Self, DecodeError> {
        let mut reader = item.structure()?;
        let name: AttributeName = reader.required(tag::ATTRIBUTE_NAME)?;
        let index = reader.optional(tag::ATTRIBUTE_INDEX)?;
        let value: Value = reader.required(tag::ATTRIBUTE_VALUE)?;
        reader.finish()?;
        match name.row().and_then(|row| younger(row, &value, item.version())) {
            Some(part) => Err(Fault::Unexpected.at(part)),
            None => Ok(Attribute { name, index, value }),
        }
    }
}

impl Encode for Attribute {
    fn encode(&self, tag: Tag, out: &mut Writer) {
        let version = out.version();
        out.structure(tag, |out| {
            self.name.encode(tag::ATTRIBUTE_NAME, out);
            out.optional(tag::ATTRIBUTE_INDEX, self.index.as_ref());
            match self.name.row().filter(|row| younger(row, &self.value, version).is_some()) {
                Some(row) => for_version(row, &self.value, version).encode(tag::ATTRIBUTE_VALUE, out),
                None => self.value.encode(tag::ATTRIBUTE_VALUE, out),
            }
        });
    }

    fn known_to(&self, version: Version) -> bool {
        let Some(row) = self.name.row() else { return true };
        row.since <= version && enumerations_known(row.tag, &for_version(row, &self.value, version), version)
    }
}

/// The first field of an attribute's value that a protocol version does not know.
fn younger(row: &Row, value: &Value, version: Version) -> Option<Tag> {
    let is_younger = |tag: Tag| row.shape.iter().any(|part| part.tag == tag && part.since > version);
    value.fields().iter().map(|(tag, _)| *tag).find(|tag| is_younger(*tag))
}

/// Whether a protocol version knows every enumeration's value in a standard attribute's value. Extensions are known to all.
fn enumerations_known(tag: Tag, value: &Value, version: Version) -> bool {
    match value.as_enumeration() {
        Some(number) => enums::since(tag, number).is_none_or(|since| since <= version),
        None => value.fields().iter().all(|(tag, value)| enumerations_known(*tag, value, version)),
    }
}

/// Whether a value has the type, and the fields, that its attribute's row gives it. A custom attribute has any type.
pub fn fits(row: &Row, value: &Value) -> bool {
    value.kind() == row.kind && (row.shape.is_empty() || fields_fit(row.shape, value.fields()))
}

fn fields_fit(shape: &[Part], fields: &[(Tag, Value)]) -> bool {
    let mut fields = fields.iter().peekable();
    for part in shape {
        let found = fields.next_if(|(tag, _)| *tag == part.tag);
        match found {
            Some((_, value)) if value.kind() != part.kind => return false,
            None if part.required => return false,
            Some(_) | None => {}
        }
    }
    fields.next().is_none()
}

/// The value as a protocol version may see it: without the fields that it does not know.
pub fn for_version(row: &Row, value: &Value, version: Version) -> Value {
    let Value::Structure(fields) = value else { return value.clone() };
    let known = |tag: Tag| row.shape.iter().any(|part| part.tag == tag && part.since <= version);
    Value::Structure(fields.iter().filter(|(tag, _)| known(*tag)).cloned().collect())
}
