"""What a colleague is written when the firm gives, changes or takes back access at clients."""

from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.accounts import email_address, profile
from idp.companies import tables
from idp.companies.models import Assignment, CustomRole
from idp.outbox import queue as outbox
from idp.policy import label_for
from idp.policy.models import FALLBACK_LANGUAGE
from idp.work import Work

NAMED = 10  # clients that a mail names; the page has them all


def given(work: Work, firm_id: UUID, account_id: UUID, held: Assignment, client_ids: Collection[UUID] | None) -> None:
    """A role at these clients, or at all of them (None)."""
    _write(work, "given", firm_id, account_id, client_ids, [held.product], held)


def changed(work: Work, firm_id: UUID, account_id: UUID, held: Assignment, client_id: UUID | None) -> None:
    """Another role in the same product."""
    _write(work, "changed", firm_id, account_id, _one(client_id), [held.product], held)


def ended(work: Work, firm_id: UUID, account_id: UUID, products: Iterable[str], client_id: UUID | None) -> None:
    """These products are taken back."""
    _write(work, "ended", firm_id, account_id, _one(client_id), products, None)


def _one(client_id: UUID | None) -> list[UUID] | None:
    return [client_id] if client_id is not None else None


def _write(
    work: Work, news: str, firm_id: UUID, account_id: UUID, client_ids: Collection[UUID] | None,
    products: Iterable[str], held: Assignment | None,
) -> None:  # fmt: skip
    """One mail, in the colleague's language at this client. Nothing is written for what one did oneself, or what an
    operator set up."""
    if work.actor.kind != "account" or work.actor.id is None or work.actor.id == account_id:
        return
    reader = profile.get(work, account_id)
    locale = (held.locale if held is not None else None) or reader.locale
    labels = [label_for(work.policies.products[each].label, locale) for each in products]
    outbox.mail(
        work, email_address.primary_address(work, account_id).address, "assignment", locale=locale, news=news,
        name=reader.given_name, by=profile.get(work, work.actor.id).display_name, firm=_names(work, [firm_id])[0],
        clients=_names(work, client_ids or ()), total=len(client_ids) if client_ids is not None else 0,
        products=labels, role=_role(work, firm_id, held, locale), path=f"/companies/{firm_id}/clients",
    )  # fmt: skip


def _role(work: Work, firm_id: UUID, held: Assignment | None, locale: str) -> str:
    if held is None:
        return ""
    labels: Any = work.policies.roles[held.role].label if held.role is not None else None
    if labels is None:
        own = CustomRole.company_id == firm_id, CustomRole.id == held.custom_role_id
        labels = work.session.scalars(select(CustomRole.labels).where(*own)).one()
    return label_for({FALLBACK_LANGUAGE: next(iter(labels.values())), **labels}, locale)


def _names(work: Work, keys: Collection[UUID]) -> list[str]:
    c = tables.companies.c
    listed = select(c.name).where(c.id.in_(keys)).order_by(c.name, c.id).limit(NAMED)
    return list(work.session.scalars(listed)) if keys else []
