//! Names the tools that the client masks, from other records of the same call.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use magistrate_event::{Event, Field, Record, Redacted};

use crate::normalize::{McpServer, mcp_path};

/// How many calls are remembered by default, per generation.
const DEFAULT_CALLS: usize = 50_000;
/// Ids and names longer than this are not remembered.
const MAX_NAME_BYTES: usize = 256;

/// What a call's server and tool are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The MCP server; `api.service.name`.
    pub server: Option<Arc<str>>,
    /// The tool; `api.operation`.
    pub tool: Arc<str>,
}

/// Remembers the names of MCP calls by session and `tool_use_id`. Clones share one memory.
///
/// The client masks these names in log records, but not in spans and hooks, which come earlier or
/// later. Only redacted records go in, so nothing that comes out needs redacting again.
///
/// Bounded: of two generations, the older one is forgotten when the younger is full.
#[derive(Debug, Clone)]
pub struct ToolNames {
    memory: Arc<Mutex<Memory>>,
}

#[derive(Debug)]
struct Memory {
    young: HashMap<Call, Names>,
    old: HashMap<Call, Names>,
    calls_per_generation: usize,
}

/// Session and `tool_use_id`.
type Call = (Box<str>, Box<str>);

impl Default for ToolNames {
    fn default() -> Self {
        Self::new(DEFAULT_CALLS)
    }
}

impl ToolNames {
    /// A memory of `calls_per_generation` calls in each of two generations.
    pub fn new(calls_per_generation: usize) -> Self {
        Self {
            memory: Arc::new(Mutex::new(Memory {
                young: HashMap::new(),
                old: HashMap::new(),
                calls_per_generation,
            })),
        }
    }

    /// Remembers what `record` calls its tool, if it is a call of an MCP server by its real name.
    pub fn learn(&self, record: &Record) {
        let event = record.event();
        if event.text(Field::ToolClass) != Some("mcp")
            || event.text(Field::ToolNameState) != Some("captured")
        {
            return;
        }
        let (Some(call), Some(tool)) = (call(event), event.text(Field::ApiOperation)) else {
            return;
        };
        let server = event.text(Field::ApiServiceName);
        if tool.len() > MAX_NAME_BYTES || server.is_some_and(|name| name.len() > MAX_NAME_BYTES) {
            return;
        }
        let names = Names {
            server: server.map(Arc::from),
            tool: Arc::from(tool),
        };
        self.memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(call, names);
    }

    /// The names of the call in `event`, if the client masked them and another record told them.
    pub fn resolve(&self, event: &Event) -> Option<Names> {
        if event.text(Field::ToolNameState) != Some("redacted_by_client") {
            return None;
        }
        let call = call(event)?;
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        memory
            .young
            .get(&call)
            .or_else(|| memory.old.get(&call))
            .cloned()
    }

    /// `record` with the names of its call filled in; none when there is nothing to fill in.
    ///
    /// Id and time of receipt stay, so that it is still the same record.
    #[expect(
        clippy::disallowed_methods,
        reason = "the event was redacted, and the names come out of redacted records only"
    )]
    pub fn apply(&self, record: &Record) -> Option<Record> {
        let names = self.resolve(record.event())?;
        let mut event = record.event().clone();
        event.set_text(Field::ApiOperation, &names.tool);
        if let Some(server) = &names.server {
            event.set_text(Field::ApiServiceName, server);
        }
        event.set_text(Field::ToolNameState, "joined");
        if event.text(Field::PathClass).is_none() {
            let server = McpServer {
                name: names.server.as_deref(),
                ..McpServer::default()
            };
            if let Some(path) = mcp_path(server, Some(&names.tool)) {
                event.set_text(Field::PathClass, path);
            }
        }
        let event = Redacted::seal(event);
        Some(Record::new(record.uid(), record.received(), event))
    }
}

impl Memory {
    fn insert(&mut self, call: Call, names: Names) {
        if self.young.len() >= self.calls_per_generation {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(call, names);
    }
}

/// The call that an event belongs to.
fn call(event: &Event) -> Option<Call> {
    let session = event.text(Field::SessionUid)?;
    let id = event.text(Field::ApiRequestUid)?;
    (session.len() <= MAX_NAME_BYTES && id.len() <= MAX_NAME_BYTES)
        .then(|| (session.into(), id.into()))
}

#[cfg(test)]
mod tests {
    use magistrate_event::{Class, EventUid, Timestamp};

    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "the test stands in for the redactor"
    )]
    fn record(session: &str, call: &str, names: Option<(&str, &str)>) -> Record {
        let mut event = Event::new(Class::ApiActivity, 0, Timestamp::default());
        event.set_text(Field::SessionUid, session);
        event.set_text(Field::ApiRequestUid, call);
        event.set_text(Field::ToolClass, "mcp");
        match names {
            Some((server, tool)) => {
                event.set_text(Field::ApiServiceName, server);
                event.set_text(Field::ApiOperation, tool);
                event.set_text(Field::ToolNameState, "captured");
            }
            None => event.set_text(Field::ToolNameState, "redacted_by_client"),
        }
        let uid = EventUid::from_bytes([3; 16]);
        Record::new(uid, Timestamp::from_micros(9), Redacted::seal(event))
    }

    #[test]
    fn a_masked_call_gets_the_names_that_another_record_told() {
        let names = ToolNames::default();
        let masked = record("s", "toolu_1", None);
        assert_eq!(names.apply(&masked), None);
        names
            .clone()
            .learn(&record("s", "toolu_1", Some(("crm", "lookup"))));
        let joined = names.apply(&masked).unwrap();
        assert_eq!(joined.event().text(Field::ApiOperation), Some("lookup"));
        assert_eq!(joined.event().text(Field::ApiServiceName), Some("crm"));
        assert_eq!(joined.event().text(Field::ToolNameState), Some("joined"));
        assert_eq!(joined.uid(), masked.uid());
        assert_eq!(joined.received(), masked.received());
        assert_eq!(names.apply(&joined), None);
    }

    #[test]
    fn a_name_that_is_joined_tells_the_path() {
        let names = ToolNames::default();
        names.learn(&record("s", "1", Some(("pw", "browser_navigate"))));
        names.learn(&record("s", "2", Some(("crm", "lookup"))));
        let path = |call| {
            let joined = names.apply(&record("s", call, None)).unwrap();
            joined.event().text(Field::PathClass).map(str::to_owned)
        };
        assert_eq!(path("1").as_deref(), Some("browser"));
        assert_eq!(path("2"), None);
    }

    #[test]
    fn another_session_or_call_tells_nothing() {
        let names = ToolNames::default();
        names.learn(&record("s", "toolu_1", Some(("crm", "lookup"))));
        names.learn(&record("s", "toolu_3", None));
        for masked in [("t", "toolu_1"), ("s", "toolu_2"), ("s", "toolu_3")] {
            assert_eq!(names.apply(&record(masked.0, masked.1, None)), None);
        }
    }

    #[test]
    fn the_oldest_calls_are_forgotten() {
        let names = ToolNames::new(2);
        for call in ["1", "2", "3", "4", "5"] {
            names.learn(&record("s", call, Some(("crm", "lookup"))));
        }
        let known = |call| names.resolve(record("s", call, None).event()).is_some();
        assert!(!known("1") && !known("2"));
        assert!(known("3") && known("4") && known("5"));
    }

    #[test]
    fn long_names_are_not_remembered() {
        let names = ToolNames::default();
        let long = "x".repeat(MAX_NAME_BYTES + 1);
        names.learn(&record("s", "1", Some(("crm", &long))));
        names.learn(&record(&long, "2", Some(("crm", "lookup"))));
        assert!(names.resolve(record("s", "1", None).event()).is_none());
        assert!(names.resolve(record(&long, "2", None).event()).is_none());
    }
}
