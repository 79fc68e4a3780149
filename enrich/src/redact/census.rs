//! Counts characters that hide something from the eye, for those who look for injections.

use super::decode::unicode::{
    Seen, character, is_bidi_control, is_private_use, is_selector, is_tag, is_zero_width, seen,
};

/// How many suspicious characters a text holds, by class. Nothing is masked for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Census {
    /// Characters of the tag block, which write invisible ASCII.
    pub tags: u32,
    /// Characters without width beside ASCII or beside one another; those that emoji and scripts
    /// need are not counted.
    pub zero_width: u32,
    /// Controls of the bidirectional algorithm, which reorder what is shown.
    pub bidi_controls: u32,
    /// Variation selectors that vary nothing.
    pub variation_selectors: u32,
    /// Words that mix ASCII letters with letters of other scripts that look like them.
    pub mixed_words: u32,
    /// Characters of private use.
    pub private_use: u32,
}

/// What a census is called among findings.
pub(crate) const KIND: &str = "content.suspicious_characters";

impl Census {
    /// Counts in `text`.
    pub fn of(text: &str) -> Self {
        let mut census = Self::default();
        if text.is_ascii() {
            return census;
        }
        let bytes = text.as_bytes();
        let mut word_end = 0;
        let places = bytes.iter().enumerate();
        for (at, _) in places.filter(|(_, byte)| can_lead(**byte)) {
            let Some((c, len)) = character(bytes, at) else {
                continue;
            };
            let before = text.get(..at).and_then(|text| text.chars().next_back());
            let after = text.get(at + len..).and_then(|text| text.chars().next());
            if is_letter_alike(c) {
                if at >= word_end
                    && [before, after]
                        .into_iter()
                        .flatten()
                        .any(|c| c.is_ascii_alphabetic())
                {
                    census.mixed_words = census.mixed_words.saturating_add(1);
                    word_end = word_end_after(text, at);
                }
            } else {
                census.count(c, before, after);
            }
        }
        census
    }

    /// Counts in `text` too.
    pub fn add(&mut self, text: &str) {
        let more = Self::of(text);
        let pairs = [
            (&mut self.tags, more.tags),
            (&mut self.zero_width, more.zero_width),
            (&mut self.bidi_controls, more.bidi_controls),
            (&mut self.variation_selectors, more.variation_selectors),
            (&mut self.mixed_words, more.mixed_words),
            (&mut self.private_use, more.private_use),
        ];
        for (count, more) in pairs {
            *count = count.saturating_add(more);
        }
    }

    /// Whether nothing suspicious was found.
    pub fn is_empty(&self) -> bool {
        self.classes().all(|(_, count)| count == 0)
    }

    /// Each class by name, and its count.
    pub fn classes(&self) -> impl Iterator<Item = (&'static str, u32)> {
        [
            ("tags", self.tags),
            ("zero_width", self.zero_width),
            ("bidi_controls", self.bidi_controls),
            ("variation_selectors", self.variation_selectors),
            ("mixed_words", self.mixed_words),
            ("private_use", self.private_use),
        ]
        .into_iter()
    }

    fn count(&mut self, c: char, before: Option<char>, after: Option<char>) {
        let is_needed = before.is_some_and(|c| !c.is_ascii() && !is_invisible(c))
            || after == Some('\u{20e3}')
            || c == '\u{feff}' && before.is_none();
        let count = if is_tag(c) {
            &mut self.tags
        } else if is_bidi_control(c) {
            &mut self.bidi_controls
        } else if is_private_use(c) {
            &mut self.private_use
        } else if is_zero_width(c) && !is_needed {
            &mut self.zero_width
        } else if is_selector(c) && !is_needed {
            &mut self.variation_selectors
        } else {
            return;
        };
        *count = count.saturating_add(1);
    }
}

fn is_invisible(c: char) -> bool {
    is_zero_width(c) || is_selector(c) || is_bidi_control(c) || is_tag(c)
}

fn is_letter_alike(c: char) -> bool {
    matches!(seen(c), Seen::Ascii(byte) if byte.is_ascii_alphabetic())
}

/// Whether any character that is counted can begin with `lead` in UTF-8.
const fn can_lead(lead: u8) -> bool {
    super::decode::unicode::can_lead(lead) || matches!(lead, 0xee | 0xf4)
}

fn word_end_after(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.find(|c: char| !c.is_alphanumeric())
        .map_or(text.len(), |len| at + len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_is_counted() {
        for (text, class, count) in [
            ("a\u{e0041}\u{e0042}", "tags", 2),
            ("pass\u{200b}\u{200c}word", "zero_width", 2),
            ("abc\u{202e}fed\u{202c}", "bidi_controls", 2),
            ("a\u{fe01}\u{e0101}\u{e0102}", "variation_selectors", 3),
            ("рassԝоrd and pаypal but not пароль", "mixed_words", 2),
            ("x\u{e000}\u{f0001}", "private_use", 2),
        ] {
            let census = Census::of(text);
            let counted: Vec<_> = census.classes().filter(|(_, count)| *count > 0).collect();
            assert_eq!(counted, [(class, count)], "{text:?}");
            assert!(!census.is_empty());
        }
    }

    #[test]
    fn what_scripts_and_emoji_need_is_not_suspicious() {
        for text in [
            "",
            "plain",
            "Größe – «voilà» “so”",
            "設定を変更、しました",
            "👩\u{200d}👩\u{200d}👧 ❤\u{fe0f} 1\u{fe0f}\u{20e3}",
            "می\u{200c}خواهم",
            "\u{feff}begins with a mark",
            "пароль и кабель",
        ] {
            assert!(
                Census::of(text).is_empty(),
                "{text}: {:?}",
                Census::of(text)
            );
        }
    }
}
