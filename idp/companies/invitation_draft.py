"""What an invitation says: whom it is for, what it offers, and how that is called."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.accounts import profile
from idp.companies import role
from idp.companies.errors import RoleNotOffered
from idp.companies.models import CustomRole
from idp.companies.role_wish import Wish
from idp.core.errors import InvalidInput
from idp.policy import label_for
from idp.policy.catalogue import Product, Role
from idp.work import Work

MESSAGE_MAX = 500
_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)  # the one link of the mail is ours
_LINE_END = re.compile(r"\r\n|[\r\n\u2028\u2029\x85]")


@dataclass(frozen=True, slots=True)
class Draft:
    """Whom one means to invite, and to what.

    Attributes:
        company_role: by default the one that the catalogue proposes; `also` are those that combine with it.
        roles: by product; a text is the id of a built-in role.
        message: a few plain words from the inviter.
    """

    address: str
    locale: str
    roles: Mapping[str, Wish | str]
    given_name: str = ""
    family_name: str = ""
    company_role: str | None = None
    also: tuple[str, ...] = ()
    message: str = ""


def company_roles(
    work: Work, company_id: UUID, company_role: str | None, also: Iterable[str]
) -> tuple[Role, tuple[Role, ...]]:
    """The company role and those beside it, if the actor may give them. The base role comes with belonging: who may
    invite, as the caller has seen, may give it.

    Raises:
        NotPermitted: none of the actor's roles may give one of them.
        RoleNotOffered: not a company role, or one that cannot be combined.
    """
    given = default_role(work) if company_role is None else _company_role(work, company_role)
    others = tuple(_company_role(work, each) for each in sorted(set(also)))
    for each in (given, *others):
        if not each.entry.default:
            role.require_assignable(work, company_id, each)
        if each is not given and not each.entry.combinable:
            raise RoleNotOffered(product=each.product, role=each.id)
    return given, others


def default_role(work: Work) -> Role:
    """The company role that is proposed first."""
    return next(each for each in work.policies.roles.values() if each.product == administration(work).id
                and each.entry.default)  # fmt: skip


def administration(work: Work) -> Product:
    """The product that is the administration of a company itself."""
    return next(each for each in work.policies.products.values() if each.kind == "administration")


def labels(work: Work, roles: Mapping[str, Mapping[str, Any]], locale: str) -> dict[str, str]:
    """What offered roles are called in a language, by product; a role that is gone is called by its product alone."""
    own = {columns["custom_role_id"] for columns in roles.values()} - {None}
    found: dict[UUID, Mapping[str, str]] = {}
    if own:
        rows = work.session.execute(select(CustomRole.id, CustomRole.labels).where(CustomRole.id.in_(own)))
        found = {row[0]: row[1] for row in rows}
    called = {}
    for product, columns in roles.items():
        known = work.policies.roles.get(columns["role"])
        texts = known.label if known else found.get(columns["custom_role_id"], {})
        called[product] = label_for(texts, locale) if texts else ""
    return called


def inviter(work: Work, account_id: UUID | None) -> str:
    """What the inviter is called; empty when nobody is named."""
    return profile.names(work, [account_id]).get(account_id, "") if account_id is not None else ""


def message(typed: str) -> str:
    """A few plain words: single blanks, its own lines, and no link.

    Raises:
        InvalidInput: `field="message"`: too long, not for reading, or with an address of the web in it.
    """
    lines = [" ".join(line.split()) for line in _LINE_END.split(typed.strip())]
    kept = "\n".join(lines)
    if len(kept) > MESSAGE_MAX:
        raise InvalidInput(field="message", reason="too_long", max=MESSAGE_MAX)
    if any(not (letter.isprintable() or letter in "\n\u200d\xa0\u202f") for letter in kept):
        raise InvalidInput(field="message", reason="unusable")
    if _ADDRESS.search(kept):
        raise InvalidInput(field="message", reason="link")
    return kept


def _company_role(work: Work, role_id: str) -> Role:
    return role.built_in(work, administration(work).id, role_id, "member")
