//! The judge that fuzz targets ask: shipped policies, and nothing is kept.

use std::sync::Arc;
use std::time::Duration;

use magistrate_enrich::{Context, ContextConfig, Epoch, RedactKey, Redactor, UidKey, shipped_lists, shipped_policies};
use magistrate_event::{Record, SystemClock};
use magistrate_judge::{
    ApprovalParts, ApprovalStore, Approvals, Audit, AuditLog, Config, Engine, Judge, Kept, Metrics, Parts, Policies,
    Postures, Profile, StoreChange,
};

/// Keeps nothing, at once.
struct Nowhere;

impl AuditLog for Nowhere {
    fn keep(&self, _: Vec<Record>, _: Audit) -> Kept {
        Box::pin(async { Ok(()) })
    }
}

impl ApprovalStore for Nowhere {
    fn keep(&self, _: Vec<StoreChange>) -> Kept {
        Box::pin(async { Ok(()) })
    }
}

/// A judge of its own.
pub fn judge() -> Arc<Judge> {
    let (policies, _) = Policies::compile(&shipped_policies(), &shipped_lists(), Profile::Native);
    let config = Config::default();
    let redactor = Redactor::new(&RedactKey::from_bytes([7; 32]), Epoch(0)).expect("the shipped rules compile");
    let redactor = Arc::new(redactor);
    let engine = Engine::new(Parts {
        redactor: Arc::clone(&redactor),
        uid_key: UidKey::new([7; 32]),
        policies,
        context: Context::new(&ContextConfig::default()),
        models: None,
        read_only: Duration::from_secs(60),
        postures: Postures::new(&config),
        clock: Arc::new(SystemClock),
        run: 1,
    });
    let audit: Arc<dyn AuditLog> = Arc::new(Nowhere);
    let parts = ApprovalParts {
        store: Arc::new(Nowhere),
        audit: Arc::clone(&audit),
        redactor,
        uid_key: UidKey::new([7; 32]),
        clock: Arc::new(SystemClock),
        config: config.approvals.clone(),
        judge_url: String::new(),
        console_url: String::new(),
        rehearser: "rehearser",
    };
    let kept = (audit, Arc::new(Approvals::open(parts, [])));
    let judge = Judge::new(engine, kept, Metrics::default(), config, 1).expect("threads start");
    Arc::new(judge)
}
