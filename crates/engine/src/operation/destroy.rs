//! Destroy: an object's material is given out no more, its attributes stay (KMIP 1.4, 4.21). An administrator can take it back for a time:
//! see [`crate::lifecycle::destroy`].

use kmip::enums::Operation as Code;
use kmip::payload::{ObjectRequest, ObjectResponse};

use super::Operation;
use crate::error::{Failure, Refusal};
use crate::lifecycle;
use crate::policy::Permission;
use crate::scope::Scope;

pub(crate) struct Destroy;

impl Operation for Destroy {
    const CODE: Code = Code::Destroy;
    const NEEDS: Permission = Permission::Destroy;
    type Request = ObjectRequest;
    type Response = ObjectResponse;

    async fn run(request: ObjectRequest, scope: &mut Scope<'_>) -> Result<ObjectResponse, Failure> {
        let mut stored = scope.object(request.unique_identifier.as_deref()).await?;
        if stored.object.is_destroyed() {
            return Err(Refusal::Denied("the object is destroyed already").into());
        }
        lifecycle::destroy(stored.change(), scope.initiator(), scope.now())?;
        scope.release_names(&stored.object).await?;
        scope.update(&mut stored).await?;
        Ok(ObjectResponse { unique_identifier: stored.object.identifier() })
    }
}
