"""Many offers at once, with a result for each line: checked first, and checked again as they are sent.

The lines of a list share one transaction and one lock, so that a line counts the seats of those before it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from idp.companies import access, invitation, seats
from idp.companies.invitation_draft import Draft
from idp.companies.invitation_sending import Checked, Sender
from idp.core.errors import IdpError, InvalidInput
from idp.work import Work

MOST = 200


@dataclass(frozen=True, slots=True)
class Line:
    """One person of a list; `problem` says why the line cannot be read, which still names the person."""

    number: int
    address: str
    draft: Draft | None
    problem: IdpError | None = None
    given_name: str = ""
    family_name: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What becomes of a line.

    Attributes:
        refused: why nothing is sent; None when the invitation goes out.
        renews: there is an open invitation of this address, which is replaced.
        bought: products of which a seat is bought beside the plan.
    """

    line: Line
    refused: IdpError | None
    renews: bool = False
    bought: tuple[str, ...] = ()


def check(work: Work, company_id: UUID, lines: Sequence[Line], *, extra_cost: bool = False) -> list[Result]:
    """What `send` would do now; nothing is offered and nothing sent.

    Raises:
        NotPermitted, NotFound: the actor may not invite here.
        InvalidInput: `field="file"`: more lines than may be.
    """
    sender = _sender(work, company_id, lines, extra_cost, sending=False)
    mark = sender.locked.mark()
    results = [result for result, _ in _checked(sender, lines)]
    sender.locked.restore(mark)
    invitation.record_expired(work, company_id, sender.locked)
    return results


def send(
    work: Work, company_id: UUID, lines: Sequence[Line], *, extra_cost: bool = False, whole: bool = False
) -> list[Result]:
    """Send the offers of a list. Seats are counted anew; a line that is refused gets nothing and stops no other.

    Args:
        whole: all or nothing: when one line is refused, none is sent.

    Raises:
        NotPermitted, NotFound: the actor may not invite here.
        InvalidInput: `field="file"`: more lines than may be.
    """
    sender = _sender(work, company_id, lines, extra_cost)
    mark = sender.locked.mark()
    found = list(_checked(sender, lines))
    results = [result for result, _ in found]
    if whole and any(result.refused for result in results):
        sender.locked.restore(mark)
        invitation.record_expired(work, company_id, sender.locked)
        return results
    bought: dict[str, int] = {}
    sent = [(checked, sender.send(checked)) for _, checked in found if checked is not None]
    for checked, _ in sent:
        for product in checked.bought:
            bought[product] = bought.get(product, 0) + 1
    seats.tell_bought(work, company_id, bought)
    for checked, made in sent:
        if not checked.repeated:
            name = "invitation.created" if checked.before is None else "invitation.renewed"
            invitation.record(work, name, made, **checked.logged)
    invitation.record_expired(work, company_id, sender.locked)
    return results


def _sender(work: Work, company_id: UUID, lines: Sequence[Line], extra_cost: bool, *, sending: bool = True) -> Sender:
    access.require_one(work, invitation.INVITES, company_id)
    if len(lines) > MOST:
        raise InvalidInput(field="file", reason="too_many_lines", max=MOST)
    sender = Sender(work, company_id, extra_cost, sending)
    sender.read_for([line.draft for line in lines if line.draft is not None])
    return sender


def _checked(sender: Sender, lines: Iterable[Line]) -> Iterable[tuple[Result, Checked | None]]:
    """Each line after those before it. An address that comes twice counts the first time."""
    seen: set[str] = set()
    for line in lines:
        if line.draft is None:
            yield Result(line, line.problem or InvalidInput(field="line")), None
            continue
        try:
            checked = sender.check(line.draft, unless=seen)
        except IdpError as error:
            yield Result(line, error), None
            continue
        seen.add(checked.canonical)
        yield Result(line, None, checked.before is not None, checked.bought), checked
