"""A person who needs help, and the staff who may give it."""

from dataclasses import dataclass
from uuid import UUID

from idp.companies import staff, support_case
from idp.companies.models import SupportCase
from idp.work import Actor, Work
from tests.conftest import Person
from tests.outbox_content import mails

ROLES = {
    "support": "operations.support",
    "security": "operations.security",
    "privacy": "operations.privacy",
    "billing": "operations.billing",
    "administrator": "operations.administrator",
}
OPERATOR = Actor("operator", name="root")


@dataclass(frozen=True)
class Desk:
    """One of the staff per role, and the person they help."""

    work: Work
    person: Person
    about: UUID
    staff: dict[str, UUID]

    def by(self, role: str, work: Work | None = None) -> Work:
        return (work or self.work).acting(Actor("account", self.staff[role]))

    def open(self, kind: str = "reset-2fa", *, role: str = "support", work: Work | None = None) -> SupportCase:
        details = {"address": "ada.new@example.test"} if kind == "change-email" else {}
        return support_case.open_case(
            self.by(role, work), kind, self.about, "the phone is lost", "called back", **details
        )

    def in_state(self, state: str) -> SupportCase:
        """A case that has come to this state."""
        if state == "review":
            return self.open("sharing", role="security")
        if state == "requested":
            system = self.work.acting(Actor("system"))
            return support_case.open_case(system, "reset-all", self.about, "", "", by_person=True)
        case = self.open()
        if state in ("waiting_time", "ready", "done"):
            support_case.approve(self.by("security"), case.id)
        if state in ("ready", "done"):
            case.state, case.ready_at = "ready", self.work.now
        if state == "done":
            case.state, case.closed_at = "done", self.work.now
        if state == "closed":
            support_case.close(self.by("security"), case.id, "a mistake")
        self.work.session.flush()
        return case


def links(work: Work, template: str = "case_asked") -> dict[str, str]:
    """The tokens of the links that were mailed, by the address they went to; the latest of each."""
    return {
        mail["recipient"]: mail["variables"]["path"].rpartition("/")[2]
        for mail in mails(work)
        if mail["template"] == template
    }


def make_desk(work: Work, make_account) -> Desk:
    people = {name: make_account(f"{name}@staff.example", given_name=name.title()).account.id for name in ROLES}
    for name, role in ROLES.items():
        staff.grant(work.acting(OPERATOR), people[name], role)
    ada = make_account(recovery_codes=True)
    return Desk(work, ada, ada.account.id, people)
