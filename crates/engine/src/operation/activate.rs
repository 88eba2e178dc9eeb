//! Activate: a pre-active object becomes active (KMIP 1.4, 4.19).

use kmip::attribute;
use kmip::enums::Operation as Code;
use kmip::payload::{ObjectRequest, ObjectResponse};

use super::Operation;
use crate::error::{Failure, Refusal};
use crate::lifecycle::{self, Event};
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct Activate;

impl Operation for Activate {
    const CODE: Code = Code::Activate;
    const NEEDS: Permission = Permission::Activate;
    type Request = ObjectRequest;
    type Response = ObjectResponse;

    async fn run(request: ObjectRequest, scope: &mut Scope<'_>) -> Result<ObjectResponse, Failure> {
        let mut stored = scope.live(request.unique_identifier.as_deref()).await?;
        let state = stored.object.state().ok_or(Refusal::Illegal("An opaque object has no state"))?;
        stored.change().set_state(lifecycle::next(state, Event::Activate)?);
        stored.change().set_date(&attribute::ACTIVATION_DATE, scope.date());
        scope.update(&mut stored).await?;
        Ok(ObjectResponse { unique_identifier: stored.object.identifier() })
    }
}
