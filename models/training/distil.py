"""Distils a run of tier 2 into a narrower student, whose width suits candle's int8 kernels.

    python -m models.training.distil CACHE TEACHER --out RUN [--width 256] [--layers 4] [--inner 1024] [--tokens N]

The student starts as the teacher seen through the `width` principal axes of its hidden states: with `P` (H, width), orthonormal,
a matrix W of the teacher becomes `P^T W P` on the sides that touch the hidden states. It then learns the teacher's logits
(KL at temperature 2), its last hidden states (through a linear map that is thrown away), and the labels.
"""

import argparse
import json
import pickle
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from . import tier2, windows
from .encoder import Encoder, Shape

HEAT = 2.0
LABEL_SHARE, STATE_SHARE = 0.3, 1.0
RATE = 5e-4


def axes(teacher: Encoder, data: windows.Corpus, marks: tuple[int, int], width: int, count: int = 300) -> Tensor:
    """(H, width) orthonormal axes along which the hidden states of all layers vary most, for so many windows."""
    states: list[Tensor] = []
    hooks = [layer.register_forward_hook(lambda _module, _given, made: states.append(made.detach().float())) for layer in teacher.layers]
    spread = torch.zeros(teacher.shape.width, teacher.shape.width)
    spots = random.Random(0).sample(range(len(data.ids)), min(count, len(data.ids)))
    teacher.eval()
    with torch.no_grad():
        for spot in spots:
            ids, real = tier2.padded_batch([data.ids[spot]], *marks)
            states.append(teacher.embedded(ids))
            teacher.hidden(ids, real)
            for state in states:
                flat = state[0, real[0]]
                spread += flat.T @ flat
            states.clear()
    for hook in hooks:
        hook.remove()
    return torch.linalg.eigh(spread).eigenvectors.flip(1)[:, :width].contiguous()


def narrowed(teacher: Encoder, shape: Shape, seen: Tensor) -> Encoder:
    """A student with the teacher's weights seen through `seen`; its layers are taken evenly from the teacher's."""
    student = Encoder(shape)
    picked = np.linspace(0, len(teacher.layers) - 1, shape.layers).round().astype(int)
    width = shape.width
    with torch.no_grad():
        words = teacher.norm_words(teacher.words.weight + teacher.positions.weight.mean(0))
        student.words.weight.copy_(words @ seen)
        student.positions.weight.copy_((teacher.positions.weight - teacher.positions.weight.mean(0)) @ seen)
        for layer, at in zip(student.layers, picked, strict=True):
            _narrow(layer, teacher.layers[int(at)], seen)
        student.look.copy_(teacher.look @ seen)
        head = teacher.head.weight.view(3, 2, -1) @ seen
        student.head.weight.copy_(head.reshape(3, 2 * width))
        student.head.bias.copy_(teacher.head.bias)
    return student


def _narrow(ours: nn.Module, theirs: nn.Module, seen: Tensor) -> None:
    attended, inner = ours.query.out_features, ours.up.out_features
    for name in ("query", "key", "value"):
        getattr(ours, name).weight.copy_(getattr(theirs, name).weight[:attended] @ seen)
        getattr(ours, name).bias.copy_(getattr(theirs, name).bias[:attended])
    ours.up.weight.copy_(theirs.up.weight[:inner] @ seen)
    ours.up.bias.copy_(theirs.up.bias[:inner])
    ours.out.weight.copy_(seen.T @ theirs.out.weight[:, :attended])
    ours.out.bias.copy_(seen.T @ theirs.out.bias)
    ours.down.weight.copy_(seen.T @ theirs.down.weight[:, :inner])
    ours.down.bias.copy_(seen.T @ theirs.down.bias)


def losses(student: Encoder, teacher: Encoder, widen: nn.Linear, batch: list[windows.Draw], marks: tuple[int, int]) -> Tensor:
    """The loss of a batch: the teacher's logits and states, and the labels."""
    ids, real = tier2.padded_batch([draw.ids for draw in batch], *marks)
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            goal = teacher.hidden(ids, real).float()
            wanted = teacher.pooled(goal, real).float()
        state = student.hidden(ids, real)
        logits = student.pooled(state, real).float()
        near = functional.mse_loss(widen(state).float()[real], goal[real])
    soft = functional.kl_div((logits / HEAT).log_softmax(1), (wanted / HEAT).softmax(1), reduction="batchmean") * HEAT**2
    hard = functional.cross_entropy(logits, torch.tensor([draw.label for draw in batch]))
    return soft + LABEL_SHARE * hard + STATE_SHARE * near


def distil(
    teacher: Encoder, student: Encoder, seen: Tensor, data: windows.Corpus, weight, marks: tuple[int, int], tokens: float, save
) -> None:
    """Trains the student for so many tokens; its embedding table learns too."""
    rng = random.Random(0)
    student.requires_grad_(True)
    widen = nn.Linear(student.shape.width, teacher.shape.width)
    with torch.no_grad():
        widen.weight.copy_(seen)
        widen.bias.zero_()
    adam = torch.optim.AdamW([*student.parameters(), *widen.parameters()], RATE, weight_decay=0.01, fused=True)
    teacher.eval()
    spent, steps, began, saved, told = 0, 0, time.time(), time.time(), []
    while spent < tokens:
        for batch in windows.batched(windows.draws(data, weight, rng), tier2.BATCH_TOKENS, rng):
            adam.param_groups[0]["lr"] = RATE * tier2.rate(min(1, spent / tokens))
            student.train()
            loss = losses(student, teacher, widen, batch, marks)
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            adam.step()
            told.append(float(loss.detach()))
            spent += len(batch) * windows.padded(max(len(draw.ids) for draw in batch))
            steps += 1
            if steps % 50 == 0:
                print(
                    f"{steps} steps, {spent / 1e6:.2f} M tokens, {spent / (time.time() - began):.0f}/s, loss {np.mean(told[-50:]):.4f}",
                    flush=True,
                )
            if time.time() - saved > 300:
                save(student)
                saved = time.time()
            if spent >= tokens:
                break
    save(student)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cache", type=Path)
    parser.add_argument("teacher", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--inner", type=int, default=1024)
    parser.add_argument("--hold-out", default="")
    parser.add_argument("--tokens", type=float, default=20e6)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows, data = pickle.loads((options.cache / "corpus.pickle").read_bytes())
    marks = tier2.special(options.cache)
    teacher = tier2.load(options.teacher)
    shape = Shape(teacher.shape.vocabulary, options.layers, options.width, teacher.shape.heads, options.inner)
    seen = axes(teacher, data, marks, options.width)
    weight = tier2.trained_on(rows, [name for name in options.hold_out.split(",") if name])
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "from.json").write_text(json.dumps({"teacher": str(options.teacher.name), "tokens": options.tokens}))
    distil(teacher, narrowed(teacher, shape, seen), seen, data, weight, marks, options.tokens, tier2.saver(options.out))


if __name__ == "__main__":
    main()
