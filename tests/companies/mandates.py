"""What the tests of mandates share: addresses of the demonstration, what was told to whom, what an answer opens."""

from idp.companies import mandate
from idp.companies.mandate_scope import Scope
from tests.companies.conftest import ADDRESSES
from tests.outbox_content import mails

REVIEW, FULL = Scope("review"), Scope("full-file")
KARIM, NATHALIE, FATOU = ADDRESSES["karim.benali"], ADDRESSES["nathalie.deltour"], ADDRESSES["fatou.diallo"]
UNKNOWN = "nathalie@cabinet-delcour.example.net"


def ended(demo, company):
    """A company of the demonstration without its mandate, the firm, and the work of the company's owner."""
    firm = demo.company("cabinet-deltour")
    for each in mandate.between(demo.work, demo.company(company), firm):
        if each.state in ("active", "suspended"):
            mandate.end(demo.work, each.id)
    return demo.company(company), firm


def levels(work, answer):
    return {work.policies.permissions[each].level for each in answer.permissions}


def told(work, template):
    return [(each["recipient"], each["variables"]) for each in mails(work) if each["template"] == template]


def write_on(work):
    work.session.commit()
    work.write()
