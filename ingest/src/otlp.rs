//! OTLP in: gRPC and HTTP on each port, logs, metrics and traces, protobuf and JSON.

mod json;
mod rejected;

/// The three kinds of telemetry that OTLP carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Signal {
    Logs,
    Metrics,
    Traces,
}
