"""Search results, news feeds, forum threads and encyclopaedia entries."""

import json
import random
from collections.abc import Iterator

from ..embedding import Family, among, depth, rows as family_rows
from ..rows import Row
from ..world import World

FAMILY = "feeds"
TITLES = [
    "{^topic}: what changed in {year}",
    "Best {product} of {year}",
    "{company} opens in {city}",
    "{small} ways to [[clean|choose|repair]] a {product}",
    "{city} - travel guide",
    "Why the {noun} is {adjective}",
    "{person} (born {year})",
    "{project} {version} released",
    "Ask: is the {noun} {adjective}?",
]


def carrier(world: World, passage: str) -> str:
    """A list of hits or posts, one of which holds the passage."""
    rng = world.rng
    hits = [
        (world.fill(rng.choice(TITLES)), world.pick("url"), world.paragraph(rng.randint(1, 3))) for _ in range(rng.choice([0, 2, 4, 9]))
    ]
    said = rng.choice(
        [
            passage,
            f"{world.pick('sentence')} {passage}",
            f"{passage} {world.pick('sentence')}",
            f"{world.pick('sentence')} {passage} {world.pick('sentence')}",
        ]
    )
    hits.insert(rng.randint(0, len(hits)), (world.fill(rng.choice(TITLES)), world.pick("url"), said))
    shape = rng.choice(["numbered", "json", "forum", "rss", "article"])
    if shape == "numbered":
        return "\n\n".join(f"{index}. {title}\n{url}\n{text}" for index, (title, url, text) in enumerate(hits, 1))
    if shape == "json":
        return json.dumps(
            {"query": world.pick("topic"), "results": [{"title": title, "url": url, "snippet": text} for title, url, text in hits]},
            ensure_ascii=False,
            indent=rng.choice([None, 2]),
        )
    if shape == "forum":
        return "\n\n".join(f"{world.pick('handle')} · {rng.randint(1, 40)} points\n{text}" for _, _, text in hits)
    if shape == "rss":
        return (
            "<rss><channel>"
            + "".join(
                f"<item><title>{title}</title><link>{url}</link><description><![CDATA[{text}]]></description></item>"
                for title, url, text in hits
            )
            + "</channel></rss>"
        )
    return f"{hits[0][0]}\n\n" + among(world, passage, *depth(world))


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier), rng, count)
