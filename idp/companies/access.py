"""The question of every floor above: who may do what, in which product of which company, and through what.

This room is the door. The answer for one company comes from `reach`, lists of companies from `directory`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, or_, select

from idp.authn import sharing
from idp.companies import client_access, tables
from idp.companies.directory import (
    ChoicePage,
    CompanyChoice,
    LauncherCompany,
    LauncherTile,
    choices,
    count_companies,
    launcher,
    only_company,
    why_none,
)
from idp.companies.reach import Access, Reason, Refusal, Why, resolve, resolve_many
from idp.core.errors import NotFound, NotPermitted
from idp.core.prepared import Prepared
from idp.core.session import reader
from idp.work import Work

__all__ = [
    "Access",
    "Administrator",
    "ChoicePage",
    "CompanyChoice",
    "LauncherCompany",
    "LauncherTile",
    "Reason",
    "Refusal",
    "Why",
    "administrators",
    "choices",
    "count_companies",
    "launcher",
    "only_company",
    "require",
    "require_one",
    "rights_of_actor",
    "resolve",
    "resolve_many",
    "roles_of",
    "staff_permissions",
    "trusted",
    "trusted_devices_allowed",
    "why_none",
]

EDITS_ACCESS = "company.users.edit-access"

_a, _c, _m = tables.accounts.c, tables.companies.c, tables.memberships.c
_OBJECTING = Prepared(
    select(_a.id).where(
        _a.id == bindparam("account"),
        or_(
            exists().where(
                _m.account_id == _a.id,
                _m.ended_at.is_(None),
                _c.id == _m.company_id,
                _c.closed_at.is_(None),
                _c.trusted_devices.is_(False),
            ),
            sharing.needs_code_each_time(_a.id),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Administrator:
    """Somebody to ask for access, who reads mail in the language of `locale`."""

    name: str
    address: str
    locale: str = ""


def trusted(work: Work) -> bool:
    """Whether the actor answers to nobody here: an operator at the command line, or a job of the service."""
    return work.actor.kind in ("operator", "system")


def require(work: Work, permission: str, company_id: UUID | None = None) -> None:
    """Go on only if the actor holds this permission in this company (for `operations.*`, as staff).

    Whether a fresh second factor was given for it is a question to the session, not to this room.

    Raises:
        NotPermitted: the actor may not.
        NotFound: the actor has nothing to do with the company, or there is none; the two look the same.
    """
    if trusted(work):
        return
    account_id = work.actor.id
    product = permission.partition(".")[0]
    if work.actor.kind == "client":
        _require_of_client(work, permission, product, company_id)
        return
    if work.actor.kind != "account" or account_id is None:
        raise NotPermitted(permission=permission)
    if product in work.policies.products and work.policies.products[product].kind == "operations":
        if permission in staff_permissions(work, account_id):
            return
        raise NotPermitted(permission=permission)
    if company_id is None:
        raise NotPermitted(permission=permission)
    answer = resolve(work, account_id, company_id, product)
    if isinstance(answer, Refusal):
        raise NotFound(kind="company") if answer.why is Why.NOT_A_MEMBER else NotPermitted(permission=permission)
    if permission not in answer.permissions:
        raise NotPermitted(permission=permission)


def _require_of_client(work: Work, permission: str, product: str, company_id: UUID | None) -> None:
    """As `require`, for a client that acts by itself: for one company with what it was registered with, or, with
    `operations.*`, to help run the service."""
    policy = work.policies.products.get(product)
    if policy is not None and policy.kind == "operations":
        if permission not in work.actor.permissions or work.actor.company_id is not None:
            raise NotPermitted(permission=permission)
        return
    if company_id is None:
        raise NotPermitted(permission=permission)
    if company_id != work.actor.company_id:
        raise NotFound(kind="company")
    answer = client_access.resolve(work, company_id, product, work.actor.permissions)
    if isinstance(answer, Reason) or permission not in answer.permissions:
        raise NotPermitted(permission=permission)


def require_one(work: Work, permissions: Iterable[str], company_id: UUID) -> None:
    """Go on if the actor holds one of these permissions in this company.

    Raises:
        NotPermitted, NotFound: as `require`, about the last one.
    """
    *others, last = permissions
    for permission in others:
        try:
            require(work, permission, company_id)
        except (NotPermitted, NotFound):
            continue
        return
    require(work, last, company_id)


def staff_permissions(work: Work, account_id: UUID) -> frozenset[str]:
    """What a member of staff may do; empty for everybody else, and for staff whose account is not active."""
    s, a = tables.staff_roles.c, tables.accounts.c
    statement = (
        select(s.role)
        .join_from(tables.staff_roles, tables.accounts, a.id == s.account_id)
        .where(s.account_id == account_id, s.ended_at.is_(None), a.status == "active")
    )
    known = work.policies.roles
    held = [known[role] for role in work.session.scalars(statement) if role in known]
    return frozenset().union(*(role.permissions for role in held if "staff" in role.held_by))


def rights_of_actor(work: Work) -> frozenset[str]:
    """What the actor may do in running this service, be it a person or a service that works for it."""
    actor = work.actor
    if actor.kind == "client":
        return frozenset() if actor.company_id is not None else frozenset(actor.permissions)
    return staff_permissions(work, actor.id) if actor.kind == "account" and actor.id is not None else frozenset()


def roles_of(work: Work, account_id: UUID, company_id: UUID) -> frozenset[str]:
    """The roles a person holds in a company now: company roles, and built-in roles in its products. A client that acts
    by itself counts as a holder of each role of which it was registered with everything."""
    if work.actor.kind == "client" and work.actor.id == account_id:
        return _roles_of_client(work, company_id)
    m, r = tables.memberships.c, tables.product_roles.c
    current = and_(r.membership_id == m.id, r.ended_at.is_(None), r.role.is_not(None))
    rows = work.session.execute(
        select(m.company_role, m.also, r.role, r.expires_at)
        .join_from(tables.memberships, tables.product_roles, current, isouter=True)
        .where(m.account_id == account_id, m.company_id == company_id, m.ended_at.is_(None), m.suspended_at.is_(None))
    ).all()
    held = {role for row in rows for role in (row.company_role, *row.also)}
    held |= {row.role for row in rows if row.role and (row.expires_at is None or row.expires_at > work.now)}
    return frozenset(held)


def _roles_of_client(work: Work, company_id: UUID) -> frozenset[str]:
    if work.actor.company_id != company_id:
        return frozenset()
    held = work.actor.permissions
    roles = (each for each in work.policies.roles.values() if "member" in each.held_by and not each.entry.unique)
    return frozenset(each.id for each in roles if each.permissions and each.permissions <= held)


def administrators(work: Work, company_id: UUID, *, limit: int = 5) -> tuple[Administrator, ...]:
    """Those who can give access in a company, for people who belong there; holders of a unique role come first."""
    m, a, e = tables.memberships.c, tables.accounts.c, tables.email_addresses.c
    able = [each.id for each in work.policies.roles.values() if EDITS_ACCESS in each.permissions]
    statement = (
        select(a.given_name, a.family_name, e.address, a.locale)
        .join_from(tables.memberships, tables.accounts, a.id == m.account_id)
        .join(tables.email_addresses, and_(e.account_id == a.id, e.released_at.is_(None)))
        .where(m.company_id == company_id, m.ended_at.is_(None), m.suspended_at.is_(None), a.status == "active")
        .where(m.company_role.in_(able))
        .order_by(m.unique_role.desc(), a.family_name, a.given_name)
        .limit(limit)
    )
    rows = work.session.execute(statement)
    return tuple(Administrator(f"{row.given_name} {row.family_name}".strip(), row.address, row.locale) for row in rows)


def trusted_devices_allowed(work: Work, account_id: UUID) -> bool:
    """Whether this person may skip the second factor in a browser: the policy offers it, no company objects, and no
    signs of sharing ask for a code each time."""
    if not work.policies.account.trusted_device_offered:
        return False
    return _OBJECTING.first(reader(work.session), {"account": account_id, **sharing.asked(work)}) is None
