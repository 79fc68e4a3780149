//! The shipped files and the hashes that they must have; `models/training/ship.py` made them.

/// A file inside the program.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) bytes: &'static [u8],
    /// In small hex digits.
    pub(super) sha256: &'static str,
}

// Statics: a constant is written into the program once for each part of it that was compiled by itself.
pub(super) static TIER1: &[u8] = include_bytes!("../../weights/tier1.safetensors");
pub(super) static TIER2: &[u8] = include_bytes!("../../weights/tier2.safetensors");
pub(super) static TOKENIZER: &[u8] = include_bytes!("../../weights/tokenizer.json");
pub(super) static SCOPE: &[u8] = include_bytes!("../../weights/scope.json");
pub(super) static MEANINGS: &[u8] = include_bytes!("../../weights/meanings.safetensors");
pub(super) static CARD: &[u8] = include_bytes!("../../weights/card.json");
/// The card as people read it, in Markdown.
pub const CARD_PAGE: &str = include_str!("../../weights/card.md");

/// Every file that is read.
pub(super) static FILES: [File; 6] = [
    File {
        name: "tier1.safetensors",
        bytes: TIER1,
        sha256: "0d9c7850f9b4464dc91561bc5a8b6f719231578f582c49ce8b85240d45e952c0",
    },
    File {
        name: "tier2.safetensors",
        bytes: TIER2,
        sha256: "743a921184902cf83711b5682f2378f69a64bfcb866c161c61e7ad6edce44e2a",
    },
    File {
        name: "tokenizer.json",
        bytes: TOKENIZER,
        sha256: "b3ee44724832bc87e3899f5b7095b6801a2abaaace9d78e84eba4d719b4ca461",
    },
    File {
        name: "scope.json",
        bytes: SCOPE,
        sha256: "99fca6bee326e488ae6c842cf3f5d9a441d80de91d06705fa5355ee7f938a356",
    },
    File {
        name: "meanings.safetensors",
        bytes: MEANINGS,
        sha256: "33481a6191b9ea811d71ebab29910d007e422719b205dfa6b95e1c023959f11a",
    },
    File {
        name: "card.json",
        bytes: CARD,
        sha256: "34714c2d2166d5ca8080b0655859b53fa369bff6d8ddf5fc6e7121a25deffdde",
    },
];
