//! Check: whether an object could be used in some way (KMIP 1.4, 4.10). What is not allowed is in the answer.

use kmip::enums::Operation as Code;
use kmip::payload::Check as Payload;
use kmip::{Value, attribute, tag};

use super::Operation;
use super::obtain_lease::LEASE;
use crate::error::Failure;
use crate::object::Object;
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct Check;

impl Operation for Check {
    const CODE: Code = Code::Check;
    const NEEDS: Permission = Permission::Get;
    type Request = Payload;
    type Response = Payload;

    async fn run(request: Payload, scope: &mut Scope<'_>) -> Result<Payload, Failure> {
        let object = scope.live(request.unique_identifier.as_deref()).await?.object;
        Ok(Payload {
            usage_limits_count: request.usage_limits_count.filter(|count| !count_allowed(&object, *count)),
            cryptographic_usage_mask: request.cryptographic_usage_mask.filter(|mask| !mask_allowed(&object, *mask)),
            lease_time: request.lease_time.filter(|lease| *lease > LEASE),
            unique_identifier: Some(object.identifier()),
        })
    }
}

fn count_allowed(object: &Object, wanted: i64) -> bool {
    let limits = object.get(&attribute::USAGE_LIMITS);
    let left = limits.and_then(|limits| limits.field(tag::USAGE_LIMITS_COUNT)).and_then(Value::as_long_integer);
    left.is_none_or(|left| wanted <= left)
}

fn mask_allowed(object: &Object, wanted: i32) -> bool {
    let mask = object.get(&attribute::CRYPTOGRAPHIC_USAGE_MASK).and_then(Value::as_integer);
    mask.is_none_or(|mask| mask & wanted == wanted)
}
