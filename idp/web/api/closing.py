"""The end of a company: what it comes to, asked for by its owner, and called off."""

from typing import Annotated

from pydantic import Field

from idp.companies import closure
from idp.core.errors import InvalidInput
from idp.web.api.room import Made, Room
from idp.web.api.shapes import CompanyPath, Flag, Moment, Sent, Shown, example
from idp.web.work import open_work

room = Room("closing", "Closing", "The end of a company, which its owner asks for and may call off.")
PATH = "/companies/<uuid:company_id>/closing"
CLOSES = (closure.CLOSES,)


class ClosingShown(Shown):
    """What the end of a company comes to. Counted are people beside the owner, open invitations, and mandates that it
    gave or, as a firm, holds."""

    closes_at: Annotated[Moment | None, Field(description="When it ends; null while nobody has asked for it.")]
    wait_days: Annotated[int, Field(description="How long it can be called off, from the day it is asked for.")]
    running: Annotated[list[str], Field(description="Products that have to end first.")]
    people: int
    invitations: int
    mandates_given: int
    mandates_held: int
    kept_until: Annotated[Moment | None, Field(description="Until when ended products keep their data.")]


class ClosingSent(Sent):
    """`understood` says that what the end comes to was read; without it nothing is asked for."""

    model_config = example(understood=True)

    understood: Flag


@room.get(PATH, may=CLOSES, shows=ClosingShown, tagged=True)
def show_closing(path: CompanyPath) -> ClosingShown:
    """What the end of a company comes to, and when it comes if it was asked for."""
    work = open_work()
    found = closure.seen(work, path.company_id)
    return ClosingShown(
        closes_at=found.closes_at, wait_days=work.policies.account.erasure_cooling_off.days,
        running=list(found.running), people=found.people, invitations=found.waiting, mandates_given=found.firms,
        mandates_held=found.clients, kept_until=found.kept,
    )  # fmt: skip


@room.post(PATH, may=CLOSES, shows=ClosingShown)
def ask_closing(path: CompanyPath, body: ClosingSent) -> Made:
    """Ask for the end of a company of which every product has ended.

    It comes after some days, in which the owner may call it off. Its administrators and its firms are written to.
    """
    if not body.understood:
        raise InvalidInput(field="understood", reason="is not confirmed")
    closure.ask(open_work(), path.company_id)
    return Made(show_closing(path), f"/api/v1/companies/{path.company_id}/closing")


@room.delete(PATH, may=CLOSES, present=show_closing)
def keep_company(path: CompanyPath) -> None:
    """Call the end of a company off; whoever was written to is written to again."""
    closure.keep(open_work(), path.company_id)
