//! The span of a KMIP message: what was asked of which adapter, and what came of it.

use super::House;
use crate::telemetry::{DRAWN, TARGET};
use ::kmip::Timestamp;
use ::kmip::enums::ResultReason;
use ::kmip::message::RequestMessage;
use engine::exchange::{Outcome, Reply};
use engine::origin::Origin;
use tracing::field::Empty;
use tracing::{Instrument, Span};
use uuid::Uuid;

/// Has the engine answer, within a span if there is to be one.
pub(super) async fn answered(
    house: &House,
    (adapter, origin): (Uuid, &Origin<'_>),
    frame: &[u8],
    now: Timestamp,
) -> (Reply, Span) {
    let span = tracing::info_span!(
        target: TARGET,
        DRAWN,
        otel.kind = "server",
        otel.status_code = Empty,
        rpc.system.name = "kmip",
        keystead.adapter = %adapter,
        kmip.operation = Empty,
        kmip.protocol_version = Empty,
        kmip.result_reason = Empty,
    );
    let reply = house.port.engine.handle(origin, frame, now).instrument(span.clone()).await;
    if !span.is_disabled() {
        tell(&span, frame, &reply.outcomes);
    }
    (reply, span)
}

/// Names are the specification's; the first reason stands for all.
fn tell(span: &Span, frame: &[u8], outcomes: &[Outcome]) {
    let version = match RequestMessage::decode(frame) {
        Ok(message) => Some(message.version),
        Err(error) => error.version,
    };
    if let Some(version) = version {
        span.record("kmip.protocol_version", tracing::field::display(version));
    }
    let operation = match outcomes {
        [outcome] => outcome.operation.and_then(|operation| operation.name()).unwrap_or("unknown"),
        _ => "several",
    };
    span.record("kmip.operation", operation);
    let Some(reason) = outcomes.iter().find_map(|outcome| outcome.reason) else { return };
    span.record("kmip.result_reason", reason.name().unwrap_or("unknown"));
    if reason == ResultReason::GeneralFailure {
        span.record("otel.status_code", "ERROR");
    }
}
