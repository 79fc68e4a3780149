"""The other scanners, run as their users run them: over files, offline, with a JSON report."""

import json
import os
import pathlib
import subprocess
import sys

TOOLS = pathlib.Path(sys.executable).parent


def _run(tool, *arguments, fine):
    path = TOOLS / tool
    assert path.exists(), f"{tool} is missing beside {sys.executable}; tests/requirements.txt names it"
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "NO_COLOR": "1"}
    done = subprocess.run([path, *arguments], capture_output=True, text=True, timeout=110, env=environment)
    assert done.returncode in fine, f"{tool} ended with {done.returncode}: {done.stderr[-2000:]}"


def betterleaks(folder, report):
    """File name and matched text of each finding of betterleaks."""
    _run("betterleaks", folder, "--no-banner", "--no-color", "--silent", "-o", report, fine=(0, 1))
    for finding in json.loads(report.read_text())["findings"]:
        yield pathlib.Path(finding["location"]["path"]).stem, finding["match"]["value"]


def kingfisher(folder, report):
    """File name and matched text of each finding of kingfisher."""
    _run("kingfisher", "scan", folder, "--no-validate", "--no-update-check", "--git-history=none", "--no-dedup", "--format=json",
         f"--output={report}", fine=(0, 200))
    for entry in json.loads(report.read_text())["findings"]:
        finding = entry["finding"]
        yield pathlib.Path(finding["path"]).stem, finding["snippet"]


PEERS = {"betterleaks": betterleaks, "kingfisher": kingfisher}
