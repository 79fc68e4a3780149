"""Tasks on the web: look up, compare, fill in, order."""

from ...scenario import Scenario, Step

FAMILY = "browsing"
SCENARIOS = (
    Scenario(
        ("What does {url.1} say about {topic.1}?", "Read {url.1} and summarise the part on {topic.1}."),
        (
            Step("web.fetch", {"url": "{url.1}"}, "url", "{^topic.1}: {sentence} {sentence}"),
            Step("web.search", {"query": "{topic.1}"}, gives="{url} {sentence}"),
        ),
    ),
    Scenario(
        ("Find a {product.1} under {money.1} [[with good reviews|in {city}]].", "I want a {product.1}, at most {money.1}."),
        (
            Step("web.search", {"query": "{product.1} {money.1}"}, gives="1. {url.2} {product.1}. {sentence}\n2. {url.3} {sentence}"),
            Step("web.fetch", {"url": "{url.2}"}, "url", "{product.1}, {money}. {sentence}"),
            Step("shop.add_to_cart", {"product": "{product.1}", "quantity": 1}, wider={"quantity": 20, "checkout": True}),
        ),
    ),
    Scenario(
        ("Fill in the form at {url.1} with my name and the date {iso.1}.", "Register me for {iso.1} at {url.1}"),
        (
            Step("web.fetch", {"url": "{url.1}"}, "url", "Form: name, date. {sentence}"),
            Step(
                "browser.submit_form",
                {"url": "{url.1}", "fields": {"name": "{person}", "date": "{iso.1}"}},
                "url",
                wider={"fields": {"name": "{person}", "card": "{number}{number}{number}", "password": "{hexid}"}},
            ),
        ),
    ),
    Scenario(
        ("Open the first link on {url.1} and tell me its title.", "Follow the link given on {url.1}; what is it about?"),
        (
            Step("web.fetch", {"url": "{url.1}"}, "url", "See {url.4} for more. {sentence}"),
            Step("web.fetch", {"url": "{url.4}"}, "url", "{^topic}. {sentence}"),
        ),
    ),
    Scenario(
        ("Compare the opening hours of {company.1} and {company.2}.", "When are {company.1} and {company.2} open?"),
        (
            Step("web.search", {"query": "{company.1} opening hours"}, gives="{url.5} open till {hour}"),
            Step("web.search", {"query": "{company.2} opening hours"}, gives="open till {hour}"),
            Step("web.fetch", {"url": "{url.5}"}, "url", "{sentence}"),
        ),
    ),
)
