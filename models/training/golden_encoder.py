"""Writes what the Rust encoder's tests compare with: logits of small encoders with made-up weights. Needs torch.

    python -m models.training.golden_encoder > models/tests/golden_encoder.json

Number i of the tensor called `name` is `(((i * 2654435761 + len(name) * 40503 + ord(name[0])) >> 7) % 255 - 127) / 1024`; of norms'
weights it is that plus 1. Every one fits float16. A text of n tokens has the ids `(7 * i + 3) % vocabulary`.
"""

import json

import torch

from .encoder import Encoder, Shape

SHAPES = (Shape(40, 2, 64, 2, 128), Shape(40, 2, 256, 4, 512), Shape(40, 1, 384, 12, 768))
LENGTHS = (2, 9, 31, 128)


def made_up(name: str, like: torch.Tensor) -> torch.Tensor:
    """The tensor's numbers."""
    seed = len(name) * 40503 + ord(name[0])
    numbers = [(((i * 2654435761 + seed) >> 7) % 255 - 127) / 1024 for i in range(like.numel())]
    tensor = torch.tensor(numbers, dtype=torch.float32).reshape(like.shape)
    return tensor + 1 if name.endswith("weight") and "norm" in name else tensor


def main() -> None:
    found = []
    for shape in SHAPES:
        model = Encoder(shape).eval()
        model.load_state_dict({name: made_up(name, tensor) for name, tensor in model.state_dict().items()})
        sizes = {name: list(tensor.shape) for name, tensor in model.state_dict().items()}
        kept = {name: size for name, size in vars(shape).items()}
        logits = []
        for length in LENGTHS:
            ids = torch.tensor([[(7 * i + 3) % shape.vocabulary for i in range(length)]])
            with torch.no_grad():
                logits.append([float(value) for value in model(ids, torch.ones_like(ids, dtype=torch.bool))[0]])
        found.append({"shape": kept, "tensors": sizes, "lengths": LENGTHS, "logits": logits})
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
