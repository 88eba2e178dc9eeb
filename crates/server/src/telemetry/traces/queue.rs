//! Between requests and the collector: a bounded queue, from which the library's own thread sends in batches.
//!
//! The invariant: **whoever ends a span waits for nobody, and no span is lost uncounted**. The library bounds its queue too, but tells
//! nobody what it dropped; so it is never given more than it can hold.

use super::attributes::dressed;
use super::send::{Sender, exporter};
use crate::config::Traces as Settings;
use crate::metrics::Metrics;
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Span, SpanData, SpanExporter, SpanProcessor};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use uuid::Uuid;

/// Spans that are held, those on their way to the collector among them.
const HELD: usize = 4096;
/// Spans that are sent at once.
const BATCH: usize = 512;
/// How often what there is is sent.
const EVERY: Duration = Duration::from_secs(2);

/// Spans on their way, once it is known where that leads.
#[derive(Default)]
pub(super) struct Queue {
    held: Arc<AtomicUsize>,
    way: OnceLock<(BatchSpanProcessor, Arc<Metrics>)>,
}

impl Queue {
    /// Opens the way.
    pub(super) fn open(&self, settings: &Settings, node: Uuid, metrics: Arc<Metrics>) -> Result<(), String> {
        let exporter = exporter(settings, Sender::new(settings))?;
        let counted = Counted { exporter, held: self.held.clone(), metrics: metrics.clone() };
        let sizes = BatchConfigBuilder::default().with_max_queue_size(HELD).with_max_export_batch_size(BATCH);
        let config = sizes.with_scheduled_delay(EVERY).build();
        let mut batches = BatchSpanProcessor::builder(counted).with_batch_config(config).build();
        batches.set_resource(&resource(node));
        let _ = self.way.set((batches, metrics));
        Ok(())
    }

    fn take(&self, span: SpanData) {
        let Some((batches, metrics)) = self.way.get() else { return };
        match self.held.fetch_add(1, Ordering::Relaxed) {
            0..HELD => batches.on_end(dressed(span)),
            HELD.. => {
                self.held.fetch_sub(1, Ordering::Relaxed);
                metrics.parts.traces_dropped("queue", 1);
            }
        }
    }
}

/// Who sends (Semantic Conventions, "Service"): as in the audit's log records, and nothing from the environment.
fn resource(node: Uuid) -> Resource {
    let facts = [
        KeyValue::new("service.name", "keystead"),
        KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
        KeyValue::new("service.instance.id", node.to_string()),
    ];
    Resource::builder_empty().with_attributes(facts).build()
}

/// The queue's end at which spans come in.
pub(super) struct Tail(pub(super) Arc<Queue>);

impl SpanProcessor for Tail {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        self.0.take(span);
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.way.get().map_or(Ok(()), |(batches, _)| batches.force_flush())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.way.get().map_or(Ok(()), |(batches, _)| batches.shutdown_with_timeout(timeout))
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tail")
    }
}

/// Counts what could not be sent, and makes room for what comes next.
struct Counted<E> {
    exporter: E,
    held: Arc<AtomicUsize>,
    metrics: Arc<Metrics>,
}

impl<E: SpanExporter> SpanExporter for Counted<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let count = batch.len();
        let sent = self.exporter.export(batch).await;
        self.held.fetch_sub(count, Ordering::Relaxed);
        if sent.is_err() {
            self.metrics.parts.traces_dropped("send", count as u64);
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E> fmt::Debug for Counted<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counted")
    }
}
