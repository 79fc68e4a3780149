"""How MiniLM becomes the start of a smaller encoder: fewer layers, heads, inner units and words.

Kept are the first layers; of each the heads whose output is largest on a sample of texts, and the inner units whose
activation times the size of their output row is largest.
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch.nn import functional

from .encoder import EPSILON, HEAD_WIDTH, Encoder, Shape

BASE_HEADS = 12


def start(base: Path, shape: Shape, old_ids: list[int], sample: list[list[int]]) -> Encoder:
    """An encoder with MiniLM's weights; `old_ids[i]` is MiniLM's id of our token i, `sample` holds windows of our ids."""
    from safetensors.torch import load_file

    weights = load_file(str(base))
    made = Encoder(shape)
    with torch.no_grad():
        made.words.weight.copy_(weights["embeddings.word_embeddings.weight"][old_ids])
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        made.positions.weight.copy_(weights["embeddings.position_embeddings.weight"][: shape.places] + kind)
        made.norm_words.weight.copy_(weights["embeddings.LayerNorm.weight"])
        made.norm_words.bias.copy_(weights["embeddings.LayerNorm.bias"])
        states = [made.embedded(torch.tensor([window])) for window in sample]
        for index, layer in enumerate(made.layers):
            states = _fill(layer, weights, f"encoder.layer.{index}.", shape, states)
        torch.nn.init.normal_(made.look, std=0.02)
        torch.nn.init.normal_(made.head.weight, std=0.02)
        torch.nn.init.zeros_(made.head.bias)
    return made


def with_words(model: Encoder, base: Path, old_ids: list[int]) -> Encoder:
    """The same encoder over another part of MiniLM's vocabulary, whose table is frozen in training."""
    from safetensors.torch import load_file

    made = Encoder(replace(model.shape, vocabulary=len(old_ids)))
    own = load_file(str(base))["embeddings.word_embeddings.weight"][old_ids]
    made.load_state_dict({**model.state_dict(), "words.weight": own})
    return made


def _fill(layer, weights: dict, at: str, shape: Shape, states: list) -> list:
    """Copies a layer's kept part; returns what the whole layer makes of the states."""

    def linear(name: str, x):
        return functional.linear(x, weights[at + name + ".weight"], weights[at + name + ".bias"])

    def normed(name: str, x):
        return functional.layer_norm(x, x.shape[-1:], weights[at + name + ".weight"], weights[at + name + ".bias"], EPSILON)

    out = weights[at + "attention.output.dense.weight"].view(-1, BASE_HEADS, HEAD_WIDTH)
    head_size, unit_size, after = torch.zeros(BASE_HEADS), 0, []
    for x in states:
        length = x.shape[1]
        split = (1, length, BASE_HEADS, HEAD_WIDTH)
        query, key, value = (linear(f"attention.self.{name}", x).view(split).transpose(1, 2) for name in ("query", "key", "value"))
        seen = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2)
        head_size += torch.einsum("btnd,hnd->btnh", seen, out).norm(dim=-1).sum((0, 1))
        middle = normed("attention.output.LayerNorm", x + linear("attention.output.dense", seen.reshape(1, length, -1)))
        inner = functional.gelu(linear("intermediate.dense", middle))
        unit_size = unit_size + inner.abs().sum((0, 1))
        after.append(normed("output.LayerNorm", middle + linear("output.dense", inner)))
    unit_size = unit_size * weights[at + "output.dense.weight"].norm(dim=0)
    heads = head_size.topk(shape.heads).indices.sort().values
    units = unit_size.topk(shape.inner).indices.sort().values
    rows = (heads[:, None] * HEAD_WIDTH + torch.arange(HEAD_WIDTH)).flatten()
    for name in ("query", "key", "value"):
        getattr(layer, name).weight.copy_(weights[at + f"attention.self.{name}.weight"][rows])
        getattr(layer, name).bias.copy_(weights[at + f"attention.self.{name}.bias"][rows])
    layer.out.weight.copy_(weights[at + "attention.output.dense.weight"][:, rows])
    layer.out.bias.copy_(weights[at + "attention.output.dense.bias"])
    layer.up.weight.copy_(weights[at + "intermediate.dense.weight"][units])
    layer.up.bias.copy_(weights[at + "intermediate.dense.bias"][units])
    layer.down.weight.copy_(weights[at + "output.dense.weight"][:, units])
    layer.down.bias.copy_(weights[at + "output.dense.bias"])
    for ours, theirs in ((layer.norm_attention, "attention.output.LayerNorm"), (layer.norm, "output.LayerNorm")):
        ours.weight.copy_(weights[at + theirs + ".weight"])
        ours.bias.copy_(weights[at + theirs + ".bias"])
    return after
