//! Whether root keys can be used, found out by using one.

use crate::{Action, Call, Error, Filter, KeyManager, ListQuery, State};
use kmip::Timestamp;
use uuid::Uuid;
use wrap::primitive::random_secret;
use wrap::{KeyRef, Wrapper};

/// Bytes that are wrapped and unwrapped.
const CANARY: usize = 32;

impl KeyManager {
    /// Wraps and unwraps something under the first active root key that is found; where there is none, there is nothing to open.
    ///
    /// # Errors
    /// Whatever keeps root keys from being used: the store, a damaged record, a master key that does not open them.
    pub async fn try_out(&self, now: Timestamp) -> Result<(), Error> {
        let call = |instance| Call::internal(instance, Action::ListKeys, "health", now);
        let filter = Filter { states: Some(vec![State::Active]), extractable: Some(false), ..Filter::default() };
        let first = ListQuery { filter, limit: 1, ..ListQuery::default() };
        for instance in self.instances(&call(Uuid::nil())).await? {
            if let Some(key) = self.list_keys(&call(instance.id), &first).await?.keys.pop() {
                let canary = random_secret(self.random.as_ref(), CANARY)?;
                let place = KeyRef { instance: key.instance, key: key.id };
                let wrapped = self.wrap(&place, &canary, b"health").await?;
                return Ok(self.unwrap(&place, &wrapped, b"health").await.map(drop)?);
            }
        }
        Ok(())
    }
}
