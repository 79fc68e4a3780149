//! Boosted trees: the sum of one leaf of each, and how it becomes a probability.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A model as `models/training/trees.py` writes it.
#[derive(Debug, Deserialize)]
pub(super) struct Trees {
    /// The names of the numbers that it sees.
    pub(super) features: Vec<String>,
    trees: Vec<Tree>,
    /// Calibration: log odds are `slope · score + offset`.
    slope: f64,
    offset: f64,
    /// By rate of false positives, such as `fpr_1`.
    #[serde(default)]
    thresholds: BTreeMap<String, Threshold>,
}

/// A score that so many harmless actions of sources left out lie above.
#[derive(Debug, Deserialize)]
struct Threshold {
    score: f64,
}

/// Children below 0 are leaves: `-1 - number`.
#[derive(Debug, Deserialize)]
struct Tree {
    feature: Vec<usize>,
    threshold: Vec<f64>,
    left: Vec<i64>,
    right: Vec<i64>,
    value: Vec<f64>,
}

impl Trees {
    /// Whether every tree ends, whatever it is asked, and holds numbers alone.
    pub(super) fn is_sound(&self) -> bool {
        let finite = [self.slope, self.offset]
            .iter()
            .all(|number| number.is_finite());
        finite
            && !self.trees.is_empty()
            && self
                .trees
                .iter()
                .all(|tree| tree.is_sound(self.features.len()))
    }

    /// The sum of the leaves for `numbers`, which are looked at as float32.
    pub(super) fn score(&self, numbers: &[f64]) -> f64 {
        self.trees.iter().map(|tree| tree.leaf(numbers)).sum()
    }

    /// The score that 1 % of the harmless actions of sources left out of training lie above.
    pub(super) fn alarm_above(&self) -> Option<f64> {
        self.thresholds.get("fpr_1").map(|one| one.score)
    }

    /// The probability that belongs to a score.
    pub(super) fn probability(&self, score: f64) -> f64 {
        1.0 / (1.0 + (-self.slope.mul_add(score, self.offset)).exp())
    }
}

impl Tree {
    fn is_sound(&self, features: usize) -> bool {
        let nodes = self.feature.len();
        let sizes = [self.threshold.len(), self.left.len(), self.right.len()];
        let children = || self.left.iter().chain(&self.right).enumerate();
        // A child stands behind its parent, so that each walk ends.
        let ends = children().all(|(at, child)| {
            let parent = at % nodes.max(1);
            match usize::try_from(*child) {
                Ok(child) => parent < child && child < nodes,
                Err(_) => usize::try_from(-1 - child).is_ok_and(|leaf| leaf < self.value.len()),
            }
        });
        sizes.iter().all(|size| *size == nodes)
            && ends
            && self.feature.iter().all(|feature| *feature < features)
            && self.threshold.iter().all(|threshold| !threshold.is_nan())
            && !self.value.is_empty()
            && self.value.iter().all(|value| value.is_finite())
    }

    fn leaf(&self, numbers: &[f64]) -> f64 {
        let mut at = if self.feature.is_empty() { -1 } else { 0 };
        while let Ok(node) = usize::try_from(at) {
            at = self.next(node, numbers).unwrap_or(-1);
        }
        let leaf = usize::try_from(-1 - at).ok();
        leaf.and_then(|leaf| self.value.get(leaf))
            .copied()
            .unwrap_or(0.0)
    }

    fn next(&self, node: usize, numbers: &[f64]) -> Option<i64> {
        let number = numbers.get(*self.feature.get(node)?)?;
        #[expect(clippy::cast_possible_truncation, reason = "trained on float32")]
        let number = f64::from(*number as f32);
        let children = if number <= *self.threshold.get(node)? {
            &self.left
        } else {
            &self.right
        };
        children.get(node).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trees(tree: &str) -> Trees {
        let text = format!(
            r#"{{"features": ["a", "b"], "slope": 2.0, "offset": -1.0, "trees": [{tree}]}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_walk_ends_in_a_leaf() {
        let trees = trees(
            r#"{"feature": [0, 1], "threshold": [0.5, 0.25], "left": [-1, -2], "right": [1, -3], "value": [1.0, 2.0, 4.0]},
               {"feature": [], "threshold": [], "left": [], "right": [], "value": [0.25]}"#,
        );
        assert!(trees.is_sound());
        for (numbers, score) in [([0.5, 9.0], 1.25), ([0.6, 0.25], 2.25), ([0.6, 0.5], 4.25)] {
            assert_eq!(trees.score(&numbers), score);
        }
        assert!((trees.probability(0.5) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn trees_that_would_not_end_are_refused() {
        for tree in [
            r#"{"feature": [0], "threshold": [0.5], "left": [0], "right": [-1], "value": [1.0]}"#,
            r#"{"feature": [0], "threshold": [0.5], "left": [-2], "right": [-1], "value": [1.0]}"#,
            r#"{"feature": [7], "threshold": [0.5], "left": [-1], "right": [-1], "value": [1.0]}"#,
            r#"{"feature": [0], "threshold": [], "left": [-1], "right": [-1], "value": [1.0]}"#,
            r#"{"feature": [], "threshold": [], "left": [], "right": [], "value": []}"#,
        ] {
            assert!(!trees(tree).is_sound(), "{tree}");
        }
    }
}
