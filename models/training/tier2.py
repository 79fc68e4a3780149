"""Tier 2: fine-tunes a shrunken MiniLM on windows.

    python -m models.training.tier2 corpus CORPUS --base MODEL_FOLDER --out CACHE         # vocabulary, ids, tier-1 scores
    python -m models.training.tier2 train CACHE --base MODEL_FOLDER --out RUN --hold-out NAMES [--start RUN] [--tokens N]
    python -m models.training.tier2 score CACHE RUN                                       # log odds of each row, to a file

One thread, bf16 autocast. The same seed draws the same rows; sums in bf16 differ between processors. Needs torch,
tokenizers, safetensors and numpy.
"""

import argparse
import json
import math
import pickle
import random
import re
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from . import guess, splits, vocabulary, windows
from .encoder import Encoder, Shape, attack_logit
from .measure import length_band
from .prepare import foreign_share, prepare
from .rows import Row, family, read
from .windows import Corpus, Draw

PARTS = ("train", "holdout", "dev", "evasion")
LAYERS, HEADS, INNER = 4, 8, 1024
BATCH_TOKENS = 3072
LEARNING_RATE = 1e-4
HEAD_RATE = 1e-3
WARM_UP = 0.05
SMOOTHING = 0.03
AVERAGE = 0.998
# So few rows of dev are scored: its sources are in training.
DEV_EVERY = 4
# The share of texts whose mail addresses are masked as the redactor masks them.
MASKED = 4
_MAIL = re.compile(r"[A-Za-z0-9._%+-]+(?=@[A-Za-z0-9.-]+\.[A-Za-z])")


def masked(text: str) -> str:
    """Every fourth text as the redactor leaves it: mail addresses without the part before the `@`."""
    return _MAIL.sub("person", text) if zlib.crc32(text.encode("utf-8", "surrogatepass")) % MASKED == 0 else text


def make_corpus(folder: Path, base: Path, out: Path, least: int) -> None:
    """Writes `tokenizer.json` and `corpus.pickle`: rows without text, ids, and tier-1's log odds of each window."""
    from tokenizers import Tokenizer

    rows = [{**row, "part": part} for part in PARTS for row in read(folder / f"injection/{part}.jsonl")]
    out.mkdir(parents=True, exist_ok=True)
    spec = vocabulary.pruned(base / "tokenizer.json", (row["text"] for row in rows if row["part"] in ("train", "holdout")), least)
    (out / "tokenizer.json").write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    trained = ("train", "holdout")
    ids = vocabulary.encoded(tokenizer, [masked(row["text"]) if row["part"] in trained else row["text"] for row in rows])
    kept = [{**row, "text": row["text"][:300], "band": length_band(row), "foreign": foreign_share(prepare(row["text"]))} for row in rows]
    (out / "corpus.pickle").write_bytes(pickle.dumps((kept, windows.corpus(kept, ids))))
    print(f"{len(spec['model']['vocab'])} tokens, {len(rows)} rows, {sum(map(len, ids))} ids")


def old_ids(cache: Path, base: Path) -> list[int]:
    """MiniLM's id of each token of the pruned vocabulary."""
    ours = json.loads((cache / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    theirs = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    return [theirs[token] for token in sorted(ours, key=ours.get)]


def padded_batch(found: Sequence[np.ndarray], cls: int, sep: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids (B, T) with special tokens, and which of them are real."""
    length = windows.padded(max(len(ids) for ids in found))
    ids = np.zeros((len(found), length), np.int64)
    real = np.zeros((len(found), length), bool)
    for at, content in enumerate(found):
        ids[at, 0], ids[at, len(content) + 1] = cls, sep
        ids[at, 1 : len(content) + 1] = content
        real[at, : len(content) + 2] = True
    return torch.from_numpy(ids), torch.from_numpy(real)


def special(cache: Path) -> tuple[int, int]:
    """The ids of `[CLS]` and `[SEP]`; `[PAD]` is 0."""
    ours = json.loads((cache / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    assert ours["[PAD]"] == 0
    return ours["[CLS]"], ours["[SEP]"]


def scored(model: Encoder, found: Sequence[np.ndarray], marks: tuple[int, int], tokens: int = 8192) -> np.ndarray:
    """(N, 3) logits of windows, without gradient."""
    made = np.zeros((len(found), 3), np.float32)
    order = sorted(range(len(found)), key=lambda at: len(found[at]))
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        while order:
            most = max(1, tokens // windows.padded(len(found[order[-1]])))
            part, order = order[-most:], order[:-most]
            made[part] = model(*padded_batch([found[at] for at in part], *marks)).float().numpy()
    return made


def trained_on(rows: Sequence[Row], held_out: Sequence[str]) -> np.ndarray:
    """The weight of each row in training: none for dev, evasion and what is held out."""
    at = [index for index, row in enumerate(rows) if row["part"] in ("train", "holdout") and family(row) not in held_out]
    weight = np.zeros(len(rows))
    weight[at] = splits.weights([rows[index] for index in at])
    return weight


def rate(done: float) -> float:
    """The learning rate's factor at a share of the run: up, then down to a twentieth along a cosine."""
    return done / WARM_UP if done < WARM_UP else 0.05 + 0.95 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2


def optimiser(model: Encoder, learning_rate: float) -> torch.optim.Optimizer:
    """AdamW; the head and the query learn faster."""
    own = [model.look, *model.head.parameters()]
    body = [value for value in model.layers.parameters() if value.requires_grad]
    return torch.optim.AdamW(
        [{"params": body, "lr": learning_rate, "top": learning_rate}, {"params": own, "lr": HEAD_RATE, "top": HEAD_RATE}],
        weight_decay=0.01,
        fused=True,
    )


def step(model: Encoder, batch: Sequence[Draw], marks: tuple[int, int]) -> tuple[torch.Tensor, np.ndarray]:
    """The loss of a batch and the log odds of its windows."""
    ids, real = padded_batch([draw.ids for draw in batch], *marks)
    with torch.autocast("cpu", torch.bfloat16):
        logits = model(ids, real).float()
    truth = torch.tensor([draw.label for draw in batch])
    return torch.nn.functional.cross_entropy(logits, truth, label_smoothing=SMOOTHING), attack_logit(logits.detach()).numpy()


def train(model: Encoder, data: Corpus, weight: np.ndarray, marks: tuple[int, int], options: argparse.Namespace, save) -> Encoder:
    """Trains for so many tokens or minutes, whichever ends first; returns the running average of the weights."""
    rng = random.Random(options.seed)
    adam = optimiser(model, options.rate)
    average = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(AVERAGE))
    spent, steps, losses, began, saved, done = 0, 0, [], time.time(), time.time(), 0.0
    while done < 1:
        for batch in windows.batched(windows.draws(data, weight, rng), BATCH_TOKENS, rng):
            done = max(spent / options.tokens, (time.time() - began) / 60 / options.minutes)
            if done >= 1:
                break
            for group in adam.param_groups:
                group["lr"] = group["top"] * rate(done)
            model.train()
            loss, odds = step(model, batch, marks)
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            adam.step()
            average.update_parameters(model)
            for draw, value in zip(batch, odds, strict=True):
                if draw.window >= 0:
                    data.worst[draw.window] = value
            losses.append(float(loss.detach()))
            spent += len(batch) * windows.padded(max(len(draw.ids) for draw in batch))
            steps += 1
            if steps % 50 == 0:
                pace = spent / (time.time() - began)
                print(f"{steps} steps, {spent / 1e6:.2f} M tokens, {pace:.0f}/s, loss {np.mean(losses[-50:]):.4f}", flush=True)
            if time.time() - saved > 300:
                save(average.module)
                saved = time.time()
    print(f"ended after {steps} steps, {spent / 1e6:.2f} M tokens, loss {np.mean(losses[-50:]):.4f}", flush=True)
    save(average.module)
    return average.module


def row_odds(model: Encoder, data: Corpus, rows: Sequence[int], marks: tuple[int, int]) -> np.ndarray:
    """(N, 3) logits of the worst window of each row, by the odds of an attack."""
    spots = [window for row in rows for window in data.windows(row)]
    logits = scored(model, [data.ids[spot] for spot in spots], marks)
    odds = attack_logit(torch.from_numpy(logits)).numpy()
    found, at = np.zeros((len(rows), 3), np.float32), 0
    for index, row in enumerate(rows):
        count = len(data.windows(row))
        found[index] = logits[at + int(odds[at : at + count].argmax())]
        at += count
    return found


def load(run: Path) -> Encoder:
    """The model of a run."""
    from safetensors.torch import load_file

    model = Encoder(Shape(**json.loads((run / "shape.json").read_text())))
    model.load_state_dict(load_file(str(run / "model.safetensors")))
    return model


def saver(run: Path):
    """Writes a model to the run's folder, whole or not at all."""
    from safetensors.torch import save_file

    def save(model: Encoder) -> None:
        shape = {key: value for key, value in model.shape.described().items() if key != "head_width"}
        (run / "shape.json").write_text(json.dumps(shape))
        save_file({key: value.contiguous() for key, value in model.state_dict().items()}, str(run / "next.safetensors"))
        (run / "next.safetensors").replace(run / "model.safetensors")

    return save


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("corpus", "train", "score"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--base", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--start", type=Path, help="a run to go on from; with --base its words become those of this cache")
    parser.add_argument("--hold-out", default="")
    parser.add_argument("--tokens", type=float, default=8e6)
    parser.add_argument("--minutes", type=float, default=math.inf, help="ends a run early; how far it came depends on the machine")
    parser.add_argument("--rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--least", type=int, default=2, help="uses that keep a token in the vocabulary")
    parser.add_argument("--layers", type=int, default=LAYERS)
    parser.add_argument("--heads", type=int, default=HEADS)
    parser.add_argument("--inner", type=int, default=INNER)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    if options.what == "corpus":
        make_corpus(options.folder, options.base, options.out, options.least)
        return
    rows, data = pickle.loads((options.folder / "corpus.pickle").read_bytes())
    marks = special(options.folder)
    if options.what == "score":
        judged = [
            at for at, row in enumerate(rows) if row["part"] in ("holdout", "evasion") or row["part"] == "dev" and at % DEV_EVERY == 0
        ]
        np.savez(options.run / "scores.npz", rows=judged, logits=row_odds(load(options.run), data, judged, marks))
        return
    options.out.mkdir(parents=True, exist_ok=True)
    held_out = [name for name in options.hold_out.split(",") if name]
    model = load(options.start) if options.start else fresh(options, data, marks)
    if options.start and options.base:
        from .shrink import with_words

        model = with_words(model, options.base / "model.safetensors", old_ids(options.folder, options.base))
    weight = trained_on(rows, held_out)
    data.worst = guess.guessed(data, weight)
    print(f"{int((weight > 0).sum())} rows, held out: {held_out}", flush=True)
    train(model, data, weight, marks, options, saver(options.out))


def fresh(options: argparse.Namespace, data: Corpus, marks: tuple[int, int]) -> Encoder:
    """MiniLM, shrunken."""
    from .shrink import start

    known = old_ids(options.folder, options.base)
    shape = Shape(len(known), options.layers, 384, options.heads, options.inner)
    sample = [[marks[0], *map(int, data.ids[at]), marks[1]] for at in range(0, len(data.ids), len(data.ids) // 200)][:200]
    return start(options.base / "model.safetensors", shape, known, sample)


if __name__ == "__main__":
    main()
