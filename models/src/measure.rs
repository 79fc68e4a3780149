//! How good scores are on labelled texts: ROC AUC, and recall at a rate of false positives.
//!
//! The same definitions as `models/training/figures.py`.

/// The score of something whose label is known; higher is worse.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// The score.
    pub score: f64,
    /// Whether it is what is looked for.
    pub is_attack: bool,
}

fn sorted(scored: &[Scored], is_attack: bool) -> Vec<f64> {
    let wanted = scored.iter().filter(|one| one.is_attack == is_attack);
    let mut scores: Vec<f64> = wanted.map(|one| one.score).collect();
    scores.sort_by(f64::total_cmp);
    scores
}

/// The chance that an attack scores above a harmless one; ties count half. `None` without both.
#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^52")]
pub fn auc(scored: &[Scored]) -> Option<f64> {
    let (attacks, harmless) = (sorted(scored, true), sorted(scored, false));
    let below = attacks.iter().map(|score| {
        let less = harmless.partition_point(|other| other < score);
        let same = harmless.partition_point(|other| other <= score) - less;
        less as f64 + same as f64 / 2.0
    });
    let pairs = attacks.len() as f64 * harmless.len() as f64;
    (pairs > 0.0).then(|| below.sum::<f64>() / pairs)
}

/// The lowest threshold at which at most `rate` of the harmless score strictly above it. `None`
/// without harmless ones.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rate of a count"
)]
pub fn threshold_at(scored: &[Scored], rate: f64) -> Option<f64> {
    let harmless = sorted(scored, false);
    let above = (rate * harmless.len() as f64) as usize;
    harmless.iter().rev().nth(above).copied()
}

/// The share of attacks that score strictly above `threshold`. `None` without attacks.
pub fn recall_above(scored: &[Scored], threshold: f64) -> Option<f64> {
    share_above(scored, threshold, true)
}

/// The share of harmless ones that score strictly above `threshold`. `None` without any.
pub fn flagged_above(scored: &[Scored], threshold: f64) -> Option<f64> {
    share_above(scored, threshold, false)
}

/// The F1 of calling an attack what scores strictly above `threshold`. `None` without attacks.
#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^52")]
pub fn f1_above(scored: &[Scored], threshold: f64) -> Option<f64> {
    let attacks = scored.iter().filter(|one| one.is_attack).count();
    let flagged = scored.iter().filter(|one| one.score > threshold);
    let (mut found, mut all) = (0_usize, 0_usize);
    for one in flagged {
        all += 1;
        found += usize::from(one.is_attack);
    }
    (attacks > 0).then(|| 2.0 * found as f64 / (all + attacks) as f64)
}

#[expect(clippy::cast_precision_loss, reason = "rows are far fewer than 2^52")]
fn share_above(scored: &[Scored], threshold: f64, is_attack: bool) -> Option<f64> {
    let scores = sorted(scored, is_attack);
    let above = scores.len() - scores.partition_point(|score| *score <= threshold);
    (!scores.is_empty()).then(|| above as f64 / scores.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(attacks: &[f64], harmless: &[f64]) -> Vec<Scored> {
        let with = |is_attack| move |&score: &f64| Scored { score, is_attack };
        attacks
            .iter()
            .map(with(true))
            .chain(harmless.iter().map(with(false)))
            .collect()
    }

    #[test]
    fn an_auc_counts_pairs_and_ties_half() {
        assert_eq!(auc(&scored(&[3.0, 1.0], &[0.0, 2.0])), Some(0.75));
        assert_eq!(auc(&scored(&[1.0], &[1.0])), Some(0.5));
        assert_eq!(auc(&scored(&[1.0], &[])), None);
    }

    #[test]
    fn a_threshold_lets_no_more_than_the_rate_above_it() {
        let harmless: Vec<f64> = (0..100).map(f64::from).collect();
        let all = scored(&[98.5, 200.0, 50.0, 99.0], &harmless);
        let threshold = threshold_at(&all, 0.01).unwrap();
        assert_eq!(threshold, 98.0);
        assert_eq!(flagged_above(&all, threshold), Some(0.01));
        assert_eq!(recall_above(&all, threshold), Some(0.75));
        assert_eq!(f1_above(&all, threshold), Some(2.0 * 3.0 / (4.0 + 4.0)));
        assert_eq!(f1_above(&scored(&[], &[1.0]), 0.0), None);
        assert_eq!(threshold_at(&scored(&[1.0], &[]), 0.01), None);
        assert_eq!(recall_above(&scored(&[], &[1.0]), 0.0), None);
    }
}
