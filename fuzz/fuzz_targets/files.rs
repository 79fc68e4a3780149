//! Files that users bring: gitleaks rules, Sigma rules and policies, lists, keys, sealed texts. Any
//! bytes are what they should be, or a fault that is told.
#![no_main]

use libfuzzer_sys::fuzz_target;
use magistrate_enrich::{
    DetectFile, DetectLists, Detectors, Epoch, ListConfig, ListsBuilder, RedactKey, Redactor, RuleFile, Ruleset, SealKey,
    UnsealKey, sealed_for,
};

/// What custom rules are tried on.
const TEXT: &str = "password=hunter2 key AKIAZ7Q3N5XJ4K2WPLM6 \u{e9} end";

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, bytes)) = bytes.split_first() else { return };
    if kind % 4 == 0 {
        let config = ListConfig {
            name: "a".to_owned(),
            file: "a.csv".into(),
            columns: vec!["a".to_owned()],
            min_length: 5,
            kind: None,
        };
        let key = RedactKey::from_bytes([7; 32]);
        let mut lists = ListsBuilder::new(&key);
        let _ = lists.add(&config, bytes);
        std::hint::black_box(lists.finish());
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match kind % 4 {
        1 => rules(text),
        2 => {
            let file = DetectFile { name: "a.yml".to_owned(), text: text.to_owned() };
            std::hint::black_box(Ruleset::compile(&[file], &DetectLists::new()));
        }
        _ => {
            let _ = (SealKey::parse(text), UnsealKey::parse(text), sealed_for(text));
        }
    }
});

/// Compiles gitleaks rules, and looks at a text with them.
fn rules(text: &str) {
    let Ok(custom) = RuleFile::read("a.toml", text).and_then(RuleFile::compile) else { return };
    let key = RedactKey::from_bytes([7; 32]);
    let Ok(redactor) = Redactor::with(&key, Epoch(0), custom, Detectors::none()) else { return };
    let (once, _) = redactor.redact_text(TEXT);
    std::hint::black_box(once);
}
