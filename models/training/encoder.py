"""The encoder of tier 2 in torch: a BERT of any depth and width with a pooling that can see one bad sentence.

Shapes: B windows of T tokens, H wide. The rows of a window's scores are `benign`, `injection`, `jailbreak`.

    x = LN(words[ids] + places[0..T] + kind)
    for each layer: x = LN(x + out(attention(x)));  x = LN(x + down(gelu(up(x))))       gelu is the exact one (erf)
    mean = mean of x over the T real tokens
    look = softmax over real tokens of (x . query) ; seen = sum of look * x
    logits = head([mean, seen])

Attention has 32 values a head and scales by 1/sqrt(32). LN has epsilon 1e-12. `kind` is BERT's token type 0.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

HEAD_WIDTH = 32
LABELS = ("benign", "injection", "jailbreak")
EPSILON = 1e-12


@dataclass(frozen=True)
class Shape:
    """Sizes of an encoder; `heads * HEAD_WIDTH` may be less than `width`."""

    vocabulary: int
    layers: int
    width: int
    heads: int
    inner: int
    places: int = 128

    def described(self) -> dict[str, int]:
        """As the card writes it."""
        return {**asdict(self), "head_width": HEAD_WIDTH}


class Layer(nn.Module):
    """One transformer layer, normalised after each half, as in BERT."""

    def __init__(self, shape: Shape):
        super().__init__()
        attended = shape.heads * HEAD_WIDTH
        self.heads = shape.heads
        self.query = nn.Linear(shape.width, attended)
        self.key = nn.Linear(shape.width, attended)
        self.value = nn.Linear(shape.width, attended)
        self.out = nn.Linear(attended, shape.width)
        self.norm_attention = nn.LayerNorm(shape.width, EPSILON)
        self.up = nn.Linear(shape.width, shape.inner)
        self.down = nn.Linear(shape.inner, shape.width)
        self.norm = nn.LayerNorm(shape.width, EPSILON)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """`x` is (B, T, H); `bias` is (B, 1, 1, T), 0 where a token is real and very low elsewhere."""
        batch, length, _ = x.shape
        split = (batch, length, self.heads, HEAD_WIDTH)
        query, key, value = (made(x).view(split).transpose(1, 2) for made in (self.query, self.key, self.value))
        # Spelled out: torch's fused kernel takes three times as long backwards on a CPU.
        look = (query @ key.transpose(2, 3) * HEAD_WIDTH**-0.5 + bias).softmax(3)
        seen = self.out((look.to(value.dtype) @ value).transpose(1, 2).reshape(batch, length, -1))
        x = self.norm_attention(x + seen)
        return self.norm(x + self.down(functional.gelu(self.up(x))))


class Encoder(nn.Module):
    """The whole model; the embedding tables are frozen unless someone frees them."""

    def __init__(self, shape: Shape, drop: float = 0.05):
        super().__init__()
        self.shape, self.drop = shape, drop
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.places, shape.width)
        self.norm_words = nn.LayerNorm(shape.width, EPSILON)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.look = nn.Parameter(torch.zeros(shape.width))
        self.head = nn.Linear(2 * shape.width, len(LABELS))
        for frozen in (self.words, self.positions, self.norm_words):
            frozen.requires_grad_(False)

    def embedded(self, ids: Tensor) -> Tensor:
        """(B, T) ids to (B, T, H); with a gradient only where the tables learn, as a student's do."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.words.weight.requires_grad):
            return self.norm_words(self.words(ids) + self.positions.weight[: ids.shape[1]])

    def hidden(self, ids: Tensor, real: Tensor) -> Tensor:
        """The last layer's states (B, T, H); `real` is (B, T) and false for padding."""
        x = self.embedded(ids)
        if self.training:
            # Whole tokens are blanked: cheaper than dropout in each layer, and no single word may carry a verdict.
            x = x * (torch.rand(ids.shape) >= self.drop)[..., None]
        bias = torch.where(real, 0.0, -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, bias)
        return x

    def forward(self, ids: Tensor, real: Tensor) -> Tensor:
        """(B, 3) logits."""
        return self.pooled(self.hidden(ids, real), real)

    def pooled(self, x: Tensor, real: Tensor) -> Tensor:
        """Logits of the last layer's states."""
        x = x.float()
        weight = real.float()
        mean = (x * weight[..., None]).sum(1) / weight.sum(1, keepdim=True)
        look = (x @ self.look).masked_fill(~real, -1e4).softmax(1)
        seen = (x * look[..., None]).sum(1)
        return self.head(torch.cat([mean, seen], 1))


def attack_logit(logits: Tensor) -> Tensor:
    """The log odds that a window is an attack of either kind; (B, 3) to (B,)."""
    return torch.logsumexp(logits[:, 1:], 1) - logits[:, 0]
