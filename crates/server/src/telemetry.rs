//! Logs: to standard error, for people or as JSON. And traces, where there are any ([`traces`]).
//!
//! Spans don't show in the log, and log lines not in traces. The invariant of this room: **no line holds a byte of a request or an
//! answer.** Libraries are held to warnings whatever the level, since they might trace what passes through them, and a panic is logged
//! by its place alone.

#[cfg_attr(not(feature = "traces"), path = "telemetry/no_traces.rs")]
mod traces;

use crate::config::{Log, LogFormat, Traces as TraceSettings};
use crate::metrics::Metrics;
use std::io::IsTerminal;
use std::sync::Arc;
use store::journal::Journal;
use traces::Traces;
pub(crate) use traces::{Parent, are_on, trace_id};
use tracing::{Dispatch, Level};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use uuid::Uuid;

/// Our own crates, whose log lines are written with care.
const OURS: [&str; 6] = ["server", "engine", "keymanager", "kmip", "store", "wrap"];

/// What spans that may become part of a trace have as their target, in all crates.
pub(crate) const TARGET: &str = "keystead";
/// The name of a request's span for which it is drawn whether there is one.
pub(crate) const DRAWN: &str = "request";
/// The name of a request's span that whoever asks wants, and may want.
pub(crate) const WANTED: &str = "wanted request";

/// Changes the level while the server runs, and sends traces.
pub struct Telemetry {
    level: reload::Handle<Targets, Registry>,
    traces: Option<Traces>,
}

impl Telemetry {
    /// Begins to log, and to log panics by their place. Where the process logs already, that goes on.
    pub fn start(log: &Log, traces: &TraceSettings) -> Self {
        let traces = Traces::new(traces);
        let (subscriber, level) = subscriber(log, traces.as_ref());
        let _ = subscriber.try_init();
        std::panic::set_hook(Box::new(log_panic));
        Telemetry { level, traces }
    }

    /// Begins to send traces, as the node whose journal this is, on the runtime that this is called in.
    pub(crate) fn begin_traces(&self, journal: &Journal, metrics: &Arc<Metrics>) {
        if let Some(traces) = &self.traces {
            traces.begin(Uuid::from_bytes(journal.position().0.node), metrics.clone());
        }
    }

    /// Sends the traces that are left, for 2 seconds at most.
    pub(crate) fn end(&self) {
        self.traces.iter().for_each(Traces::end);
    }

    /// Takes another level.
    pub fn set_level(&self, level: Level) {
        let _ = self.level.reload(targets(level));
    }
}

/// What takes log lines, and spans where there are traces.
fn subscriber(log: &Log, traces: Option<&Traces>) -> (Dispatch, reload::Handle<Targets, Registry>) {
    let (filter, level) = reload::Layer::new(targets(log.level));
    let logging = tracing_subscriber::registry().with(lines(log.format).with_filter(filter));
    // A layer that is none would have each span and each line that is not logged asked about again every time.
    let subscriber = match traces {
        Some(traces) => logging.with(traces.layer()).into(),
        None => logging.into(),
    };
    (subscriber, level)
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Text => layer.with_target(false).with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}

fn targets(level: Level) -> Targets {
    Targets::new().with_targets(OURS.map(|name| (name, level))).with_default(LevelFilter::WARN)
}

/// A panic's message may quote what it was about, so it stays unsaid.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(String::new, ToString::to_string);
    tracing::error!(
        place,
        "a defect in Keystead was hit; the connection it happened on is closed and all else goes on"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_traces_nobody_is_asked_about_a_span_twice() {
        let (off, _) = subscriber(&Log { level: Level::TRACE, format: LogFormat::Json }, None);
        let quiet = Log { level: Level::INFO, format: LogFormat::Text };
        let (quiet, _) = subscriber(&quiet, None);
        let (span, line) = tracing::subscriber::with_default(tracing_subscriber::registry(), || {
            (tracing::info_span!(target: TARGET, "request").metadata(), tracing::debug_span!("as a line").metadata())
        });
        let check = |to: &Dispatch, always: bool, what: Option<&'static tracing::Metadata<'static>>| {
            let interest = to.register_callsite(what.unwrap());
            assert_eq!((interest.is_always(), interest.is_never()), (always, !always));
        };
        check(&off, false, span);
        check(&quiet, false, span);
        check(&off, true, line);
        check(&quiet, false, line);
    }
}
