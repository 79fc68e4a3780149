//! Puts what a CEF line says into OCSF's columns.

use std::borrow::Cow;

use magistrate_event::{Class, Field, Value};

use super::cef::{Cef, header_text, pairs, value_text};
use super::draft::Draft;
use super::target::{Placed, Scalar, Target, place};
use super::vocabulary::{NETWORK_TRAFFIC, severity_of_word};

/// Fills the draft from a CEF line.
///
/// With a URL or a method it is HTTP Activity, else with an endpoint Network Activity.
pub(super) fn fill(draft: &mut Draft, cef: &Cef<'_>) {
    set_header(draft, cef);
    let pairs = pairs(cef.extension);
    let labels = Labels::of(&pairs);
    let mut external_id = None;
    for (key, value) in &pairs {
        if labels.holds(key) {
            continue;
        }
        if *key == "externalId" && external_id.is_none() {
            external_id = Some(*value);
            continue;
        }
        let value = value_text(value);
        let placed = target(key).map(|target| place(draft, target, Scalar::Text(&value)));
        if placed != Some(Placed::Yes) {
            keep(draft, labels.name_of(key), key, &value);
        }
    }
    // The name says what kind of event it is, a message says more of this one.
    draft.set_or_keep(Field::Message, "cef.name", &header_text(cef.name));
    if let Some(id) = external_id {
        set_external_id(draft, &value_text(id));
    }
    let endpoints = [
        Field::SrcIp,
        Field::SrcHostname,
        Field::DstIp,
        Field::DstHostname,
    ];
    if draft.event().class() == Class::BaseEvent
        && endpoints.into_iter().any(|field| !draft.is_vacant(field))
    {
        draft
            .event()
            .classify(Class::NetworkActivity, NETWORK_TRAFFIC);
    }
}

/// The device's id of the event is that of the exchange where the line is about HTTP.
fn set_external_id(draft: &mut Draft, id: &str) {
    if draft.event().class() == Class::HttpActivity {
        draft.set_or_keep(Field::HttpRequestUid, "externalId", id);
    } else {
        draft.event().keep_text("externalId", id);
    }
}

fn set_header(draft: &mut Draft, cef: &Cef<'_>) {
    let event = draft.event();
    event.set_text(Field::ProductVendor, &header_text(cef.vendor));
    event.set_text(Field::ProductName, &header_text(cef.product));
    if !cef.product_version.is_empty() {
        event.set_text(Field::ProductVersion, &header_text(cef.product_version));
    }
    event.set_text(Field::EventCode, &header_text(cef.class_id));
    event.set_text(Field::LogVersion, cef.version);
    if let Some(severity) = severity(cef.severity) {
        event.set_int(Field::SeverityId, severity);
    }
    event.keep_text("cef.severity", cef.severity);
    if !cef.before.is_empty() {
        event.keep_text("cef.before", cef.before);
    }
}

/// 0 to 3 low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high; or those words.
fn severity(text: &str) -> Option<i64> {
    match text.parse::<u8>() {
        Ok(0..=3) => Some(2),
        Ok(4..=6) => Some(3),
        Ok(7 | 8) => Some(4),
        Ok(9 | 10) => Some(5),
        Ok(_) => None,
        Err(_) => severity_of_word(text),
    }
}

/// Where each key of the extension dictionary goes; what is not here is kept under its own name.
///
/// `in` counts what flows from source to destination and `out` the other way (CEF's own words).
fn target(key: &str) -> Option<Target> {
    let target = match key {
        "rt" => Target::EventTime,
        "start" => Target::Time(Field::StartTime),
        "end" => Target::Time(Field::EndTime),
        "request" => Target::Url,
        "requestMethod" => Target::Method,
        "requestClientApplication" => Target::Text(Field::UserAgent),
        "requestContext" => Target::Text(Field::Referrer),
        "src" | "c6a2" => Target::Endpoint(Field::SrcIp, Field::SrcHostname),
        "dst" | "c6a3" => Target::Endpoint(Field::DstIp, Field::DstHostname),
        "spt" => Target::Int(Field::SrcPort),
        "dpt" => Target::Int(Field::DstPort),
        "shost" => Target::Text(Field::SrcHostname),
        "dhost" => Target::Text(Field::DstHostname),
        "dvc" => Target::Text(Field::DeviceIp),
        "dvchost" => Target::Text(Field::DeviceHostname),
        "deviceExternalId" => Target::Text(Field::DeviceUid),
        "suser" | "duser" => Target::User,
        "suid" => Target::Text(Field::UserUid),
        "act" => Target::Action,
        "outcome" => Target::Status,
        "reason" => Target::Text(Field::StatusDetail),
        "in" => Target::Int(Field::TrafficBytesOut),
        "out" => Target::Int(Field::TrafficBytesIn),
        "fname" => Target::Text(Field::FileName),
        "filePath" => Target::Text(Field::FilePath),
        "fsize" => Target::Int(Field::FileSize),
        "proto" => Target::Text(Field::ConnectionProtocol),
        "sproc" | "deviceProcessName" => Target::Text(Field::ProcessName),
        "spid" | "dvcpid" => Target::Int(Field::ProcessPid),
        "msg" => Target::Text(Field::Message),
        _ => return None,
    };
    Some(target)
}

/// Keeps what has no column; numbers of the keys that are defined as numbers stay numbers.
fn keep(draft: &mut Draft, name: Option<&str>, key: &str, value: &str) {
    let event = draft.event();
    let name = event.push_key(name.unwrap_or(if key.is_empty() { "cef.text" } else { key }));
    let whole = key.strip_prefix("cn").is_some_and(is_one_digit) || key == "cnt";
    let fraction = key.strip_prefix("cfp").is_some_and(is_one_digit);
    let number = match value.parse::<i64>() {
        Ok(number) if whole => Some(Value::Int(number)),
        Ok(_) | Err(_) if fraction => value.parse().ok().map(Value::Double),
        Ok(_) | Err(_) => None,
    };
    let value = number.unwrap_or_else(|| Value::Text(event.push_text(value)));
    event.keep(name, value);
}

fn is_one_digit(text: &str) -> bool {
    matches!(text.as_bytes(), [digit] if digit.is_ascii_digit())
}

/// The names that a line gives to its custom keys, as `cs1Label` names `cs1`.
struct Labels<'a>(Vec<(&'a str, Cow<'a, str>)>);

/// The dictionary has 22 keys with a label; more cannot make the search slow.
const MAX_LABELS: usize = 32;

impl<'a> Labels<'a> {
    fn of(pairs: &[(&'a str, &'a str)]) -> Self {
        let mut labels = Vec::new();
        for (key, value) in pairs {
            if let Some(base) = key.strip_suffix("Label").filter(|base| is_custom(base))
                && !value.is_empty()
                && labels.len() < MAX_LABELS
                && pairs
                    .iter()
                    .take(MAX_SEARCHED)
                    .any(|(other, _)| *other == base)
            {
                labels.push((base, value_text(value)));
            }
        }
        Self(labels)
    }

    fn name_of(&self, key: &str) -> Option<&str> {
        if !is_custom(key) {
            return None;
        }
        self.0
            .iter()
            .find_map(|(base, label)| (*base == key).then_some(label.as_ref()))
    }

    /// Whether `key` is a label that has become a name.
    fn holds(&self, key: &str) -> bool {
        key.strip_suffix("Label")
            .is_some_and(|base| self.0.iter().any(|(known, _)| *known == base))
    }
}

/// How many pairs are searched for the key of a label.
const MAX_SEARCHED: usize = 128;

/// `cs1`, `cn1`, `cfp1`, `c6a1`, `flexString1`, `deviceCustomDate1` and the like.
fn is_custom(key: &str) -> bool {
    const FAMILIES: [&str; 8] = [
        "cs",
        "cn",
        "cfp",
        "c6a",
        "flexString",
        "flexNumber",
        "flexDate",
        "deviceCustomDate",
    ];
    FAMILIES
        .iter()
        .any(|family| key.strip_prefix(family).is_some_and(is_one_digit))
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Event, Timestamp};

    use super::super::cef::parse;
    use super::*;

    fn filled(line: &str) -> Event {
        let mut draft = Draft::new(Timestamp::from_micros(1_767_323_045_000_000), 100);
        fill(&mut draft, &parse(line, 0).unwrap());
        draft.finish()
    }

    fn unmapped(event: &Event) -> String {
        let mut json = String::new();
        event.push_unmapped_json(&mut json);
        json
    }

    const PROXY: &str = "CEF:0|Acme|Web Gateway|7.1|100|URL request|4|rt=1767323045678 \
        src=192.0.2.7 spt=51234 dst=198.51.100.9 dpt=443 shost=pc1.example.net suser=ana@example.com \
        request=https://files.example.com/up?x=1 requestMethod=POST act=blocked outcome=failure \
        requestClientApplication=curl/8.5.0 in=120 out=3400 reason=Policy says no app=HTTPS \
        proto=TCP externalId=77 cs1=Personal Storage cs1Label=Category cn1=5 cn1Label=Risk cn2=x";

    #[test]
    fn a_proxy_line_is_http_activity() {
        let event = filled(PROXY);
        assert_eq!((event.class(), event.activity()), (Class::HttpActivity, 6));
        assert_eq!(event.time().to_rfc3339(), "2026-01-02T03:04:05.678000Z");
        let texts = [
            (Field::ProductVendor, "Acme"),
            (Field::ProductName, "Web Gateway"),
            (Field::ProductVersion, "7.1"),
            (Field::EventCode, "100"),
            (Field::Message, "URL request"),
            (Field::SrcIp, "192.0.2.7"),
            (Field::SrcHostname, "pc1.example.net"),
            (Field::DstIp, "198.51.100.9"),
            (Field::UserName, "ana@example.com"),
            (Field::UserEmail, "ana@example.com"),
            (Field::UrlHostname, "files.example.com"),
            (Field::HttpMethod, "POST"),
            (Field::UserAgent, "curl/8.5.0"),
            (Field::StatusDetail, "Policy says no"),
            (Field::ConnectionProtocol, "TCP"),
            (Field::HttpRequestUid, "77"),
        ];
        for (field, text) in texts {
            assert_eq!(event.text(field), Some(text), "{}", field.path());
        }
        let ints = [
            (Field::SeverityId, 3),
            (Field::SrcPort, 51234),
            (Field::DstPort, 443),
            (Field::ActionId, 2),
            (Field::DispositionId, 2),
            (Field::StatusId, 2),
            (Field::TrafficBytesOut, 120),
            (Field::TrafficBytesIn, 3400),
        ];
        for (field, int) in ints {
            assert_eq!(event.int(field), Some(int), "{}", field.path());
        }
        assert_eq!(
            unmapped(&event),
            r#"{"cef.severity":"4","act":"blocked","app":"HTTPS","Category":"Personal Storage","Risk":5,"cn2":"x"}"#
        );
    }

    #[test]
    fn without_a_url_endpoints_decide_the_class() {
        let event = filled("CEF:0|Acme|FW|1|9|Drop|High|src=192.0.2.7 act=drop msg=more words");
        assert_eq!(
            (event.class(), event.activity()),
            (Class::NetworkActivity, 6)
        );
        assert_eq!(event.int(Field::DispositionId), Some(6));
        assert_eq!(event.text(Field::Message), Some("more words"));
        assert!(unmapped(&event).contains(r#""cef.name":"Drop""#));
        let event = filled("CEF:0|Acme|AV|1|9|Scan|Unknown|in=5 proto=tcp");
        assert_eq!(event.class(), Class::BaseEvent);
        assert_eq!(event.int(Field::SeverityId), Some(0));
        assert!(unmapped(&event).contains(r#""traffic.bytes_out":5"#));
    }

    #[test]
    fn severities_times_and_second_users_are_read() {
        for (text, id) in [
            ("0", 2),
            ("3", 2),
            ("6", 3),
            ("8", 4),
            ("10", 5),
            ("Very-High", 5),
        ] {
            assert_eq!(severity(text), Some(id), "{text}");
        }
        assert_eq!(severity("11"), None);
        let event = filled(
            "CEF:0|a|b|c|d|e|1|rt=Jan 02 2026 03:04:05 start=1767323045000 suser=ana duser=bo \
             request=https://e.com/ requestMethod=GET requestMethod=PUT filePath=C:\\\\x\\\\y fname=y",
        );
        assert_eq!(event.time().to_rfc3339(), "2026-01-02T03:04:05.000000Z");
        let start = Timestamp::from_micros(1_767_323_045_000_000);
        assert_eq!(event.value(Field::StartTime), Some(&Value::Time(start)));
        assert_eq!(event.text(Field::UserName), Some("ana"));
        assert_eq!(event.text(Field::HttpMethod), Some("GET"));
        assert_eq!(event.text(Field::FilePath), Some("C:\\x\\y"));
        assert!(unmapped(&event).contains(r#""duser":"bo","requestMethod":"PUT""#));
    }

    #[test]
    fn a_label_without_its_key_and_lost_words_are_kept() {
        let event = filled("CEF:0|a|b|c|d|e|1|lost words cs1Label=Name cs2=x cs2Label= cfp1=1.5");
        let expected =
            r#""cef.text":"lost words","cs1Label":"Name","cs2":"x","cs2Label":"","cfp1":1.5"#;
        assert!(unmapped(&event).contains(expected), "{}", unmapped(&event));
    }
}
