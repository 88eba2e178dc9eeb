//! Locate: the objects that match every attribute given (KMIP 1.4, 4.9).
//!
//! What is indexed narrows the search; what is found is then held against all that was asked for.

use kmip::attribute::{self, Attribute, AttributeName};
use kmip::enums::{ObjectGroupMember, Operation as Code};
use kmip::payload::{LocateRequest, LocateResponse};
use kmip::{DateTime, Tag, Value};
use store::Term;
use uuid::Uuid;

use super::Operation;
use crate::error::{Failure, Refusal};
use crate::object::Object;
use crate::policy::Permission;
use crate::record;
use crate::scope::Scope;

/// The most identifiers in an answer.
const MOST: usize = 1000;
/// How many records are read at a time.
const PAGE: usize = 256;
/// On-line storage, in the Storage Status Mask (KMIP 1.4, 9.1.3.3.2).
const ON_LINE: i32 = 1;

pub(crate) struct Locate;

impl Operation for Locate {
    const CODE: Code = Code::Locate;
    const NEEDS: Permission = Permission::Locate;
    type Request = LocateRequest;
    type Response = LocateResponse;

    async fn run(request: LocateRequest, scope: &mut Scope<'_>) -> Result<LocateResponse, Failure> {
        let filter = Filter::new(&request)?;
        let found = search(&filter, scope).await?;
        scope.hold(found.only());
        Ok(LocateResponse {
            located_items: found.total.and_then(|total| i32::try_from(total).ok()),
            unique_identifiers: found.identifiers.iter().map(Uuid::to_string).collect(),
        })
    }
}

/// What was found.
#[derive(Default)]
struct Found {
    identifiers: Vec<Uuid>,
    /// How many match, if all were looked at.
    total: Option<usize>,
}

impl Found {
    /// The ID placeholder means what was found if that is one object.
    fn only(&self) -> Option<Uuid> {
        match self.identifiers.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

async fn search(filter: &Filter<'_>, scope: &Scope<'_>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let (mut next, mut matching) = (filter.on_line.then_some(0), 0);
    while let Some(after) = next.filter(|_| found.identifiers.len() < filter.limit) {
        let (objects, follow) = scope.find(&filter.terms, after, PAGE).await?;
        next = follow;
        for object in objects.iter().filter(|object| filter.matches(object)) {
            matching += 1;
            if matching > filter.offset && found.identifiers.len() < filter.limit {
                found.identifiers.push(object.id.0);
            }
        }
    }
    found.total = next.is_none().then_some(matching);
    Ok(found)
}

/// What an object must be like.
struct Filter<'r> {
    terms: Vec<Term>,
    attributes: &'r [Attribute],
    fresh: Option<bool>,
    on_line: bool,
    offset: usize,
    limit: usize,
}

impl<'r> Filter<'r> {
    fn new(request: &'r LocateRequest) -> Result<Self, Refusal> {
        let attributes = request.attributes.as_slice();
        let negative = Refusal::Field("Maximum Items and Offset Items are not negative");
        let most = request.maximum_items.map(usize::try_from).transpose().map_err(|_| negative.clone())?;
        let offset = request.offset_items.map(usize::try_from).transpose().map_err(|_| negative)?;
        Ok(Filter {
            terms: terms(attributes),
            attributes,
            fresh: fresh(request.object_group_member)?,
            on_line: request.storage_status_mask.is_none_or(|mask| mask & ON_LINE != 0),
            offset: offset.unwrap_or(0),
            limit: most.unwrap_or(MOST).min(MOST),
        })
    }

    fn matches(&self, object: &Object) -> bool {
        let fresh = object.get(&attribute::FRESH) == Some(&Value::Boolean(true));
        !object.is_destroyed()
            && self.fresh.is_none_or(|wanted| !wanted || fresh)
            && self.attributes.iter().all(|wanted| has(object, wanted, self.attributes))
    }
}

fn fresh(member: Option<ObjectGroupMember>) -> Result<Option<bool>, Refusal> {
    match member {
        None => Ok(None),
        Some(ObjectGroupMember::GroupMemberFresh) => Ok(Some(true)),
        Some(ObjectGroupMember::GroupMemberDefault) => Ok(Some(false)),
        Some(ObjectGroupMember::Unknown(_)) => Err(Refusal::Field("There is no such object group member")),
    }
}

/// The index terms, names first: a name is one object's.
fn terms(attributes: &[Attribute]) -> Vec<Term> {
    let mut indexed: Vec<&Attribute> = attributes.iter().filter(|wanted| is_exact(wanted)).collect();
    indexed.sort_by_key(|wanted| !wanted.name.is(&attribute::NAME));
    indexed.iter().map(|wanted| record::term(&wanted.name, &wanted.value)).collect()
}

/// Whether an attribute is indexed, and given in all of its fields: a structure that is given in part is in no index.
fn is_exact(wanted: &Attribute) -> bool {
    let whole = wanted.name.row().is_none_or(|row| wanted.value.fields().len() == row.shape.len());
    record::is_indexed(&wanted.name) && whole
}

/// Whether an object has an attribute as it is wanted. One date is an exact time; two are a range (KMIP 1.4, 4.9).
fn has(object: &Object, wanted: &Attribute, all: &[Attribute]) -> bool {
    let AttributeName::Standard(row) = &wanted.name else {
        return object.instances(&wanted.name).any(|there| there.value == wanted.value);
    };
    match &wanted.value {
        Value::DateTime(_) => in_range(object.date(row), all, &wanted.name),
        Value::Integer(mask) if **row == attribute::CRYPTOGRAPHIC_USAGE_MASK => {
            object.get(row).and_then(Value::as_integer).is_some_and(|there| there & mask == *mask)
        }
        limits if **row == attribute::USAGE_LIMITS => object.get(row).is_some_and(|there| enough(limits, there)),
        value => object.instances(&wanted.name).any(|there| alike(value, &there.value)),
    }
}

/// A date that is not set is the largest possible one.
fn in_range(there: Option<DateTime>, all: &[Attribute], name: &AttributeName) -> bool {
    let wanted = all.iter().filter(|attribute| attribute.name == *name).filter_map(|attribute| attribute.value.as_date_time());
    let (Some(first), Some(last)) = (wanted.clone().min(), wanted.max()) else { return false };
    (first..=last).contains(&there.unwrap_or(DateTime(i64::MAX)))
}

/// Whether usage limits are those wanted, or larger.
fn enough(wanted: &Value, there: &Value) -> bool {
    let field = |(tag, value): &(Tag, Value)| match (value, there.field(*tag)) {
        (Value::LongInteger(wanted), Some(Value::LongInteger(there))) => wanted <= there,
        (value, there) => Some(value) == there,
    };
    wanted.fields().iter().all(field)
}

/// Equal, where a structure that was given in part is held against those of its fields that were given.
fn alike(wanted: &Value, there: &Value) -> bool {
    match (wanted, there) {
        (Value::Structure(wanted), Value::Structure(_)) => {
            wanted.iter().all(|(tag, value)| there.field(*tag).is_some_and(|there| alike(value, there)))
        }
        _ => wanted == there,
    }
}
