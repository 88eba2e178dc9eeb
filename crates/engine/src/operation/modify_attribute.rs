//! Modify Attribute: another value for an instance that is set (KMIP 1.4, 4.15).

use kmip::attribute::{self, Attribute, AttributeName, Row};
use kmip::enums::{Operation as Code, State};
use kmip::payload::{ChangeAttributeRequest, ChangeAttributeResponse};
use kmip::{DateTime, Value, tag};

use super::{Operation, template};
use crate::error::{Failure, Refusal};
use crate::lifecycle;
use crate::object::{Object, shown};
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct ModifyAttribute;

impl Operation for ModifyAttribute {
    const CODE: Code = Code::ModifyAttribute;
    const NEEDS: Permission = Permission::Create;
    type Request = ChangeAttributeRequest;
    type Response = ChangeAttributeResponse;

    async fn run(request: ChangeAttributeRequest, scope: &mut Scope<'_>) -> Result<ChangeAttributeResponse, Failure> {
        let mut stored = scope.live(request.unique_identifier.as_deref()).await?;
        let object = stored.change();
        let wanted = template::admissible(request.attribute, scope.version())?;
        let Attribute { name, value, .. } = &wanted;
        may_modify(object, name, scope.date())?;
        let place = object.instance_mut(name, wanted.index());
        let place = place.ok_or_else(|| Refusal::AttributeNotFound(name.as_str().to_owned()))?;
        let before = std::mem::replace(&mut place.value, value.clone());
        let after = place.clone();
        if name.is(&attribute::NAME) && before != after.value {
            scope.release_name(object.id.0, &before).await?;
            scope.claim_name(object.id.0, &after.value).await?;
        }
        if name.is(&attribute::USAGE_LIMITS) {
            allocation_untouched(&before)?;
        }
        dates_allow(object, name)?;
        lifecycle::advance(object, scope.now());
        template::remember_custody(object);
        scope.update(&mut stored).await?;
        let unique_identifier = stored.object.identifier();
        Ok(ChangeAttributeResponse { unique_identifier, attribute: shown(&after, scope.version()) })
    }
}

fn may_modify(object: &Object, name: &AttributeName, now: DateTime) -> Result<(), Refusal> {
    let Some(row) = name.row() else { return Ok(()) };
    let refuse = |why| Err(Refusal::ReadOnly(row.name.to_owned(), why));
    if !row.modify {
        return refuse("only the server modifies it");
    }
    if !lifecycle::PERIOD.contains(&row) {
        return Ok(());
    }
    if !date_is_open(object, row) {
        return refuse("the date is settled in this state");
    }
    if lifecycle::passed(object, row, now) { refuse("the date has passed") } else { Ok(()) }
}

/// In which state a date can be changed (KMIP 1.4, 3.24 to 3.27): the activation date while pre-active, the others until deactivation.
fn date_is_open(object: &Object, row: &Row) -> bool {
    match object.state() {
        Some(State::PreActive) => true,
        Some(State::Active) => *row != attribute::ACTIVATION_DATE,
        Some(_) | None => false,
    }
}

/// After a date was added or modified: it was open, and the dates are in order.
pub(super) fn dates_allow(object: &Object, name: &AttributeName) -> Result<(), Refusal> {
    let Some(row) = name.row().filter(|row| lifecycle::PERIOD.contains(row)) else { return Ok(()) };
    if !date_is_open(object, row) {
        return Err(Refusal::ReadOnly(row.name.to_owned(), "the date is settled in this state"));
    }
    if lifecycle::dates_in_order(object) {
        Ok(())
    } else {
        Err(Refusal::Attribute(row.name.to_owned(), "the dates would not be in their order"))
    }
}

/// Usage limits can be changed until something was allocated of them (KMIP 1.4, 3.21).
fn allocation_untouched(before: &Value) -> Result<(), Refusal> {
    if before.field(tag::USAGE_LIMITS_COUNT) == before.field(tag::USAGE_LIMITS_TOTAL) {
        Ok(())
    } else {
        Err(Refusal::ReadOnly("Usage Limits".to_owned(), "some of it is allocated already"))
    }
}
