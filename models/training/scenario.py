"""What a task for an agent is made of: ways to say it, and the calls that serve it, with what they return."""

import random
import re
from dataclasses import dataclass, field
from typing import Any

from .grammar import Grammar


@dataclass(frozen=True)
class Step:
    """A call; `to` names the argument that is its destination, `gives` is what the tool returns."""

    tool: str
    args: dict[str, Any]
    to: str | None = None
    gives: str = ""
    # Arguments that an attacker would set wider than the task allows.
    wider: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """A task in several wordings and the steps that carry it out."""

    tasks: tuple[str, ...]
    steps: tuple[Step, ...]


# Names by which the tools of coding agents are known.
ALIASES = {
    "shell.run": ["Bash", "run_command", "shell", "execute_bash", "terminal.run"],
    "file.read": ["Read", "read_file", "view_file", "cat"],
    "file.write": ["Write", "write_file", "create_file"],
    "file.edit": ["Edit", "str_replace", "apply_patch"],
    "web.fetch": ["WebFetch", "fetch_url", "get_webpage", "browser_navigate"],
    "web.search": ["WebSearch", "search_web", "google_search"],
}


def fill(words: Grammar, value: Any) -> Any:
    """Fills templates all through a value."""
    if isinstance(value, str):
        return words.fill(value)
    if isinstance(value, dict):
        return {key: fill(words, found) for key, found in value.items()}
    if isinstance(value, list):
        return [fill(words, found) for found in value]
    return value


class Names:
    """How one agent's host writes tool names; a host is consistent."""

    STYLES = ("plain", "service", "camel", "pascal", "mcp", "dotted", "upper")

    def __init__(self, rng: random.Random):
        self._style = rng.choice(self.STYLES)
        self._aliases = {tool: rng.choice(names) for tool, names in ALIASES.items()}

    def of(self, tool: str) -> str:
        """The name of `service.verb_noun` with this host."""
        if tool in self._aliases:
            return self._aliases[tool]
        service, action = tool.split(".")
        parts = action.split("_")
        return {
            "plain": action,
            "service": f"{service}_{action}",
            "camel": parts[0] + "".join(part.title() for part in parts[1:]),
            "pascal": service.title() + "".join(part.title() for part in parts),
            "mcp": f"mcp__{service}__{action}",
            "dotted": f"{service}.{action}",
            "upper": f"{service}_{action}".upper(),
        }[self._style]


def mentions(text: str, value: Any) -> bool:
    """Whether a text names a value, as a whole word."""
    return re.search(rf"(?<!\w){re.escape(str(value))}(?!\w)", text, re.IGNORECASE) is not None
