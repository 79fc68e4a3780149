//! Models in a folder, with the hashes that its card states.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};

use super::card::Card;
use super::{LoadError, Parts, files, hash};
use crate::tier2::with_head;
use crate::tune::{Quality, Tuned};

const TIER2: &str = "tier2.safetensors";
/// No file of ours is larger.
const MAX_BYTES: u64 = 512 * 1_024 * 1_024;

/// Reads all files of `folder` and checks them against its card.
///
/// # Errors
/// When one cannot be read, or is not the one that the card states.
pub(super) fn read(folder: &Path) -> Result<Parts, LoadError> {
    let card = bytes(folder, "card.json")?;
    let stated: Card = serde_json::from_slice(&card)?;
    let file = |name: &'static str| {
        let found = bytes(folder, name)?;
        stated.check(name, &hash(&found))?;
        Ok::<_, LoadError>(found.into())
    };
    Ok(Parts {
        tier1: file("tier1.safetensors")?,
        tier2: file("tier2.safetensors")?,
        tokenizer: file("tokenizer.json")?,
        scope: file("scope.json")?,
        meanings: file("meanings.safetensors")?,
        card: card.into(),
    })
}

/// Writes the shipped files with a tuned head; the card, which says so, comes last.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(folder: &Path, tuned: &Tuned) -> Result<(), LoadError> {
    let tier2 = with_head(files::TIER2, &tuned.head).map_err(|source| LoadError::Weights {
        name: TIER2,
        source,
    })?;
    let card = card_of(tuned, &tier2)?;
    for (name, bytes) in [
        ("tier1.safetensors", files::TIER1),
        (TIER2, &tier2),
        ("tokenizer.json", files::TOKENIZER),
        ("scope.json", files::SCOPE),
        ("meanings.safetensors", files::MEANINGS),
        ("card.json", &card),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|source| LoadError::Write { path, source })?;
    }
    Ok(())
}

/// The shipped card with the new hash, the new alarm, and what came of tuning.
fn card_of(tuned: &Tuned, tier2: &[u8]) -> Result<Vec<u8>, LoadError> {
    let mut card: Value = serde_json::from_slice(files::CARD)?;
    let quality = |one: Quality| {
        json!({
            "attacks": one.attacks, "harmless": one.harmless,
            "auc": one.auc, "recall_1%": one.recall_at_1_percent,
        })
    };
    let told = json!({
        "rows": tuned.trained,
        "kept_out_before": quality(tuned.before),
        "kept_out_after": quality(tuned.after),
    });
    let changes = [
        ("/files/tier2.safetensors/sha256", Some(json!(hash(tier2)))),
        ("/files/tier2.safetensors/bytes", Some(json!(tier2.len()))),
        (
            "/tier2/thresholds_without_quoting/1%",
            tuned.alarm_above.map(|alarm| json!(alarm)),
        ),
    ];
    for (place, value) in changes {
        if let (Some(old), Some(value)) = (card.pointer_mut(place), value) {
            *old = value;
        }
    }
    if let Some(whole) = card.as_object_mut() {
        whole.insert("tuned".to_owned(), told);
    }
    Ok(serde_json::to_vec_pretty(&card)?)
}

fn bytes(folder: &Path, name: &'static str) -> Result<Vec<u8>, LoadError> {
    let path = folder.join(name);
    let because = |source| LoadError::Read {
        path: path.clone(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(&path).map_err(because)?;
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(because)?;
    Ok(bytes)
}
