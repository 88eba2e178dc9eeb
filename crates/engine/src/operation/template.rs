//! From a template-attribute to an object's attributes: what a client may set when an object comes to be (KMIP 1.4, section 3).
//!
//! The invariant: an attribute enters an object only if its row lets a client set it, and its value has the row's type and fields.

use kmip::attribute::{self, Attribute, AttributeName, Row};
use kmip::enums::{CryptographicAlgorithm, DrbgAlgorithm, ObjectType, RngAlgorithm, State};
use kmip::payload::TemplateAttribute;
use kmip::ttlv::Encode;
use kmip::{Value, Version, tag};

use super::obtain_lease::LEASE;
use crate::error::{Failure, Refusal};
use crate::lifecycle;
use crate::object::Object;
use crate::scope::Scope;
use crate::seal::Material;

/// The most instances of one attribute.
pub(super) const INSTANCES: usize = 256;
/// The bits of Cryptographic Usage Mask that KMIP 1.4 gives a meaning (9.1.3.3.1).
const USAGE_BITS: i32 = 0x000F_FFFF;

/// Applies a template's attributes to a new object.
pub(super) fn apply(object: &mut Object, template: TemplateAttribute, version: Version) -> Result<(), Refusal> {
    if !template.names.is_empty() {
        return Err(Refusal::Feature("A template by name"));
    }
    template.attributes.into_iter().try_for_each(|attribute| add(object, attribute, version)).map_err(incorrect)
}

/// What Add Attribute calls an illegal operation is an incorrect value where an object comes to be (KMIP 1.4, 11.1 and 11.13).
fn incorrect(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::AlreadySet(name) => Refusal::Attribute(name, "it is given more than once, and has a single value"),
        Refusal::NameTaken => Refusal::Attribute("Name".to_owned(), "another object has this name"),
        other => other,
    }
}

/// Adds one attribute that a client sent.
pub(super) fn add(object: &mut Object, attribute: Attribute, version: Version) -> Result<(), Refusal> {
    let Attribute { name, value, .. } = admissible(attribute, version)?;
    let instances = object.instances(&name).count();
    match name.row() {
        Some(row) if !row.multi && instances > 0 => Err(Refusal::AlreadySet(row.name.to_owned())),
        _ if instances >= INSTANCES => Err(Refusal::TooMany(name.as_str().to_owned())),
        _ => {
            object.push(name, value);
            Ok(())
        }
    }
}

/// The attribute as it is kept, if a client of this protocol version may give it such a value.
pub(super) fn admissible(attribute: Attribute, version: Version) -> Result<Attribute, Refusal> {
    let known = attribute.known_to(version);
    let Attribute { name, index, value } = attribute;
    let refuse = |why| Refusal::Attribute(name.as_str().to_owned(), why);
    let row = match &name {
        AttributeName::Standard(row) => *row,
        AttributeName::Custom(name) if name.starts_with("y-") => {
            return Err(Refusal::ReadOnly(name.clone(), "only the server makes attributes that begin with y-"));
        }
        AttributeName::Custom(_) => return Ok(Attribute { name, index, value }),
        AttributeName::Unknown(_) => return Err(refuse("there is no such attribute")),
    };
    if !row.set {
        return Err(Refusal::ReadOnly(row.name.to_owned(), "only the server sets it"));
    }
    if !attribute::fits(row, &value) {
        return Err(refuse("the value does not have the type that the attribute has"));
    }
    if !known {
        return Err(refuse("the protocol version of the request has no such value"));
    }
    let value = sensible(row, value).map_err(refuse)?;
    Ok(Attribute { name, index, value })
}

/// What the specification asks of single values beyond their type.
fn sensible(row: &Row, value: Value) -> Result<Value, &'static str> {
    if *row == attribute::CRYPTOGRAPHIC_USAGE_MASK && value.as_integer().is_some_and(|mask| mask & !USAGE_BITS != 0) {
        return Err("the mask has bits without a meaning");
    }
    if *row == attribute::NAME && value.field(tag::NAME_VALUE).and_then(Value::as_text).is_some_and(str::is_empty) {
        return Err("the name is empty");
    }
    if *row == attribute::USAGE_LIMITS { usage_limits(value) } else { Ok(value) }
}

/// Usage Limits as they are kept: with a count, which is the total at first (KMIP 1.4, 3.21).
fn usage_limits(value: Value) -> Result<Value, &'static str> {
    let total = value.field(tag::USAGE_LIMITS_TOTAL).and_then(Value::as_long_integer).unwrap_or_default();
    let unit = value.field(tag::USAGE_LIMITS_UNIT).cloned().ok_or("the unit is missing")?;
    if total < 0 {
        return Err("the total is negative");
    }
    Ok(Value::Structure(vec![
        (tag::USAGE_LIMITS_TOTAL, Value::LongInteger(total)),
        (tag::USAGE_LIMITS_COUNT, Value::LongInteger(total)),
        (tag::USAGE_LIMITS_UNIT, unit),
    ]))
}

/// The algorithm and the length in bits that a template asks for, if the algorithm has keys of that length.
pub(super) fn key_shape(object: &Object) -> Result<(CryptographicAlgorithm, i32), Refusal> {
    let algorithm = object.get(&attribute::CRYPTOGRAPHIC_ALGORITHM).and_then(Value::as_enumeration);
    let algorithm = CryptographicAlgorithm::from_number(algorithm.ok_or(Refusal::Missing("Cryptographic Algorithm"))?);
    let length = object.get(&attribute::CRYPTOGRAPHIC_LENGTH).and_then(Value::as_integer);
    let length = length.ok_or(Refusal::Missing("Cryptographic Length"))?;
    if length_fits(algorithm, length)? { Ok((algorithm, length)) } else { Err(bad_length()) }
}

fn bad_length() -> Refusal {
    Refusal::Attribute("Cryptographic Length".to_owned(), "the algorithm has no keys of this length")
}

/// Whether an algorithm has keys of this length in bits.
pub(super) fn length_fits(algorithm: CryptographicAlgorithm, bits: i32) -> Result<bool, Refusal> {
    use CryptographicAlgorithm as A;
    let whole = bits % 8 == 0;
    Ok(match algorithm {
        A::AES | A::Camellia => matches!(bits, 128 | 192 | 256),
        A::DES3 => matches!(bits, 112 | 128 | 168 | 192),
        A::DES => matches!(bits, 56 | 64),
        A::Twofish | A::MARS => whole && (128..=448).contains(&bits),
        A::IDEA => bits == 128,
        A::SKIPJACK => bits == 80,
        A::ChaCha20 | A::Poly1305 | A::ChaCha20Poly1305 => bits == 256,
        A::Blowfish | A::CAST5 | A::RC2 | A::RC4 | A::RC5 => whole && (40..=2048).contains(&bits),
        A::HMACSHA1 | A::HMACSHA224 | A::HMACSHA256 | A::HMACSHA384 | A::HMACSHA512 | A::HMACMD5 | A::OneTimePad => {
            whole && (8..=65_536).contains(&bits)
        }
        A::HMACSHA3224 | A::HMACSHA3256 | A::HMACSHA3384 | A::HMACSHA3512 => whole && (8..=65_536).contains(&bits),
        A::RSA | A::DSA | A::ECDSA | A::DH | A::ECDH | A::ECMQV | A::EC => return Err(not_symmetric()),
        A::SHA3224 | A::SHA3256 | A::SHA3384 | A::SHA3512 | A::SHAKE128 | A::SHAKE256 => return Err(not_symmetric()),
        A::Unknown(_) => return Err(not_symmetric()),
    })
}

fn not_symmetric() -> Refusal {
    Refusal::Attribute("Cryptographic Algorithm".to_owned(), "it has no symmetric keys that are kept here")
}

/// The bytes that a key of this length has.
pub(super) fn key_bytes(bits: i32) -> usize {
    // DES keys are told without their parity bits as well as with them (KMIP 1.4, 3.5).
    let bits = match bits {
        56 => 64,
        112 => 128,
        168 => 192,
        other => other,
    };
    usize::try_from(bits / 8).unwrap_or_default()
}

/// What the server sets on every new object: identity, dates, state (KMIP 1.4, section 3). The material is sealed into it.
pub(super) async fn complete(object: &mut Object, material: Material, scope: &mut Scope<'_>) -> Result<(), Failure> {
    let identifier = object.identifier();
    let now = scope.date();
    object.set(&attribute::UNIQUE_IDENTIFIER, Value::TextString(identifier));
    object.set(&attribute::OBJECT_TYPE, Value::Enumeration(object.object_type.number()));
    object.set_date(&attribute::INITIAL_DATE, now);
    object.set_date(&attribute::LAST_CHANGE_DATE, now);
    object.history.created_by = Some(scope.initiator().to_owned());
    if object.object_type == ObjectType::SymmetricKey {
        object.set_digest(material.digest());
    }
    if object.get(&attribute::FRESH).is_none() {
        object.set(&attribute::FRESH, Value::Boolean(true));
    }
    object.set(&attribute::LEASE_TIME, Value::Interval(LEASE));
    custody(object);
    if object.object_type != ObjectType::OpaqueObject {
        object.set_state(State::PreActive);
        if !lifecycle::dates_in_order(object) {
            return Err(Refusal::Field(
                "The dates are not in the order activation, process start, protect stop, deactivation",
            )
            .into());
        }
        lifecycle::advance(object, scope.now());
    }
    scope.seal(object, &material).await
}

/// Sensitive and Extractable, and what they have always been (KMIP 1.4, 3.48 to 3.51).
fn custody(object: &mut Object) {
    let flag = |object: &Object, row: &Row, otherwise| match object.get(row) {
        Some(Value::Boolean(flag)) => *flag,
        Some(_) | None => otherwise,
    };
    let sensitive = flag(object, &attribute::SENSITIVE, false);
    let extractable = flag(object, &attribute::EXTRACTABLE, true);
    object.set(&attribute::SENSITIVE, Value::Boolean(sensitive));
    object.set(&attribute::ALWAYS_SENSITIVE, Value::Boolean(sensitive));
    object.set(&attribute::EXTRACTABLE, Value::Boolean(extractable));
    object.set(&attribute::NEVER_EXTRACTABLE, Value::Boolean(!extractable));
}

/// What was not sensitive once, or was extractable once, has not been so always.
pub(super) fn remember_custody(object: &mut Object) {
    if object.get(&attribute::SENSITIVE) == Some(&Value::Boolean(false)) {
        object.set(&attribute::ALWAYS_SENSITIVE, Value::Boolean(false));
    }
    if object.get(&attribute::EXTRACTABLE) == Some(&Value::Boolean(true)) {
        object.set(&attribute::NEVER_EXTRACTABLE, Value::Boolean(false));
    }
}

/// Where generated material comes from (KMIP 1.4, 3.44): the crypto library's generator, CTR_DRBG over AES-256.
pub(super) fn generator() -> Value {
    Value::Structure(vec![
        (tag::RNG_ALGORITHM, Value::Enumeration(RngAlgorithm::DRBG.number())),
        (tag::CRYPTOGRAPHIC_ALGORITHM, Value::Enumeration(CryptographicAlgorithm::AES.number())),
        (tag::CRYPTOGRAPHIC_LENGTH, Value::Integer(256)),
        (tag::DRBG_ALGORITHM, Value::Enumeration(DrbgAlgorithm::CTR.number())),
    ])
}

/// Takes the names that a new object has.
pub(super) async fn claim_names(object: &Object, scope: &mut Scope<'_>) -> Result<(), Failure> {
    let name = AttributeName::Standard(&attribute::NAME);
    for instance in object.instances(&name) {
        claim_name(object, &instance.value, scope).await?;
    }
    Ok(())
}

/// Takes a name for a new object.
pub(super) async fn claim_name(object: &Object, name: &Value, scope: &mut Scope<'_>) -> Result<(), Failure> {
    match scope.claim_name(object.id.0, name).await {
        Err(Failure::Refused(refusal)) => Err(incorrect(refusal).into()),
        outcome => outcome,
    }
}
