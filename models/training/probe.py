"""What the shipped tiers say of `data/probe.jsonl`: 55 texts written by hand, of no generator's making, never trained on.

    python -m models.training.probe models/weights --out FILE

Few texts, so read counts. Needs torch, tokenizers and safetensors.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from . import tier1, tier2, vocabulary
from .figures import HARMLESS, auc
from .judge import odds
from .prepare import FOREIGN, foreign_share, prepare
from .rows import read

TEXTS = Path(__file__).parent / "data/probe.jsonl"
LIMITS = (2.0, 3.06)


def tier2_odds(weights: Path, texts: list[str]) -> np.ndarray:
    """The largest log odds among each text's windows, by the shipped float16 weights in bf16 arithmetic."""
    from safetensors import safe_open
    from tokenizers import Tokenizer

    from .encoder import Encoder, Shape

    with safe_open(str(weights / "tier2.safetensors"), "pt") as file:
        model = Encoder(Shape(**json.loads(file.metadata()["shape"])))
        model.load_state_dict({name: file.get_tensor(name).float() for name in file.keys()})  # noqa: SIM118
    ids = vocabulary.encoded(Tokenizer.from_file(str(weights / "tokenizer.json")), texts)
    marks = tier2.special(weights)
    parts = [[np.array(one[first:last], np.int64) for first, last in vocabulary.spans(len(one))] for one in ids]
    return np.array([odds(tier2.scored(model, windows, marks)).max() for windows in parts])


def tier1_logits(weights: Path, texts: list[str]) -> np.ndarray:
    """Tier 1's logit of each text."""
    from safetensors.numpy import load_file

    kept = load_file(str(weights / "tier1.safetensors"))
    return tier1.scored(texts, kept["weights"], float(kept["scale"][0]), float(kept["bias"][0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = read(TEXTS)
    texts = [row["text"] for row in rows]
    truth = np.array([row["label"] not in HARMLESS for row in rows])
    first = tier1_logits(options.weights, texts)
    second = tier2_odds(options.weights, texts) + first * [foreign_share(prepare(text)) >= FOREIGN for text in texts]
    found = {"attacks": int(truth.sum()), "harmless": int((~truth).sum()), "auc": auc(truth, second), "auc_tier1": auc(truth, first)}
    for limit in LIMITS:
        found[f"above_{limit}"] = {"attacks": int((second[truth] > limit).sum()), "harmless": int((second[~truth] > limit).sum())}
    print(json.dumps(found))
    if options.out:
        options.out.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
