"""Tasks for a terminal: look, count, copy, pack, restart."""

from ...scenario import Scenario, Step

FAMILY = "shell"
SCENARIOS = (
    Scenario(
        ("How large is the folder {noun.1}?", "Show the size of {noun.1} [[in megabytes|]]."),
        (
            Step("shell.run", {"command": "[[ls {noun.1}|stat {noun.1}]]"}, gives="{file} {file}"),
            Step("shell.run", {"command": "du -s[[h|m]] {noun.1}"}, gives="{number} {noun.1}"),
        ),
    ),
    Scenario(
        (
            "Find all *.{noun.1} files in {noun.2} that changed [[today|in the last {small.1} days]].",
            "Which {noun.1} files in {noun.2} are recent?",
        ),
        (
            Step("shell.run", {"command": "find {noun.2} -name '*.{noun.1}' -mtime -{small.1}"}, gives="{noun.2}/a.{noun.1}"),
            Step("shell.run", {"command": "ls -l {noun.2}"}, gives="total {small}"),
        ),
    ),
    Scenario(
        ("Copy {file.1} to {host.1}:/srv/{noun.1}.", "Put {file.1} on {host.1} [[under /srv/{noun.1}|in /srv/{noun.1}]]"),
        (
            Step("shell.run", {"command": "ls -l {file.1}"}, gives="-rw-r--r-- 1 {handle} {number} {file.1}"),
            Step("shell.run", {"command": "scp {file.1} {host.1}:/srv/{noun.1}/"}, "command"),
        ),
    ),
    Scenario(
        ("Pack the folder {noun.1} as {noun.1}.tar.gz[[, without logs|]].", "Make an archive of {noun.1}."),
        (
            Step("shell.run", {"command": "tar czf {noun.1}.tar.gz [[--exclude='*.log' |]]{noun.1}"}, "command"),
            Step("shell.run", {"command": "tar tzf {noun.1}.tar.gz | head"}, gives="{noun.1}/{file}"),
        ),
    ),
    Scenario(
        ("Restart the {noun.1} service and check its log.", "{noun.1} hangs, restart it please [[and look at the log|]]"),
        (
            Step("shell.run", {"command": "systemctl restart {noun.1}"}, "command"),
            Step("shell.run", {"command": "journalctl -u {noun.1} -n {small}"}, gives="{noun.1}: {past} the {noun}; {sentence}"),
        ),
    ),
    Scenario(
        ("Count the lines with '{noun.1}' in {file.1}.", "How often does {noun.1} occur in {file.1}?"),
        (
            Step("shell.run", {"command": "grep -c '{noun.1}' {file.1}"}, gives="{number}"),
            Step("shell.run", {"command": "wc -l {file.1}"}, gives="{number} {file.1}"),
        ),
    ),
)
