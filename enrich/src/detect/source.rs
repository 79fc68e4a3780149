//! Which of Sigma's log sources an event belongs to, and which of them a rule asks for.

use magistrate_event::{Class, Event, Field};

use crate::watch::PRODUCT;

/// What a rule's `logsource` asks for. What it leaves out is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(super) struct LogSource {
    /// `product`, lower case.
    pub(super) product: Option<String>,
    /// `category`, lower case.
    pub(super) category: Option<String>,
    /// `service`, lower case.
    pub(super) service: Option<String>,
}

/// Products that events of ours can be of.
pub(super) const PRODUCTS: [(&str, &str); 7] = [
    ("magistrate", "every event"),
    ("claude_cowork", "telemetry of Claude Cowork"),
    ("claude_code", "telemetry of Claude Code"),
    ("claude_desktop", "telemetry of Claude Desktop"),
    ("linux", "what happened on a Linux device"),
    ("macos", "what happened on a Mac"),
    ("windows", "what happened on a Windows device"),
];

/// Categories that events of ours can be of.
pub(super) const CATEGORIES: [(&str, &str); 19] = [
    ("action", "calls of tools, and what became of them"),
    ("prompt", "what the user asked"),
    ("model", "requests to the model, its answers and errors"),
    (
        "session",
        "the agent's own state: modes, plugins, servers, hooks, log-ons",
    ),
    (
        "proxy",
        "HTTP requests, as proxies and the agent's own tools report them",
    ),
    ("webserver", "HTTP requests, as web servers report them"),
    (
        "dns",
        "look-ups of names: logs of resolvers, commands that look up, and connections to port 53",
    ),
    ("dns_query", "the same of which the name is known"),
    ("process_creation", "commands"),
    ("file_event", "files made or changed"),
    ("file_access", "files read"),
    ("file_delete", "files deleted"),
    ("file_rename", "files renamed"),
    ("network_connection", "connections"),
    ("firewall", "connections, as firewalls report them"),
    ("application", "errors of applications"),
    (
        "telemetry",
        "what Magistrate notices of the record itself: gaps, silence, hooks that stopped, lost attributes",
    ),
    ("verdict", "answers of the judge"),
    (
        "risk",
        "sums of risk, of a session or user, that pass what is configured",
    ),
];

/// A set of products or categories, one bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Bits(u32);

impl Bits {
    fn with(self, names: &[(&str, &str)], name: &str) -> Self {
        Self(self.0 | bit(names, name).map_or(0, |bit| bit.0))
    }

    const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// The bit of a name; none for one that is not listed.
fn bit(names: &[(&str, &str)], name: &str) -> Option<Bits> {
    let at = names.iter().position(|(known, _)| *known == name)?;
    Some(Bits(1 << u32::try_from(at).ok()?))
}

/// A log source that is quick to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    product: Option<Bits>,
    category: Option<Bits>,
    service: Option<String>,
}

impl LogSource {
    /// None when no event of ours can be of this log source.
    pub(super) fn wanted(&self) -> Option<Wanted> {
        let product = self.product.as_deref().map(|name| bit(&PRODUCTS, name));
        let category = self.category.as_deref().map(|name| bit(&CATEGORIES, name));
        if matches!(product, Some(None)) || matches!(category, Some(None)) {
            return None;
        }
        Some(Wanted {
            product: product.flatten(),
            category: category.flatten(),
            service: self.service.clone(),
        })
    }
}

/// The log sources of one event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sources<'a> {
    products: Bits,
    categories: Bits,
    service: Option<&'a str>,
}

impl<'a> Sources<'a> {
    /// The log sources that `event` belongs to.
    pub(super) fn of(event: &'a Event) -> Self {
        let surface = event.text(Field::Surface);
        let is_agent = matches!(surface, Some("cowork" | "code" | "desktop"));
        let mut sources = Self {
            products: Bits::default().with(&PRODUCTS, "magistrate"),
            categories: Bits::default(),
            service: event.text(Field::AppName).filter(|_| !is_agent),
        };
        let agent = match surface {
            Some("cowork") => "claude_cowork",
            Some("code") => "claude_code",
            Some("desktop") => "claude_desktop",
            Some(_) | None => "",
        };
        sources.products = sources.products.with(&PRODUCTS, agent);
        sources.products = sources.products.with(&PRODUCTS, system(event));
        let is_judged = event.text(Field::Source) == Some("judge");
        for category in categories(event, is_agent || is_judged) {
            sources.categories = sources.categories.with(&CATEGORIES, category);
        }
        sources
    }

    /// Whether the event is of the log source that a rule asks for.
    pub(super) fn are(self, wanted: &Wanted) -> bool {
        wanted.product.is_none_or(|bits| self.products.has(bits))
            && wanted.category.is_none_or(|bits| self.categories.has(bits))
            && wanted.service.as_deref().is_none_or(|service| {
                self.service
                    .is_some_and(|name| name.eq_ignore_ascii_case(service))
            })
    }
}

/// The device's operating system, in Sigma's words.
fn system(event: &Event) -> &'static str {
    match event.text(Field::DeviceOsName) {
        Some("linux" | "Linux") => "linux",
        Some("darwin" | "macos" | "macOS") => "macos",
        Some("windows" | "Windows" | "win32") => "windows",
        Some(_) | None => "",
    }
}

/// The categories of an event: at most one by its class, one by its place in the agent's work.
fn categories(event: &Event, is_agent: bool) -> impl Iterator<Item = &'static str> {
    let mut found = [""; 6];
    let mut next = found.iter_mut();
    let mut add = |name: &'static str| {
        if let Some(place) = next.next() {
            *place = name;
        }
    };
    let code = event.text(Field::EventCode);
    if is_notice(event) {
        let is_risk = code.is_some_and(|code| code.starts_with("risk_"));
        add(if is_risk { "risk" } else { "telemetry" });
    } else if event.text(Field::VerdictUid).is_some() {
        add("verdict");
    } else if event.text(Field::Action).is_some() || code.is_some_and(is_action) {
        add("action");
    } else if is_agent {
        add(agent_category(code));
    }
    match event.class() {
        Class::HttpActivity => {
            add("proxy");
            add("webserver");
            add("network_connection");
        }
        Class::NetworkActivity => {
            add("network_connection");
            add("firewall");
            add(if is_dns(event) { "dns" } else { "" });
        }
        Class::DnsActivity => add("network_connection"),
        // What was refused has not happened.
        Class::ProcessActivity if !is_refused(event) => add("process_creation"),
        Class::FileActivity if !is_refused(event) => add(file_category(event.activity())),
        Class::ApplicationError => add("application"),
        Class::BaseEvent
        | Class::FileActivity
        | Class::ProcessActivity
        | Class::DetectionFinding
        | Class::DataSecurityFinding
        | Class::Authentication
        | Class::ApplicationLifecycle
        | Class::ApiActivity
        | Class::Metric
        | Class::Span => {}
    }
    if event.text(Field::QueryHostname).is_some() && !is_refused(event) {
        add("dns");
        add("dns_query");
    }
    found.into_iter().filter(|name| !name.is_empty())
}

/// Whether the judge is asked about an action, whatever else is known of it.
fn is_action(code: &str) -> bool {
    matches!(
        code,
        "tool_call"
            | "tool_result"
            | "upload"
            | "share"
            | "message_send"
            | "paste"
            | "download"
            | "app_action"
    )
}

/// The category of what the agent tells beside its actions.
fn agent_category(name: Option<&str>) -> &'static str {
    match name {
        Some("user_prompt" | "prompt") => "prompt",
        Some(
            "request"
            | "response"
            | "api_request"
            | "api_error"
            | "api_retries_exhausted"
            | "api_refusal"
            | "api_request_body"
            | "api_response_body"
            | "assistant_response"
            | "system_prompt",
        ) => "model",
        Some(_) => "session",
        None => "",
    }
}

/// Whether it is one of this program's own.
fn is_notice(event: &Event) -> bool {
    event.class() == Class::BaseEvent && event.text(Field::ProductName) == Some(PRODUCT)
}

fn is_refused(event: &Event) -> bool {
    event.text(Field::ToolDecision) == Some("reject")
}

fn is_dns(event: &Event) -> bool {
    event.int(Field::DstPort) == Some(53)
}

/// OCSF's File System Activity: 1 create, 2 read, 3 update, 4 delete, 5 rename.
const fn file_category(activity: u8) -> &'static str {
    match activity {
        2 => "file_access",
        4 => "file_delete",
        5 => "file_rename",
        _ => "file_event",
    }
}

#[cfg(test)]
mod tests {
    use magistrate_event::Timestamp;

    use super::*;

    fn source(product: &str, category: &str) -> LogSource {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        LogSource {
            product: some(product),
            category: some(category),
            service: None,
        }
    }

    fn has(event: &Event, product: &str, category: &str) -> bool {
        let wanted = source(product, category).wanted();
        wanted.is_some_and(|wanted| Sources::of(event).are(&wanted))
    }

    #[test]
    fn a_command_of_the_agent_is_an_action_and_a_process_on_its_system() {
        let mut event = Event::new(Class::ProcessActivity, 1, Timestamp::default());
        event.set_text(Field::Surface, "code");
        event.set_text(Field::Action, "execute");
        event.set_text(Field::DeviceOsName, "linux");
        for (product, category) in [
            ("magistrate", "action"),
            ("claude_code", "action"),
            ("linux", "process_creation"),
            ("", "process_creation"),
            ("claude_code", ""),
        ] {
            assert!(has(&event, product, category), "{product} {category}");
        }
        for (product, category) in [
            ("windows", "process_creation"),
            ("claude_cowork", "action"),
            ("claude_code", "prompt"),
            ("aws", ""),
            ("", "registry_set"),
        ] {
            assert!(!has(&event, product, category), "{product} {category}");
        }
        event.set_text(Field::ToolDecision, "reject");
        assert!(!has(&event, "linux", "process_creation"));
        assert!(has(&event, "claude_code", "action"));
    }

    #[test]
    fn a_service_is_the_program_that_logged() {
        let mut event = Event::new(Class::BaseEvent, 0, Timestamp::default());
        event.set_text(Field::AppName, "sshd");
        let mut wanted = source("", "");
        wanted.service = Some("sshd".to_owned());
        assert!(Sources::of(&event).are(&wanted.wanted().unwrap()));
        wanted.service = Some("cron".to_owned());
        assert!(!Sources::of(&event).are(&wanted.wanted().unwrap()));
    }

    #[test]
    fn lists_fit_their_bits() {
        assert!(PRODUCTS.len() <= 32 && CATEGORIES.len() <= 32);
    }
}
