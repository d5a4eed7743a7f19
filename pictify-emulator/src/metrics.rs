//! Metrics in the text format of Prometheus.

use axum::http::StatusCode;
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::{Registry, Unit},
};
use std::{fmt, time::Duration};

/// Metrics of the server, since its start.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<OperationLabel, Histogram, fn() -> Histogram>,
    renders: Family<FormatLabel, Counter>,
    billed_renders: Counter,
    renders_in_progress: Gauge,
    deliveries: Family<StatusLabel, Gauge>,
    file_bytes: Gauge,
}

/// Values that are read when the metrics are.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CurrentValues {
    pub(crate) renders_in_progress: usize,
    pub(crate) file_bytes: u64,
    /// Numbers of stored deliveries by status.
    pub(crate) deliveries: [(&'static str, usize); 3],
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    operation: &'static str,
    /// Status; 0 if the connection was closed without a response.
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabel {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FormatLabel {
    format: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

/// Value of the label for requests that are not for an operation of the contract.
const NO_OPERATION: &str = "none";

fn duration_histogram() -> Histogram {
    // From a millisecond to half a minute.
    Histogram::new(exponential_buckets(0.001, 2.0, 16))
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("pictify");
        let metrics = Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(duration_histogram),
            renders: Family::default(),
            billed_renders: Counter::default(),
            renders_in_progress: Gauge::default(),
            deliveries: Family::default(),
            file_bytes: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("build", "Version of the emulator", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        registry.register("requests", "Requests by operation and response status", metrics.requests.clone());
        registry.register_with_unit(
            "request_duration",
            "Time from a request to its response",
            Unit::Seconds,
            metrics.durations.clone(),
        );
        registry.register("renders", "Stored renders by format", metrics.renders.clone());
        registry.register("billed_renders", "Billed renders", metrics.billed_renders.clone());
        registry.register("renders_in_progress", "Renders in progress", metrics.renders_in_progress.clone());
        registry.register("deliveries", "Stored webhook deliveries by status", metrics.deliveries.clone());
        registry.register_with_unit("files", "Size of the stored files", Unit::Bytes, metrics.file_bytes.clone());
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Counts a request.
    pub(crate) fn observe_request(
        &self,
        operation: Option<&'static str>,
        status: Option<StatusCode>,
        duration: Duration,
    ) {
        let operation = operation.unwrap_or(NO_OPERATION);
        let status = status.map_or(0, |status| status.as_u16());
        self.requests.get_or_create(&RequestLabels { operation, status }).inc();
        self.durations.get_or_create(&OperationLabel { operation }).observe(duration.as_secs_f64());
    }

    /// Counts a stored render.
    pub(crate) fn count_render(&self, format: &str) {
        self.renders.get_or_create(&FormatLabel { format: format.to_ascii_lowercase() }).inc();
    }

    /// Counts billed renders.
    pub(crate) fn count_billed(&self, renders: u64) {
        self.billed_renders.inc_by(renders);
    }

    /// Returns all metrics in the text format.
    pub(crate) fn to_text(&self, current: CurrentValues) -> Result<String, fmt::Error> {
        let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.renders_in_progress.set(gauge(current.renders_in_progress as u64));
        self.file_bytes.set(gauge(current.file_bytes));
        for (status, count) in current.deliveries {
            self.deliveries.get_or_create(&StatusLabel { status }).set(gauge(count as u64));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
