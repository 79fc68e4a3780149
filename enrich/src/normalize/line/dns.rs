//! Knows a line that tells of a name that was looked up, whatever format it has: makes it DNS Activity.
//!
//! Names of keys: Zeek's `dns.log`, the Elastic Common Schema (`dns.*`), Suricata's EVE (`dns.rrname`),
//! Zscaler's NSS feed for DNS (`dns_req`), Sysmon's event 22 (`QueryName`), Infoblox' CEF
//! (`destinationDnsDomain`, `InfobloxDNSQType`).

use std::borrow::Cow;

use magistrate_event::{Class, Event, Field, Value};

use super::vocabulary::lower;

/// The longest name in the table.
const MAX_KEY_BYTES: usize = 32;
/// Objects in one another in which names are looked for.
const MAX_DEPTH: usize = 3;
/// Answers that are kept apart.
const MAX_ANSWERS: usize = 64;
/// OCSF's activities of DNS Activity.
const QUERY: u8 = 1;
const RESPONSE: u8 = 2;

/// What a key stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The name that was looked up.
    Name,
    /// The same, if something else says that the line is about a look-up.
    MaybeName,
    Kind,
    Code,
    Answers,
    /// It says that the line is about a look-up, where its value is `dns`.
    Topic,
}

fn part(key: &str) -> Option<Part> {
    Some(match key {
        "queryname" | "query_name" | "qname" | "dns_query" | "dns_req" | "rrname"
        | "dns.rrname" | "dns.question.name" => Part::Name,
        "query" | "destinationdnsdomain" => Part::MaybeName,
        "qtype" | "qtype_name" | "querytype" | "query_type" | "record_type" | "rrtype"
        | "dns.rrtype" | "dns.question.type" | "dns_reqtype" | "infobloxdnsqtype" => Part::Kind,
        "rcode" | "rcode_name" | "querystatus" | "dns.rcode" | "dns.response_code"
        | "infobloxdnsrcode" => Part::Code,
        "answers" | "queryresults" | "dns.resolved_ip" | "dns.answers" | "dns_resp" => {
            Part::Answers
        }
        "app" | "event_type" | "sourcetype" | "proto_app" => Part::Topic,
        _ => return None,
    })
}

/// What a line tells of a look-up.
#[derive(Debug, Default)]
struct Lookup {
    name: Option<String>,
    maybe: Option<String>,
    kind: Option<String>,
    code: Option<String>,
    answers: Vec<String>,
    is_topic: bool,
    /// Keys of the outermost object whose values have found a column.
    taken: Vec<String>,
}

/// Fills the columns of a look-up, if the line tells of one, and makes it DNS Activity. A line about
/// HTTP stays what it is.
pub(super) fn fill(event: &mut Event) {
    if event.class() == Class::HttpActivity {
        return;
    }
    let mut found = Lookup::default();
    for (key, value) in event.unmapped() {
        found.take(event, "", (key, value), 0);
    }
    let is_sure = found.kind.is_some()
        || found.code.is_some()
        || found.is_topic
        || event.int(Field::DstPort) == Some(53);
    let maybe = found.maybe.take().filter(|_| is_sure);
    let Some(name) = found.name.take().or(maybe) else {
        return;
    };
    let (_, unmapped) = event.values_mut();
    let kept = std::mem::take(unmapped);
    for (key, value) in kept {
        let is_taken = found.taken.iter().any(|one| one == event.resolve(key));
        if !is_taken {
            event.keep(key, value);
        }
    }
    let is_over = found.code.is_some() || !found.answers.is_empty();
    event.classify(Class::DnsActivity, if is_over { RESPONSE } else { QUERY });
    event.set_text(Field::QueryHostname, name.trim_end_matches('.'));
    if let Some(kind) = &found.kind {
        event.set_text(Field::QueryType, kind);
    }
    if let Some(code) = &found.code {
        event.set_text(Field::Rcode, code);
    }
    if !found.answers.is_empty() {
        let answers = found.answers.iter().map(|answer| {
            let key = event.push_key("rdata");
            Value::Map(vec![(key, Value::Text(event.push_text(answer)))])
        });
        let answers = Value::List(answers.collect());
        event.set(Field::Answers, answers);
    }
}

impl Lookup {
    /// Takes over what `key`, inside of objects named `path`, stands for.
    fn take(&mut self, event: &Event, path: &str, (key, value): (&str, &Value), depth: usize) {
        let mut buffer = [0; MAX_KEY_BYTES];
        let Some(lowered) = lower(key, &mut buffer) else {
            return;
        };
        let whole = if path.is_empty() {
            Cow::Borrowed(lowered)
        } else {
            Cow::Owned(format!("{path}.{lowered}"))
        };
        // Inside of an object a key may have its plain name, too: Zscaler wraps all in `event`.
        let part = part(&whole).or_else(|| part(lowered).filter(|_| path == "event"));
        if let Some(part) = part {
            let is_taken = self.put(event, part, value);
            if is_taken && depth == 0 && part != Part::Topic {
                self.taken.push(key.to_owned());
            }
            return;
        }
        if let Value::Map(entries) = value
            && depth < MAX_DEPTH
            && matches!(&*whole, "dns" | "dns.question" | "event")
        {
            for (key, value) in entries {
                self.take(event, &whole, (event.resolve(*key), value), depth + 1);
            }
        }
    }

    /// Says whether the value has gone into a column as a whole.
    fn put(&mut self, event: &Event, part: Part, value: &Value) -> bool {
        let text = scalar(event, value);
        let place = match part {
            Part::Name => &mut self.name,
            Part::MaybeName => &mut self.maybe,
            Part::Kind => {
                let kind = text.map(|text| by_number(&KINDS, &text));
                return first(&mut self.kind, kind);
            }
            Part::Code => {
                let code = text.map(|text| by_number(&CODES, &text));
                return first(&mut self.code, code);
            }
            Part::Answers => return self.put_answers(event, value),
            Part::Topic => {
                let is_dns = |text: String| text.to_ascii_lowercase().ends_with("dns");
                self.is_topic |= text.is_some_and(is_dns);
                return false;
            }
        };
        first(place, text)
    }

    fn put_answers(&mut self, event: &Event, value: &Value) -> bool {
        let one = std::slice::from_ref(value);
        let items = match value {
            Value::List(items) => items.as_slice(),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Time(_)
            | Value::Text(_)
            | Value::Map(_) => one,
        };
        let texts: Vec<_> = items
            .iter()
            .filter_map(|item| answer(event, item))
            .collect();
        let is_whole = texts.len() == items.len() && texts.len() <= MAX_ANSWERS;
        let is_plain = items.iter().all(|item| matches!(item, Value::Text(_)));
        self.answers.extend(texts.into_iter().take(MAX_ANSWERS));
        is_whole && is_plain
    }
}

fn first(place: &mut Option<String>, text: Option<String>) -> bool {
    let Some(text) = text.filter(|_| place.is_none()) else {
        return false;
    };
    *place = Some(text);
    true
}

/// A text or number; none for what says that there is nothing.
fn scalar(event: &Event, value: &Value) -> Option<String> {
    let text = match value {
        Value::Text(text) => event.resolve(*text).to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Null
        | Value::Bool(_)
        | Value::Double(_)
        | Value::Time(_)
        | Value::List(_)
        | Value::Map(_) => return None,
    };
    (!matches!(text.as_str(), "" | "-")).then_some(text)
}

/// What was answered; of an object its `data` or `rdata`.
fn answer(event: &Event, value: &Value) -> Option<String> {
    let Value::Map(entries) = value else {
        return scalar(event, value);
    };
    let data = entries
        .iter()
        .find(|(key, _)| matches!(event.resolve(*key), "data" | "rdata"));
    scalar(event, &data?.1)
}

/// Numbers of record types by IANA's registry of DNS parameters.
const KINDS: [(&str, &str); 12] = [
    ("1", "A"),
    ("2", "NS"),
    ("5", "CNAME"),
    ("6", "SOA"),
    ("12", "PTR"),
    ("15", "MX"),
    ("16", "TXT"),
    ("28", "AAAA"),
    ("33", "SRV"),
    ("64", "SVCB"),
    ("65", "HTTPS"),
    ("255", "ANY"),
];

/// Numbers of response codes by the same registry.
const CODES: [(&str, &str); 6] = [
    ("0", "NOERROR"),
    ("1", "FORMERR"),
    ("2", "SERVFAIL"),
    ("3", "NXDOMAIN"),
    ("4", "NOTIMP"),
    ("5", "REFUSED"),
];

/// The word for a number; of `A record` the first word, in capitals.
fn by_number(table: &[(&str, &str)], text: &str) -> String {
    let first = text.split_whitespace().next().unwrap_or_default();
    let known = table.iter().find(|(number, _)| *number == first);
    known.map_or_else(
        || first.to_ascii_uppercase(),
        |(_, word)| (*word).to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::super::draft::Draft;
    use super::super::{cef, cef_fields, json};
    use super::*;

    fn read(line: &str) -> Event {
        let mut draft = Draft::new(Timestamp::default(), line.len());
        if let Some(at) = cef::find(line) {
            cef_fields::fill(&mut draft, &cef::parse(line, at).unwrap());
        } else {
            json::fill(&mut draft, line).unwrap();
        }
        fill(draft.event());
        draft.finish()
    }

    fn told(line: &str) -> String {
        let event = read(line);
        let text = |field| event.text(field).unwrap_or("-").to_owned();
        let mut answers = String::new();
        if let Some(value) = event.value(Field::Answers) {
            event.push_json(value, &mut answers);
        }
        let (class, activity) = (event.class().name(), event.activity());
        let [name, kind, code] = [Field::QueryHostname, Field::QueryType, Field::Rcode].map(text);
        format!("{class} {activity} {name} {kind} {code} {answers}")
    }

    #[test]
    fn logs_of_resolvers_become_dns_activity() {
        for (line, expected) in [
            // Zeek.
            (
                r#"{"ts":1795421933.3,"uid":"C1","id.orig_h":"192.0.2.7","proto":"udp","query":"x.a.example","qtype_name":"TXT","rcode_name":"NOERROR","answers":["TXT 4 abcd"]}"#,
                r#"dns_activity 2 x.a.example TXT NOERROR [{"rdata":"TXT 4 abcd"}]"#,
            ),
            // The Elastic Common Schema, nested and flat.
            (
                r#"{"dns":{"question":{"name":"a.example","type":"A"},"response_code":"NXDOMAIN"}}"#,
                "dns_activity 2 a.example A NXDOMAIN ",
            ),
            (
                r#"{"dns.question.name":"a.example.","dns.question.type":"AAAA"}"#,
                "dns_activity 1 a.example AAAA - ",
            ),
            // Suricata.
            (
                r#"{"event_type":"dns","dns":{"type":"query","rrname":"a.example","rrtype":"A"},"dest_port":53}"#,
                "dns_activity 1 a.example A - ",
            ),
            // Zscaler.
            (
                r#"{"sourcetype":"zscalernss-dns","event":{"dns_req":"a.example","dns_reqtype":"A record","dns_resp":"192.0.2.1"}}"#,
                r#"dns_activity 2 a.example A - [{"rdata":"192.0.2.1"}]"#,
            ),
            // Sysmon.
            (
                r#"{"EventID":22,"QueryName":"a.example","QueryStatus":"0","QueryResults":"192.0.2.1;"}"#,
                r#"dns_activity 2 a.example - NOERROR [{"rdata":"192.0.2.1;"}]"#,
            ),
            // Infoblox.
            (
                "CEF:0|Infoblox|Data Connector|2.1|DNS Query|DNS Query A IN NOERROR|1|app=DNS destinationDnsDomain=a.example. src=192.0.2.7 InfobloxDNSQType=A InfobloxDNSRCode=NOERROR",
                "dns_activity 2 a.example A NOERROR ",
            ),
            // A custom key.
            (
                "CEF:0|Acme|DNS|1|q|Query|1|src=192.0.2.7 cs1Label=QueryName cs1=a.example cn1Label=qtype cn1=16",
                "dns_activity 1 a.example TXT - ",
            ),
            // What is no look-up.
            (r#"{"query":"select 1","db":"x"}"#, "base_event 0 - - - "),
            (
                r#"{"url":"https://a.example/","qname":"x"}"#,
                "http_activity 0 - - - ",
            ),
            (
                "CEF:0|Acme|FW|1|9|Drop|3|src=192.0.2.7 destinationDnsDomain=a.example",
                "network_activity 6 - - - ",
            ),
        ] {
            assert_eq!(told(line), expected, "{line}");
        }
    }

    #[test]
    fn nothing_is_lost() {
        let event =
            read(r#"{"query":"a.example","qtype":1,"note":"x","answers":[{"data":"b","ttl":5}]}"#);
        let mut rest = String::new();
        event.push_unmapped_json(&mut rest);
        assert_eq!(rest, r#"{"note":"x","answers":[{"data":"b","ttl":5}]}"#);
    }
}
