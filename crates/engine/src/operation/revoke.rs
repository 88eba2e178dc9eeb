//! Revoke: an object is deactivated, or known to be compromised (KMIP 1.4, 4.20).

use kmip::enums::{Operation as Code, RevocationReasonCode};
use kmip::payload::{ObjectResponse, RevocationReason, RevokeRequest};
use kmip::{DateTime, Value, attribute, tag};

use super::Operation;
use crate::error::{Failure, Refusal};
use crate::lifecycle::{self, Event};
use crate::object::Object;
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct Revoke;

impl Operation for Revoke {
    const CODE: Code = Code::Revoke;
    const NEEDS: Permission = Permission::Revoke;
    type Request = RevokeRequest;
    type Response = ObjectResponse;

    async fn run(request: RevokeRequest, scope: &mut Scope<'_>) -> Result<ObjectResponse, Failure> {
        let event = event(request.revocation_reason.code)?;
        let mut stored = scope.object(request.unique_identifier.as_deref()).await?;
        let object = stored.change();
        match object.state() {
            Some(state) => object.set_state(lifecycle::next(state, event)?),
            None if object.is_destroyed() => return Err(Refusal::Destroyed.into()),
            None => {}
        }
        dates(object, event, request.compromise_occurrence_date, scope.date());
        object.set(&attribute::REVOCATION_REASON, reason(request.revocation_reason));
        scope.update(&mut stored).await?;
        Ok(ObjectResponse { unique_identifier: stored.object.identifier() })
    }
}

/// A compromise of the key, or of the authority that vouches for it, compromises the object; any other reason deactivates it.
fn event(code: RevocationReasonCode) -> Result<Event, Refusal> {
    use RevocationReasonCode as Code;
    match code {
        Code::KeyCompromise | Code::CACompromise => Ok(Event::Compromise),
        Code::Unspecified
        | Code::AffiliationChanged
        | Code::Superseded
        | Code::CessationOfOperation
        | Code::PrivilegeWithdrawn => Ok(Event::Deactivate),
        Code::Unknown(_) => Err(Refusal::Field("There is no such revocation reason")),
    }
}

/// What is compromised has been so from its beginning, unless the client knows better (KMIP 1.4, 3.29).
fn dates(object: &mut Object, event: Event, occurred: Option<DateTime>, now: DateTime) {
    if event == Event::Compromise {
        let occurred = occurred.or_else(|| object.date(&attribute::INITIAL_DATE)).unwrap_or(now);
        object.set_date(&attribute::COMPROMISE_DATE, now);
        object.set_date(&attribute::COMPROMISE_OCCURRENCE_DATE, occurred);
    } else {
        object.set_date(&attribute::DEACTIVATION_DATE, now);
    }
}

fn reason(RevocationReason { code, message }: RevocationReason) -> Value {
    let mut fields = vec![(tag::REVOCATION_REASON_CODE, Value::Enumeration(code.number()))];
    fields.extend(message.map(|message| (tag::REVOCATION_MESSAGE, Value::TextString(message))));
    Value::Structure(fields)
}
