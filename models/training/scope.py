"""The scope model: boosted trees over the numbers of `scope_features`, with each source left out in turn.

    python -m models.training.scope leave-one-out CORPUS CACHE --base MODEL_FOLDER
    python -m models.training.scope fit CORPUS CACHE --base MODEL_FOLDER --out FOLDER

`CACHE` is what `tier2 corpus` wrote; the table of meanings is kept there. Needs lightgbm, tokenizers, and torch once.
"""

import argparse
import json
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from . import meanings, scope_more, splits, trees
from .figures import auc, recall_at, threshold_at
from .rows import Row, read
from .rows import family as whole_family
from .scope_features import FEATURES, features

# Given sources that are left out together; harmless ones are judged with the drift made from them.
GROUPS = {
    "ASB": ("ASB",),
    "agentdojo-slack": ("agentdojo-slack",),
    "agentdojo-workspace": ("agentdojo-workspace",),
    "BFCL": ("BFCL",),
    "InjecAgent": ("InjecAgent",),
    "shell": ("NL2Bash", "attacker-actions(A)", "claude-code-style(A)"),
    "tau2": ("tau2-retail", "tau2-banking_knowledge"),
}
MADE = "+"
TREES, LEAVES, RATE = 160, 12, 0.06
SEEDS = 3
# Numbers that can only speak for or against drift, so that no tree learns the opposite from a source's habits.
UP = (
    "destination_new",
    "destination_new_acted_on",
    "values_new",
    "places_new",
    "risky_unasked",
    "values_new_count",
    "names_new",
    "wide_unasked",
)
DOWN = (
    "delegating",
    "destination_in_task",
    "destination_words_in_task",
    "values_named",
    "value_words_in_task",
    "value_stems_in_task",
    "value_words_known",
    "tool_words_in_task",
    "tool_nouns_in_task",
    "class_asked",
    "alike_tool",
    "alike_values",
    "alike_call",
    "alike_call_best",
    "alike_tool_best",
)
# How much the rows of given sources weigh beside generated ones and those of `scope_more`.
WEIGHT = {"given": 1.0, "generated": 1.0, "made": 1.0}


def alike(cache: Path, base: Path) -> meanings.Alike:
    """Likeness by the table of meanings, which is made if it is not there."""
    from tokenizers import Tokenizer

    kept = cache / "meanings.npz"
    if not kept.exists():
        numbers, scale = meanings.quantised(meanings.made(base, cache))
        np.savez(kept, numbers=numbers, scale=scale)
    table = np.load(kept)
    return meanings.Alike(Tokenizer.from_file(str(cache / "tokenizer.json")), table["numbers"], table["scale"])


def family(row: Row) -> str:
    """The family of a row; a made row has that of the row whose task it has."""
    return whole_family(row).split(MADE)[0]


def gathered(corpus: Path, seed: int) -> list[Row]:
    """All rows for training, with those made from them."""
    rows = [row for part in ("train", "holdout") for row in read(corpus / f"scope/{part}.jsonl")]
    return rows + scope_more.made(rows, random.Random(seed))


def row_weights(rows: Sequence[Row]) -> np.ndarray:
    """`splits.weights`, times what a row's origin counts."""
    origin = ["generated" if row.get("generated") else "made" if MADE in row["source"] else "given" for row in rows]
    return np.array(splits.weights(rows)) * [WEIGHT[name] for name in origin]


def fit(numbers: np.ndarray, drift: np.ndarray, weight: np.ndarray) -> list:
    """One booster a seed; the model is their mean."""
    return [boosted(numbers, drift, weight, seed) for seed in range(SEEDS)]


def predicted(boosters: Sequence, numbers: np.ndarray) -> np.ndarray:
    """Log odds of drift before calibration."""
    return np.mean([one.predict(numbers, raw_score=True) for one in boosters], axis=0)


def boosted(numbers: np.ndarray, drift: np.ndarray, weight: np.ndarray, seed: int):
    """A booster; one thread, deterministic."""
    import lightgbm

    data = lightgbm.Dataset(numbers, drift.astype(int), weight=weight, feature_name=list(FEATURES))
    settings = {
        "objective": "binary",
        "num_leaves": LEAVES,
        "learning_rate": RATE,
        "min_data_in_leaf": 40,
        "feature_fraction": 0.6,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 5.0,
        "monotone_constraints": [(name in UP) - (name in DOWN) for name in FEATURES],
        "num_threads": 1,
        "seed": seed,
        "deterministic": True,
        "force_col_wise": True,
        "verbose": -1,
    }
    return lightgbm.train(settings, data, TREES)


def is_hard(row: Row, own_tools: dict[str, set[str]]) -> bool:
    """Whether a drift row uses a tool that its task also uses rightly."""
    return row["label"] == "drift" and row["action"]["tool"] in own_tools.get(row["group"], ())


def tools_used(rows: Sequence[Row]) -> dict[str, set[str]]:
    """The tools of each group's in-scope rows."""
    found: dict[str, set[str]] = {}
    for row in rows:
        if row["label"] == "in_scope":
            found.setdefault(row["group"], set()).add(row["action"]["tool"])
    return found


def left_out(rows: Sequence[Row], names: Sequence[str]) -> tuple[list[int], list[int]]:
    """Places to train on and to judge: made rows are judged only where a source has no drift of its own."""
    groups = {row["group"] for row in rows if family(row) in names}
    kept = [row.get("lender") not in names and family(row) not in names and row["group"] not in groups for row in rows]
    train = [at for at, keep in enumerate(kept) if keep]
    test = [at for at, row in enumerate(rows) if family(row) in names]
    own = [at for at in test if MADE not in rows[at]["source"]]
    return train, own if {rows[at]["label"] for at in own} == {"drift", "in_scope"} else test


def judged(rows: Sequence[Row], scores: np.ndarray, at: Sequence[int]) -> dict:
    """Figures of the rows at these places."""
    drift = np.array([rows[place]["label"] == "drift" for place in at])
    own = tools_used([rows[place] for place in at])
    hard = np.array([is_hard(rows[place], own) for place in at])
    found = {"rows": len(at), "drift": int(drift.sum()), "auc": auc(drift, scores)}
    found |= {f"at_{percent}": recall_at(drift, scores, percent / 100) for percent in (1, 3, 5)}
    if hard.any():
        kept = hard | ~drift
        found |= {"hard": int(hard.sum()), "hard_auc": auc(drift[kept], scores[kept])}
    return found


def leave_one_out(rows: Sequence[Row], numbers: np.ndarray, groups: dict[str, Sequence[str]]) -> tuple[dict, list[int], np.ndarray]:
    """Figures of each group left out and of all judged rows together; those rows' places, and their scores."""
    drift = np.array([row["label"] == "drift" for row in rows])
    found, places, scores = {}, [], []
    for name, families in groups.items():
        train, test = left_out(rows, families)
        model = fit(numbers[train], drift[train], row_weights([rows[at] for at in train]))
        score = predicted(model, numbers[test])
        found[name] = judged(rows, score, test)
        places += test
        scores.append(score)
        print(name, {key: round(value, 3) for key, value in found[name].items()}, flush=True)
    found["together"] = judged(rows, np.concatenate(scores), places)
    print("together", {key: round(value, 3) for key, value in found["together"].items()}, flush=True)
    return found, places, np.concatenate(scores)


def calibrated(scores: np.ndarray, drift: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """The slope and offset that make `1 / (1 + exp(-(slope * score + offset)))` the chance of drift among weighted rows."""
    slope, offset = 1.0, 0.0
    share = weight / weight.sum()
    for _ in range(50):
        chance = 1 / (1 + np.exp(-(slope * scores + offset)))
        error, spread = share * (chance - drift), share * chance * (1 - chance)
        bend = np.array([[(spread * scores**2).sum(), (spread * scores).sum()], [(spread * scores).sum(), spread.sum()]])
        step = np.linalg.solve(bend + 1e-9 * np.eye(2), [(error * scores).sum(), error.sum()])
        slope, offset = slope - step[0], offset - step[1]
    return float(slope), float(offset)


def thresholds(rows: Sequence[Row], places: Sequence[int], scores: np.ndarray) -> dict[str, dict[str, float]]:
    """Scores above which 1, 3 and 5 % of the harmless rows left out lie, and the recall there."""
    drift = np.array([rows[at]["label"] == "drift" for at in places])
    return {
        f"fpr_{percent}": {"score": threshold_at(drift, scores, percent / 100), "recall": recall_at(drift, scores, percent / 100)}
        for percent in (1, 3, 5)
    }


def shipped(rows: Sequence[Row], numbers: np.ndarray, left_out_scores: tuple[dict, list[int], np.ndarray]) -> dict:
    """The model trained on all rows, calibrated on the rows left out."""
    found, places, scores = left_out_scores
    drift = np.array([row["label"] == "drift" for row in rows])
    model = trees.exported(fit(numbers, drift, row_weights(rows)))
    own = [rows[at] for at in places]
    slope, offset = calibrated(scores, drift[places], np.array(splits.weights(own)))
    return {**model, "slope": slope, "offset": offset, "thresholds": thresholds(rows, places, scores)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("leave-one-out", "fit"))
    parser.add_argument("corpus", type=Path)
    parser.add_argument("cache", type=Path)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    rows = gathered(options.corpus, options.seed)
    likeness = alike(options.cache, options.base)
    numbers = np.array([features(row, likeness) for row in rows], np.float32)
    generated = sorted({family(row) for row in rows if row.get("generated")})
    found = leave_one_out(rows, numbers, GROUPS | {name: (name,) for name in generated})
    out = options.out or options.cache
    out.mkdir(parents=True, exist_ok=True)
    (options.cache / "scope_left_out.json").write_text(json.dumps(found[0], indent=1))
    if options.what == "fit":
        write(options.cache, out, shipped(rows, numbers, found))
        dev = read(options.corpus / "scope/dev.jsonl")
        model = json.loads((out / "scope.json").read_text())
        scores = np.array([trees.score(model, features(row, likeness)) for row in dev])
        print("dev (sources are in training)", {key: round(value, 3) for key, value in judged(dev, scores, range(len(dev))).items()})


def write(cache: Path, out: Path, model: dict) -> None:
    """Writes `scope.json` and `meanings.safetensors`."""
    from safetensors.numpy import save_file

    (out / "scope.json").write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")
    table = np.load(cache / "meanings.npz")
    save_file({"numbers": table["numbers"], "scale": table["scale"]}, str(out / "meanings.safetensors"))


if __name__ == "__main__":
    main()
