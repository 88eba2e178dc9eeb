//! [`Collectors`]: the sinks that an answer waits for, where the configuration says so.
//!
//! The invariant: **a collector that hangs costs two seconds once**: until it has caught up nobody waits for it any more, and what is
//! done without it is the configuration's word.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use store::Error;
use store::journal::Witness;
use tokio::time::timeout;

use super::Audit;

/// How long an answer waits.
const PATIENCE: Duration = Duration::from_secs(2);

/// See the module.
pub(crate) struct Collectors {
    pub(crate) audit: Arc<Audit>,
    /// Their names.
    pub(crate) required: Vec<&'static str>,
    /// Whether an answer leaves without them.
    pub(crate) serve: bool,
}

#[async_trait]
impl Witness for Collectors {
    async fn seen(&self) -> Result<(), Error> {
        let sinks = self.audit.sinks().iter().filter(|sink| self.required.contains(&sink.name));
        for sink in sinks {
            if sink.is_late() || !self.has_all(sink).await {
                sink.is_passed_over();
                if !self.serve {
                    let name = sink.name;
                    return Err(Error::Io(format!(
                        "the audit's collector `{name}` did not take the event in time, and the configuration says that nothing is \
                         answered without it: see `keystead audit sinks`"
                    )));
                }
            }
        }
        Ok(())
    }
}

impl Collectors {
    async fn has_all(&self, sink: &super::SinkHandle) -> bool {
        let waited = timeout(PATIENCE, async {
            self.audit.caught_up().await;
            sink.has(self.audit.end()).await;
        });
        waited.await.is_ok()
    }
}
