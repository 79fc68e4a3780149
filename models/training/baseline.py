"""Whether a family is separable by an artefact: TF-IDF and logistic regression, one family left out at a time.

    python -m models.training.baseline DIR [--task injection|scope] [--most N]

A sanity check, not a model. A family that is easy although left out teaches little; one whose own AUC (half against
half) is far above the left-out one has wording of its own that gives the label away. Needs scikit-learn.
"""

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from . import splits
from .dedup import content
from .rows import GENERATED, Row, family, read

HARMLESS = ("benign", "in_scope")


def is_attack(row: Row) -> bool:
    """Whether a row's label is the one to find."""
    return row["label"] not in HARMLESS


def sampled(rows: Sequence[Row], most: int) -> list[Row]:
    """At most so many rows of each family and side."""
    kept, counts = [], Counter()
    for row in random.Random(0).sample(list(rows), len(rows)):
        counts[family(row), is_attack(row)] += 1
        if counts[family(row), is_attack(row)] <= most:
            kept.append({**row, "at": len(kept)})
    return kept


class Baseline:
    """The features of all rows, made once, and fits on parts of them."""

    def __init__(self, rows: Sequence[Row]):
        from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
        from sklearn.pipeline import make_pipeline, make_union

        words = HashingVectorizer(ngram_range=(1, 2), n_features=2**17, alternate_sign=False)
        letters = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 4), n_features=2**17, alternate_sign=False)
        self._features = make_pipeline(make_union(words, letters), TfidfTransformer(sublinear_tf=True)).fit_transform(
            [content(row)[:6000] for row in rows]
        )

    def judge(self, train: Sequence[Row], test: Sequence[Row]) -> tuple[float, float]:
        """ROC AUC, and recall at one percent false positives."""
        from sklearn.linear_model import SGDClassifier
        from sklearn.metrics import roc_auc_score, roc_curve

        model = SGDClassifier(loss="log_loss", alpha=3e-6, max_iter=10, tol=None, random_state=0)
        model.fit(self._features[[row["at"] for row in train]], [is_attack(row) for row in train], sample_weight=splits.weights(train))
        truth, scores = [is_attack(row) for row in test], model.decision_function(self._features[[row["at"] for row in test]])
        false, true, _ = roc_curve(truth, scores)
        return roc_auc_score(truth, scores), max(found for wrong, found in zip(false, true, strict=True) if wrong <= 0.01)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path, help="folder that build wrote")
    parser.add_argument("--task", choices=("injection", "scope"), default="injection")
    parser.add_argument("--most", type=int, default=150, help="rows of each family and side")
    options = parser.parse_args()
    rows = sampled([row for part in ("train", "holdout") for row in read(options.corpus / options.task / f"{part}.jsonl")], options.most)
    baseline = Baseline(rows)
    lent = [row for row in rows if row["source"].startswith("pkg:")][::3]
    lent_at = {row["at"] for row in lent}
    print(f"{'left out':36} rows benign    AUC   @1%  own AUC")
    for split in [*splits.leave_one_out(rows, True), *splits.leave_one_out(rows, False)]:
        sides = {is_attack(row) for row in split.test}
        if sides == {False} or sides == {True} and not lent:
            continue
        # A source of attacks alone is judged against harmless passages of packages, kept from training.
        test, train = (
            (split.test + lent, [row for row in split.train if row["at"] not in lent_at]) if sides == {True} else (split.test, split.train)
        )
        auc, recall = baseline.judge(train, test)
        own = f"{baseline.judge(split.test[::2], split.test[1::2])[0]:8.3f}" if len(sides) == 2 else "       *"
        print(
            f"{split.left_out[:36]:36} {len(split.test):4} {sum(not is_attack(row) for row in test):6} {auc:6.3f} {recall:5.2f} {own}",
            flush=True,
        )
    print(f"* attacks alone, judged against {len(lent)} harmless passages. Generated families start with {GENERATED}")


if __name__ == "__main__":
    main()
