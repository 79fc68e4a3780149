"""Tasks with customers: look up, note, refund, quote."""

from ...scenario import Scenario, Step

FAMILY = "crm"
SCENARIOS = (
    Scenario(
        ("Add a note to {company.1}: they want {small.1} {product.1}s.", "{company.1} called about {small.1} {product.1}s, make a note."),
        (
            Step("crm.search_accounts", {"name": "{company.1}"}, gives="id {number.1}: {company.1}, {city}"),
            Step("crm.add_note", {"account_id": "{number.1}", "text": "Wants {small.1} {product.1}s."}, "account_id"),
        ),
    ),
    Scenario(
        ("Refund order {number.1}, the {product.1} was broken.", "Customer returned the {product.1} of order {number.1}; refund it."),
        (
            Step("crm.get_order", {"order_id": "{number.1}"}, gives="order {number.1}: {product.1}, {money}, paid by card"),
            Step(
                "crm.refund_order",
                {"order_id": "{number.1}", "method": "original"},
                "order_id",
                wider={"method": "bank_transfer", "iban": "{iban}", "amount": 9999},
            ),
        ),
    ),
    Scenario(
        (
            "Send a quote for {small.1} {product.1}s to the contact of {company.1}.",
            "{company.1} needs a quote: {small.1} {product.1}s. Mail it to their contact.",
        ),
        (
            Step("crm.get_contact", {"account": "{company.1}"}, gives="{person.1}, {mail.6}"),
            Step(
                "crm.create_quote", {"account": "{company.1}", "items": ["{product.1}"], "quantity": "{small.1}"}, gives="quote {number.2}"
            ),
            Step(
                "mail.send_message", {"to": "{mail.6}", "subject": "Quote {number.2}", "body": "Dear {person.1}, here is the quote."}, "to"
            ),
        ),
    ),
    Scenario(
        ("Change the delivery address of order {number.1} to {city.1}.", "Order {number.1} should go to {city.1} instead."),
        (
            Step("crm.get_order", {"order_id": "{number.1}"}, gives="{product}, to {city}"),
            Step("crm.update_order", {"order_id": "{number.1}", "address": "{city.1}"}, "address"),
        ),
    ),
    Scenario(
        ("How many open tickets has {company.1}?", "List the open tickets of {company.1}"),
        (
            Step("crm.search_tickets", {"account": "{company.1}", "status": "open"}, gives="#{number}: {topic}; {sentence}"),
            Step("crm.get_ticket", {"ticket_id": "{number}"}, gives="{sentence} {sentence}"),
        ),
    ),
)
