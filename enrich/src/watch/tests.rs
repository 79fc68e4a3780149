//! Events in, notices out.

use magistrate_event::{Class, Value};

use super::*;

fn second(number: i64) -> Timestamp {
    Timestamp::from_micros((1_800_000_000 + number) * 1_000_000)
}

fn client(code: &str, session: &str, seconds: i64) -> Event {
    let mut event = Event::new(Class::ApiActivity, 0, second(seconds));
    event.set_text(Field::Surface, "code");
    event.set_text(Field::EventCode, code);
    event.set_text(Field::ProductName, "claude-code");
    event.set_text(Field::ProductVersion, "2.1.330");
    event.set_text(Field::SessionUid, session);
    event.set_text(Field::UserEmail, "Ana@example.com");
    event.set_text(Field::Peer, "10.0.0.7");
    event
}

fn flow(address: &str, seconds: i64) -> Event {
    let mut event = Event::new(Class::HttpActivity, 1, second(seconds));
    event.set_text(Field::UrlHostname, "api.anthropic.com");
    event.set_text(Field::SrcIp, address);
    event
}

fn codes(notices: &[Notice]) -> Vec<&str> {
    let codes = notices.iter().map(|one| one.event.text(Field::EventCode));
    codes.map(Option::unwrap_or_default).collect()
}

fn number(notice: &Notice, name: &str) -> Option<i64> {
    let mut attributes = notice.event.unmapped();
    let (_, value) = attributes.find(|(key, _)| *key == name)?;
    let Value::Int(number) = value else {
        return None;
    };
    Some(*number)
}

fn play(watch: &mut Watch, events: impl IntoIterator<Item = Event>) -> Vec<Notice> {
    let events = events.into_iter();
    events
        .flat_map(|event| watch.observe(&event, event.time()))
        .collect()
}

#[test]
fn a_gap_is_told_and_closed() {
    let mut watch = Watch::default();
    let numbered = |number: i64| {
        let mut event = client("api_request", "s", number);
        event.set_int(Field::Sequence, number);
        event
    };
    play(&mut watch, [0, 1, 2, 5, 6].map(numbered));
    assert_eq!(watch.due(second(60)), []);
    let told = watch.due(second(200));
    assert_eq!(codes(&told), ["telemetry_gap"]);
    assert_eq!(number(&told[0], "missing.first"), Some(3));
    assert_eq!(number(&told[0], "missing.last"), Some(4));
    assert_eq!(told[0].event.text(Field::SessionUid), Some("s"));
    assert_eq!(watch.due(second(300)), []);
    play(&mut watch, [3, 4].map(numbered));
    // A gap that is told waits for nothing; what closes it is heard with the next one.
    let closed = watch.due(second(400));
    assert_eq!(codes(&closed), ["telemetry_gap_closed"]);
}

#[test]
fn what_is_read_from_a_file_waits_for_its_end_only() {
    // Old, and just now but replayed.
    for (received, door) in [(900_000, "otlp_http"), (10, "replay")] {
        for is_last in [false, true] {
            let mut watch = Watch::default();
            for number in [0, 2] {
                let mut event = client("api_request", "s", number);
                event.set_int(Field::Sequence, number);
                event.set_text(Field::Source, door);
                watch.observe(&event, second(received));
            }
            if is_last {
                watch.hurry();
            } else {
                assert_eq!(watch.due(second(received)), []);
            }
            let later = if is_last { 0 } else { 5 };
            let told = watch.due(second(received + later));
            assert_eq!(codes(&told), ["telemetry_gap"], "{door}");
        }
    }
    // What comes live may come late, also at the end of a run: the next one tells.
    let mut watch = Watch::default();
    for number in [0, 2] {
        let mut event = client("api_request", "s", number);
        event.set_int(Field::Sequence, number);
        watch.observe(&event, second(10));
    }
    watch.hurry();
    assert_eq!(watch.due(second(10)), []);
    assert_eq!(codes(&watch.due(second(200))), ["telemetry_gap"]);
}

#[test]
fn flows_without_telemetry_are_a_silence() {
    let mut watch = Watch::default();
    play(&mut watch, [client("api_request", "s", 0)]);
    let talking = play(&mut watch, (1..10).map(|step| flow("10.0.0.7", step * 60)));
    assert_eq!(talking, []);
    let silent = play(&mut watch, (10..40).map(|step| flow("10.0.0.7", step * 60)));
    assert_eq!(codes(&silent), ["telemetry_silent"]);
    let unknown = play(&mut watch, (10..40).map(|step| flow("10.0.0.8", step * 60)));
    assert_eq!(unknown, []);
    let back = play(&mut watch, [client("api_request", "s", 3_000)]);
    assert_eq!(codes(&back), ["telemetry_back"]);
}

#[test]
fn clocks_that_are_an_hour_apart_are_no_silence() {
    const HOUR: i64 = 3_600;
    for (client_off, proxy_off) in [(-HOUR, 0), (HOUR, 0), (0, -HOUR), (-HOUR, HOUR)] {
        let mut watch = Watch::default();
        let mut told = Vec::new();
        for step in (0..60).map(|step| step * 60) {
            let telemetry = client("api_request", "s", step + client_off);
            told.extend(watch.observe(&telemetry, second(step)));
            let flow = flow("10.0.0.7", step + 30 + proxy_off);
            told.extend(watch.observe(&flow, second(step + 30)));
        }
        assert_eq!(codes(&told), [""; 0], "{client_off} {proxy_off}");
        // And when it does fall silent, that is told.
        for step in (60..90).map(|step| step * 60) {
            let flow = flow("10.0.0.7", step + proxy_off);
            told.extend(watch.observe(&flow, second(step)));
        }
        assert_eq!(
            codes(&told),
            ["telemetry_silent"],
            "{client_off} {proxy_off}"
        );
    }
}

#[test]
fn hooks_that_stopped_are_noticed() {
    let mut watch = Watch::default();
    let calls = |session: &'static str, tool: &'static str, start: i64| {
        (0..9).map(move |step| {
            let mut event = client("tool_decision", session, start + step);
            event.set_text(Field::ApiRequestUid, &step.to_string());
            event.set_text(Field::ApiOperation, tool);
            event
        })
    };
    let hook = |session: &str, name: &str, at: i64| {
        let mut event = client("hook_execution_complete", session, at);
        event.keep_text("hook_event", name.split(':').next().unwrap());
        event.keep_text("hook_name", name);
        event
    };
    assert_eq!(play(&mut watch, calls("never", "Bash", 0)), []);
    play(&mut watch, [hook("before", "PreToolUse:Bash", 50)]);
    assert_eq!(play(&mut watch, calls("before", "Bash", 60)), []);
    // Hooks are set for one tool: calls of others need none.
    assert_eq!(play(&mut watch, calls("reads", "Read", 100)), []);
    let stopped = play(&mut watch, calls("after", "Bash", 200));
    assert_eq!(codes(&stopped), ["hooks_silent"]);
    // Another hook of the session is none for the call.
    play(&mut watch, [hook("other", "SessionStart:startup", 300)]);
    let stopped = play(&mut watch, calls("other", "Bash", 310));
    assert_eq!(codes(&stopped), ["hooks_silent"]);
}

/// An event without the user's address, of another version.
fn unnamed(session: &str, seconds: i64) -> Event {
    let mut event = Event::new(Class::ApiActivity, 0, second(seconds));
    for (field, text) in [
        (Field::Surface, "code"),
        (Field::EventCode, "api_request"),
        (Field::ProductName, "claude-code"),
        (Field::ProductVersion, "2.1.331"),
        (Field::SessionUid, session),
        (Field::Peer, "10.0.0.7"),
    ] {
        event.set_text(field, text);
    }
    event
}

#[test]
fn an_attribute_that_a_version_lost_is_noticed() {
    let mut watch = Watch::default();
    let usual = (0..500).map(|step| client("api_request", "s", step));
    assert_eq!(play(&mut watch, usual), []);
    // One session is one person's.
    let one = (500..600).map(|step| unnamed("s", step));
    assert_eq!(play(&mut watch, one), []);
    // The same address: sessions of one person, and no more is known of several.
    let lost = (600..700).map(|step| unnamed(&format!("s{}", step / 10), step));
    let told = play(&mut watch, lost);
    assert_eq!(codes(&told), [""; 0]);
    let lost = (700..800).map(|step| {
        let mut event = unnamed(&format!("s{}", step / 10), step);
        event.set_text(Field::DeviceHostname, &format!("fin-{}", step % 7));
        event
    });
    let told = play(&mut watch, lost);
    assert_eq!(codes(&told), ["schema_drift"]);
    let message = told[0].event.text(Field::Message).unwrap();
    assert!(
        message.contains("2.1.331") && message.contains("actor.user.email_addr"),
        "{message}"
    );
}

#[test]
fn a_clock_with_fewer_digits_lost_no_attribute() {
    let mut watch = Watch::default();
    let fine = (0..500).map(|step| {
        let mut event = client("api_request", "s", step);
        event.keep_text("time_unix_nano", "1800000000000000001");
        event
    });
    let coarse = (500..600).map(|step| client("api_request", "s", step));
    assert_eq!(play(&mut watch, fine.chain(coarse)), []);
}

#[test]
fn an_event_of_an_unknown_name_is_noticed_once_a_version() {
    let mut watch = Watch::default();
    let events = (0..5).map(|step| client("brand_new_event", "s", step));
    assert_eq!(codes(&play(&mut watch, events)), ["unknown_event"]);
}

#[test]
fn everything_outlives_a_restart() {
    let mut before = Watch::default();
    for number in [0, 1, 3] {
        let mut event = client("api_request", "s", number);
        event.set_int(Field::Sequence, number);
        play(&mut before, [event]);
    }
    let mut rows = Vec::new();
    before.changes(|row| rows.push(row));
    let mut after = Watch::default();
    for (key, bytes) in rows {
        assert!(after.restore(&key, &bytes.unwrap()));
    }
    assert!(!after.restore(b"x123456789012345", b"") && !after.restore(b"", b""));
    assert_eq!(after.due(second(500)), before.due(second(500)));
    let flows = |watch: &mut Watch| {
        let flows = (20..40).map(|step| flow("10.0.0.7", step * 60));
        codes(&play(watch, flows)).len()
    };
    assert_eq!(flows(&mut after), 1);
}

#[test]
fn the_same_events_make_the_same_notices() {
    let run = || {
        let mut watch = Watch::default();
        play(&mut watch, [client("brand_new_event", "s", 1)])
    };
    assert_eq!(run()[0].uid, run()[0].uid);
}
