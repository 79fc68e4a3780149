"""Figures of a run of tier 2 on families that it was not trained on, at most so many rows of each family and side.

    python -m models.training.left_out CACHE RUN --hold-out NAMES --out FILE [--apart NAME] [--most N]

`NAMES` are those that the run held out. Tier 2 alone, without tier 1 in foreign scripts.
"""

import argparse
import json
import pickle
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from . import tier2
from .figures import HARMLESS, threshold_at
from .judge import by, figures, is_embedded, odds
from .rows import Row, family


def chosen(rows: Sequence[Row], names: Sequence[str], most: int) -> list[int]:
    """Places of rows of these families, spread evenly over each family and side."""
    sides = [(family(row), row["label"] in HARMLESS) for row in rows]
    asked = [at for at, row in enumerate(rows) if row["part"] in ("train", "holdout") and family(row) in names]
    sizes, seen, found = Counter(sides[at] for at in asked), Counter(), []
    for at in asked:
        side = sides[at]
        if seen[side] * most // sizes[side] != (seen[side] + 1) * most // sizes[side] or sizes[side] <= most:
            found.append(at)
        seen[side] += 1
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--hold-out", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--apart", default="", help="a family whose rows do not set the threshold, and are left out of the second total")
    parser.add_argument("--most", type=int, default=300)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows, data = pickle.loads((options.cache / "corpus.pickle").read_bytes())
    at = chosen(rows, options.hold_out.split(","), options.most)
    scores = odds(tier2.row_odds(tier2.load(options.run), data, at, tier2.special(options.cache)))
    own = [rows[place] for place in at]
    truth = np.array([row["label"] not in HARMLESS for row in own])
    embedded = np.array([is_embedded(row) for row in own])
    kept = np.array([family(row) != options.apart for row in own])
    found = {
        "all": figures(own, scores),
        "all_but_apart": figures([row for row, keep in zip(own, kept, strict=True) if keep], scores[kept]),
        "embedded": figures([row for row, keep in zip(own, embedded, strict=True) if keep], scores[embedded]),
        "by_family": by(own, scores, family, threshold_at(truth[kept], scores[kept], 0.01)),
    }
    options.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for name, one in [*found.items()][:3] + [*found["by_family"].items()]:
        print(name, one)


if __name__ == "__main__":
    main()
