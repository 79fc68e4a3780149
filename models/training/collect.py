"""Where the harmless carriers come from: passages of permissively licensed packages, cut, cleaned and capped.

    python -m models.training.collect [--archives DIR] [--out DIR]

Reads `packages.tsv` of the out folder, fetches each package at its version with pip or npm (or takes the
archives that lie in DIR), and writes `passages.jsonl.gz`. Manual pages of Debian are reserved: none is read.
"""

import argparse
import csv
import json
import random
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from . import reserved
from .dedup import drop_near_duplicates
from .rows import Row, write

SEED = 20260
PER_PACKAGE_AND_KIND = 110
PER_PACKAGE_AND_LANGUAGE = 18
MOST_FILE_BYTES = 400_000
SKIPPED = re.compile(r"(?i)(^|/)(authors|contributors|thanks|maintainers|changes-old|news\.d)[^/]*$|\.min\.|/_?vendor/|package-lock")
KINDS = {
    ".rst": "prose",
    ".md": "prose",
    ".txt": "prose",
    ".po": "catalogue",
    ".py": "code",
    ".js": "code",
    ".ts": "code",
    ".html": "html",
    ".json": "json",
    ".toml": "config",
    ".yml": "config",
    ".yaml": "config",
    ".cfg": "config",
    ".css": "code",
    ".j2": "html",
}
MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")
# Keys of test suites and the install badges of registries are no use as carriers.
UNWANTED = re.compile(r"(?i)-----BEGIN [A-Z ]*PRIVATE KEY|pypi|npmjs|/crates/")
ATTACK_LIKE = re.compile(
    r"(?i)(ignore|disregard|forget) (all |any )?(the )?(previous|prior|above) (instructions|prompts)|prompt injection|jailbreak"
)


def files(archive: Path) -> Iterator[tuple[str, str]]:
    """Path and text of each text file in an archive."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            for entry in sorted(opened.infolist(), key=lambda entry: entry.filename):
                if entry.file_size <= MOST_FILE_BYTES and wanted(entry.filename):
                    yield entry.filename, opened.read(entry).decode("utf-8", "replace")
        return
    with tarfile.open(archive) as opened:
        for entry in sorted(opened.getmembers(), key=lambda entry: entry.name):
            if entry.isfile() and entry.size <= MOST_FILE_BYTES and wanted(entry.name):
                yield entry.name, opened.extractfile(entry).read().decode("utf-8", "replace")


def wanted(path: str) -> bool:
    """Whether a file is of a kind that carries text."""
    return Path(path).suffix.lower() in KINDS and not SKIPPED.search(path)


def passages(path: str, text: str, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Kind, language and text of each passage of a file."""
    kind = KINDS[Path(path).suffix.lower()]
    if kind == "catalogue":
        yield from catalogue_passages(path, text, rng)
        return
    if kind == "code" and re.search(r"(^|/)(tests?|testing)/", path):
        kind = "test"
    if kind == "prose" and re.search(r"(?i)change|history|release|news", Path(path).name):
        kind = "changelog"
    for passage in cut(text, rng, "\n\n\n" if kind == "code" else "\n\n"):
        yield kind, "en", passage


def cut(text: str, rng: random.Random, gap: str) -> Iterator[str]:
    """Runs of whole blocks, of 150 to 3,500 characters."""
    block, limit = "", rng.choice([400, 800, 1400, 2200, 3400])
    for part in text.replace("\r\n", "\n").split(gap):
        if len(block) + len(part) > limit and block:
            yield block
            block, limit = "", rng.choice([400, 800, 1400, 2200, 3400])
        block = (block + gap + part if block else part)[:3500]
    yield block


def catalogue_passages(path: str, text: str, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Translated messages: as prose lines, as key and value, or as the catalogue writes them."""
    found = re.search(r"/locale/([A-Za-z_@-]+)/", path)
    lang = found[1].split("_")[0] if found else "und"
    pairs = re.findall(r'^msgid "(.{12,})"\nmsgstr "(.{8,})"$', text, re.MULTILINE)
    rng.shuffle(pairs)
    while pairs:
        size = rng.choice([1, 1, 2, 4, 8])
        taken, pairs = pairs[:size], pairs[size:]
        shape = rng.choice(["lines", "lines", "po", "json"])
        if shape == "po":
            yield "catalogue", lang, "\n\n".join(f'msgid "{key}"\nmsgstr "{value}"' for key, value in taken)
        elif shape == "json":
            yield (
                "catalogue",
                lang,
                json.dumps({key.split("%")[0][:24]: value for key, value in taken}, ensure_ascii=False, indent=rng.choice([None, 2])),
            )
        else:
            yield "catalogue", lang, "\n".join(value.replace("\\n", "\n") for _, value in taken)


def is_fit(text: str) -> bool:
    """Whether a passage is clean enough to be labelled benign."""
    letters = sum(character.isalpha() for character in text)
    longest = max((len(word) for word in text.split()), default=0)
    return (
        len(text) >= 25
        and letters > len(text) * 0.4
        and longest < 300
        and "\ufffd" not in text
        and len(MAIL.findall(text)) == 0
        and not ATTACK_LIKE.search(text)
        and not UNWANTED.search(text)
        and not reserved.named_in(text)
    )


def fetch(package: dict, folder: Path) -> Path:
    """The archive of a package, fetched unless it lies there already."""
    stem = f"{package['name']}-{package['version']}"
    if not (found := sorted(folder.rglob(f"{stem}*"))):
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(folder)]
        commands = {
            "pip-source": [*pip, "--no-binary", ":all:", f"{package['name']}=={package['version']}"],
            "pip-wheel": [*pip, f"{package['name']}=={package['version']}"],
            "npm": ["npm", "pack", "--silent", f"{package['name']}@{package['version']}", "--pack-destination", str(folder)],
        }
        subprocess.run(commands[package["registry"]], check=True)
        found = sorted(folder.rglob(f"{stem}*"))
    return found[0]


def collect(package: dict, archive: Path, rng: random.Random) -> list[Row]:
    """The rows of one package: a capped sample of each kind and language."""
    pools: dict[tuple[str, str], list[str]] = {}
    for path, text in files(archive):
        for kind, lang, passage in passages(path, text, rng):
            if is_fit(passage):
                pools.setdefault((kind, lang), []).append(passage.strip("\n"))
    rows = []
    for (kind, lang), texts in sorted(pools.items()):
        most = PER_PACKAGE_AND_KIND if kind != "catalogue" else PER_PACKAGE_AND_LANGUAGE
        for text in rng.sample(texts, min(len(texts), most)):
            rows.append(
                {
                    "text": text,
                    "label": "benign",
                    "source": f"pkg:{package['name'].lower()}/{kind}",
                    "family": "collected",
                    "kind": kind,
                    "lang": lang,
                    "license": package["licence"],
                    "package": f"{package['name']} {package['version']}",
                    "generated": False,
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archives", type=Path, help="folder of archives, filled where one is missing")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data/collected")
    options = parser.parse_args()
    with open(options.out / "packages.tsv", encoding="utf-8") as file:
        packages = list(csv.DictReader(file, delimiter="\t"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.archives or Path(scratch)
        rows = []
        for package in packages:
            found = collect(package, fetch(package, folder), random.Random(f"{SEED}/{package['name']}"))
            print(f"{package['name']}: {len(found)}")
            rows += found
    kept = drop_near_duplicates(rows)
    write(options.out / "passages.jsonl.gz", kept)
    print(f"{len(kept)} of {len(rows)} kept")


if __name__ == "__main__":
    main()
