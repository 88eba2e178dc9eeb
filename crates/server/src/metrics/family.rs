//! Families of gauges and counters whose labels are words, and how the rows of a family are written.
//!
//! The invariant: **labels are bounded**: words of our own, an instance's and an adapter's identifier and name, never a key's.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::fmt;

/// Labels: name and value.
pub(super) type Labels<const N: usize> = [(&'static str, String); N];
/// Gauges under labels.
pub(super) type Gauges<const N: usize> = Family<Labels<N>, Gauge>;
/// Counters under labels.
pub(super) type Counters<const N: usize> = Family<Labels<N>, Counter>;

/// A label's value.
pub(super) fn label(name: &'static str, value: impl ToString) -> (&'static str, String) {
    (name, value.to_string())
}

/// A family that is written by a function, from numbers that stand elsewhere.
pub(super) struct Rows<W> {
    name: &'static str,
    help: &'static str,
    sort: MetricType,
    write: W,
}

impl<W> Rows<W>
where
    W: Fn(&mut MetricEncoder<'_>) -> fmt::Result + Send + Sync + 'static,
{
    /// Registers it. Names are full ones; the text format puts `_total` behind a counter's.
    pub(super) fn register(
        registry: &mut Registry,
        (name, help): (&'static str, &'static str),
        sort: MetricType,
        write: W,
    ) {
        registry.register_collector(Box::new(Rows { name, help, sort, write }));
    }
}

impl<W> fmt::Debug for Rows<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<W> Collector for Rows<W>
where
    W: Fn(&mut MetricEncoder<'_>) -> fmt::Result + Send + Sync + 'static,
{
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut rows = encoder.encode_descriptor(self.name, self.help, None, self.sort)?;
        (self.write)(&mut rows)
    }
}

/// A metric of the library that is shown under its name also while it has no rows, so that whoever makes graphs and alarms finds it.
struct Kept<M>(&'static str, &'static str, M);

/// Registers it: name, help.
pub(super) fn keep<M>(registry: &mut Registry, name: &'static str, help: &'static str, metric: M)
where
    M: EncodeMetric + Send + Sync + 'static,
{
    registry.register_collector(Box::new(Kept(name, help, metric)));
}

impl<M> fmt::Debug for Kept<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl<M: EncodeMetric + Send + Sync + 'static> Collector for Kept<M> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Kept(name, help, metric) = self;
        metric.encode(encoder.encode_descriptor(name, help, None, metric.metric_type())?)
    }
}

/// A row of a gauge.
pub(super) fn gauge<const N: usize>(rows: &mut MetricEncoder<'_>, labels: &Labels<N>, value: f64) -> fmt::Result {
    rows.encode_family(labels)?.encode_gauge(&value)
}

/// A row of a counter.
pub(super) fn counter<const N: usize>(rows: &mut MetricEncoder<'_>, labels: &Labels<N>, value: u64) -> fmt::Result {
    rows.encode_family(labels)?.encode_counter::<prometheus_client::encoding::NoLabelSet, _, u64>(&value, None)
}
