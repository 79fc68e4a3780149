//! What Envoy asks over gRPC: ext_authz (`check`) and ext_proc (`process`).
//!
//! The messages here are those parts of Envoy's that the judge reads or writes, declared by hand with
//! Envoy's numbers (envoyproxy/data-plane-api); what else is in them is skipped. The whole set of
//! types would be 89,000 lines to compile.

pub(super) mod check;
mod header;
pub(super) mod process;
