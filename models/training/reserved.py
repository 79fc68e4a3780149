"""Which public sets are kept for the exam: no row may come from them or name them as its source."""

import re

NAMES = (
    "NotInject",
    "WildGuard-benign",
    "deepset",
    "Gandalf",
    "Tensor Trust",
    "TensorTrust",
    "CyberSecEval",
    "BIPIA/test",
    "agentdojo-banking",
    "agentdojo-travel",
    "LLMail",
    "JailbreakBench",
    "agent-injection-bench",
    "bastioncorpus",
    "luna trajectories",
    "agent_threat_bench",
    "ipi_coding_agent",
    "AUTHENSOR",
    "no_robots",
    "ultrachat",
    "tau-bench-airline",
    "tau2-airline",
    "tau2-telecom",
    "AgentBench-OS",
    "TaskTracker-test",
    "awesome-chatgpt-prompts",
)
_ANY = re.compile("|".join(re.escape(name) for name in NAMES), re.IGNORECASE)


def named_in(text: str) -> str | None:
    """The first reserved name in a text, or nothing."""
    found = _ANY.search(text)
    return found[0] if found else None
