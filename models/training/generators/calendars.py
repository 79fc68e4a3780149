"""Calendar entries: JSON, iCalendar and plain listings with the passage in a description, title or place."""

import json
import random
from collections.abc import Iterator

from ..embedding import Family, rows as family_rows
from ..rows import Row
from ..world import World

FAMILY = "calendars"
TITLES = [
    "{^topic}",
    "Lunch with {first}",
    "{project} sync",
    "1:1 {first}/{first}",
    "Dentist",
    "Call {company}",
    "Flight to {city}",
    "{^noun} review",
    "Birthday {first}",
    "Shift {small}",
    "Interview {person}",
    "School run",
    "Board: {topic}",
]
PLACES = ["Room {small}", "{city}", "{url}", "Online", "{company}, {city}", "The {adjective} {noun}", ""]


def event(world: World, description: str) -> dict:
    """An event as interfaces return it."""
    rng = world.rng
    return {
        "id": world.pick("hexid")[:8],
        "title": world.fill(rng.choice(TITLES)),
        "start": f"{world.pick('iso')}T{world.pick('hour')}",
        "duration_minutes": rng.choice([15, 30, 45, 60, 90]),
        "location": world.fill(rng.choice(PLACES)),
        "description": description,
        "attendees": [world.pick("mail") for _ in range(rng.randint(0, 4))],
        "status": rng.choice(["confirmed", "tentative"]),
    }


def carrier(world: World, passage: str) -> str:
    """One to eight events, one of which holds the passage."""
    rng = world.rng
    events = [event(world, world.paragraph(rng.randint(0, 2)) if rng.random() < 0.7 else "") for _ in range(rng.choice([0, 0, 1, 3, 7]))]
    marked = event(world, rng.choice(["{}", "{} " + world.pick("sentence"), world.pick("sentence") + "\n{}"]).replace("{}", passage))
    field = rng.choices(["description", "title", "location"], [80, 12, 8])[0]
    if field != "description":
        marked[field], marked["description"] = passage, world.pick("sentence")
    events.insert(rng.randint(0, len(events)), marked)
    return rng.choice([as_json, as_ical, as_list, as_yaml])(world, events)


def as_json(world: World, events: list[dict]) -> str:
    found = events[0] if len(events) == 1 else {"events": events, "timezone": "UTC"}
    return json.dumps(found, ensure_ascii=False, indent=world.rng.choice([None, 2]))


def as_ical(world: World, events: list[dict]) -> str:
    blocks = []
    for found in events:
        lines = [
            "BEGIN:VEVENT",
            f"UID:{found['id']}@{world.pick('domain')}",
            f"DTSTART:{found['start'].replace('-', '').replace(':', '')}00Z",
            f"SUMMARY:{found['title']}",
            f"LOCATION:{found['location']}",
            "DESCRIPTION:" + found["description"].replace("\n", "\\n"),
            *(f"ATTENDEE:mailto:{mail}" for mail in found["attendees"]),
            "END:VEVENT",
        ]
        blocks.append("\n".join(lines))
    head = world.fill(
        world.rng.choice(
            [
                "",
                "BEGIN:VCALENDAR\nPRODID:-//{company}//{noun} {version}//EN\nVERSION:2.0\n",
                "BEGIN:VCALENDAR\nX-WR-CALNAME:{topic}\n",
                "{file}:\nBEGIN:VCALENDAR\n",
            ]
        )
    )
    return head + "\n".join(blocks) + ("\nEND:VCALENDAR" if head else "")


def as_list(_world: World, events: list[dict]) -> str:
    return "\n\n".join(
        f"{found['start'].replace('T', ' ')} ({found['duration_minutes']} min) {found['title']} @ {found['location']}\n{found['description']}"
        for found in events
    )


def as_yaml(_world: World, events: list[dict]) -> str:
    blocks = []
    for found in events:
        body = "\n".join(f"    {line}" for line in found["description"].split("\n"))
        people = "".join(f"\n  - {mail}" for mail in found["attendees"]) or " []"
        blocks.append(
            f"- id_: '{found['id']}'\n  title: {found['title']}\n  start_time: {found['start'].replace('T', ' ')}\n  location: {found['location']}\n  description: |\n{body}\n  participants:{people}"
        )
    return "\n".join(blocks)


def rows(rng: random.Random, count: int) -> Iterator[Row]:
    return family_rows(Family(FAMILY, carrier), rng, count)
