//! Get Usage Allocation: a client takes some of a key's usage limits for itself (KMIP 1.4, 4.18).

use kmip::enums::{Operation as Code, State};
use kmip::payload::{GetUsageAllocationRequest, ObjectResponse};
use kmip::{DateTime, Value, attribute, tag};

use super::Operation;
use crate::error::{Failure, Refusal};
use crate::lifecycle;
use crate::object::Object;
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct GetUsageAllocation;

impl Operation for GetUsageAllocation {
    const CODE: Code = Code::GetUsageAllocation;
    const NEEDS: Permission = Permission::Create;
    type Request = GetUsageAllocationRequest;
    type Response = ObjectResponse;

    async fn run(request: GetUsageAllocationRequest, scope: &mut Scope<'_>) -> Result<ObjectResponse, Failure> {
        if request.usage_limits_count < 0 {
            return Err(Refusal::Field("Usage Limits Count is not negative").into());
        }
        let mut stored = scope.live(request.unique_identifier.as_deref()).await?;
        protects(&stored.object, scope.date())?;
        let limits = stored.object.get(&attribute::USAGE_LIMITS);
        let limits = limits.ok_or(Refusal::Illegal("The object has no usage limits"))?;
        let limits = take(limits, request.usage_limits_count)?;
        stored.change().set(&attribute::USAGE_LIMITS, limits);
        scope.update(&mut stored).await?;
        Ok(ObjectResponse { unique_identifier: stored.object.identifier() })
    }
}

/// Whether an object may be used for protection now: it is active, and its Protect Stop Date has not passed.
fn protects(object: &Object, now: DateTime) -> Result<(), Refusal> {
    if object.state() == Some(State::Active) && !lifecycle::passed(object, &attribute::PROTECT_STOP_DATE, now) {
        Ok(())
    } else {
        Err(Refusal::Illegal("The object may not be used for protection at this time"))
    }
}

fn take(limits: &Value, wanted: i64) -> Result<Value, Refusal> {
    let left = limits.field(tag::USAGE_LIMITS_COUNT).and_then(Value::as_long_integer).unwrap_or_default();
    let left = left.checked_sub(wanted).filter(|left| *left >= 0).ok_or(Refusal::UsageLimits)?;
    let fields = limits.fields().iter().map(|(tag, value)| match *tag {
        tag::USAGE_LIMITS_COUNT => (*tag, Value::LongInteger(left)),
        _ => (*tag, value.clone()),
    });
    Ok(Value::Structure(fields.collect()))
}
