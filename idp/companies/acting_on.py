"""Who may change something about whom in a company: the rules every command on a member keeps (R-62).

Nobody acts on themselves, nobody on the holder of the unique role, and nobody on somebody whose role they could not
have given. The member is locked, so that of two who act together the second sees what the first has done.
"""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from idp.companies import access, membership_period
from idp.companies.errors import ChangedMeanwhile, HigherRole, NotOnYourself, OwnerNotEditable
from idp.companies.models import Membership, ProductRole
from idp.core.errors import NotFound
from idp.policy.catalogue import Role
from idp.work import Work

GRANTS_ADMINISTRATION = "company.users.grant-administrator"


def find(work: Work, company_id: UUID, account_id: UUID) -> Membership | None:
    """The current membership, suspended or not."""
    return work.session.scalar(
        select(Membership).where(
            Membership.account_id == account_id, Membership.company_id == company_id, Membership.ended_at.is_(None)
        )
    )


def ever(work: Work, company_id: UUID, account_id: UUID) -> bool:
    """Whether the person is a member here, or has been one."""
    statement = select(Membership.id).where(Membership.account_id == account_id, Membership.company_id == company_id)
    return work.session.execute(statement.limit(1)).first() is not None


def editable(
    work: Work, permissions: Iterable[str], company_id: UUID, account_id: UUID, *, seen: UUID | None = None
) -> Membership:
    """The membership, locked, if the actor may act on it. The permission is asked first, so that nobody learns who is
    here.

    Args:
        permissions: one of them is enough.
        seen: the period of the membership that the actor was shown (`membership_period.current`); None not to ask.

    Raises:
        NotPermitted: the actor may not, or acts on themselves, on the holder of the unique role, or on a higher role.
        NotFound: the person is no member here.
        ChangedMeanwhile: somebody else has changed the membership since.
    """
    asked = tuple(permissions)
    work.write()
    access.require_one(work, asked, company_id)
    membership = locked(work, company_id, account_id, seen=seen)
    require_above(work, asked, membership)
    return membership


def locked(work: Work, company_id: UUID, account_id: UUID, *, seen: UUID | None = None) -> Membership:
    """The membership, locked until the commit.

    Raises:
        NotFound: the person is no member here.
        ChangedMeanwhile: somebody else has changed the membership since it was seen.
    """
    work.write()
    membership = find(work, company_id, account_id)
    if membership is None:
        raise NotFound(kind="membership")
    membership_period.lock(work, membership)
    work.session.refresh(membership)
    if membership.ended_at is not None:
        raise NotFound(kind="membership")
    if seen is not None and membership_period.current(work, membership) != seen:
        raise ChangedMeanwhile()
    return membership


def require_above(work: Work, permissions: Iterable[str], membership: Membership) -> None:
    """Go on if the actor may act on this member with one of these permissions, which the actor is known to hold.

    Raises:
        NotOnYourself, OwnerNotEditable, HigherRole
    """
    if access.trusted(work):
        return
    policies, asked = work.policies, frozenset(permissions)
    administration = next(each for each in policies.products.values() if each.kind == "administration")
    if work.actor.id == membership.account_id and not administration.rules.self_edit_of_own_access:
        raise NotOnYourself()
    if membership.unique_role and not administration.rules.owner_editable_by_others:
        raise OwnerNotEditable()
    assert work.actor.id is not None  # an account, as it holds a permission
    own = access.roles_of(work, work.actor.id, membership.company_id)
    known = policies.roles
    using = [known[each] for each in own if each in known and asked & known[each].permissions]
    theirs = [known[each] for each in _roles(work, membership) if each in known]
    company_roles = [each for each in theirs if each.product == administration.id]
    for role in using:
        excepted = frozenset(role.entry.may_not_touch) & {each.id for each in theirs}
        higher = role.product == administration.id and any(not own & each.assignable_by for each in company_roles)
        if not excepted and not higher:
            return
    raise HigherRole()


def administers(work: Work, role: Role) -> bool:
    """Whether giving or taking this company role is appointing or removing an administrator: nobody gives it but those
    who may do that."""
    policies = work.policies
    able = {each.id for each in policies.roles.values() if GRANTS_ADMINISTRATION in each.permissions}
    return bool(role.assignable_by) and role.assignable_by <= able


def _roles(work: Work, membership: Membership) -> frozenset[str]:
    """The roles of a member, suspended or not: of the company's account, and built-in ones in its products."""
    held = work.session.scalars(
        select(ProductRole.role).where(
            ProductRole.membership_id == membership.id, ProductRole.ended_at.is_(None), ProductRole.role.is_not(None)
        )
    )
    return frozenset({membership.company_role, *membership.also, *(each for each in held if each is not None)})
