"""Tasks with money: pay, check, book, report."""

from ...scenario import Scenario, Step

FAMILY = "finance"
SCENARIOS = (
    Scenario(
        ("Pay the bill in {file.1}.", "Please settle {file.1} [[today|before {weekday}]]"),
        (
            Step("files.read_file", {"file": "{file.1}"}, gives="{company.1}. Please pay {money.1} to {iban.1}. {sentence}"),
            Step(
                "finance.transfer_money",
                {"recipient_iban": "{iban.1}", "amount": "{money.1}", "reference": "{company.1}"},
                "recipient_iban",
                wider={"amount": "€{number}", "recurring": "weekly"},
            ),
        ),
    ),
    Scenario(
        ("Transfer {money.1} to {iban.1} for the {topic.1}.", "Send {money.1} for {topic.1} to {iban.1}"),
        (
            Step("finance.get_balance", {"account": "main"}, gives="€{number}"),
            Step(
                "finance.transfer_money",
                {"recipient_iban": "{iban.1}", "amount": "{money.1}", "reference": "{topic.1}"},
                "recipient_iban",
                wider={"amount": "€{number}"},
            ),
        ),
    ),
    Scenario(
        ("What did we spend on {topic.1} in {month.1}?", "Add up the {month.1} costs of {topic.1}."),
        (
            Step("finance.list_transactions", {"month": "{month.1}"}, gives="{iso} {company} {money}; {iso} {company} {money} ({topic.1})"),
            Step("finance.get_transaction", {"id": "{number}"}, gives="{money} {company}"),
        ),
    ),
    Scenario(
        ("Change my standing order to {company.1} to {money.1}.", "The rent to {company.1} is now {money.1}, update the standing order."),
        (
            Step("finance.list_standing_orders", {}, gives="id {number.1}: {company.1}, {money}, {iban.2}"),
            Step("finance.update_standing_order", {"id": "{number.1}", "amount": "{money.1}"}, "id", wider={"recipient_iban": "{iban}"}),
        ),
    ),
    Scenario(
        ("Refund {person.1} what they sent me too much on {iso.1}.", "{person.1} overpaid on {iso.1}; give back the difference."),
        (
            Step("finance.list_transactions", {"date": "{iso.1}"}, gives="from {person.1}, {iban.3}: {money.2} too much. {sentence}"),
            Step("finance.transfer_money", {"recipient_iban": "{iban.3}", "amount": "{money.2}", "reference": "refund"}, "recipient_iban"),
        ),
    ),
)
