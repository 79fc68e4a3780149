//! The shipped files and the hashes that they must have; `models/training/ship.py` made them.

/// A file inside the program.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) bytes: &'static [u8],
    /// In small hex digits.
    pub(super) sha256: &'static str,
}

pub(super) const TIER1: &[u8] = include_bytes!("../../weights/tier1.safetensors");
pub(super) const TIER2: &[u8] = include_bytes!("../../weights/tier2.safetensors");
pub(super) const TOKENIZER: &[u8] = include_bytes!("../../weights/tokenizer.json");
pub(super) const SCOPE: &[u8] = include_bytes!("../../weights/scope.json");
pub(super) const MEANINGS: &[u8] = include_bytes!("../../weights/meanings.safetensors");
pub(super) const CARD: &[u8] = include_bytes!("../../weights/card.json");
/// The card as people read it, in Markdown.
pub const CARD_PAGE: &str = include_str!("../../weights/card.md");

/// Every file that is read.
pub(super) const FILES: [File; 6] = [
    File {
        name: "tier1.safetensors",
        bytes: TIER1,
        sha256: "c684bf2e019cfae8a0a5380373bd60513300713e1d9cd44c52f4eb0a79fc0939",
    },
    File {
        name: "tier2.safetensors",
        bytes: TIER2,
        sha256: "ad350f6b2f1f57e3362ff425aa716048431f3f9cb2e8439f27451391d53a32cd",
    },
    File {
        name: "tokenizer.json",
        bytes: TOKENIZER,
        sha256: "b537891f0ce87cb5e6ba6f52dbb5d0b384a1a6f7a2f4099d20b51015c6052217",
    },
    File {
        name: "scope.json",
        bytes: SCOPE,
        sha256: "84c65bba3d9e380af22a0115319c1ead67b6d003581994a5a2f71697ec106fd8",
    },
    File {
        name: "meanings.safetensors",
        bytes: MEANINGS,
        sha256: "d014930abfaa9073a0d98854d9992c5d8e139b87ad9e2a033aae943306c5cb5a",
    },
    File {
        name: "card.json",
        bytes: CARD,
        sha256: "34ddd95dfa8b8e3f3929febe2cc22f41725f1e5140e1e0d3aadcd05066ce110c",
    },
];
