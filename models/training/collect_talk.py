"""Where harmless talk comes from: small talk in many languages, tasks and policies for agents, and pages about injection.

    python -m models.training.collect_talk [--archives DIR] [--out DIR]

Reads `talk_packages.tsv` of the out folder and writes `talk.jsonl.gz`, all labelled benign. The pages are the long
descriptions of security packages: they quote attacks and make none.
"""

import argparse
import csv
import gzip
import io
import json
import random
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from . import reserved
from .collect import SEED, fetch
from .dedup import drop_near_duplicates
from .rows import Row, write

# A passage: its kind, its language, its text.
Passage = tuple[str, str, str]

LANGUAGES = {
    "bengali": "bn", "chinese": "zh", "english": "en", "french": "fr", "german": "de", "hebrew": "he", "hindi": "hi", "indonesian": "id",
    "italian": "it", "japanese": "ja", "korean": "ko", "marathi": "mr", "oriya": "or", "persian": "fa", "portuguese": "pt",
    "russian": "ru", "spanish": "es", "swedish": "sv", "telugu": "te", "thai": "th", "traditionalchinese": "zh", "turkish": "tr",
    "ukrainian": "uk",
}  # fmt: skip
# A thousand lines of each language would drown the rest.
PER_LANGUAGE = 70
PER_KIND = 260
LINE = re.compile(r"^[-\s]*-\s+(\S.{5,400})$", re.MULTILINE)


def conversations(archive: zipfile.ZipFile, rng: random.Random) -> Iterator[Passage]:
    """Lines of small talk, alone or a few in a row."""
    for language, short in LANGUAGES.items():
        lines: list[str] = []
        for name in sorted(archive.namelist()):
            if f"/data/{language}/" in name and name.endswith((".yml", ".yaml")):
                text = archive.read(name).decode("utf-8", "replace").partition("conversations:")[2]
                lines += [found.strip("'\" ") for found in LINE.findall(text)]
        lines = sorted(set(lines))
        rng.shuffle(lines)
        for _ in range(PER_LANGUAGE):
            size = rng.choice([1, 1, 1, 2, 3])
            if len(lines) < size:
                break
            yield "conversation", short, rng.choice([" ", "\n"]).join(lines.pop() for _ in range(size))


def tasks(archive: zipfile.ZipFile, rng: random.Random) -> Iterator[Passage]:
    """Tasks for agents, a bank's procedures for its agents, and questions of fact."""

    def read(name: str) -> str:
        return archive.read(f"inspect_evals/{name}").decode("utf-8", "replace")

    found: list[Passage] = []
    for name in sorted(archive.namelist()):
        if "/theagentcompany/tasks/" in name and name.endswith(".md"):
            found.append(("task", "en", archive.read(name).decode("utf-8", "replace")[:3500]))
    packed = archive.read("inspect_evals/tau2/data/domains/banking_knowledge/documents.json.gz")
    documents = json.loads(gzip.decompress(packed))
    found += [("procedure", "en", f"# {one['title']}\n\n{one['content']}"[:3500]) for one in rng.sample(documents, min(PER_KIND, len(documents)))]
    web = json.loads(read("mind2web_sc/data/seeact/sample_labeled_all.json"))
    found += [("web_task", "en", task) for task in sorted({one["confirmed_task"] for one in web})]
    for name in ("beneficial_samples", "cross_domain", "sycophancy"):
        for line in read(f"persistbench/benchmark_samples/{name}.jsonl").splitlines():
            one = json.loads(line)
            remembered = "\n".join(f"- {memory}" for memory in one["memories"])
            found.append(("memory", "en", one["query"] if rng.random() < 0.6 else f"{one['query']}\n\nMemories:\n{remembered}"))
    table = read("abstention_bench/data/freshqa/FreshQA_v12182024.csv").partition("\nid,")[2]
    found += [("question", "en", one["question"]) for one in csv.DictReader(io.StringIO("id," + table)) if one.get("question")]
    for kind in ("task", "procedure", "web_task", "memory", "question"):
        own = [passage for passage in found if passage[0] == kind]
        yield from rng.sample(own, min(PER_KIND, len(own)))


def readme(archive: zipfile.ZipFile, rng: random.Random) -> Iterator[Passage]:
    """Pieces of a package's long description: whole paragraphs, 250 to 2,400 characters."""
    name = next(name for name in archive.namelist() if name.endswith("/METADATA"))
    text = archive.read(name).decode("utf-8", "replace").partition("\n\n")[2]
    block, limit = "", rng.choice([250, 600, 1200, 2400])
    for part in text.split("\n\n"):
        if block and len(block) + len(part) > limit:
            yield "about_injection", "en", block
            block, limit = "", rng.choice([250, 600, 1200, 2400])
        block = f"{block}\n\n{part}" if block else part
    yield "about_injection", "en", block


READERS: dict[str, Callable[[zipfile.ZipFile, random.Random], Iterator[Passage]]] = {
    "conversations": conversations,
    "tasks": tasks,
    "readme": readme,
}


def collect(package: dict, archive: Path) -> list[Row]:
    """The rows of one package."""
    with zipfile.ZipFile(archive) as opened:
        found = list(READERS[package["reader"]](opened, random.Random(f"{SEED}/{package['name']}")))
    return [
        {
            "text": text.strip(),
            "label": "benign",
            "source": f"talk:{kind}/{package['name']}",
            "family": "talk_collected",
            "kind": kind,
            "lang": lang,
            "license": package["licence"],
            "package": f"{package['name']} {package['version']}",
            "generated": False,
        }
        for kind, lang, text in found
        if len(text.strip()) > 5 and not reserved.named_in(text)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archives", type=Path, help="folder of archives, filled where one is missing")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data/collected")
    options = parser.parse_args()
    with open(options.out / "talk_packages.tsv", encoding="utf-8") as file:
        packages = list(csv.DictReader(file, delimiter="\t"))
    with tempfile.TemporaryDirectory() as scratch:
        rows = []
        for package in packages:
            found = collect(package, fetch(package, options.archives or Path(scratch)))
            print(f"{package['name']}: {len(found)}")
            rows += found
    kept = drop_near_duplicates(rows)
    write(options.out / "talk.jsonl.gz", kept)
    print(f"{len(kept)} of {len(rows)} kept")


if __name__ == "__main__":
    main()
