//! An event as rules see it: values by name, each worked out only when a rule asks for it.

use std::borrow::Cow;
use std::cell::OnceCell;

use magistrate_event::{Cell, Event, EventUid, Field, Occasion, Value};

use super::Case;
use super::encoded::encoded;
use super::lookups::lookups;
use super::model_scores;
use super::name_table::{Known, NameTable};
use super::names::{Derived, Origin};
use super::programs::programs;
use super::seen::{MAX_DEPTH, owned, seen_json, text};
use super::sends::{Sent, sends};
use super::session_names;
use crate::hooks::{tool_of_call, tool_of_hook};

pub(super) use super::seen::Seen;

/// Column numbers below this find their place at once.
const PLACES: usize = 512;
/// Arguments longer than this are not read as JSON.
const MAX_ARGUMENTS_BYTES: usize = 256 * 1024;

/// One event, laid out for looking up names.
pub(super) struct View<'a> {
    event: &'a Event,
    case: Case<'a>,
    names: &'a NameTable,
    cells: Vec<(Field, Cell<'a>)>,
    /// By column number: the place in `cells` plus one.
    places: [u8; PLACES],
    arguments: OnceCell<Option<serde_json::Value>>,
    sent: OnceCell<Vec<Sent>>,
}

impl<'a> View<'a> {
    /// Lays out the event of `case`.
    pub(super) fn new(case: Case<'a>, names: &'a NameTable) -> Self {
        let event = case.event;
        let cells: Vec<_> = event.cells().take(usize::from(u8::MAX) - 1).collect();
        let mut places = [0; PLACES];
        for (place, (field, _)) in (1_u8..).zip(&cells) {
            if let Some(slot) = places.get_mut(usize::from(u16::from(*field))) {
                *slot = place;
            }
        }
        Self {
            event,
            case,
            names,
            cells,
            places,
            arguments: OnceCell::new(),
            sent: OnceCell::new(),
        }
    }

    /// The event's id.
    pub(super) const fn uid(&self) -> Option<EventUid> {
        self.case.uid
    }

    /// The value of `name`; none where the event has none.
    pub(super) fn get(&self, name: &str) -> Option<Seen<'_>> {
        self.look(name, self.names.get(name))
    }

    /// The value of `name`, of which `known` is known.
    pub(super) fn look(&self, name: &str, known: Option<Known>) -> Option<Seen<'_>> {
        match known {
            Some(Known {
                origin,
                or_attribute,
            }) => self.of(origin).or_else(|| {
                let found = or_attribute.then(|| self.attribute(name));
                found.flatten()
            }),
            None => match name.strip_prefix("tool.arguments.") {
                Some(argument) => self.argument(argument),
                None => self.attribute(name),
            },
        }
    }

    /// Calls `visit` with every text of the event, until it says that it has seen enough.
    pub(super) fn any_text(&self, visit: &mut dyn FnMut(&str) -> bool) -> bool {
        let columns = self.cells.iter().any(|(_, cell)| match cell {
            Cell::Text(text) => visit(text),
            Cell::Tree(value) => self.any_text_in(value, visit),
            Cell::Int(_) | Cell::Double(_) | Cell::Bool(_) | Cell::Time(_) => false,
        });
        columns
            || self
                .event
                .unmapped()
                .any(|(_, value)| self.any_text_in(value, visit))
    }

    fn any_text_in(&self, value: &Value, visit: &mut dyn FnMut(&str) -> bool) -> bool {
        match value {
            Value::Text(text) => visit(self.event.resolve(*text)),
            Value::List(items) => items.iter().any(|item| self.any_text_in(item, visit)),
            Value::Map(entries) => entries
                .iter()
                .any(|(_, value)| self.any_text_in(value, visit)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Double(_) | Value::Time(_) => {
                false
            }
        }
    }

    fn cell(&self, field: Field) -> Option<Cell<'a>> {
        let place = *self.places.get(usize::from(u16::from(field)))?;
        let at = usize::from(place).checked_sub(1)?;
        self.cells.get(at).map(|(_, cell)| *cell)
    }

    fn text(&self, field: Field) -> Option<&'a str> {
        match self.cell(field)? {
            Cell::Text(text) => Some(text),
            Cell::Int(_) | Cell::Double(_) | Cell::Bool(_) | Cell::Time(_) | Cell::Tree(_) => None,
        }
    }

    fn of(&self, origin: Origin) -> Option<Seen<'_>> {
        match origin {
            Origin::Columns(columns) => columns
                .iter()
                .find_map(|field| self.cell(*field))
                .map(|cell| self.seen_cell(cell)),
            Origin::Derived(derived) => self.derive(derived),
            Origin::Session(from) => session_names::seen(self.case.facts, from),
            Origin::Models(from) => model_scores::seen(self.case.scores, from),
        }
    }

    fn derive(&self, derived: Derived) -> Option<Seen<'_>> {
        match derived {
            Derived::EventKind => event_kind(self.event).map(text),
            Derived::ToolName => {
                self.text(Field::ToolClass)?;
                self.text(Field::ApiOperation).map(text)
            }
            Derived::HookTool => {
                let tool = tool_of_hook(self.event).or_else(|| tool_of_call(self.event));
                tool.map(text)
            }
            Derived::Status => match self.cell(Field::StatusId)? {
                Cell::Int(1) => Some(text("success")),
                Cell::Int(2) => Some(text("failure")),
                Cell::Int(_)
                | Cell::Text(_)
                | Cell::Double(_)
                | Cell::Bool(_)
                | Cell::Time(_)
                | Cell::Tree(_) => None,
            },
            Derived::Domains => self.domains(),
            Derived::Findings => self.findings(),
            Derived::Programs => self.programs(),
            Derived::SendsTo => self.sent(|_| true),
            Derived::UploadsTo => self.sent(|sent| sent.is_content),
            Derived::UrlData => self.url_data(),
            Derived::Lookups => self.lookups(),
            Derived::Answers => self.answers(),
            Derived::UrlExtension => {
                let last = self.text(Field::UrlPath)?.rsplit('/').next()?;
                last.rsplit_once('.').map(|(_, extension)| text(extension))
            }
            Derived::PathAndQuery => {
                match (self.text(Field::UrlPath), self.text(Field::UrlQuery)) {
                    (Some(path), Some(query)) => Some(owned(format!("{path}?{query}"))),
                    (one, other) => one.or(other).map(text),
                }
            }
            Derived::Initiated => self.event.class().is_flow().then_some(Seen::Bool(true)),
        }
    }

    fn domains(&self) -> Option<Seen<'_>> {
        let host = self
            .text(Field::UrlHostname)
            .or_else(|| self.text(Field::DstHostname));
        let registrable = self
            .text(Field::DestinationDomain)
            .or_else(|| self.text(Field::UrlDomain));
        let whole = host.or(registrable)?;
        // A name with its root: the same place.
        let whole = whole.strip_suffix('.').unwrap_or(whole);
        let mut forms = vec![text(whole), owned(format!(".{whole}"))];
        let parents = whole
            .match_indices('.')
            .filter_map(|(at, _)| whole.get(at + 1..));
        forms.extend(parents.filter(|name| !name.is_empty()).map(text));
        let is_apart = |name: &&str| *name != whole && !is_under(whole, name);
        forms.extend(registrable.filter(is_apart).map(text));
        Some(Seen::Many(forms))
    }

    /// Each kind, and every family that it belongs to: `credential.aws.key` is also `credential`.
    fn findings(&self) -> Option<Seen<'_>> {
        let mut kinds = Vec::new();
        for field in [Field::Redacted, Field::ContentFindings] {
            let Some(Cell::Tree(Value::List(items))) = self.cell(field) else {
                continue;
            };
            for kind in items.iter().filter_map(Value::as_text) {
                let kind = self.event.resolve(kind);
                let ends = kind.match_indices('.').map(|(at, _)| at);
                for end in ends.chain([kind.len()]) {
                    let family = text(kind.get(..end).unwrap_or_default());
                    if !kinds.contains(&family) {
                        kinds.push(family);
                    }
                }
            }
        }
        (!kinds.is_empty()).then_some(Seen::Many(kinds))
    }

    /// Each program as it was written, and behind a slash where it has none, since public rules
    /// look for the end of a path.
    fn programs(&self) -> Option<Seen<'_>> {
        let line = self.text(Field::CmdLine);
        let named = self.text(Field::ProcessName);
        let mut forms = Vec::new();
        for program in line
            .map(programs)
            .unwrap_or_default()
            .into_iter()
            .chain(named)
        {
            let plain = text(program);
            if forms.contains(&plain) {
                continue;
            }
            forms.push(plain);
            if !program.contains(['/', '\\']) {
                forms.push(owned(format!("/{program}")));
                forms.push(owned(format!("\\{program}")));
            }
        }
        (!forms.is_empty()).then_some(Seen::Many(forms))
    }

    /// The places that the command line sends something to.
    fn sent(&self, is_meant: impl Fn(&Sent) -> bool) -> Option<Seen<'_>> {
        let line = || self.text(Field::CmdLine);
        let sent = self
            .sent
            .get_or_init(|| line().map(sends).unwrap_or_default());
        let hosts = sent.iter().filter(|sent| is_meant(sent));
        let hosts: Vec<_> = hosts.map(|sent| text(&sent.host)).collect();
        (!hosts.is_empty()).then_some(Seen::Many(hosts))
    }

    fn url_data(&self) -> Option<Seen<'_>> {
        let fields = [Field::UrlPath, Field::UrlQuery].into_iter();
        let parts = fields
            .filter_map(|field| self.text(field))
            .flat_map(encoded);
        let parts: Vec<_> = parts.map(text).collect();
        (!parts.is_empty()).then_some(Seen::Many(parts))
    }

    /// The name that the event tells of, and the others that its command line looks up.
    fn lookups(&self) -> Option<Seen<'_>> {
        let told = self.text(Field::QueryHostname)?;
        let line = self.text(Field::CmdLine);
        let names = line.map(lookups).unwrap_or_default();
        let names = names.into_iter().map(|one| one.name);
        let names = std::iter::once(told).chain(names.filter(|name| *name != told));
        Some(Seen::Many(names.map(text).collect()))
    }

    /// What look-ups were answered.
    fn answers(&self) -> Option<Seen<'_>> {
        let Some(Cell::Tree(Value::List(answers))) = self.cell(Field::Answers) else {
            return None;
        };
        let data = answers.iter().filter_map(|answer| match answer {
            Value::Map(entries) => entries.iter().find_map(|(key, value)| {
                let text = value.as_text().map(|text| self.event.resolve(text));
                text.filter(|_| self.event.resolve(*key) == "rdata")
            }),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Time(_)
            | Value::Text(_)
            | Value::List(_) => None,
        });
        Some(Seen::Many(data.map(text).collect()))
    }

    /// One of the tool's arguments, by its dotted name.
    fn argument(&self, path: &str) -> Option<Seen<'_>> {
        let raw = self.text(Field::ToolArguments)?;
        let first = path.split('.').next().unwrap_or(path);
        // Reading JSON costs more than all else here: look first whether the name is there at all.
        if raw.len() > MAX_ARGUMENTS_BYTES
            || memchr::memmem::find(raw.as_bytes(), first.as_bytes()).is_none()
        {
            return None;
        }
        let tree = self
            .arguments
            .get_or_init(|| serde_json::from_str(raw).ok())
            .as_ref()?;
        let found = path.split('.').try_fold(tree, |tree, key| tree.get(key))?;
        seen_json(found, 0)
    }

    /// What has no column, by its own name, or by the names of the maps around it.
    fn attribute(&self, name: &str) -> Option<Seen<'_>> {
        self.event.unmapped().find_map(|(key, value)| {
            let rest = name.strip_prefix(key)?;
            if rest.is_empty() {
                return Some(self.seen(value, 0));
            }
            self.inside(value, rest.strip_prefix('.')?, 0)
        })
    }

    fn inside(&self, value: &'a Value, path: &str, depth: usize) -> Option<Seen<'_>> {
        let Value::Map(entries) = value else {
            return None;
        };
        entries.iter().find_map(|(key, value)| {
            let rest = path.strip_prefix(self.event.resolve(*key))?;
            match rest.strip_prefix('.') {
                _ if depth > MAX_DEPTH => None,
                _ if rest.is_empty() => Some(self.seen(value, depth)),
                Some(rest) => self.inside(value, rest, depth + 1),
                None => None,
            }
        })
    }

    fn seen_cell(&self, cell: Cell<'a>) -> Seen<'_> {
        match cell {
            Cell::Text(found) => text(found),
            Cell::Int(number) => Seen::Int(number),
            Cell::Double(number) => Seen::Double(number),
            Cell::Bool(flag) => Seen::Bool(flag),
            Cell::Time(time) => owned(time.to_rfc3339()),
            Cell::Tree(value) => self.seen(value, 0),
        }
    }

    fn seen(&self, value: &'a Value, depth: usize) -> Seen<'_> {
        match value {
            Value::Null => Seen::Null,
            Value::Bool(flag) => Seen::Bool(*flag),
            Value::Int(number) => Seen::Int(*number),
            Value::Double(number) => Seen::Double(*number),
            Value::Time(time) => owned(time.to_rfc3339()),
            Value::Text(found) => text(self.event.resolve(*found)),
            Value::List(_) | Value::Map(_) if depth > MAX_DEPTH => Seen::Null,
            Value::List(items) => Seen::Many(
                items
                    .iter()
                    .map(|item| self.seen(item, depth + 1))
                    .collect(),
            ),
            Value::Map(entries) => {
                let named = entries.iter().map(|(key, value)| {
                    let key = Cow::Borrowed(self.event.resolve(*key));
                    (key, self.seen(value, depth + 1))
                });
                Seen::Named(named.collect())
            }
        }
    }
}

fn is_under(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.ends_with('.'))
}

/// What kind of event it is, in the judge's words; none for what no judge would see.
fn event_kind(event: &Event) -> Option<&'static str> {
    match event.text(Field::EventCode)? {
        "user_prompt" => Some("prompt"),
        "assistant_response" | "api_response_body" => Some("response"),
        "api_request" | "api_request_body" => Some("request"),
        "tool_decision" => Some("tool_call"),
        "tool_result" => Some("tool_result"),
        code if event.text(Field::Source) == Some("judge") => {
            let known = Occasion::ALL.iter().map(|one| one.name());
            known.into_iter().find(|name| *name == code)
        }
        _ => None,
    }
}
