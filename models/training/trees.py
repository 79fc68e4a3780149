"""Boosted trees as plain JSON, and how they are evaluated: what the Rust side does.

    {"features": [names], "trees": [{"feature": [..], "threshold": [..], "left": [..], "right": [..], "value": [..]}]}

Node 0 of a tree is its root. A child number below 0 is leaf `-1 - number`. A number goes left if it, rounded to float32, is at
most the threshold. The score is the sum of one leaf a tree, in order, in float64: log odds before calibration.
"""

import struct
from collections.abc import Sequence
from typing import Any


def exported(boosters: Sequence) -> dict[str, Any]:
    """The mean of lightgbm boosters over the same features as JSON."""
    dumps = [booster.dump_model() for booster in boosters]
    trees = [_tree(info["tree_structure"], len(dumps)) for dump in dumps for info in dump["tree_info"]]
    return {"features": dumps[0]["feature_names"], "trees": trees}


def _tree(root: dict, share: int) -> dict[str, list]:
    made: dict[str, list] = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}

    def place(node: dict) -> int:
        if "leaf_value" in node:
            made["value"].append(node["leaf_value"] / share)
            return -len(made["value"])
        assert node["decision_type"] == "<="
        at = len(made["feature"])
        made["feature"].append(node["split_feature"])
        made["threshold"].append(node["threshold"])
        made["left"].append(0)
        made["right"].append(0)
        made["left"][at] = place(node["left_child"])
        made["right"][at] = place(node["right_child"])
        return at

    place(root)
    return made


def score(model: dict[str, Any], numbers: Sequence[float]) -> float:
    """The sum of the trees' leaves."""
    values = [struct.unpack("<f", struct.pack("<f", number))[0] for number in numbers]
    return sum(_leaf(tree, values) for tree in model["trees"])


def _leaf(tree: dict[str, list], values: Sequence[float]) -> float:
    at = 0 if tree["feature"] else -1
    while at >= 0:
        at = (tree["left"] if values[tree["feature"][at]] <= tree["threshold"][at] else tree["right"])[at]
    return tree["value"][-1 - at]
