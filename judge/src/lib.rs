//! The judge: asks policies about an action before it happens, and answers inside a deadline.
//!
//! A question comes through a door (`door`), becomes an event, is redacted and shown to the
//! policies (`engine`), is decided (`decision`: pure, total, monotone), and is answered once the
//! verdict's record is kept (`judge`).

mod again;
mod answers;
mod approvals;
mod audit;
mod calls;
mod category;
mod config;
mod decision;
mod door;
mod engine;
mod explain;
mod inquiry;
mod judge;
mod limits;
mod llm;
mod metrics;
mod misfit;
mod orders;
mod pace;
mod past;
mod policies;
mod pool;
mod profile;
mod read_only;
mod reasons;
mod request;
mod row;
mod scores;
mod session_facts;
mod signed;
mod texts;
mod turn;
mod verdict;
mod webhook_key;

pub use again::{Again, Seen, Would};
pub use approvals::{
    Approval, ApprovalParts, ApprovalStore, Approvals, ApprovalsConfig, Binding, Choice,
    DecideError, Line, NotOpen, State, Step, StoreChange, Use, Vote, WebhookConfig,
};
pub use audit::{AuditError, AuditLog, Kept};
pub use category::{Audit, OnError, Posture, Postures, category_of};
pub use config::{CategoryConfig, Config, InferenceHooksConfig};
pub use decision::{Carries, Carry, Decision, Facts, Failure, Findings, Match, Ruling, decide};
pub use door::{
    Caller, IcapLimits, Insider, router, router_within, serve_icap, serve_icap_within,
    takes_api_key,
};
pub use engine::{Engine, Judged, Looked, Moment, Parts, Prepared, Ruled};
pub use explain::Explained;
pub use inquiry::{Door, Inquiry};
pub use judge::{Judge, Overload, Seat};
pub use limits::Limited;
pub use llm::{Llm, LlmConfig, LlmError, LlmKind};
pub use metrics::Metrics;
pub use orders::text_with_orders;
pub use past::{Past, Standing};
pub use policies::{LoadedNotes, Policies};
pub use profile::Profile;
pub use request::{Request, RequestError};
pub use signed::Signed;
pub use verdict::{Constraints, Masked, Reason, Ticket, Tier, Verdict};
pub use webhook_key::{NoWebhookKey, Stamp, WebhookKey};
