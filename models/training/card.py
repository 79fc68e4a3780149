"""Writes `card.json` and `card.md` beside the shipped weights, from the figures that the runs left.

    python -m models.training.card --weights models/weights --facts FILE
        [--judged FILE --left-out FILE --probe FILE --tier1 FILE --scope FILE --manifest FILE]
        [--disguised FILE --ablation NAME=FILE …]

What is not given stays as the card that is there says. `disguised` is the table of `models.training.disguised`, an `ablation` what
`magistrate model eval --json` prints of one way of judging; its name is `rows: way`.

`facts` is JSON with what a person states: runs, what figures come from which, known weaknesses. All numbers come from the other files.
"""

import argparse
import hashlib
import json
from pathlib import Path

FILES = ("tier1.safetensors", "tier2.safetensors", "tokenizer.json", "scope.json", "meanings.safetensors", "golden.json")


def digests(weights: Path) -> dict[str, dict]:
    """SHA-256 and size of each shipped file."""
    found = {}
    for name in FILES:
        body = (weights / name).read_bytes()
        found[name] = {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}
    return found


def table(head: list[str], rows: list[list]) -> str:
    """A Markdown table; floats with three digits, what is missing as a dash."""

    def cell(value: object) -> str:
        return "–" if value is None or value != value else f"{value:.3f}" if isinstance(value, float) else str(value)

    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def columns(found: dict[str, dict], first: str, keys: list[str]) -> str:
    """A table with one line for each name."""
    return table([first, *keys], [[name, *(one.get(key) for key in keys)] for name, one in found.items()])


def page(card: dict) -> str:
    """The card as Markdown."""
    judged, facts = card["tier2"], card["facts"]
    parts = ("holdout", "holdout_embedded", "holdout_given", "holdout_generated", "holdout_tier2_alone_without_quoting")
    parts += ("dev_sources_in_training",)
    kinds = ["attacks", "harmless", "recall", "flagged", "auc", "auc_against_all_harmless"]
    rates = ["harmless", "attacks", "auc", "recall_1%", "recall_3%", "recall_5%"]
    scope = ["rows", "drift", "auc", "at_1", "at_3", "at_5", "hard", "hard_auc"]
    return "\n\n".join(
        [
            "# Card of the models",
            "Written by `models/training/card.py`; `card.json` has the same and more.",
            *facts["text"],
            "## Files",
            table(["file", "bytes", "SHA-256"], [[name, one["bytes"], one["sha256"]] for name, one in card["files"].items()]),
            "## Which figure comes from which run",
            table(["figures", "run"], [[name, said] for name, said in facts["runs"].items()]),
            "## Tier 2 as shipped (run E), texts of families that its training did not see",
            columns({name: judged[name] for name in parts}, "rows", rates),
            "*Without quoting*: without the family `gen:security_talk`, articles that quote attacks; run E was trained on it, so that "
            "no line has it but that of dev.",
            "The score of a text is tier 2's log odds of an attack, plus tier 1's logit where at least 2 % of its characters are of "
            "scripts that MiniLM spells letter by letter (`prepare.foreign_share`).",
            f"Thresholds on the log odds of an attack (logsumexp of injection and jailbreak, minus benign; largest of the windows): "
            f"{judged['thresholds_without_quoting']}. Temperature: {judged['temperature']}.",
            f"The next tables use the threshold for 1 %, {judged['thresholds_without_quoting']['1%']}.",
            columns(judged["by_family"], "family", kinds),
            columns(judged["by_length"], "words", kinds),
            columns(judged["by_language"], "language", kinds),
            "### Evasion (attacks and harmless texts of holdout, disguised; no decoder in front)",
            columns(judged["evasion"], "disguise", kinds),
            *end_to_end(card),
            *ablation(card),
            "### Run C, of the first round: other families left out",
            columns({name: card["tier2_left_out"][name] for name in ("all", "all_but_apart", "embedded")}, "rows", rates),
            "*Apart* is BIPIA, whose harmless texts score above its attacks when it is held out (see the weaknesses); the next table's "
            "threshold is that for 1 % of the rest.",
            columns(card["tier2_left_out"]["by_family"], "family", kinds),
            "## The shipped weights on texts written by hand",
            f"`models/training/data/probe.jsonl`, 25 attacks and 30 harmless texts that no run saw: {json.dumps(card['probe'])}",
            "## Tier 1 and the cascade",
            "Tier 1 trained without the same families:",
            columns({"holdout": judged["tier1"]}, "rows", rates),
            "What a limit of tier 1 sends on, and what is left of tier 2's finds at 1 % false positives:",
            columns({str(at): one for at, one in enumerate(judged["cascade"])}, "", list(judged["cascade"][0])),
            "Tier 1 with one given source left out of training:",
            columns(card["tier1_left_out"]["families"], "left out", ["rows", "auc", "at_1", "sent_at_2"]),
            "## Scope drift, one source left out of training",
            "`hard`: drift rows whose tool the task also uses rightly.",
            columns(card["scope_left_out"], "left out", scope),
            f"Calibration: slope {card['scope']['slope']:.4f}, offset {card['scope']['offset']:.4f}. "
            f"Thresholds on the score, from the rows left out: {card['scope']['thresholds']}.",
            "## Known weaknesses",
            "\n".join(f"- {one}" for one in facts["weaknesses"]),
        ]
    )


def end_to_end(card: dict) -> list[str]:
    """What users get: disguised texts through the program, decoders and all in front."""
    found = card.get("disguised")
    if not found:
        return []
    ways, plain = found["ways"], found["disguises"]["plain"]
    keys = ["attacks", "harmless", *(f"{figure}_{way}" for way in ways for figure in ("recall", "flagged")), "kept", "mark", "reached"]
    return [
        "## Evasion end to end (what users get)",
        f"`magistrate model eval` over rows of `models.training.disguised`: texts of holdout without the quoting family, redacted and "
        f"decoded as both doors do, at the alarm ({found['alarm']}). Undisguised ({plain['attacks']} attacks, {plain['harmless']} "
        f"harmless texts) recall is {plain[f'recall_{ways[0]}']:.3f}, so that hardly a disguise can reach a mark: *kept* is the share of "
        "that recall, and *reached* says `yes` where the mark is, `kept` where as much of the undisguised finds is kept, else `no`.",
        card["facts"]["end_to_end"],
        columns(found["disguises"], "disguise", keys),
        "**Not covered:** " + card["facts"]["not_covered"],
    ]


def ablation(card: dict) -> list[str]:
    """What each part is worth."""
    found = card.get("ablation")
    if not found:
        return []
    names = {"text_tier1": "tier 1 alone", "text_tier2": "tier 2 alone", "text_cascade": "cascade"}
    keys = ["attacks", "harmless", "auc", "recall_at_1_percent", "recall_at_card", "flagged_at_card"]
    rows = {f"{name}, {names[way]}": one for name, ways in found.items() for way, one in ways.items()}
    return [
        "## Ablation",
        "Families that training did not see, by `magistrate model eval`; the tier 1 beside it was trained without them. *Holdout* is a "
        "sample of its texts without the quoting family; *under encodings* and *hidden* are rows of `models.training.disguised` (`--of`), "
        "*as written* is with `--no-decoding`, *not taken apart* with `--no-parts`, *first window alone* with `--no-windows`. `recall_at_1_percent` is at 1 % "
        "false positives of these very rows; `recall_at_card` and `flagged_at_card` are at the alarm, which tier 1 alone has none of.",
        columns(rows, "rows and way", keys),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("weights", "facts"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("judged", "left_out", "probe", "tier1", "scope", "manifest", "disguised"):
        parser.add_argument(f"--{name.replace('_', '-')}", type=Path)
    parser.add_argument("--ablation", nargs="*", default=[], metavar="NAME=FILE")
    options = parser.parse_args()

    def read(path: Path) -> dict:
        return json.loads(path.read_text(encoding="utf-8"))

    there = options.weights / "card.json"
    old = read(there) if there.is_file() else {}

    def kept(name: str, file: Path | None) -> dict | None:
        return old.get(name) if file is None else read(file)

    model = read(options.weights / "scope.json")
    data = old.get("data")
    if options.manifest:
        files = read(options.manifest)["files"]
        data = {name: {key: one[key] for key in ("rows", "sha256", "labels", "generated")} for name, one in files.items()}
    named = dict(one.split("=", 1) for one in options.ablation)
    measured = {name: {way: one["all"] for way, one in read(Path(file)).items()} for name, file in named.items()}
    card = {
        "files": digests(options.weights),
        "facts": read(options.facts),
        "data": data,
        "tier2": kept("tier2", options.judged),
        "tier2_left_out": kept("tier2_left_out", options.left_out),
        "probe": kept("probe", options.probe),
        "tier1_left_out": kept("tier1_left_out", options.tier1),
        "scope": {key: model[key] for key in ("slope", "offset", "thresholds")},
        "scope_left_out": kept("scope_left_out", options.scope),
        "disguised": kept("disguised", options.disguised),
        "ablation": {**(old.get("ablation") or {}), **measured},
    }
    there.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (options.weights / "card.md").write_text(page(card) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
