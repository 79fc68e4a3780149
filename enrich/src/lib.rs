//! The pure steps of the path: bytes become events, and events lose their secrets.

mod context;
mod detect;
mod files;
mod graph;
mod hooks;
mod kept;
mod normalize;
mod redact;
mod same_name;
mod tool_names;
mod uid;
mod watch;

pub use context::{
    Before, CallTag, Context, ContextConfig, ContextRow, Observation, Rank, Retried, SessionFacts,
    SessionKey, scheduled_task,
};
pub use detect::{
    Alert, Answer, Case, Chosen as ChosenRules, Correlated, Correlator, Decision, DetectConfig,
    DetectFault, DetectFile, DetectLists, Grouper, Hit, Level, ListValues, LoadedRules, Matched,
    ModelScores, Policy, Question, RateLimit, Risks, Rule, RuleExample, RuleExamples, RuleKind,
    RulePlace, Ruleset, Sample, Sampled, Stage, Step, Suppression, Tally, TextPart, Unjudged,
    detection_reference, recalled, shipped_detections, shipped_lists, shipped_policies,
};
pub use files::look_at_files;
pub use graph::{
    Call, Clock as ProxyClock, ClockPairs, Evidence, FarFromTask, Flow, FlowsWanted, JoinedBy,
    ModelCall, Step as GraphStep, SubAgent, TaskGraph, Turn, Verdict as GraphVerdict, flows_wanted,
    task_graph,
};
pub use normalize::{Asked, Fault, Malformed, Normalized, normalize, normalize_action};
pub use redact::{
    Census, Choice, CustomRule, CustomRules, Decoded, Detectors, Epoch, Example, FileError,
    FileFault, KeyError, KeyPlace, KeyPlaceError, ListConfig, ListError, Lists, ListsBuilder,
    Loaded, MAX_ORIGINAL_BYTES, MAX_ORIGINALS, MAX_ROW_BYTES, MaskedReply, Original, Originals,
    PersonalConfig, RedactConfig, RedactKey, Redactor, Rows, RuleError, RuleFault, RuleFile,
    RuleWarning, SealConfig, SealError, SealKey, SealKeyError, SealKeyId, StreamRedactor,
    UnsealKey, parse_token, sealed_for, shipped_examples, unseal,
};
pub use tool_names::{Names, ToolNames};
pub use uid::UidKey;
pub use watch::{
    BLIND_SPOTS, BlindSpot, CoverageConfig, CoverageGroup, CoverageLine, CoverageState,
    InventoryLine, Notice, PathSeen, Watch, coverage_report, coverage_row, inventory_row,
};
