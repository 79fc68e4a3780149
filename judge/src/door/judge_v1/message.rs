//! The messages of `judge/proto/magistrate/judge/v1/judge.proto`, in its order.

use std::collections::BTreeMap;

use prost::{Enumeration, Message};

#[derive(Clone, PartialEq, Message)]
pub(super) struct JudgeRequest {
    #[prost(string, optional, tag = "1")]
    pub(super) request_id: Option<String>,
    #[prost(uint64, optional, tag = "2")]
    pub(super) deadline_ms: Option<u64>,
    #[prost(message, optional, tag = "3")]
    pub(super) session: Option<Session>,
    #[prost(int32, tag = "4")]
    pub(super) event: i32,
    #[prost(int32, tag = "5")]
    pub(super) action: i32,
    #[prost(message, optional, tag = "6")]
    pub(super) tool: Option<Tool>,
    #[prost(message, optional, tag = "7")]
    pub(super) destination: Option<Destination>,
    #[prost(message, optional, tag = "8")]
    pub(super) app: Option<App>,
    #[prost(message, optional, tag = "9")]
    pub(super) file: Option<File>,
    #[prost(message, optional, tag = "10")]
    pub(super) content: Option<Content>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct JudgeResponse {
    #[prost(string, tag = "1")]
    pub(super) verdict_id: String,
    #[prost(string, optional, tag = "2")]
    pub(super) request_id: Option<String>,
    #[prost(enumeration = "Decision", tag = "3")]
    pub(super) decision: i32,
    #[prost(message, repeated, tag = "4")]
    pub(super) reasons: Vec<Reason>,
    #[prost(btree_map = "string, double", tag = "5")]
    pub(super) scores: BTreeMap<String, f64>,
    #[prost(message, optional, tag = "6")]
    pub(super) redacted: Option<Redacted>,
    #[prost(message, optional, tag = "7")]
    pub(super) constraints: Option<Constraints>,
    #[prost(message, optional, tag = "8")]
    pub(super) approval: Option<Approval>,
    #[prost(enumeration = "Decision", tag = "9")]
    pub(super) requested: i32,
    #[prost(enumeration = "Tier", tag = "10")]
    pub(super) tier: i32,
    #[prost(bool, tag = "11")]
    pub(super) degraded: bool,
    #[prost(bool, tag = "12")]
    pub(super) partial: bool,
    #[prost(string, tag = "13")]
    pub(super) policy_version: String,
    #[prost(string, optional, tag = "14")]
    pub(super) model: Option<String>,
    #[prost(uint64, tag = "15")]
    pub(super) elapsed_us: u64,
    #[prost(string, tag = "16")]
    pub(super) message: String,
    #[prost(uint64, optional, tag = "17")]
    pub(super) retry_after_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub(super) enum Decision {
    Unspecified = 0,
    Allow = 1,
    Redact = 2,
    Downgrade = 3,
    RequireApproval = 4,
    Block = 5,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Enumeration)]
#[repr(i32)]
pub(super) enum Tier {
    Unspecified = 0,
    Rules = 1,
    FastModel = 2,
    Model = 3,
    Llm = 4,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Session {
    #[prost(string, optional, tag = "1")]
    pub(super) id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) user: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) device: Option<String>,
    #[prost(int32, tag = "4")]
    pub(super) mode: i32,
    #[prost(string, optional, tag = "5")]
    pub(super) task: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Tool {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) server: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) arguments_json: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Destination {
    #[prost(string, optional, tag = "1")]
    pub(super) url: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) domain: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) path: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(super) method: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(super) recipient: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct App {
    #[prost(string, optional, tag = "1")]
    pub(super) id: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) category: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct File {
    #[prost(string, optional, tag = "1")]
    pub(super) name: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) path: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) media_type: Option<String>,
    #[prost(uint64, optional, tag = "4")]
    pub(super) size: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Content {
    #[prost(string, optional, tag = "1")]
    pub(super) text: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) media_type: Option<String>,
    #[prost(int32, tag = "3")]
    pub(super) origin: i32,
    #[prost(bool, optional, tag = "4")]
    pub(super) truncated: Option<bool>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Reason {
    #[prost(string, tag = "1")]
    pub(super) policy: String,
    #[prost(string, tag = "2")]
    pub(super) title: String,
    #[prost(string, tag = "3")]
    pub(super) category: String,
    #[prost(string, repeated, tag = "4")]
    pub(super) tags: Vec<String>,
    #[prost(enumeration = "Decision", tag = "5")]
    pub(super) decision: i32,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Redacted {
    #[prost(string, optional, tag = "1")]
    pub(super) text: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(super) arguments_json: Option<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Constraints {
    #[prost(bool, tag = "1")]
    pub(super) read_only: bool,
    #[prost(string, repeated, tag = "2")]
    pub(super) methods: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct Approval {
    #[prost(string, tag = "1")]
    pub(super) id: String,
    #[prost(string, tag = "2")]
    pub(super) url: String,
    #[prost(string, tag = "3")]
    pub(super) page: String,
    #[prost(string, tag = "4")]
    pub(super) expires_at: String,
}
