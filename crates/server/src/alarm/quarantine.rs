//! Alarms of quarantine. They are not raised: the quarantines themselves say which stand.

use super::Alarm;
use crate::api::rfc3339;
use crate::expiry::Severity;
use engine::Engine;
use uuid::Uuid;

/// The alarms of an instance, or of all: keys that clients asked for in quarantine. They stand until the key is released or taken away.
pub(super) fn alarms(engine: &Engine, instance: Option<Uuid>) -> Vec<Alarm> {
    let asked = engine.asked_in_quarantine().into_iter();
    let theirs = asked.filter(|(adapter, _)| instance.is_none_or(|instance| instance == adapter.instance));
    theirs
        .filter_map(|(adapter, quarantine)| {
            let (key, asked) = (quarantine.object, quarantine.asked?);
            let from = asked.address.map(|address| format!(" at {address}")).unwrap_or_default();
            let who = if asked.name.is_empty() { "a client" } else { &asked.name };
            let when = rfc3339(asked.at.seconds());
            Some(Alarm {
                kind: "quarantine",
                about: key.to_string(),
                severity: Severity::Warning,
                message: format!(
                    "key {key} of adapter {} is in quarantine, and {who}{from} asked for it on {when}: it is in use",
                    adapter.name
                ),
                advice: format!("release it: keystead key release {key} --adapter {}", adapter.name),
                instance: Some(adapter.instance),
                since: asked.at,
            })
        })
        .collect()
}
