//! Obtain Lease: for how long a client may go on using an object without asking again (KMIP 1.4, 4.17).

use kmip::enums::{Operation as Code, State};
use kmip::payload::{ObjectRequest, ObtainLeaseResponse};
use kmip::{Interval, attribute};

use super::Operation;
use crate::error::{Failure, Refusal};
use crate::policy::Permission;
use crate::scope::Scope;

/// The lease that is given: an hour.
pub(super) const LEASE: Interval = Interval(3600);

pub(crate) struct ObtainLease;

impl Operation for ObtainLease {
    const CODE: Code = Code::ObtainLease;
    const NEEDS: Permission = Permission::Get;
    type Request = ObjectRequest;
    type Response = ObtainLeaseResponse;

    async fn run(request: ObjectRequest, scope: &mut Scope<'_>) -> Result<ObtainLeaseResponse, Failure> {
        let object = scope.live(request.unique_identifier.as_deref()).await?.object;
        if let Some(State::Deactivated | State::Compromised) = object.state() {
            return Err(Refusal::Denied("no lease is given in this state").into());
        }
        Ok(ObtainLeaseResponse {
            unique_identifier: object.identifier(),
            lease_time: LEASE,
            last_change_date: object.date(&attribute::LAST_CHANGE_DATE).unwrap_or_else(|| scope.date()),
        })
    }
}
