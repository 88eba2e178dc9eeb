//! Logs: to standard error, for people or as JSON.
//!
//! The invariant of this room: **no line holds a byte of a request or an answer.** Libraries are held to warnings whatever the level,
//! since they might trace what passes through them, and a panic is logged by its place alone.

use crate::config::{Log, LogFormat};
use std::io::IsTerminal;
use tracing::Level;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::Registry;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;

/// Our own crates, whose log lines are written with care.
const OURS: [&str; 6] = ["server", "engine", "keymanager", "kmip", "store", "wrap"];

/// Changes the level while the server runs.
pub struct Telemetry(reload::Handle<Targets, Registry>);

impl Telemetry {
    /// Begins to log, and to log panics by their place. Where the process logs already, that goes on.
    pub fn start(log: &Log) -> Self {
        let (filter, handle) = reload::Layer::new(targets(log.level));
        let _ = tracing_subscriber::registry().with(filter).with(lines(log.format)).try_init();
        std::panic::set_hook(Box::new(log_panic));
        Telemetry(handle)
    }

    /// Takes another level.
    pub fn set_level(&self, level: Level) {
        let _ = self.0.reload(targets(level));
    }
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
