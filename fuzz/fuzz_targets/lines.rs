//! Syslog envelopes, Squid, CEF and JSON lines: every line is exactly one event.
#![no_main]

use libfuzzer_sys::fuzz_target;
use magistrate_enrich::{UidKey, normalize};
use magistrate_event::{Identity, Line, Origin, Payload, Raw, Source, Timestamp};

fuzz_target!(|bytes: &[u8]| {
    let lines: Vec<Line> = bytes
        .split(|byte| *byte == b'\n')
        .map(|line| Line { bytes: line.to_vec().into(), cut_from_bytes: None })
        .collect();
    let count = lines.len();
    let origin = Origin { source: Source::SyslogUdp, peer: None, identity: Identity::Anonymous };
    let received = Timestamp::from_micros(1_795_422_229_000_000);
    let raw = Raw { origin, received, arrival: 1, payload: Payload::Syslog(lines) };
    let mut events = 0;
    normalize(&raw, &UidKey::new([7; 32]), |_, _| events += 1).expect("lines have no framing to break");
    assert_eq!(events, count);
});
