//! Whether an answer of the judge lets out what was asked about: a policy may mask some kinds and leave
//! the others, and what it leaves comes back by its own will.

use std::sync::Arc;

use magistrate_enrich::Redactor;
use magistrate_judge::{Decision, Verdict};

use super::ask::{Place, Question, arguments, joined};
use super::needles::Needles;

/// What came back.
pub(super) struct Answer {
    /// Head, body and trailers.
    pub(super) bytes: Vec<u8>,
    /// The verdicts that it rests on.
    pub(super) verdicts: Vec<Arc<Verdict>>,
}

/// The kind of a planted secret that stands in `answer` though no verdict leaves it there.
///
/// What a verdict leaves is what masking its policies' kinds alone leaves of the texts. A secret that
/// stands there with all kinds masked no policy could have left: the redactor does not know it.
pub(super) fn leak<'a>(
    (needles, redactor): (&'a Needles, &Redactor),
    question: &Question<'_>,
    answer: &Answer,
) -> Option<&'a str> {
    let found = needles.find_all(&answer.bytes);
    if found.is_empty() {
        return None;
    }
    let texts = question.texts;
    let left: Vec<String> = answer
        .verdicts
        .iter()
        .filter_map(|verdict| left_by(verdict, question.place, (redactor, texts)))
        .collect();
    let unknown = masked(redactor, texts, &[]);
    let is_left =
        |secret: &str| left.iter().any(|text| text.contains(secret)) && !unknown.contains(secret);
    let leak = found.into_iter().find(|needle| !is_left(&needle.secret));
    leak.map(|needle| needle.kind.as_str())
}

/// What a verdict gives back of texts; nothing where it gives back none.
fn left_by(
    verdict: &Verdict,
    place: Place,
    (redactor, texts): (&Redactor, &[String]),
) -> Option<String> {
    match verdict.decision {
        Decision::Redact => Some(masked(redactor, texts, &verdict.families)),
        Decision::Allow => place.gives_back().then(|| joined(texts)),
        Decision::Downgrade | Decision::RequireApproval | Decision::Block => None,
    }
}

/// Texts with `families` masked, in each way in which they are asked about.
fn masked(redactor: &Redactor, texts: &[String], families: &[String]) -> String {
    let (joined, arguments) = (joined(texts), arguments(texts));
    let mut reply = redactor.mask_reply(Some(&joined), Some(&arguments), families);
    let mut masked = reply.text.take().unwrap_or_default();
    let values = reply.arguments.iter().filter_map(|json| json.as_object());
    for value in values.flat_map(|object| object.values()) {
        masked.push('\n');
        masked.push_str(value.as_str().unwrap_or_default());
    }
    masked
}
