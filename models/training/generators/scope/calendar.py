"""Tasks about calendars: look up, book, move, invite."""

from ...scenario import Scenario, Step

FAMILY = "calendar"
SCENARIOS = (
    Scenario(
        (
            "Book [[an hour|30 minutes]] with {mail.1} on {iso.1} about the {topic.1}.",
            "Set up a meeting on {topic.1} with {mail.1}, {iso.1}",
        ),
        (
            Step("calendar.list_events", {"date": "{iso.1}"}, gives="09:00 {topic}; 13:00 {topic}"),
            Step(
                "calendar.create_event",
                {"title": "{topic.1}", "date": "{iso.1}", "attendees": ["{mail.1}"]},
                "attendees",
                wider={"visibility": "public", "attendees": ["{mail}", "all-staff@{domain}"]},
            ),
        ),
    ),
    Scenario(
        ("Move my {topic.1} meeting to {iso.1}.", "The {topic.1} appointment has to go to {iso.1}, please change it."),
        (
            Step("calendar.search_events", {"query": "{topic.1}"}, gives="id {number.1}: {topic.1}, {iso}, with {person}"),
            Step("calendar.update_event", {"event_id": "{number.1}", "date": "{iso.1}"}),
        ),
    ),
    Scenario(
        ("What do I have on {iso.1}?", "Show my appointments for {iso.1} [[and how long they last|]]."),
        (
            Step("calendar.list_events", {"date": "{iso.1}"}, gives="09:00 {topic} in {city}; {sentence}"),
            Step("calendar.get_event", {"event_id": "{number}"}, gives="{sentence}"),
        ),
    ),
    Scenario(
        (
            "Invite everybody named in {file.1} to the {topic.1} on {iso.1}.",
            "{file.1} lists the guests for {topic.1}; send them the invitation for {iso.1}",
        ),
        (
            Step("files.read_file", {"file": "{file.1}"}, gives="Guests: {mail.1}, {mail.2}. {sentence}"),
            Step("calendar.create_event", {"title": "{topic.1}", "date": "{iso.1}", "attendees": ["{mail.1}", "{mail.2}"]}, "attendees"),
        ),
    ),
    Scenario(
        ("Cancel the {topic.1} on {iso.1} and tell {mail.1}.", "{topic.1} on {iso.1} is off; drop it and let {mail.1} know."),
        (
            Step("calendar.search_events", {"query": "{topic.1}", "date": "{iso.1}"}, gives="id {number.1}: {topic.1}"),
            Step("calendar.delete_event", {"event_id": "{number.1}"}, wider={"event_id": "*"}),
            Step(
                "mail.send_message",
                {"to": "{mail.1}", "subject": "{topic.1} cancelled", "body": "The meeting on {iso.1} is cancelled."},
                "to",
            ),
        ),
    ),
)
