"""Figures of tier 2 and of the cascade on texts that training did not see, from the scores of a run.

    python -m models.training.judge CACHE RUN --tier1 FOLDER --out FILE

`RUN` holds `scores.npz` (of `tier2 score`), `FOLDER` the `tier1_*.npy` of a tier 1 that was trained without the same rows.
Recall counts scores strictly above the threshold. Temperature is fitted on holdout, whose families weigh the same.
"""

import argparse
import json
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from . import splits
from .figures import HARMLESS, auc, recall_at, sent_at, threshold_at
from .prepare import FOREIGN
from .rows import Row, family

# Families of attacks that stand inside something an agent reads.
EMBEDDED = ("ASB", "agentdojo", "TaskTracker-triggers", "InjecAgent", "BIPIA", "gen:")
NOT_EMBEDDED = ("gen:direct", "gen:jailbreaks", "gen:trigger_words", "gen:tongues_only")
RATES = (0.01, 0.03, 0.05)
# Articles that quote attacks, of a kind held out: a third of the harmless texts, and nearly all of the false positives.
QUOTING = "gen:security_talk"


def odds(logits: np.ndarray) -> np.ndarray:
    """The log odds of an attack; (N, 3) to (N,)."""
    return np.logaddexp(logits[:, 1], logits[:, 2]) - logits[:, 0]


def is_embedded(row: Row) -> bool:
    """Whether a row is a text that an agent reads, with or without an attack inside."""
    name = row["source"]
    carried = name.startswith(EMBEDDED) and not name.startswith(NOT_EMBEDDED)
    return carried or row["label"] == "benign" and name.startswith(("pkg:", "gdm_stealth", "package docs", "SWE-Lancer"))


def figures(rows: Sequence[Row], scores: np.ndarray) -> dict:
    """AUC and recalls of rows with both labels."""
    truth = np.array([row["label"] not in HARMLESS for row in rows])
    found = {"harmless": int((~truth).sum()), "attacks": int(truth.sum())}
    if truth.any() and not truth.all():
        found["auc"] = round(auc(truth, scores), 4)
        for rate in RATES:
            found[f"recall_{rate:.0%}"] = round(recall_at(truth, scores, rate), 4)
    return found


def by(rows: Sequence[Row], scores: np.ndarray, key: Callable[[Row], str], limit: float) -> dict:
    """For each kind of row: attacks found and harmless flagged above a fixed score; AUC against all other side's rows."""
    truth = np.array([row["label"] not in HARMLESS for row in rows])
    kinds = np.array([key(row) for row in rows])
    found = {}
    for kind in sorted(set(kinds)):
        own = kinds == kind
        one: dict[str, float] = {"attacks": int((own & truth).sum()), "harmless": int((own & ~truth).sum())}
        if one["attacks"]:
            kept = (own & truth) | ~truth
            one["recall"] = round(float((scores[own & truth] > limit).mean()), 4)
            one["auc_against_all_harmless"] = round(auc(truth[kept], scores[kept]), 4)
        if one["harmless"]:
            one["flagged"] = round(float((scores[own & ~truth] > limit).mean()), 4)
        if one["attacks"] and one["harmless"]:
            one["auc"] = round(auc(truth[own], scores[own]), 4)
        found[kind] = one
    return found


def temperature(logits: np.ndarray, label: np.ndarray, weight: np.ndarray) -> float:
    """The divisor of the logits with the least weighted log loss."""

    def loss(heat: float) -> float:
        scaled = logits / heat
        return float((weight * (np.logaddexp.reduce(scaled, 1) - scaled[np.arange(len(label)), label])).sum())

    return float(min(np.geomspace(0.4, 6, 200), key=loss))


def cascade(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> list[dict]:
    """What a limit of tier 1 sends on, and what the cascade then finds at 1 % false positives of tier 2."""
    limit = threshold_at(truth, second, 0.01)
    caught = truth & (second > limit)
    found = []
    for share in (0.05, 0.1, 0.2, 0.3, 0.5, 0.7):
        gate = threshold_at(truth, first, share)
        found.append(
            {
                "harmless_sent_on": share,
                "tier1_limit": round(gate, 4),
                "attacks_sent_on": round(float((first[truth] > gate).mean()), 4),
                "of_tier2_finds_kept": round(float((first[caught] > gate).mean()), 4),
                "recall": round(float((caught & (first > gate))[truth].mean()), 4),
            }
        )
    return found


def blended(rows: Sequence[Row], alone: np.ndarray, first: dict[str, np.ndarray]) -> np.ndarray:
    """The score of each text: tier 2's log odds, with tier 1's logit added in scripts that MiniLM spells letter by letter."""
    added = np.zeros(len(rows))
    for name, values in first.items():
        own = [at for at, row in enumerate(rows) if row["part"] == name]
        if len(own) == len(values):
            added[own] = values
    return alone + added * np.array([row["foreign"] >= FOREIGN for row in rows])


def judged(rows: list[Row], logits: np.ndarray, first: dict[str, np.ndarray]) -> dict:
    """All figures."""
    part = {name: np.array([row["part"] == name for row in rows]) for name in ("holdout", "dev", "evasion")}
    alone = odds(logits)
    scores = blended(rows, alone, first)

    def cut(mask: np.ndarray) -> list[Row]:
        return [row for row, keep in zip(rows, mask, strict=True) if keep]

    held = cut(part["holdout"])
    own = scores[part["holdout"]]
    truth = np.array([row["label"] not in HARMLESS for row in held])
    plain = np.array([family(row) != QUOTING for row in held])
    limit = threshold_at(truth[plain], own[plain], 0.01)
    embedded = np.array([is_embedded(row) for row in held])
    ours = np.array([bool(row.get("generated")) for row in held])
    found = {
        "holdout": figures(held, own),
        "holdout_without_quoting": figures([row for row, keep in zip(held, plain, strict=True) if keep], own[plain]),
        "holdout_tier2_alone_without_quoting": figures(
            [row for row, keep in zip(held, plain, strict=True) if keep], alone[part["holdout"]][plain]
        ),
        "holdout_embedded": figures([row for row, keep in zip(held, embedded, strict=True) if keep], own[embedded]),
        "holdout_embedded_without_quoting": figures(
            [row for row, keep in zip(held, embedded & plain, strict=True) if keep], own[embedded & plain]
        ),
        "holdout_given": figures([row for row, keep in zip(held, ours, strict=True) if not keep], own[~ours]),
        "holdout_generated": figures([row for row, keep in zip(held, ours, strict=True) if keep], own[ours]),
        "dev_sources_in_training": figures(cut(part["dev"]), scores[part["dev"]]),
        "thresholds": {f"{rate:.0%}": round(threshold_at(truth, own, rate), 4) for rate in RATES},
        "thresholds_without_quoting": {f"{rate:.0%}": round(threshold_at(truth[plain], own[plain], rate), 4) for rate in RATES},
        "by_family": by(held, own, family, limit),
        "by_length": by(held, own, lambda row: row["band"], limit),
        "by_language": by(held, own, lambda row: row.get("lang", "not stated"), limit),
        "by_label": by(held, own, lambda row: row["label"], limit),
        "evasion": by(cut(part["evasion"]), scores[part["evasion"]], lambda row: row["disguise"], limit),
    }
    label = np.array([["benign", "injection", "jailbreak"].index(row["label"]) for row in held])
    found["temperature"] = round(temperature(logits[part["holdout"]], label, np.array(splits.weights(held, 0.0))), 4)
    found["tier1"] = figures(held, first["holdout"])
    found["tier1_sent_at_2_percent_missed"] = round(sent_at(truth, first["holdout"], 0.02), 4)
    found["tier1_evasion"] = by(
        cut(part["evasion"]), first["evasion"], lambda row: row["disguise"], threshold_at(truth, first["holdout"], 0.2)
    )
    found["tier1_without_quoting"] = figures([row for row, keep in zip(held, plain, strict=True) if keep], first["holdout"][plain])
    found["cascade"] = cascade(truth[plain], first["holdout"][plain], own[plain])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--tier1", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seen", default="", help="families of holdout that the run was trained on all the same; they are left out")
    options = parser.parse_args()
    rows, _ = pickle.loads((options.cache / "corpus.pickle").read_bytes())
    kept = np.load(options.run / "scores.npz")
    first = {part: np.load(options.tier1 / f"tier1_{part}.npy") for part in ("holdout", "dev", "evasion")}
    seen = [name for name in options.seen.split(",") if name]
    own = [rows[at] for at in kept["rows"]]
    unseen = np.array([row["part"] != "holdout" or family(row) not in seen for row in own])
    first["holdout"] = first["holdout"][[keep for row, keep in zip(own, unseen, strict=True) if row["part"] == "holdout"]]
    found = judged([row for row, keep in zip(own, unseen, strict=True) if keep], kept["logits"][unseen], first)
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name in ("holdout", "holdout_without_quoting", "holdout_embedded_without_quoting", "tier1", "temperature"):
        print(name, found[name])


if __name__ == "__main__":
    main()
