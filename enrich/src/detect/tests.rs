//! Rules over events: what matches, what is refused, and what stays bounded.

use std::time::Instant;

use magistrate_event::{Class, Field, Timestamp};

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

fn load(text: &str) -> LoadedRules {
    let lists = DetectLists::from([("corporate".to_owned(), vec!["example.com".to_owned()])]);
    let file = DetectFile {
        name: "a.yml".to_owned(),
        text: text.to_owned(),
    };
    Ruleset::compile(&[file], &lists)
}

fn rules(text: &str) -> Ruleset {
    let loaded = load(text);
    assert_eq!(loaded.faults, []);
    loaded.rules
}

fn rule(title: &str, source: &str, detection: &str) -> String {
    format!("title: {title}\nid: {title}\nlogsource: {source}\ndetection:\n{detection}\n")
}

fn fetch(url_host: &str) -> Event {
    let mut event = Event::new(Class::HttpActivity, 3, NOW);
    event.set_text(Field::Surface, "code");
    event.set_text(Field::Action, "read");
    event.set_text(Field::SessionUid, "s1");
    event.set_text(Field::UrlHostname, url_host);
    event
}

fn titles(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.rule.title.as_str()).collect()
}

fn matches(rules: &Ruleset, event: &Event) -> Vec<Hit> {
    rules.matches(Case::alone(event))
}

fn case(number: u8, event: &Event) -> Case<'_> {
    Case {
        uid: Some(uid(number)),
        ..Case::alone(event)
    }
}

fn uid(number: u8) -> EventUid {
    EventUid::from_bytes([number; 16])
}

#[test]
fn names_of_the_language_lead_to_the_events_values() {
    let text = [
        (
            "suffix",
            "  s: {destination.domain|endswith: [.dropbox.com]}\n  condition: s",
        ),
        (
            "list",
            "  s: {destination.domain|expand: '%corporate%'}\n  condition: s",
        ),
        (
            "column",
            "  s: {http_request.url.hostname: dropbox.com}\n  condition: s",
        ),
        ("absent", "  s: {file.path: null}\n  condition: s"),
        ("other", "  s: {action: write}\n  condition: s"),
    ]
    .map(|(title, detection)| rule(title, "{product: magistrate, category: action}", detection))
    .join("---\n");
    let rules = rules(&text);
    assert_eq!(
        titles(&matches(&rules, &fetch("dropbox.com"))),
        ["suffix", "column", "absent"]
    );
    assert_eq!(
        titles(&matches(&rules, &fetch("www.dropbox.com"))),
        ["suffix", "absent"]
    );
    assert_eq!(
        titles(&matches(&rules, &fetch("notdropbox.com"))),
        ["absent"]
    );
    assert_eq!(
        titles(&matches(&rules, &fetch("example.com"))),
        ["list", "absent"]
    );
}

#[test]
fn public_rules_see_commands_files_and_requests_by_their_names() {
    let text = [
        rule(
            "tool",
            "{category: process_creation, product: linux}",
            "  s: {Image|endswith: /nmap, CommandLine|contains: ' -p'}\n  condition: s",
        ),
        rule(
            "windows",
            "{category: process_creation, product: windows}",
            "  s: {Image|endswith: /nmap}\n  condition: s",
        ),
        rule(
            "proxy",
            "{category: proxy}",
            "  s: {c-uri|contains: /x, cs-method: GET}\n  condition: s",
        ),
        rule(
            "file",
            "{category: file_event}",
            "  s: {TargetFilename|endswith: .ssh/authorized_keys}\n  condition: s",
        ),
        rule(
            "words",
            "{category: application}",
            "  keywords: [nmap]\n  condition: keywords",
        ),
    ]
    .join("---\n");
    let rules = rules(&text);
    let mut command = Event::new(Class::ProcessActivity, 1, NOW);
    command.set_text(Field::DeviceOsName, "linux");
    command.set_text(Field::CmdLine, "cd /tmp && nmap -p 1 host");
    assert_eq!(titles(&matches(&rules, &command)), ["tool"]);
    let mut request = fetch("a");
    request.set_text(Field::UrlString, "http://a/x");
    request.set_text(Field::HttpMethod, "GET");
    assert_eq!(titles(&matches(&rules, &request)), ["proxy"]);
    let mut file = Event::new(Class::FileActivity, 1, NOW);
    file.set_text(Field::FilePath, "/root/.ssh/authorized_keys");
    assert_eq!(titles(&matches(&rules, &file)), ["file"]);
}

/// The shapes of SigmaHQ's rules of the categories `dns` and `dns_query`.
#[test]
fn public_rules_see_look_ups_by_logs_and_by_commands() {
    let text = [
        rule(
            "oast",
            "{category: dns}",
            "  s: {'query|endswith': [.interact.sh, .oast.pro]}\n  condition: s",
        ),
        rule(
            "txt",
            "{category: dns}",
            "  s: {record_type: TXT, 'answer|contains': [IEX, cmd.exe]}\n  condition: s",
        ),
        rule(
            "stage",
            "{category: dns}",
            "  s: {'query|startswith': [aaa.stage., post.1]}\n  condition: s",
        ),
        rule(
            "sysmon",
            "{product: windows, category: dns_query}",
            "  s: {'QueryName|contains': .onion.}\n  f: {'Image|endswith': '\\\\tor.exe'}\n  condition: s and not f",
        ),
        rule(
            "status",
            "{product: windows, category: dns_query}",
            "  s: {QueryName: wpad.example, QueryStatus: NXDOMAIN}\n  condition: s",
        ),
    ]
    .join("---\n");
    let rules = rules(&text);
    let mut log = Event::new(Class::DnsActivity, 2, NOW);
    log.set_text(Field::QueryHostname, "x.oast.pro");
    log.set_text(Field::QueryType, "TXT");
    let answers = log.push_value(&serde_json::json!([{"rdata": "a"}, {"rdata": "run cmd.exe"}]));
    log.set(Field::Answers, answers);
    assert_eq!(titles(&matches(&rules, &log)), ["oast", "txt"]);
    let mut command = Event::new(Class::ProcessActivity, 1, NOW);
    command.set_text(Field::DeviceOsName, "windows");
    command.set_text(
        Field::CmdLine,
        "nslookup aaa.stage.1.example && Resolve-DnsName x.onion.ly",
    );
    // The column has the first; the line has the others.
    command.set_text(Field::QueryHostname, "aaa.stage.1.example");
    assert_eq!(titles(&matches(&rules, &command)), ["stage", "sysmon"]);
    let mut sysmon = Event::new(Class::DnsActivity, 2, NOW);
    sysmon.set_text(Field::DeviceOsName, "windows");
    sysmon.set_text(Field::QueryHostname, "wpad.example");
    sysmon.set_text(Field::Rcode, "NXDOMAIN");
    assert_eq!(titles(&matches(&rules, &sysmon)), ["status"]);
    command.set_text(Field::ToolDecision, "reject");
    assert_eq!(titles(&matches(&rules, &command)), [""; 0]);
    // A connection to a resolver is to a server, and looks up nobody knows what.
    let mut connection = Event::new(Class::NetworkActivity, 6, NOW);
    connection.set_text(Field::DstHostname, "aaa.stage.example");
    connection.set_int(Field::DstPort, 53);
    assert_eq!(titles(&matches(&rules, &connection)), [""; 0]);
}

#[test]
fn arguments_and_attributes_are_found_by_their_names() {
    let source = "{product: magistrate}";
    let text = [
        rule(
            "argument",
            source,
            "  s: {tool.arguments.to.domain: x.org}\n  condition: s",
        ),
        rule(
            "attribute",
            source,
            "  s: {num_cancelled|gte: 1}\n  condition: s",
        ),
        rule(
            "family",
            source,
            "  s: {content.findings: credential}\n  condition: s",
        ),
    ]
    .join("---\n");
    let rules = rules(&text);
    let mut event = fetch("a");
    event.set_text(Field::ToolArguments, r#"{"to":{"domain":"x.org"}}"#);
    event.keep_text("num_cancelled", "1");
    let kind = event.push_text("credential.aws.key");
    event.set(
        Field::Redacted,
        magistrate_event::Value::List(vec![magistrate_event::Value::Text(kind)]),
    );
    assert_eq!(
        titles(&matches(&rules, &event)),
        ["argument", "attribute", "family"]
    );
    let mut cut = fetch("a");
    cut.set_text(Field::ToolArguments, r#"{"to":{"domain":"x.o…[truncated]"#);
    assert_eq!(matches(&rules, &cut), []);
}

const CHAIN: &str = "title: base\nid: b1\nname: refused\nlogsource: {product: magistrate}\ndetection:\n  s: {tool.decision: reject}\n  condition: s\n---\ntitle: thrice\nid: c1\ncorrelation:\n  type: event_count\n  rules: [refused]\n  group-by: [session.id]\n  timespan: 5m\n  condition: {gte: 3}\n";

fn refused(session: Option<&str>, seconds: i64) -> Event {
    let time = Timestamp::from_micros(NOW.as_micros() + seconds * 1_000_000);
    let mut event = Event::new(Class::ApiActivity, 0, time);
    event.set_text(Field::ToolDecision, "reject");
    if let Some(session) = session {
        event.set_text(Field::SessionUid, session);
    }
    event
}

const LATER: Timestamp = Timestamp::from_micros(i64::MAX);

#[test]
fn of_a_rule_without_alerts_only_that_it_matched_is_told_to_correlations() {
    let rules = rules(CHAIN);
    let event = refused(None, 0);
    let told = |hits: Vec<Hit>| -> Vec<_> {
        let hits = hits.iter();
        hits.map(|hit| (hit.rule.id.clone(), hit.matched.len()))
            .collect()
    };
    let hits = Correlator::new(1_000).observe(&rules, case(1, &event), LATER);
    assert_eq!(told(hits), [("b1".to_owned(), 0)]);
    assert_eq!(told(rules.matches(case(1, &event))), [("b1".to_owned(), 1)]);
}

#[test]
fn a_correlation_counts_by_group_and_names_its_events() {
    let rules = rules(CHAIN);
    assert!(!rules.rules().next().unwrap().alerts);
    let mut correlator = Correlator::new(1_000);
    let mut see = |number, session, seconds| {
        let hits = correlator.observe(&rules, case(number, &refused(session, seconds)), LATER);
        hits.into_iter().find(|hit| hit.correlated.is_some())
    };
    assert_eq!(see(1, Some("a"), 0), None);
    assert_eq!(see(2, Some("b"), 1), None);
    assert_eq!(see(3, Some("a"), 2), None);
    // Without a session they belong to nobody, and do not make up a group.
    assert_eq!(
        (see(4, None, 3), see(5, None, 3), see(6, None, 3)),
        (None, None, None)
    );
    let fired = see(7, Some("a"), 4).unwrap().correlated.unwrap();
    assert_eq!(fired.group, [("session.id".to_owned(), "a".to_owned())]);
    assert_eq!(
        fired.events,
        [1, 3, 7].map(|number| uid(number).to_string())
    );
    // It has started anew, and so it does after the window.
    assert_eq!(see(8, Some("a"), 5), None);
    assert_eq!(
        (see(9, Some("b"), 400), see(10, Some("b"), 401)),
        (None, None)
    );
}

#[test]
fn what_was_seen_outlives_a_restart() {
    let rules = rules(CHAIN);
    let mut before = Correlator::new(1_000);
    for number in [1, 2] {
        let event = refused(Some("a"), number.into());
        before.observe(&rules, case(number, &event), LATER);
    }
    let mut after = Correlator::new(1_000);
    let mut stored = 0;
    before.changes(|key, bytes| {
        stored += 1;
        assert!(after.restore(key, &bytes.unwrap()));
    });
    assert_eq!(stored, 1);
    before.changes(|_, _| panic!("nothing has changed since"));
    assert!(!after.restore([0; 16], b"\xff"));
    let hits = after.observe(&rules, case(3, &refused(Some("a"), 3)), LATER);
    assert_eq!(titles(&hits), ["base", "thrice"]);
}

#[test]
fn groups_without_number_are_forgotten() {
    let rules = rules(CHAIN);
    let mut correlator = Correlator::new(1_000);
    for number in 0..3_000 {
        let event = refused(Some(&number.to_string()), 0);
        correlator.observe(&rules, case(0, &event), LATER);
    }
    assert!(correlator.groups() <= 1_000);
}

#[test]
fn a_filter_takes_events_out_of_a_rule() {
    let text = rule(
        "a",
        "{product: magistrate, category: action}",
        "  s: {action: read}\n  condition: s",
    ) + "---\ntitle: ours\nlogsource: {product: magistrate, category: action}\nfilter:\n  rules: [a]\n  corporate: {destination.domain|expand: '%corporate%'}\n  condition: not corporate\n";
    let rules = rules(&text);
    assert_eq!(matches(&rules, &fetch("example.com")), []);
    assert_eq!(matches(&rules, &fetch("example.net")).len(), 1);
}

/// A rule with that selection and what follows it, the line of its fault, and parts of that.
type Faulty = (String, usize, [&'static str; 2]);

fn assert_faults(cases: impl IntoIterator<Item = Faulty>) {
    for (text, line, parts) in cases {
        let loaded = load(&text);
        let [fault] = loaded.faults.as_slice() else {
            panic!("{text}: {:?}", loaded.faults);
        };
        let told = fault.to_string();
        assert!(told.starts_with("a.yml:"), "{told}");
        assert_eq!(fault.line, line, "{told}\n{text}");
        for part in parts {
            assert!(told.contains(part), "{told}");
        }
    }
}

fn with(detection: &str) -> String {
    rule("a", "{product: magistrate}", detection)
}

#[test]
fn faults_say_file_line_and_what_to_do() {
    let sound = || with("  s: {a: 1}\n  condition: s");
    assert_faults([
        (
            with("  s: {a|contians: 1}\n  condition: s"),
            5,
            ["contians", "modifiers are"],
        ),
        (
            with("  s: {a|re: '('}\n  condition: s"),
            5,
            ["regex", "look-around"],
        ),
        (
            with("  s: {a: 1}\n  condition: s and t"),
            6,
            ["t", "detection"],
        ),
        (
            "title: a\ndetection: [\n".to_owned(),
            3,
            ["YAML", "indentation"],
        ),
        ("title: a\n".to_owned(), 1, ["detection", "add it"]),
        (
            sound() + "judge: {decision: allow, category: x}",
            7,
            ["judge", "allow"],
        ),
        (
            sound() + "examples: {matches: []}",
            7,
            ["matches", "no_match"],
        ),
        (
            CHAIN.replace("[refused]", "[nobody]"),
            9,
            ["nobody", "name:"],
        ),
    ]);
}

#[test]
fn evidence_that_would_loosen_a_rule_is_refused() {
    let filter = "---\ntitle: f\nlogsource: {product: magistrate}\nfilter:\n  rules: [a]\n  s: {score.injection|gte: 1}\n  condition: not s\n";
    assert_faults([
        (
            with("  s: {score.injection|lt: 1}\n  condition: s"),
            5,
            ["score.injection", "gte"],
        ),
        (
            with("  s: {session.untrusted_read: false}\n  condition: s"),
            5,
            ["untrusted_read", "presence"],
        ),
        (
            with("  s: {a: 1}\n  f: {content.findings: x}\n  condition: s and not f"),
            7,
            ["content.findings", "not"],
        ),
        (
            with(
                "  s: {a: 1}\n  f1: {session.untrusted_read: true}\n  condition: s and not 1 of f*",
            ),
            7,
            ["session.untrusted_read", "not"],
        ),
        (
            with("  s: {a: 1}\n  condition: s") + filter,
            12,
            ["score.injection", "filter"],
        ),
    ]);
}

#[test]
fn one_faulty_rule_does_not_take_the_others_along() {
    let source = "{product: magistrate}";
    let text = [
        rule("a", source, "  s: {action: read}\n  condition: s"),
        "title: [\n".to_owned(),
        rule("b", source, "  s: {action: read}\n  condition: s"),
        rule("b", source, "  s: {action: read}\n  condition: s"),
    ]
    .join("---\n");
    let loaded = load(&text);
    assert_eq!(loaded.faults.len(), 2, "{:?}", loaded.faults);
    assert_eq!(titles(&matches(&loaded.rules, &fetch("x"))), ["a", "b"]);
}

#[test]
fn a_later_files_rule_takes_the_place_of_an_earlier_ones() {
    let file = |name: &str, action: &str| DetectFile {
        name: name.to_owned(),
        text: rule(
            "a",
            "{product: magistrate}",
            &format!("  s: {{action: {action}}}\n  condition: s"),
        ),
    };
    let loaded = Ruleset::compile(&[file("1", "read"), file("2", "send")], &DetectLists::new());
    assert_eq!((loaded.rules.rules().len(), loaded.faults), (1, vec![]));
    assert_eq!(matches(&loaded.rules, &fetch("x")), []);
}

#[test]
fn a_list_that_is_not_configured_lets_nothing_pass() {
    let loaded = load(&rule(
        "a",
        "{product: magistrate}",
        "  s: {action: read}\n  f: {destination.domain|expand: '%nothing%'}\n  condition: s and not f",
    ));
    assert!(
        loaded.warnings[0].fault.contains("[lists]"),
        "{:?}",
        loaded.warnings
    );
    assert_eq!(matches(&loaded.rules, &fetch("x")).len(), 1);
}

#[test]
fn ten_thousand_rules_load_and_one_event_meets_few_of_them() {
    let files: Vec<_> = (0..10_000)
        .map(|number| DetectFile {
            name: format!("{number}.yml"),
            text: rule(
                &format!("r{number}"),
                "{product: magistrate, category: action}",
                &format!(
                    "  s: {{destination.host: host{number}.example, action: read}}\n  condition: s"
                ),
            ),
        })
        .collect();
    let loaded = Ruleset::compile(&files, &DetectLists::new());
    assert_eq!(
        (loaded.rules.rules().len(), loaded.faults),
        (10_000, vec![])
    );
    let event = fetch("host77.example");
    assert_eq!(titles(&matches(&loaded.rules, &event)), ["r77"]);
    let started = Instant::now();
    for _ in 0..100 {
        matches(&loaded.rules, &event);
    }
    // Meeting each of them would take seconds.
    assert!(
        started.elapsed().as_millis() < 500,
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn more_rules_than_the_limit_and_huge_files_are_refused() {
    let one = rule(
        "a",
        "{product: magistrate}",
        "  s: {action: read}\n  condition: s",
    );
    let file = DetectFile {
        name: "huge.yml".to_owned(),
        text: format!("{one}#{}", " ".repeat(sigma::MAX_FILE_BYTES)),
    };
    let loaded = Ruleset::compile(&[file], &DetectLists::new());
    assert!(loaded.faults[0].to_string().contains("split it"));
    let bomb = "a: &a [x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b]\nd: &d [*c, *c, *c, *c, *c, *c, *c, *c]\ne: &e [*d, *d, *d, *d, *d, *d, *d, *d]\nf: &f [*e, *e, *e, *e, *e, *e, *e, *e]\ng: &g [*f, *f, *f, *f, *f, *f, *f, *f]\nh: [*g, *g, *g, *g, *g, *g, *g, *g]\n";
    assert!(!load(bomb).faults.is_empty());
}
