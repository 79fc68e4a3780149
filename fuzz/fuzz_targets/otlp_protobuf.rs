//! Protobuf requests of each signal: any bytes are either records or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use magistrate_enrich::{UidKey, normalize};
use magistrate_event::{Identity, Origin, Payload, Raw, Source, Timestamp};

fuzz_target!(|bytes: &[u8]| {
    let Some((signal, body)) = bytes.split_first() else { return };
    let body = body.to_vec().into();
    let payload = match signal % 3 {
        0 => Payload::OtlpLogs(body),
        1 => Payload::OtlpMetrics(body),
        _ => Payload::OtlpTraces(body),
    };
    let origin = Origin { source: Source::OtlpHttp, peer: None, identity: Identity::Anonymous };
    let raw = Raw { origin, received: Timestamp::from_micros(0), arrival: 0, payload };
    let _ = normalize(&raw, &UidKey::new([7; 32]), |_, _| {});
});
