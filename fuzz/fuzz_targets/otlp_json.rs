//! OTLP/JSON: any bytes become protobuf that the path can read, or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use magistrate_ingest::{Signal, from_json};

fuzz_target!(|bytes: &[u8]| {
    for signal in [Signal::Logs, Signal::Metrics, Signal::Traces] {
        let _ = from_json(signal, bytes, 1 << 20);
    }
});
