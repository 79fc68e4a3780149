//! The audit journal: what was answered, in an order that nobody can change unseen.
//!
//! An entry is written (write(2): it outlives the program) before the answer that it tells of, and
//! synced right after, together with others. Each entry holds the hash of itself and of all before
//! it; checkpoints, signed, say so once a second while there is something to say. Entries are what
//! the queue stores: what a kill kept from the queue is appended to it at the next start.

mod chain;
mod entry;
mod journal;
mod segment;
mod verify;

pub use chain::{ChainHash, NotAChainHash};
pub use entry::public_key;
pub use journal::{Config as JournalConfig, Journal, JournalError};
pub use verify::{Finding as AuditFinding, Report as AuditReport, verify as verify_audit};
