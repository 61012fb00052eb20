"""What the tour finds beside the demonstration: groups of clients, requests, offers."""

from idp.companies import (
    client_group,
    colleague_request,
    firm_invitation,
    mandate_request,
    ownership,
    subscription_request,
)
from idp.companies.mandate_scope import Scope
from idp.work import Actor
from tests.browser.guide import Guide
from tests.browser.tour import BAKERY, CLEANING, FIRM, LUMEN, OWNER, PAULE, ROOFS


def prepare(guide: Guide) -> None:
    """What the demonstration lacks: groups of clients, requests, an offered ownership."""
    stage = guide.stage
    person = {name: guide.person(name) for name in (OWNER, "ines.moreau", "samira.elamrani", "fatou.diallo")}
    at = {name: stage.company(name) for name in (LUMEN, BAKERY, ROOFS, FIRM, CLEANING)}
    with stage.work() as work:
        made = client_group.create(work, at[FIRM], "Restauration")
        client_group.create(work, at[FIRM], "Bâtiment")
        client_group.sort(work, at[FIRM], at[BAKERY], [made.id])
        asking = work.acting(Actor("account", person["ines.moreau"]))
        colleague_request.ask(asking, at[LUMEN], name="Nour Belkacem", address="nour@atelier-lumen.example.com")
        buying = work.acting(Actor("account", person[OWNER]))
        subscription_request.ask(buying, at[LUMEN], plan="business", seats_asked=None)
        leaving = work.acting(Actor("account", person["samira.elamrani"]))
        scope = Scope("full-file", ())
        firm_invitation.invite(buying, at[LUMEN], address=PAULE, scope=scope, locale="fr-FR")
        mandate_request.ask(work, at[FIRM], address="somebody@elsewhere.example", preset="review")
        ownership.offer(leaving, at[CLEANING], person["fatou.diallo"], afterwards="administrator")
    guide.deliver()
