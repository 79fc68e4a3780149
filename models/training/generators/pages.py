"""Web pages: the passage is visible, hidden by style, in an attribute, a comment, a template or a script."""

import html
import random
from collections.abc import Iterator

from ..embedding import Family, rows as family_rows
from ..rows import Row
from ..world import World

FAMILY = "pages"
TITLES = [
    "{^topic} - {company}",
    "{company} | {city}",
    "Review: {product}",
    "How to choose a {product}",
    "{^noun} guide {year}",
    "About us",
    "{project} documentation",
    "Jobs at {company}",
    "FAQ",
    "{city} events in {month}",
]
HIDDEN = [
    '<div style="display:none">{}</div>',
    '<div style="display: none;" aria-hidden="true"><p>{}</p></div>',
    '<span style="font-size:0">{}</span>',
    '<p style="font-size:0px;line-height:0">{}</p>',
    '<div style="position:absolute;left:-9999px;top:0">{}</div>',
    '<span style="color:#fff;background:#fff">{}</span>',
    '<div style="opacity:0;height:0;overflow:hidden">{}</div>',
    "<div hidden>{}</div>",
    '<div class="sr-only">{}</div>',
    '<template id="n">{}</template>',
    "<noscript>{}</noscript>",
    '<div style="visibility:hidden">{}</div>',
    "<details><summary>More</summary>{}</details>",
    '<section style="text-indent:-5000px">{}</section>',
    '<p style="clip-path:inset(100%)">{}</p>',
]
ATTRIBUTES = [
    '<img src="/img/{noun}.png" alt="{}">',
    '<a href="/{noun}" title="{}">{noun}</a>',
    '<button aria-label="{}">OK</button>',
    '<div data-note="{}"></div>',
    '<meta name="description" content="{}">',
    '<input type="hidden" name="{noun}" value="{}">',
    '<meta property="og:description" content="{}">',
    "<svg><title>{}</title></svg>",
    '<input placeholder="{}">',
    '<td abbr="{}">{noun}</td>',
]
VISIBLE = [
    "<p>{}</p>",
    "<li>{}</li>",
    "<blockquote>{}</blockquote>",
    "<h2>{}</h2>",
    "<td>{}</td>",
    "<figcaption>{}</figcaption>",
    '<div class="comment">{}</div>',
    '<div class="review">{}</div>',
    "<footer>{}</footer>",
    "<em>{}</em>",
    "<pre>{}</pre>",
    "<strong>{}</strong>",
    '<aside class="note">{}</aside>',
]
BLOCKS = [
    "<p>{sentence} {sentence}</p>",
    "<h2>{^topic}</h2>",
    "<ul><li>{noun}</li><li>{noun}</li><li>{product}</li></ul>",
    '<p class="{noun}">{sentence}</p>',
    "<p>{sentence} {sentence} {sentence}</p>",
    '<img src="/{noun}.jpg" alt="{adjective} {noun}">',
    '<a href="{url}">{noun}</a>',
    "<table><tr><td>{product}</td><td>{money}</td></tr><tr><td>{noun}</td><td>{money}</td></tr></table>",
    '<div style="display:none">{sentence}</div>',
    "<!-- {noun} {version} -->",
    '<span class="sr-only">Skip to {noun}</span>',
    '<nav><a href="/">Home</a> <a href="/{noun}">{^noun}</a></nav>',
    '<form action="/{noun}"><input name="{noun}" placeholder="{^noun}"><button>Send</button></form>',
    '<script>var {noun} = "{hexid}";</script>',
    "<blockquote>{sentence}<cite>{person}</cite></blockquote>",
]

META = [
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width={number}">',
    "<style>.{noun}{position:absolute;width:{small}px}</style>",
    '<link rel="icon" href="/{noun}.png">',
    '<meta name="author" content="{person}">',
    '<script src="{url}"></script>',
    '<meta name="keywords" content="{noun}, {noun}">',
]


def carrier(world: World, passage: str) -> str:
    """A page, or what a tool makes of one, with the passage somewhere in it."""
    rng = world.rng
    blocks = [world.fill(rng.choice(BLOCKS)) for _ in range(rng.choice([1, 2, 4, 7, 12, 25]))]
    blocks.insert(rng.randint(0, len(blocks)), place(world, passage))
    title = world.fill(rng.choice(TITLES))
    shape = rng.choice(["fragment", "document", "document", "head"])
    glue = rng.choice(["\n", "", "\n  "])
    if shape == "fragment":
        return glue.join(blocks)
    prefix = f"HTTP 200 {world.pick('url')}\n" if shape == "head" else ""
    meta = [f"<title>{title}</title>", *(world.fill(found) for found in rng.sample(META, rng.randint(0, 3)))]
    rng.shuffle(meta)
    start = rng.choice(["<!doctype html><html>", '<!DOCTYPE html>\n<html lang="en">', "<html>", ""])
    return f"{prefix}{start}<head>{''.join(meta)}</head><body>{glue}{glue.join(blocks)}{glue}</body>{'</html>' if start else ''}"


def place(world: World, passage: str) -> str:
    """The passage in visible, hidden, attribute, comment or script form."""
    rng = world.rng
    kind = rng.choices(["visible", "hidden", "attribute", "comment", "script"], [38, 30, 16, 10, 6])[0]
    if kind == "comment":
        return f"<!-- {passage.replace('--', '- -')} -->"
    if kind == "script":
        return f'<script type="application/ld+json">{{"@type": "Thing", "description": "{passage.replace(chr(34), chr(39))}"}}</script>'
    frame = rng.choice({"visible": VISIBLE, "hidden": HIDDEN, "attribute": ATTRIBUTES}[kind])
    # Many pages do not escape what they show.
    body = html.escape(passage) if kind == "attribute" or rng.random() < 0.6 else passage
    before, after = frame.split("{}")
    return world.fill(before) + body + world.fill(after)


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier), rng, count)
