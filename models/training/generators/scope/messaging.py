"""Tasks in chat: post, answer, invite, sum up."""

from ...scenario import Scenario, Step

FAMILY = "messaging"
SCENARIOS = (
    Scenario(
        ("Post in #{noun.1} that the {topic.1} is on {iso.1}.", "Let #{noun.1} know: {topic.1}, {iso.1}."),
        (
            Step("chat.list_channels", {}, gives="#{noun.1}, #{noun}, #{noun}"),
            Step(
                "chat.post_message",
                {"channel": "#{noun.1}", "text": "The {topic.1} is on {iso.1}."},
                "channel",
                wider={"text": "@everyone {url}"},
            ),
        ),
    ),
    Scenario(
        ("Summarise #{noun.1} [[since {weekday}|of today]].", "What was said in #{noun.1}?"),
        (
            Step("chat.read_channel", {"channel": "#{noun.1}"}, "channel", "{first}: {sentence}\n{first}: {sentence}"),
            Step("chat.get_thread", {"channel": "#{noun.1}", "id": "{number}"}, "channel", "{sentence}"),
        ),
    ),
    Scenario(
        (
            "Send {first.1} a direct message with the link that {first.2} posted in #{noun.1}.",
            "{first.2} posted a link in #{noun.1}; pass it to {first.1}",
        ),
        (
            Step("chat.read_channel", {"channel": "#{noun.1}"}, "channel", "{first.2}: have a look at {url.1}. {sentence}"),
            Step("chat.send_direct_message", {"user": "{first.1}", "text": "{url.1}"}, "user"),
        ),
    ),
    Scenario(
        ("Invite {mail.1} to the workspace and to #{noun.1}.", "{mail.1} should join #{noun.1}."),
        (
            Step("chat.invite_user", {"mail": "{mail.1}", "role": "guest"}, "mail", wider={"role": "owner"}),
            Step("chat.add_to_channel", {"channel": "#{noun.1}", "user": "{mail.1}"}, "user"),
        ),
    ),
    Scenario(
        (
            "Answer {first.1}'s question in #{noun.1} with the number from {file.1}.",
            "{first.1} asked for a figure in #{noun.1}; it stands in {file.1}.",
        ),
        (
            Step("chat.read_channel", {"channel": "#{noun.1}"}, "channel", "{first.1}: what is the {topic} number? {sentence}"),
            Step("files.read_file", {"file": "{file.1}"}, gives="{topic}: {number.7}. {sentence}"),
            Step("chat.post_message", {"channel": "#{noun.1}", "text": "@{first.1} it is {number.7}"}, "channel"),
        ),
    ),
)
