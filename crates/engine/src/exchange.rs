//! [`Exchange`]: one message: its envelope, its batch items in their order, its answer.
//!
//! The invariant: [`perform`] is written once: enter (the gate) → decode → run → commit → answer. An item that fails has changed nothing,
//! and every item, done or refused, leaves an audit event before its answer is given.

mod authentication;
mod operations;
mod outcome;

use kmip::enums::{BatchErrorContinuationOption, Operation as Code, ResultReason, ResultStatus};
use kmip::message::{MessageError, RequestItem, RequestMessage, ResponseHeader};
use kmip::ttlv::{Decode, Encode, Writer};
use kmip::{Timestamp, Version, tag};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};
use uuid::Uuid;
use zeroize::Zeroizing;

pub use operations::Operations;
pub use outcome::Outcome;

use crate::Engine;
use crate::error::{Failure, Fault, OperationName, Refusal};
use crate::operation::{self, Operation};
use crate::origin::{Deed, Origin};
use crate::policy::{OTHER, Permission};
use crate::scope::Scope;

/// How often an item is tried again when another commit comes before its own.
///
/// Each lost attempt is another client's commit to the same record, so this is how many may come at once before one hears that others
/// are faster.
pub(crate) const ATTEMPTS: usize = 64;
/// Room for most answers.
const CAPACITY: usize = 512;

/// What goes back to the client.
pub struct Reply {
    /// A whole response message. Wiped when dropped.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether the connection can't be used any further.
    pub close: bool,
    /// The operations of which at least one item succeeded.
    pub succeeded: Operations,
    /// What came of each item that was dealt with, as the answer says it.
    pub outcomes: Vec<Outcome>,
    /// How many objects were destroyed, whatever the answer says.
    pub destroyed: usize,
}

/// One message that is being dealt with.
pub(crate) struct Exchange<'e> {
    engine: &'e Engine,
    origin: &'e Origin<'e>,
    version: Version,
    now: Timestamp,
    placeholder: Option<Uuid>,
    limit: Option<i32>,
}

/// Answers a request message. There is always an answer.
pub(crate) async fn handle(engine: &Engine, origin: &Origin<'_>, frame: &[u8], now: Timestamp) -> Reply {
    let decoded = info_span!(target: "keystead", "decode").in_scope(|| RequestMessage::decode(frame));
    match decoded {
        Ok(message) => answer(engine, origin, &message, now).await,
        Err(error) => unreadable(engine, origin, error, now),
    }
}

async fn answer(engine: &Engine, origin: &Origin<'_>, message: &RequestMessage<'_>, now: Timestamp) -> Reply {
    if !origin.adapter().door.is_unset()
        && let Err(failure) = Box::pin(authentication::check(engine, origin, message)).await
    {
        return not_authenticated(engine, origin, message, &failure, now);
    }
    let header = &message.header;
    let option = header.batch_error_continuation_option.unwrap_or(BatchErrorContinuationOption::Stop);
    if !matches!(option, BatchErrorContinuationOption::Stop | BatchErrorContinuationOption::Continue) {
        return option_refused(engine, origin, message, now);
    }
    let limit = header.maximum_response_size;
    let mut exchange = Exchange { engine, origin, version: message.version, now, placeholder: None, limit };
    let mut out = Writer::new(message.version, CAPACITY);
    let envelope = out.open(tag::RESPONSE_MESSAGE);
    response_header(message.version, header.client_correlation_value.clone(), now)
        .encode(tag::RESPONSE_HEADER, &mut out);
    let count_ends = out.position();
    let (mut count, mut succeeded) = (0, Operations::default());
    let mut outcomes = Vec::with_capacity(1);
    for item in &message.items {
        let reason = exchange.item(item, &mut out).await.err();
        count += 1;
        outcomes.push(Outcome { operation: Some(item.operation), reason });
        if reason.is_none() {
            succeeded.add(item.operation);
        } else if option == BatchErrorContinuationOption::Stop {
            break;
        }
    }
    out.rewrite_integer(count_ends, count);
    out.close(envelope);
    let is_destroy = |each: &&Outcome| each.operation == Some(Code::Destroy) && each.reason.is_none();
    let destroyed = outcomes.iter().filter(is_destroy).count();
    Reply { bytes: out.into_bytes(), close: false, succeeded, outcomes, destroyed }
}

/// What is answered where the audit says that the answer must not leave. What was done is done all the same.
pub(crate) fn withheld(reply: &Reply, frame: &[u8], error: &store::Error, now: Timestamp) -> Reply {
    let version = RequestMessage::decode(frame).map_or(Version::NEWEST, |message| message.version);
    let refused = Refused::new(&Fault::Audit(error.to_string()).into(), version);
    let instead = refuse_message(version, (None, refused.reason), &refused.message, now);
    Reply { destroyed: reply.destroyed, ..instead }
}

/// The answer to a message that does not pass the adapter's door: none of its items is dealt with, and one event tells of it.
fn not_authenticated(
    engine: &Engine,
    origin: &Origin<'_>,
    message: &RequestMessage<'_>,
    failure: &Failure,
    now: Timestamp,
) -> Reply {
    let refused = Refused::new(failure, message.version);
    let operation = only_operation(message);
    record(engine, &event(engine, origin, (OTHER, operation, None), now, Some(refused.reason)));
    refuse_message(message.version, (operation, refused.reason), &refused.message, now)
}

/// The answer to a message whose items are to be undone together, or in a way that nobody knows: none of them is dealt with.
fn option_refused(engine: &Engine, origin: &Origin<'_>, message: &RequestMessage<'_>, now: Timestamp) -> Reply {
    let reason = ResultReason::FeatureNotSupported;
    let items =
        message.items.iter().map(|item| event(engine, origin, (OTHER, Some(item.operation), None), now, Some(reason)));
    items.for_each(|event| record(engine, &event));
    let operation = only_operation(message);
    refuse_message(
        message.version,
        (operation, reason),
        "Of the batch options, only Continue and Stop are supported",
        now,
    )
}

/// An audit event: action, operation and object; and why not.
fn event(
    engine: &Engine,
    origin: &Origin<'_>,
    (action, operation, target): (&str, Option<Code>, Option<Uuid>),
    now: Timestamp,
    refused: Option<ResultReason>,
) -> Vec<u8> {
    let product = engine.products.of(origin);
    origin.event(&Deed { action, operation, target, product: product.as_deref(), refused }, now)
}

/// Writes the event of a message that is refused as a whole. Nothing leaves with such an answer, so it is given in any case.
fn record(engine: &Engine, event: &[u8]) {
    if let Err(fault) = engine.record(event) {
        tracing::error!(%fault, "an audit event could not be written");
    }
}

fn response_header(version: Version, client_correlation_value: Option<String>, now: Timestamp) -> ResponseHeader {
    ResponseHeader {
        protocol_version: version.into(),
        time_stamp: now.date_time(),
        client_correlation_value,
        server_correlation_value: None,
        batch_count: 1,
    }
}

/// The answer to a message that can't be read as one: it says so in a version that the client knows, as far as that can be told.
fn unreadable(
    engine: &Engine,
    origin: &Origin<'_>,
    MessageError { error, version }: MessageError,
    now: Timestamp,
) -> Reply {
    let reason = ResultReason::InvalidMessage;
    record(engine, &event(engine, origin, (OTHER, None, None), now, Some(reason)));
    let message = format!("The message can't be read: {error}");
    refuse_message(version.unwrap_or(Version::NEWEST), (None, reason), &message, now)
}

/// The operation of a message that has one item.
fn only_operation(message: &RequestMessage<'_>) -> Option<Code> {
    match &*message.items {
        [item] => Some(item.operation),
        _ => None,
    }
}

fn refuse_message(
    version: Version,
    (operation, reason): (Option<Code>, ResultReason),
    message: &str,
    now: Timestamp,
) -> Reply {
    let mut out = Writer::new(version, CAPACITY);
    let envelope = out.open(tag::RESPONSE_MESSAGE);
    response_header(version, None, now).encode(tag::RESPONSE_HEADER, &mut out);
    let item = out.open(tag::BATCH_ITEM);
    failure(&mut out, reason, message);
    out.close(item);
    out.close(envelope);
    let outcomes = vec![Outcome { operation, reason: Some(reason) }];
    Reply { bytes: out.into_bytes(), close: false, succeeded: Operations::default(), outcomes, destroyed: 0 }
}

fn failure(out: &mut Writer, reason: ResultReason, message: &str) {
    ResultStatus::OperationFailed.encode(tag::RESULT_STATUS, out);
    reason.encode(tag::RESULT_REASON, out);
    out.text(tag::RESULT_MESSAGE, message);
}

impl<'e> Exchange<'e> {
    /// Deals with one batch item and writes its answer. Tells why, where it was refused.
    async fn item(&mut self, item: &RequestItem<'_>, out: &mut Writer) -> Result<(), ResultReason> {
        let mark = out.open(tag::BATCH_ITEM);
        item.operation.encode(tag::OPERATION, out);
        item.unique_batch_item_id.iter().for_each(|id| out.bytes(tag::UNIQUE_BATCH_ITEM_ID, id));
        let position = out.position();
        let result = match self.understood(item) {
            Ok(()) => {
                let span = info_span!(
                    target: "keystead",
                    "operation",
                    kmip.operation = item.operation.name(),
                    keystead.correlation_id = Empty
                );
                operation::dispatch(self, item, out).instrument(span).await
            }
            Err(refusal) => self.refused(OTHER, item, None, refusal.into()),
        };
        if let Err(refusal) = &result {
            out.truncate(position);
            failure(out, refusal.reason, &refusal.message);
        }
        out.close(mark);
        result.map_err(|refused| refused.reason)
    }

    fn understood(&self, item: &RequestItem<'_>) -> Result<(), Refusal> {
        match &item.extension {
            Some(extension) if extension.criticality_indicator => Err(Refusal::CriticalExtension),
            Some(_) | None => item.payload.check_width().map_err(Refusal::Payload),
        }
    }

    /// The gate: the only maker of a [`Scope`] for a client.
    fn enter(&self, needs: Permission) -> Result<Scope<'e>, Refusal> {
        if !self.origin.allows(needs) {
            return Err(Refusal::Denied("the adapter does not offer this operation"));
        }
        Ok(Scope::new(self.engine, self.origin, self.version, self.now, self.placeholder))
    }

    /// Refuses an operation that is not offered.
    pub(crate) fn unsupported(&self, item: &RequestItem<'_>) -> Result<(), Refused> {
        self.refused(OTHER, item, None, Refusal::Operation(OperationName(item.operation)).into())
    }

    fn refused(
        &self,
        action: &str,
        item: &RequestItem<'_>,
        target: Option<Uuid>,
        failure: Failure,
    ) -> Result<(), Refused> {
        let refused = Refused::new(&failure, self.version);
        let what = (action, Some(item.operation), target);
        let event = event(self.engine, self.origin, what, self.now, Some(refused.reason));
        match self.engine.record(&event) {
            Ok(()) => Err(refused),
            Err(fault) => Err(Refused::new(&fault.into(), self.version)),
        }
    }

    fn fits(&self, out: &Writer) -> Result<(), Refusal> {
        match self.limit {
            Some(limit) if out.position() > usize::try_from(limit).unwrap_or(0) => Err(Refusal::TooLarge(limit)),
            Some(_) | None => Ok(()),
        }
    }
}

/// What an item's answer says instead of a payload.
pub(crate) struct Refused {
    reason: ResultReason,
    message: String,
}

impl Refused {
    fn new(failure: &Failure, version: Version) -> Self {
        match failure {
            Failure::Refused(refusal) => Refused { reason: refusal.reason(version), message: refusal.to_string() },
            Failure::Failed(fault) => {
                let correlation = Uuid::new_v4();
                Span::current().record("keystead.correlation_id", tracing::field::display(correlation));
                tracing::error!(%correlation, %fault, "a request failed");
                let message = format!("{}; its log says why under {correlation}", fault.heard());
                Refused { reason: ResultReason::GeneralFailure, message }
            }
        }
    }
}

/// Carries one operation out: enter → decode → run → commit → answer.
pub(crate) async fn perform<O: Operation>(
    exchange: &mut Exchange<'_>,
    item: &RequestItem<'_>,
    out: &mut Writer,
) -> Result<(), Refused> {
    let position = out.position();
    let mut target = None;
    for _ in 0..ATTEMPTS {
        match attempt::<O>(exchange, item, out, &mut target).await {
            Ok(placeholder) => {
                exchange.placeholder = placeholder;
                return Ok(());
            }
            Err(Failure::Failed(Fault::Store(store::Error::Conflict(_)))) => out.truncate(position),
            Err(failure) => return exchange.refused(O::NEEDS.action(), item, target, failure),
        }
    }
    exchange.refused(O::NEEDS.action(), item, target, Refusal::Busy.into())
}

async fn attempt<O: Operation>(
    exchange: &Exchange<'_>,
    item: &RequestItem<'_>,
    out: &mut Writer,
    target: &mut Option<Uuid>,
) -> Result<Option<Uuid>, Failure> {
    let mut scope = exchange.enter(O::NEEDS)?;
    let request = O::Request::decode(item.payload)?;
    let result = O::run(request, &mut scope).await;
    *target = scope.target();
    let response = result?;
    ResultStatus::Success.encode(tag::RESULT_STATUS, out);
    response.encode(tag::RESPONSE_PAYLOAD, out);
    exchange.fits(out)?;
    let what = (O::NEEDS.action(), Some(O::CODE), *target);
    let event = event(exchange.engine, exchange.origin, what, exchange.now, None);
    let Exchange { engine, origin, now, .. } = *exchange;
    let asked = engine.ask_for_quarantined(&mut scope, origin, O::CODE, now).await?;
    let placeholder = scope.commit(event).await?;
    engine.done(origin, O::CODE, *target, asked, now).await;
    Ok(placeholder)
}
