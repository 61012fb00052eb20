"""Tries to give more than one may: refused by the commands, and kept for the log of the company (ROL-07).

Pages tell the refusal in their own words and often undo what they had begun. So a try is put aside where it is refused,
and recorded by whoever runs the request, once all else of it is committed or undone.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from idp.audit import log
from idp.companies.errors import RoleNotAssignable
from idp.core.session import is_writing
from idp.work import Work


def refused(
    work: Work, company_id: UUID, *, role: str | None = None, option: str | None = None, permissions: Iterable[str] = ()
) -> RoleNotAssignable:
    """The refusal, to be raised. It is put aside for `record` unless the request only looks; the same one only once, so
    a list of people leaves one for each role that none of them can be given.

    Args:
        role: the role that the actor may not give; only one of the catalogue is kept.
        option: of a mandate, which the actor may not open.
        permissions: ids of the catalogue that the actor may not put into a role.
    """
    named = {"role": role, "option": option, "permissions": list(permissions)}
    members: dict[str, Any] = {name: value for name, value in named.items() if value}
    if is_writing(work.session):
        told: dict[str, Any] = {name: members[name] for name in ("option", "permissions") if name in members}
        known = work.policies.roles.get(role or "")
        if known is not None:
            told |= {"product": known.product, "role": known.id}
        if (company_id, told) not in work.tries:
            work.tries.append((company_id, told))
    return RoleNotAssignable(**members)


def record(work: Work) -> None:
    """Append what was put aside to the log of the company, once."""
    for company_id, told in work.tries:
        log.record(work, "role.refused", ("company", company_id), company_id=company_id, outcome="refused", **told)
    work.tries.clear()
