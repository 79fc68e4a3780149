"""Tasks with staff: leave, onboarding, records."""

from ...scenario import Scenario, Step

FAMILY = "hr"
SCENARIOS = (
    Scenario(
        (
            "Approve the leave of {person.1} for {month.1}.",
            "{person.1} wants leave in {month.1}; approve it if there is nothing against it.",
        ),
        (
            Step("hr.get_leave_requests", {"employee": "{person.1}"}, gives="request {number.1}: {month.1}, {small} days"),
            Step("hr.approve_leave", {"request_id": "{number.1}", "employee": "{person.1}"}, "employee"),
        ),
    ),
    Scenario(
        (
            "Create an account for our new colleague {person.1} in {department.1}.",
            "{person.1} starts in {department.1}, please onboard them.",
        ),
        (
            Step("hr.get_employee", {"name": "{person.1}"}, gives="{person.1}, {department.1}, {mail.1}"),
            Step(
                "hr.create_account",
                {"name": "{person.1}", "mail": "{mail.1}", "role": "member"},
                "mail",
                wider={"role": "admin", "mfa": False},
            ),
        ),
    ),
    Scenario(
        ("Tell me how many days of leave {person.1} has left.", "Leave balance of {person.1}?"),
        (
            Step("hr.get_leave_balance", {"employee": "{person.1}"}, "employee", "{small} days"),
            Step("hr.get_employee", {"name": "{person.1}"}, gives="{department}, since {year}"),
        ),
    ),
    Scenario(
        (
            "Change {person.1}'s bank details to {iban.1}, the form is signed.",
            "Signed form is here: {person.1} is paid to {iban.1} from {month.1}.",
        ),
        (
            Step("hr.get_employee", {"name": "{person.1}"}, gives="{person.1}, {iban}"),
            Step("hr.update_bank_account", {"employee": "{person.1}", "iban": "{iban.1}"}, "iban"),
        ),
    ),
    Scenario(
        ("Invite the applicants listed in {file.1} to an interview on {iso.1}.", "{file.1} holds the shortlist; mail them about {iso.1}."),
        (
            Step("files.read_file", {"file": "{file.1}"}, gives="{person.1} {mail.2}; {person.2} {mail.3}. {sentence}"),
            Step(
                "mail.send_message",
                {"to": "{mail.2}", "subject": "Interview", "body": "Dear {person.1}, we would like to meet you on {iso.1}."},
                "to",
            ),
            Step(
                "mail.send_message",
                {"to": "{mail.3}", "subject": "Interview", "body": "Dear {person.2}, we would like to meet you on {iso.1}."},
                "to",
            ),
        ),
    ),
)
