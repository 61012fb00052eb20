"""What support may do about somebody's account, and who may do it: one table, asked by every command."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from idp.companies import access, tables
from idp.companies.errors import MoreRights, NotOnYourself
from idp.core.errors import InvalidInput
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of case.

    Attributes:
        permission: what both of the staff must hold.
        view: what is enough to read such a case.
        matter: `access`, `erasure`, `sharing` or `security`; an account has one open case of each at a time.
        four_eyes: somebody else approves it; otherwise one person decides.
        waits: the waiting time of the policy begins with the approval.
        shortened: it is shorter for a person who confirmed from the mailbox. Not where the mailbox is all that the
            person is asked for afterwards: then it would be one proof counted twice.
        ends_by_sign_in: whoever signs in with the second factor that was said to be lost does not need it.
    """

    permission: str
    view: str
    matter: str
    four_eyes: bool = True
    waits: bool = True
    shortened: bool = False
    ends_by_sign_in: bool = False


_RESET, _ACCOUNT = "operations.accounts.reset-2fa", "operations.accounts.view"
KINDS = {
    "reset-2fa": Kind(_RESET, _ACCOUNT, "access", shortened=True, ends_by_sign_in=True),
    "reset-all": Kind(_RESET, _ACCOUNT, "access", ends_by_sign_in=True),
    "change-email": Kind("operations.accounts.change-email", _ACCOUNT, "access", shortened=True),
    "erase": Kind("operations.privacy.erase", "operations.privacy.view", "erasure", waits=False),
    "sharing": Kind("operations.sharing.decide", "operations.sharing.view", "sharing", four_eyes=False, waits=False),
    "security": Kind("operations.accounts.suspend", _ACCOUNT, "security", four_eyes=False, waits=False),
}


def named(kind: str) -> Kind:
    """The kind of this name.

    Raises:
        InvalidInput: there is none; `field="kind"`.
    """
    if kind not in KINDS:
        raise InvalidInput(field="kind", reason="unknown", kinds=sorted(KINDS))
    return KINDS[kind]


def require(work: Work, kind: str, account_id: UUID) -> None:
    """Go on only if the actor may work on a case of this kind about this account.

    Raises:
        NotPermitted: the actor lacks the permission.
        NotOnYourself: it is the actor's own account.
        MoreRights: the person holds rights in running the service that the actor does not hold.
    """
    access.require(work, named(kind).permission)
    if access.trusted(work):
        return
    actor = work.actor.id
    assert actor is not None  # access.require let an account through
    if actor == account_id:
        raise NotOnYourself()
    if not rights(work, account_id) <= access.staff_permissions(work, actor):
        raise MoreRights()


def visible(work: Work) -> frozenset[str]:
    """The kinds of cases that the actor may read."""
    if access.trusted(work):
        return frozenset(KINDS)
    if work.actor.kind != "account" or work.actor.id is None:
        return frozenset()
    held = access.staff_permissions(work, work.actor.id)
    return frozenset(name for name, kind in KINDS.items() if {kind.view, kind.permission} & held)


def rights(work: Work, account_id: UUID) -> frozenset[str]:
    """What a person may do in running the service, were the account in order: a blocked administrator stays one."""
    s = tables.staff_roles.c
    statement = select(s.role).where(s.account_id == account_id, s.ended_at.is_(None))
    known = work.policies.roles
    return frozenset().union(*(known[role].permissions for role in work.session.scalars(statement) if role in known))
