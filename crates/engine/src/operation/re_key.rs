//! Re-key: a new key in the place of an old one (KMIP 1.4, 4.4).

use kmip::attribute::{self, Attribute, AttributeName};
use kmip::enums::{LinkType, ObjectType, Operation as Code};
use kmip::payload::{ReKeyRequest, RegisterResponse};
use kmip::{DateTime, Interval, Value, Version, tag};

use super::{Operation, template};
use crate::error::{Failure, Refusal};
use crate::lifecycle;
use crate::object::Object;
use crate::policy::Permission;
use crate::scope::Scope;
use crate::seal::Material;

pub(crate) struct ReKey;

impl Operation for ReKey {
    const CODE: Code = Code::ReKey;
    const NEEDS: Permission = Permission::Create;
    type Request = ReKeyRequest;
    type Response = RegisterResponse;

    async fn run(request: ReKeyRequest, scope: &mut Scope<'_>) -> Result<RegisterResponse, Failure> {
        let mut old = scope.live(request.unique_identifier.as_deref()).await?;
        if old.object.object_type != ObjectType::SymmetricKey {
            return Err(Refusal::Field("Only symmetric keys can be re-keyed").into());
        }
        let mut new = successor(&old.object, scope)?;
        replace_dates(&mut new, &old.object, request.offset, scope.date())?;
        override_with(&mut new, request, scope.version())?;
        let (_, bits) = template::key_shape(&new)?;
        let material = Material::random(scope.random(), template::key_bytes(bits))?;
        template::complete(&mut new, material, scope).await?;
        link(&mut new, LinkType::ReplacedObjectLink, &old.object);
        link(old.change(), LinkType::ReplacementObjectLink, &new);
        pass_names(old.change(), &new, scope).await?;
        scope.update(&mut old).await?;
        scope.insert(&new).await?;
        Ok(RegisterResponse { unique_identifier: new.identifier(), template_attribute: None })
    }
}

/// The new key, with what it takes over (KMIP 1.4, table 172): what clients set, the names included, and not what became of the old one.
fn successor(old: &Object, scope: &Scope<'_>) -> Result<Object, Failure> {
    let mut new = Object::new(scope.new_id()?, old.object_type, old.format);
    let own = [&attribute::LINK, &attribute::FRESH];
    let taken_over = |name: &AttributeName| match name.row() {
        Some(row) => row.set && !lifecycle::PERIOD.contains(&row) && !own.contains(&row),
        None => true,
    };
    new.attributes = old.attributes.iter().filter(|attribute| taken_over(&attribute.name)).cloned().collect();
    new.set_date(&attribute::ORIGINAL_CREATION_DATE, scope.date());
    new.set(&attribute::RANDOM_NUMBER_GENERATOR, template::generator());
    refill(&mut new);
    Ok(new)
}

/// Usage limits start anew: the count is the total again.
fn refill(new: &mut Object) {
    let Some(limits) = new.get(&attribute::USAGE_LIMITS) else { return };
    let total = limits.field(tag::USAGE_LIMITS_TOTAL).cloned();
    let fields = limits.fields().iter().map(|(tag, value)| match (*tag, &total) {
        (tag::USAGE_LIMITS_COUNT, Some(total)) => (*tag, total.clone()),
        _ => (*tag, value.clone()),
    });
    let limits = Value::Structure(fields.collect());
    new.set(&attribute::USAGE_LIMITS, limits);
}

/// The new key's dates (KMIP 1.4, table 171): with an offset, activation is now plus the offset, and the other dates keep their
/// distance from it; without one, they are the old key's.
fn replace_dates(new: &mut Object, old: &Object, offset: Option<Interval>, now: DateTime) -> Result<(), Refusal> {
    let too_far = || Refusal::Field("The offset leads to a date that can't be");
    let start = offset.map(|Interval(seconds)| later(now, i64::from(seconds)).ok_or_else(too_far)).transpose()?;
    let moved = match (start, old.date(&attribute::ACTIVATION_DATE)) {
        (Some(start), Some(activation)) => start.0.checked_sub(activation.0).ok_or_else(too_far)?,
        (Some(_), None) | (None, _) => 0,
    };
    for row in lifecycle::PERIOD {
        if let Some(date) = old.date(row) {
            new.set_date(row, later(date, moved).ok_or_else(too_far)?);
        }
    }
    if let Some(start) = start {
        new.set_date(&attribute::ACTIVATION_DATE, start);
    }
    Ok(())
}

fn later(date: DateTime, seconds: i64) -> Option<DateTime> {
    date.0.checked_add(seconds).map(DateTime)
}

/// What the request gives takes the place of what was taken over.
fn override_with(new: &mut Object, request: ReKeyRequest, version: Version) -> Result<(), Refusal> {
    let template = request.template_attribute.unwrap_or_default();
    new.attributes.retain(|attribute| template.attributes.iter().all(|given| given.name != attribute.name));
    template::apply(new, template, version)
}

/// The new key takes the old one's names, but for those that the request gives others instead of.
async fn pass_names(old: &mut Object, new: &Object, scope: &mut Scope<'_>) -> Result<(), Failure> {
    let name = AttributeName::Standard(&attribute::NAME);
    let bears = |object: &Object, value: &Value| object.instances(&name).any(|instance| instance.value == *value);
    for Attribute { value, .. } in new.instances(&name) {
        if !(bears(old, value) && scope.pass_name(old.id.0, value, new.id.0).await?) {
            template::claim_name(new, value, scope).await?;
        }
    }
    for Attribute { value, .. } in old.instances(&name).filter(|instance| !bears(new, &instance.value)) {
        scope.release_name(old.id.0, value).await?;
    }
    old.unset(&attribute::NAME);
    Ok(())
}

fn link(object: &mut Object, kind: LinkType, to: &Object) {
    let link = Value::Structure(vec![
        (tag::LINK_TYPE, Value::Enumeration(kind.number())),
        (tag::LINKED_OBJECT_IDENTIFIER, Value::TextString(to.identifier())),
    ]);
    let number = Value::Enumeration(kind.number());
    let same = |value: &Value| value.field(tag::LINK_TYPE) == Some(&number);
    object.attributes.retain(|attribute| !(attribute.name.is(&attribute::LINK) && same(&attribute.value)));
    object.push(AttributeName::Standard(&attribute::LINK), link);
}
