//! Fingerprints of text, so that a part of it is known again where it comes out, even when edited.
//!
//! Winnowing (Schleimer, Wilkerson, Aiken: "Winnowing: Local Algorithms for Document
//! Fingerprinting", SIGMOD 2003) over letters and digits alone: white space, punctuation, case,
//! JSON and percent escapes make no difference. A stretch of 43 letters that two texts share has a
//! fingerprint in both.

use crate::redact::{MARKER_START, markers};

/// Letters that one fingerprint covers.
const GRAM: usize = 20;
/// Of so many fingerprints in a row one is kept.
const WINDOW: usize = 24;
/// Longer texts are looked at in part.
const MAX_TEXT_BYTES: usize = 256 * 1024;
/// A text has no more of them.
const MAX_PRINTS: usize = 256;
/// The base of the rolling hash; odd, and random for no reason but that.
const BASE: u64 = 0x9e37_79b9_7f4a_7c15;

/// The hash of a stretch of text, or of the marker that stands for a masked value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Print(u32);

impl Print {
    /// From the number that [`Print::number`] gave.
    pub(super) const fn from_number(number: u32) -> Self {
        Self(number)
    }

    /// As a number, to be stored.
    pub(super) const fn number(self) -> u32 {
        self.0
    }

    /// Whether it stands for a masked value: one in common is enough.
    pub(super) const fn is_marker(self) -> bool {
        self.0 & 1 == 1
    }

    const fn of_gram(hash: u64) -> Self {
        let mixed = (hash ^ (hash >> 29)).wrapping_mul(BASE);
        Self((mixed >> 32) as u32 & !1)
    }

    fn of_marker(marker: &[u8]) -> Self {
        let hash = marker
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
                (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
            });
        Self((hash >> 32) as u32 | 1)
    }
}

/// The fingerprints of `text`, sorted, each once. Of a long text every second, fourth, … is kept,
/// chosen by its value, so that what two texts have in common is chosen in both.
pub(super) fn prints(text: &str) -> Vec<Print> {
    let bytes = text.as_bytes();
    let bytes = bytes.get(..MAX_TEXT_BYTES).unwrap_or(bytes);
    let mut found = Vec::new();
    let mut letters = Vec::with_capacity(bytes.len().min(16 * 1024));
    let mut from = 0;
    for marker in markers(bytes) {
        winnow(part(bytes, from, marker.start()), &mut letters, &mut found);
        let whole = part(bytes, marker.start(), marker.end());
        if tells(whole) {
            found.push(Print::of_marker(whole));
        }
        from = marker.end();
    }
    winnow(part(bytes, from, bytes.len()), &mut letters, &mut found);
    found.sort_unstable();
    found.dedup();
    thin(&mut found, MAX_PRINTS);
    found
}

/// Keeps at most `max`, by halving; of markers, which stay, the first.
pub(super) fn thin(prints: &mut Vec<Print>, max: usize) {
    let mut mask = 0_u32;
    for _ in 0..16 {
        if prints.len() <= max {
            return;
        }
        mask = mask << 1 | 1;
        prints.retain(|print| print.is_marker() || (print.0 >> 1) & mask == 0);
    }
    prints.truncate(max);
}

/// Whether a masked value is one that tells where a text came from: what stands in every mail
/// and every file does not.
fn tells(marker: &[u8]) -> bool {
    let kind = marker.get(MARKER_START.len()..).unwrap_or_default();
    ![
        &b"personal.email"[..],
        b"personal.phone",
        b"personal.name",
        b"personal.ip",
    ]
    .iter()
    .any(|kinds| kind.starts_with(kinds))
}

fn part(bytes: &[u8], from: usize, to: usize) -> &[u8] {
    bytes.get(from..to).unwrap_or_default()
}

/// Adds the fingerprints of a text without markers.
fn winnow(text: &[u8], letters: &mut Vec<u8>, found: &mut Vec<Print>) {
    letters.clear();
    push_letters(text, letters);
    let lead = BASE.wrapping_pow(u32::try_from(GRAM).unwrap_or(0));
    let mut hash = 0_u64;
    let mut window = [Print(u32::MAX); WINDOW];
    let mut least = (0, Print(u32::MAX));
    for (at, letter) in letters.iter().enumerate() {
        hash = hash.wrapping_mul(BASE).wrapping_add(u64::from(*letter));
        if let Some(old) = at.checked_sub(GRAM).and_then(|old| letters.get(old)) {
            hash = hash.wrapping_sub(u64::from(*old).wrapping_mul(lead));
        }
        let Some(gram) = (at + 1).checked_sub(GRAM) else {
            continue;
        };
        let print = Print::of_gram(hash);
        if let Some(place) = window.get_mut(gram % WINDOW) {
            *place = print;
        }
        let is_full = gram + 1 >= WINDOW;
        if print <= least.1 {
            least = (gram, print);
        } else if is_full && least.0 + WINDOW <= gram {
            least = least_of(&window, gram);
        } else if gram + 1 != WINDOW {
            continue;
        }
        if is_full {
            found.push(least.1);
        }
    }
    // A text shorter than a window has one all the same.
    if (GRAM..GRAM + WINDOW - 1).contains(&letters.len()) {
        found.push(least.1);
    }
}

/// The least in the window that ends with `gram`, the latest of equals.
fn least_of(window: &[Print; WINDOW], gram: usize) -> (usize, Print) {
    let mut least = (gram, Print(u32::MAX));
    for at in (gram + 1).saturating_sub(WINDOW)..=gram {
        let print = window.get(at % WINDOW).copied();
        if let Some(print) = print
            && print <= least.1
        {
            least = (at, print);
        }
    }
    least
}

/// Adds the letters and digits of `text`, lower case, escapes undone; other scripts byte by byte.
fn push_letters(text: &[u8], letters: &mut Vec<u8>) {
    let mut at = 0;
    while let Some(byte) = text.get(at).copied() {
        at += 1;
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | 0x80.. => letters.push(byte),
            b'A'..=b'Z' => letters.push(byte.to_ascii_lowercase()),
            b'\\' if matches!(text.get(at), Some(b'n' | b't' | b'r')) => at += 1,
            b'%' => {
                if let Some(decoded) = hex_pair(text.get(at..at + 2)) {
                    at += 2;
                    if decoded.is_ascii_alphanumeric() || decoded >= 0x80 {
                        letters.push(decoded.to_ascii_lowercase());
                    }
                }
            }
            _ => {}
        }
    }
}

fn hex_pair(pair: Option<&[u8]>) -> Option<u8> {
    let [high, low] = pair? else { return None };
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str = "The quarterly margin in the northern region fell to 11.4 percent, \
        because the Rotterdam plant stood still for nine days; the board has not been told yet.";

    fn shared(a: &str, b: &str) -> usize {
        let b = prints(b);
        prints(a)
            .iter()
            .filter(|print| b.binary_search(print).is_ok())
            .count()
    }

    #[test]
    fn a_sentence_is_known_again_in_another_dress() {
        let copied = "Hi! FYI -- the Quarterly margin in the northern\\nregion FELL to 11.4 percent, because the Rotterdam plant stood still";
        assert!(shared(TEXT, copied) >= 2);
        let in_url = "https://x.example/?q=quarterly%20margin%20in%20the%20northern%20region%20fell%20to%2011.4%20percent";
        assert!(shared(TEXT, in_url) >= 1);
        assert_eq!(
            shared(
                TEXT,
                "Another text that has next to nothing in common with it, apart from its language."
            ),
            0
        );
    }

    #[test]
    fn a_masked_value_is_known_by_its_marker_alone() {
        let masked = "key [redacted:credential.aws_access_key_id:abcdefgh234567ab] end";
        let other = "key [redacted:credential.aws_access_key_id:zzzzzzzzzzzzzzzz] end";
        let out = "curl -d [redacted:credential.aws_access_key_id:abcdefgh234567ab] x.example";
        assert_eq!((shared(masked, out), shared(other, out)), (1, 0));
        assert!(prints(masked).iter().all(|print| print.is_marker()));
        let mail = "write to [redacted:personal.email:abcdefgh234567ab] now";
        assert_eq!(prints(mail), []);
    }

    #[test]
    fn a_long_text_has_few_and_a_part_of_it_is_known() {
        let lines = (0..4_000).map(|number| format!("row {number}: {} units\n", number * 7_919));
        let long: String = lines.collect();
        let prints_of_long = prints(&long);
        assert!(prints_of_long.len() <= MAX_PRINTS);
        let part: String = long.chars().skip(20_000).take(30_000).collect();
        assert!(shared(&long, &part) > 20);
    }

    #[test]
    fn short_texts_have_none() {
        assert_eq!(prints("yes, do it"), []);
        assert_eq!(prints("twenty letters or more here").len(), 1);
    }

    proptest! {
        #[test]
        fn what_two_texts_share_has_a_print_in_both(
            before in "[a-z ]{0,80}",
            common in "[a-z0-9]{43,90}",
            after in "[a-z ]{0,80}",
            other in "[a-z ]{0,80}",
        ) {
            let one = format!("{before}{common}{after}");
            let two = format!("{other}{common}");
            prop_assert!(shared(&one, &two) >= 1);
        }

        #[test]
        fn no_text_makes_it_panic(text in "(?s).{0,300}") {
            prints(&text);
            prints(&format!("[redacted:{text}"));
        }
    }
}
