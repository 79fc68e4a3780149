//! Events in, graph out.

use magistrate_event::Value;

use super::*;

fn event(seconds: i64, class: Class, fields: &[(Field, &str)]) -> (EventUid, Event) {
    let time = Timestamp::from_micros((1_800_000_000 + seconds) * 1_000_000);
    let mut event = Event::new(class, 1, time);
    for (field, text) in fields {
        event.set_text(*field, text);
    }
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&seconds.to_le_bytes());
    (EventUid::from_bytes(bytes), event)
}

fn tool(
    seconds: i64,
    code: &str,
    (id, tool, class): (&str, &str, &str),
    more: &[(Field, &str)],
) -> (EventUid, Event) {
    let mut fields = vec![
        (Field::EventCode, code),
        (Field::CorrelationUid, "p1"),
        (Field::ApiRequestUid, id),
        (Field::ApiOperation, tool),
        (Field::ToolClass, class),
        (Field::UserEmail, "ana@example.com"),
    ];
    fields.extend(more);
    event(seconds, Class::ApiActivity, &fields)
}

fn fetch(seconds: i64, code: &str, more: &[(Field, &str)]) -> (EventUid, Event) {
    let mut fields = vec![
        (Field::UrlHostname, "news.example"),
        (Field::UrlString, "https://news.example/a"),
    ];
    fields.extend(more);
    tool(seconds, code, ("t1", "WebFetch", "web"), &fields)
}

fn flow(seconds: i64, status: i64) -> (EventUid, Event) {
    flow_of("CORP\\ana", "news.example", seconds, status)
}

fn flow_of(user: &str, host: &str, seconds: i64, status: i64) -> (EventUid, Event) {
    let (uid, mut event) = event(
        seconds,
        Class::HttpActivity,
        &[
            (Field::UrlHostname, host),
            (Field::HttpMethod, "GET"),
            (Field::UserName, user),
        ],
    );
    event.set_int(Field::HttpCode, status);
    (uid, event)
}

fn evidence(events: &[(EventUid, Event)], flows: &[(EventUid, Event)]) -> Option<Evidence> {
    let graph = task_graph("s", events, flows);
    match graph.turns.first()?.steps.first()? {
        Step::Call(call) => call.evidence,
        Step::Model(_) | Step::Note(_) | Step::Verdict(_) => None,
    }
}

/// The calls that stand under no other.
fn calls_of(graph: &TaskGraph) -> Vec<&Call> {
    let steps = graph.turns.iter().flat_map(|turn| &turn.steps);
    let calls = steps.filter_map(|step| match step {
        Step::Call(call) => Some(&**call),
        Step::Model(_) | Step::Note(_) | Step::Verdict(_) => None,
    });
    calls.collect()
}

/// A turn with a sub-agent, and what stands beside it.
fn recorded() -> Vec<(EventUid, Event)> {
    let mut mode = event(
        7,
        Class::ApiActivity,
        &[
            (Field::EventCode, "permission_mode_changed"),
            (Field::PermissionMode, "acceptEdits"),
            (Field::CorrelationUid, "p1"),
        ],
    );
    mode.1.set_text(Field::UserEmail, "ana@example.com");
    let mut gap = event(8, Class::BaseEvent, &[(Field::EventCode, "telemetry_gap")]);
    for (name, number) in [("missing.first", 4), ("missing.last", 5)] {
        let key = gap.1.push_key(name);
        gap.1.keep(key, Value::Int(number));
    }
    let alert = event(
        9,
        Class::DetectionFinding,
        &[(Field::FindingTitle, "Page read, then mail sent")],
    );
    let agent = &[(Field::AgentId, "a1")];
    vec![
        alert,
        gap,
        mode,
        tool(
            5,
            "tool_result",
            ("t3", "WebFetch", "web"),
            &[
                agent[0],
                (Field::UrlHostname, "news.example"),
                (Field::UrlString, "https://news.example/a"),
            ],
        ),
        tool(
            2,
            "tool_decision",
            ("t2", "Task", "agent"),
            &[
                (Field::ToolDecision, "accept"),
                (Field::ToolDecisionSource, "config"),
            ],
        ),
        tool(6, "tool_result", ("t2", "Task", "agent"), &[]),
        event(
            1,
            Class::ApiActivity,
            &[
                (Field::EventCode, "api_request"),
                (Field::CorrelationUid, "p1"),
                (Field::AiModelName, "claude-x"),
            ],
        ),
        event(
            0,
            Class::ApiActivity,
            &[
                (Field::EventCode, "user_prompt"),
                (Field::CorrelationUid, "p1"),
                (Field::ContentText, "What is   new?"),
            ],
        ),
    ]
}

#[test]
fn three_levels_make_one_tree() {
    let events = recorded();
    let graph = task_graph("s", &events, &[flow(5, 200)]);
    let expected = "\
session s · ana@example.com
2027-01-15 08:00:00 – 2027-01-15 08:00:09 · 8 events

2027-01-15 08:00:00 “What is new?”
├─ 2027-01-15 08:00:01 claude-x
├─ 2027-01-15 08:00:02 Task · accept (config) · success · sub-agent guessed
│  └─ 2027-01-15 08:00:05 WebFetch https://news.example/a · success · confirmed
│     └─ 2027-01-15 08:00:05 GET news.example 200
└─ 2027-01-15 08:00:07 permission mode is acceptEdits

missing events
   4 to 5

alerts
   2027-01-15 08:00:09 Page read, then mail sent
";
    assert_eq!(graph.to_string(), expected);
    let json = serde_json::to_value(&graph).unwrap();
    assert_eq!(
        json["turns"][0]["steps"][1]["calls"][0]["evidence"],
        "confirmed"
    );
}

#[test]
fn telemetry_and_flows_are_held_against_each_other() {
    let accepted = || fetch(0, "tool_decision", &[(Field::ToolDecision, "accept")]);
    let refused = || fetch(0, "tool_decision", &[(Field::ToolDecision, "reject")]);
    let done = || fetch(2, "tool_result", &[]);
    let seen = [flow(1, 200)];
    let denied = [flow(1, 403)];
    let elsewhere = [flow_of("ana@example.com", "x.example", 1, 200)];
    assert_eq!(
        evidence(&[accepted(), done()], &seen),
        Some(Evidence::Confirmed)
    );
    assert_eq!(evidence(&[accepted(), done()], &[]), None);
    assert_eq!(
        evidence(&[accepted(), done()], &elsewhere),
        Some(Evidence::TelemetryOnly)
    );
    assert_eq!(evidence(&[refused()], &seen), Some(Evidence::Contradicted));
    assert_eq!(evidence(&[refused()], &elsewhere), None);
    assert_eq!(
        evidence(&[accepted(), done()], &denied),
        Some(Evidence::Contradicted)
    );
    assert_eq!(
        evidence(&[accepted(), done()], &[flow(900, 200)]),
        Some(Evidence::TelemetryOnly)
    );
    // The proxy shows nothing of her around the call.
    assert_eq!(evidence(&[accepted(), done()], &[flow(9_900, 200)]), None);
    // Whether a call that failed has left the device, nobody knows.
    let mut failed = done();
    failed.1.set_int(Field::StatusId, 2);
    assert_eq!(evidence(&[accepted(), failed], &elsewhere), None);
    let inside = fetch(2, "tool_result", &[(Field::UrlHostname, "localhost")]);
    assert_eq!(evidence(&[inside], &elsewhere), None);
}

#[test]
fn what_others_send_says_nothing_of_a_call() {
    let done = || fetch(2, "tool_result", &[(Field::Peer, "10.0.0.7")]);
    let bobs = flow_of("bob", "news.example", 2, 200);
    assert_eq!(evidence(&[done()], std::slice::from_ref(&bobs)), None);
    let elsewhere = flow_of("ana", "x.example", 2, 200);
    let expected = Some(Evidence::TelemetryOnly);
    assert_eq!(evidence(&[done()], &[bobs, elsewhere]), expected);
    let from = |address| {
        let fields = [
            (Field::UrlHostname, "news.example"),
            (Field::SrcIp, address),
        ];
        event(2, Class::HttpActivity, &fields)
    };
    assert_eq!(evidence(&[done()], &[from("10.9.9.9")]), None);
    let confirmed = Some(Evidence::Confirmed);
    assert_eq!(evidence(&[done()], &[from("10.0.0.7")]), confirmed);
}

#[test]
fn a_refused_call_is_not_contradicted_by_the_flow_of_another() {
    let refused = tool(
        0,
        "tool_decision",
        ("t0", "WebFetch", "web"),
        &[
            (Field::ToolDecision, "reject"),
            (Field::UrlHostname, "news.example"),
        ],
    );
    let graph = task_graph(
        "s",
        &[refused, fetch(5, "tool_result", &[])],
        &[flow(5, 200)],
    );
    let calls = calls_of(&graph);
    let evidence: Vec<_> = calls.iter().map(|call| call.evidence).collect();
    assert_eq!(evidence, [None, Some(Evidence::Confirmed)]);
}

#[test]
fn a_command_goes_to_what_its_programs_name() {
    let line = "curl -s https://api.news.example/a";
    let ran = tool(
        0,
        "tool_result",
        ("t1", "Bash", "execute"),
        &[(Field::CmdLine, line)],
    );
    let mut seen = flow_of("ana", "api.news.example", 1, 200);
    seen.1.set_text(Field::DestinationDomain, "news.example");
    let expected = Some(Evidence::Confirmed);
    assert_eq!(evidence(std::slice::from_ref(&ran), &[seen]), expected);
    let elsewhere = flow_of("ana", "x.example", 1, 200);
    assert_eq!(
        evidence(&[ran], &[elsewhere]),
        Some(Evidence::TelemetryOnly)
    );
}

#[test]
fn a_proxy_whose_clock_is_an_hour_off_is_understood() {
    let done = fetch(4, "tool_result", &[]);
    let late = flow(-3_596, 200);
    let bobs = flow_of("bob", "news.example", 4, 200);
    let graph = task_graph("s", std::slice::from_ref(&done), &[late, bobs]);
    let calls = calls_of(&graph);
    assert_eq!(calls[0].evidence, Some(Evidence::Confirmed));
    assert_eq!(calls[0].flows.len(), 1);
    assert_eq!(calls[0].flows[0].clock_ahead_s, Some(-3_600));
    let [clock] = &graph.clocks[..] else {
        panic!("one proxy");
    };
    assert_eq!((clock.ahead_s, clock.pairs), (-3_600, 1));
    let text = graph.to_string();
    assert!(
        text.contains("a proxy: 3600 s behind (1 by host)"),
        "{text}"
    );
}

fn asked(seconds: i64, request: &str) -> (EventUid, Event) {
    let fields = [
        (Field::EventCode, "api_request"),
        (Field::CorrelationUid, "p1"),
        (Field::AiModelName, "claude-x"),
        (Field::ApiRequestUid, request),
    ];
    let (uid, mut event) = event(seconds, Class::ApiActivity, &fields);
    event.set_int(Field::Duration, 2_000);
    (uid, event)
}

/// A flow to the model that bears the session's id.
fn model_flow(seconds: i64, request: Option<&str>) -> (EventUid, Event) {
    let mut flow = flow_of("ana", "api.anthropic.com", seconds, 200);
    flow.1.set_text(Field::SessionUid, "s");
    flow.1.set_text(Field::UrlPath, "/v1/messages");
    if let Some(request) = request {
        flow.1.set_text(Field::HttpRequestUid, request);
    }
    flow
}

#[test]
fn requests_to_the_model_are_joined_by_id_and_by_the_sessions_header() {
    let mut by_client = asked(20, "r2");
    by_client.1.keep_text("client_request_id", "c2");
    let mut also = model_flow(21, None);
    also.1.keep_text("x-client-request-id", "c2");
    let events = [
        asked(10, "r1"),
        by_client,
        asked(300, "r3"),
        asked(600, "r4"),
        model_flow(11, Some("r1")),
        also,
        model_flow(301, Some("of-the-proxy")),
    ];
    let graph = task_graph("s", &events, &[]);
    let models = graph.turns[0].steps.iter().map(|step| match step {
        Step::Model(model) => (model.evidence, model.flows.len()),
        Step::Call(_) | Step::Note(_) | Step::Verdict(_) => (None, 0),
    });
    let seen = (Some(Evidence::Confirmed), 1);
    let unseen = (Some(Evidence::TelemetryOnly), 0);
    assert_eq!(models.collect::<Vec<_>>(), [seen, seen, seen, unseen]);
    assert!(graph.flows.is_empty() && graph.clocks.is_empty());
    let text = graph.to_string();
    let expected = "\
├─ 2027-01-15 08:00:10 claude-x · confirmed
│  └─ 2027-01-15 08:00:11 GET api.anthropic.com/v1/messages 200
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn ids_of_requests_tell_a_clock_and_calls_profit() {
    let events = [
        asked(10, "r1"),
        fetch(15, "tool_result", &[]),
        model_flow(1_010, Some("r1")),
    ];
    // Her browser was there before.
    let flows = [flow(1_015, 200), flow(500, 200)];
    let graph = task_graph("s", &events, &flows);
    let calls = calls_of(&graph);
    assert_eq!(calls[0].evidence, Some(Evidence::Confirmed));
    assert_eq!(calls[0].flows.len(), 1);
    assert_eq!(graph.clocks[0].ahead_s, 1_000);
}

#[test]
fn a_flow_of_the_session_that_no_call_explains_is_told() {
    let mut own = flow(1, 200);
    own.1.set_text(Field::SessionUid, "s");
    let graph = task_graph("s", &[own], &[]);
    assert_eq!(graph.flows.len(), 1);
    assert_eq!(graph.flows[0].evidence, Some(Evidence::FlowOnly));
}

#[test]
fn the_flows_that_may_be_of_a_session_are_those_of_its_owner_around_it() {
    let wanted = flows_wanted("s", &[fetch(100, "tool_result", &[])]).unwrap();
    let hours = 3 * 3_600;
    for (flow, expected) in [
        (flow(100, 200), true),
        (flow(100 - hours, 200), true),
        (flow(99 - hours, 200), false),
        (flow(101 + hours, 200), false),
        (flow_of("ana", "anywhere.example", 100, 200), true),
        (flow_of("bob", "news.example", 100, 200), false),
        // It is among the session's own.
        (model_flow(100, None), false),
        (fetch(100, "tool_result", &[]), false),
    ] {
        assert_eq!(wanted.takes(&flow.1), expected, "{:?}", flow.1);
    }
    let nobodys = event(1, Class::ApiActivity, &[(Field::EventCode, "api_request")]);
    assert_eq!(flows_wanted("s", &[nobodys]), None);
    let idle = event(
        1,
        Class::ApiActivity,
        &[(Field::UserEmail, "ana@example.com")],
    );
    assert_eq!(flows_wanted("s", &[idle]), None);
}

#[test]
fn a_step_of_a_chain_has_no_alert_of_its_own() {
    let finding = |seconds, uid, activity| {
        let fields = [(Field::FindingUid, uid), (Field::FindingTitle, uid)];
        let (id, mut event) = event(seconds, Class::DetectionFinding, &fields);
        event.classify(Class::DetectionFinding, activity);
        (id, event)
    };
    let events = [
        finding(1, "step", 1),
        finding(2, "chain", 1),
        finding(3, "step", 3),
        finding(4, "chain", 2),
    ];
    let alerts = task_graph("s", &events, &[]).alerts;
    let titles: Vec<_> = alerts.iter().map(|alert| alert.title.as_str()).collect();
    assert_eq!(titles, ["chain"]);
}

#[test]
fn nothing_makes_an_empty_graph() {
    let graph = task_graph("s", &[], &[]);
    assert!(graph.turns.is_empty() && graph.events == 0);
}

/// The verdict `id` on the row that was made at `of` seconds.
fn verdict(id: &str, of: i64, decision: &str, more: &[(Field, &str)]) -> (EventUid, Event) {
    let (judged, _) = event(of, Class::ApiActivity, &[]);
    let judged = judged.to_string();
    let mut fields = vec![
        (Field::VerdictUid, id),
        (Field::VerdictDecision, decision),
        (Field::VerdictEvent, judged.as_str()),
        (Field::VerdictDoor, "claude-code hook"),
        (Field::VerdictTier, "rules"),
    ];
    fields.extend(more);
    let (_, mut event) = event(of, Class::ApiActivity, &fields);
    let title = event.push_key("title");
    let text = Value::Text(event.push_text("Upload to a paste site"));
    event.set(
        Field::VerdictReasons,
        Value::List(vec![Value::Map(vec![(title, text)])]),
    );
    (EventUid::from_bytes([id.as_bytes()[0]; 16]), event)
}

#[test]
fn verdicts_stand_under_what_they_judged() {
    let mut late = verdict("b", 2, "block", &[]);
    late.1.set(Field::VerdictLate, Value::Bool(true));
    let late_uid = EventUid::from_bytes([200; 16]);
    let prompt = &[(Field::CorrelationUid, "p1")];
    let events = [
        event(
            0,
            Class::ApiActivity,
            &[
                (Field::EventCode, "prompt"),
                (Field::CorrelationUid, "p1"),
                (Field::ContentText, "Send it"),
            ],
        ),
        verdict("a", 0, "allow", prompt),
        // The judged call has the call's id, and so does its verdict's row.
        fetch(2, "tool_call", &[]),
        verdict("b", 2, "allow", &[(Field::ApiRequestUid, "t1")]),
        (late_uid, late.1),
        fetch(5, "tool_result", &[]),
    ];
    let seen = flow(4, 200);
    let mut judged = verdict("c", 4, "redact", &[]);
    judged
        .1
        .set_text(Field::VerdictRequested, "require_approval");
    let evidence = [
        ("score.drift_argument", "url: https://news.example/a"),
        ("score.drift_clause", "Send it"),
        ("score.drift_source", "nowhere"),
        ("score.scope_drift", "…"),
    ];
    let evidence = evidence.map(|(name, text)| {
        let key = judged.1.push_key(name);
        (key, Value::Text(judged.1.push_text(text)))
    });
    judged
        .1
        .set(Field::VerdictEvidence, Value::Map(evidence.to_vec()));
    let graph = task_graph("s", &events, &[seen, judged]);
    let expected = "\
session s · ana@example.com
2027-01-15 08:00:00 – 2027-01-15 08:00:05 · 6 events

2027-01-15 08:00:00 “Send it”
├─ 2027-01-15 08:00:00 verdict allow · claude-code hook · rules · Upload to a paste site
└─ 2027-01-15 08:00:02 WebFetch https://news.example/a · success · confirmed
   ├─ 2027-01-15 08:00:02 verdict allow · claude-code hook · rules · Upload to a paste site
   ├─ 2027-01-15 08:00:02 late verdict block · claude-code hook · rules · Upload to a paste site
   └─ 2027-01-15 08:00:04 GET news.example 200
      └─ 2027-01-15 08:00:04 verdict redact (policy asked for require_approval) · claude-code hook · rules · Upload to a paste site · far from the task: url: https://news.example/a (from: nowhere), nearest “Send it”
";
    assert_eq!(graph.to_string(), expected);
    let json = serde_json::to_value(&graph).unwrap();
    let call = &json["turns"][0]["steps"][1];
    assert_eq!(call["verdicts"][1]["late"], true);
    let redacted = &call["flows"][0]["verdicts"][0];
    assert_eq!(redacted["decision"], "redact");
    assert_eq!(
        redacted["drift"],
        serde_json::json!({"argument": "url: https://news.example/a", "source": "nowhere", "clause": "Send it"})
    );
    assert_eq!(call["verdicts"][0].get("drift"), None);
    assert_eq!(json["turns"][0]["steps"][0]["kind"], "verdict");
}

#[test]
fn a_verdict_on_a_row_that_is_not_stored_is_found_by_its_call_and_told_once() {
    let of_call = [(Field::ApiRequestUid, "t1"), (Field::CorrelationUid, "p1")];
    let found = verdict("a", 90, "block", &of_call);
    let again = found.clone();
    let lost = verdict("b", 91, "block", &[]);
    let graph = task_graph(
        "s",
        &[fetch(2, "tool_decision", &[]), found, again, lost],
        &[],
    );
    let verdicts = |turn: &Turn| match &turn.steps[0] {
        Step::Call(call) => call.verdicts.len(),
        Step::Verdict(_) => 1,
        Step::Model(_) | Step::Note(_) => 0,
    };
    let counts: Vec<_> = graph.turns.iter().map(verdicts).collect();
    assert_eq!(
        (counts, graph.turns[0].prompt.as_deref()),
        (vec![1, 1], None)
    );
}

#[test]
fn a_gap_that_has_closed_is_not_missing() {
    let gap = |seconds, code, (first, last): (i64, i64), before: i64| {
        let mut gap = event(seconds, Class::BaseEvent, &[(Field::EventCode, code)]);
        for (name, number) in [
            ("missing.first", first),
            ("missing.last", last),
            ("missing.before", before),
        ] {
            let key = gap.1.push_key(name);
            gap.1.keep(key, Value::Int(number));
        }
        gap
    };
    let events = [
        // Both have the time of the event after the gap.
        gap(8, "telemetry_gap_closed", (10, 13), 800),
        gap(8, "telemetry_gap", (10, 13), 800),
        gap(9, "telemetry_gap", (10, 13), 900),
        gap(9, "telemetry_gap", (20, 20), 950),
    ];
    let missing = task_graph("s", &events, &[]).missing;
    let missing: Vec<_> = missing.iter().map(|gap| (gap.first, gap.last)).collect();
    assert_eq!(missing, [(10, 13), (20, 20)]);
}
