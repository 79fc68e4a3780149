"""How the corpus is made: one command, the same seed gives the same bytes.

    python -m models.training.build --data models/training/data --out DIR [--seed N] [--per-family N] [--holdout NAMES]

Writes `injection/` and `scope/` with `train`, `dev` and `holdout`, `injection/evasion.jsonl`, and `manifest.json`.
"""

import argparse
import hashlib
import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from . import augment, measure, splits
from .dedup import drop_leaks, drop_near_duplicates
from .generators import INJECTION, generate
from .generators import scope
from .reserved import named_in
from .rows import GENERATED, Row, family, read, write

SEED = 2026
PER_FAMILY = 1500
GROUPS_PER_DOMAIN = 450
EVASION_TEXTS = 40
# Rows of dev's own sources share its templates; more than this share of their long runs is too much.
GIVEN_MAY_SHARE = 0.85


def injection_rows(data: Path, seed: int, per_family: int) -> tuple[list[Row], list[Row]]:
    """Rows for training and the given dev rows, near-duplicates and leaks removed."""
    dev = read(data / "given/injection/dev.jsonl.gz")
    given = drop_leaks(read(data / "given/injection/train.jsonl.gz"), dev, GIVEN_MAY_SHARE)
    ours = read(data / "collected/passages.jsonl.gz") + read(data / "collected/talk.jsonl.gz")
    for module in INJECTION:
        ours += generate(module, seed, per_family)
    return drop_near_duplicates(given + drop_leaks(ours, dev)), dev


def scope_rows(data: Path, seed: int, groups: int) -> tuple[list[Row], list[Row]]:
    """Rows for training and the given dev rows of scope drift."""
    dev = read(data / "given/scope/dev.jsonl.gz")
    rows = read(data / "given/scope/train.jsonl.gz")
    for domain in scope.DOMAINS:
        rows += scope.generate(domain, seed, groups)
    # A whole task stands in each of its rows, and dev shares no task with train: only rows said twice are leaks.
    return drop_near_duplicates(drop_leaks(rows, dev, allowed=1), near=1), dev


def evasion_rows(rows: Sequence[Row], seed: int) -> list[Row]:
    """Held-out attacks and harmless passages, each in every disguise and at three places in padding."""
    rng = random.Random(f"{seed}/evasion")
    short = [row for row in rows if row["source"].startswith(GENERATED) and len(row["text"]) < 600]
    made = []
    for row in rng.sample(short, min(EVASION_TEXTS, len(short))):
        for name in augment.NAMES:
            made.append({**row, "text": augment.apply(name, rng, row["text"]), "disguise": name})
        filler = [other["text"] for other in rng.sample(rows, min(12, len(rows))) if other["label"] == "benign"]
        for place in ("head", "middle", "tail"):
            made.append({**row, "text": augment.pad(row["text"], filler, place), "disguise": f"padding_{place}"})
    return made


def described(path: Path, rows: Sequence[Row]) -> dict:
    """What the manifest says of a file."""

    def counts(key) -> dict:
        return dict(sorted(Counter(key(row) for row in rows).items()))

    return {
        "rows": len(rows),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "labels": counts(lambda row: row["label"]),
        "families": counts(lambda row: f"{family(row)}/{row['label']}"),
        "languages": counts(lambda row: row.get("lang", "not stated")),
        "lengths": counts(measure.length_band),
        "generated": sum(row["source"].startswith(GENERATED) for row in rows),
    }


def variety(rows: Sequence[Row]) -> dict:
    """The distinctness of each generated family."""
    found = {}
    for name in sorted({family(row) for row in rows if row["source"].startswith(GENERATED)}):
        own = [row for row in rows if family(row) == name]
        found[name] = {
            "rows": len(own),
            "distinct_2": round(measure.distinct_ratio(own, 2), 3),
            "distinct_4": round(measure.distinct_ratio(own, 4), 3),
            "commonest_start": round(measure.commonest_start(own), 3),
        }
    return found


def build(
    data: Path,
    out: Path,
    seed: int = SEED,
    per_family: int = PER_FAMILY,
    groups: int = GROUPS_PER_DOMAIN,
    holdout: Sequence[str] = splits.HOLDOUT,
) -> dict:
    """Writes all files and returns the manifest."""
    files: dict[str, list[Row]] = {}
    for task, (rows, dev) in {"injection": injection_rows(data, seed, per_family), "scope": scope_rows(data, seed, groups)}.items():
        split = splits.hold_out(rows, holdout)
        files |= {f"{task}/train.jsonl": split.train, f"{task}/dev.jsonl": dev, f"{task}/holdout.jsonl": split.test}
    files["injection/evasion.jsonl"] = evasion_rows(files["injection/holdout.jsonl"] or files["injection/dev.jsonl"], seed)
    manifest: dict = {"seed": seed, "per_family": per_family, "groups_per_domain": groups, "held_out": list(holdout), "files": {}}
    for name, rows in files.items():
        if reserved := next(filter(None, (named_in(row["source"]) for row in rows)), None):
            raise ValueError(f"{name} holds rows of the reserved set `{reserved}`")
        write(out / name, rows)
        manifest["files"][name] = described(out / name, rows)
    manifest["variety"] = variety([row for name, rows in files.items() if name.endswith(("train.jsonl", "holdout.jsonl")) for row in rows])
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return manifest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with `given` and `collected`")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--per-family", type=int, default=PER_FAMILY, help="generated injection rows a family")
    parser.add_argument("--groups", type=int, default=GROUPS_PER_DOMAIN, help="generated tasks a domain of scope drift")
    parser.add_argument("--holdout", default=",".join(splits.HOLDOUT), help="sources kept from training, by comma; empty for none")
    options = parser.parse_args()
    holdout = [name for name in options.holdout.split(",") if name]
    manifest = build(options.data, options.out, options.seed, options.per_family, options.groups, holdout)
    for name, found in manifest["files"].items():
        print(f"{name}: {found['rows']} rows, {found['labels']}, sha256 {found['sha256'][:16]}")


if __name__ == "__main__":
    main()
