"""Consent: a person lets a client that is not one of our own products act for them (R-42)."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.audit import log as audit
from idp.core.ids import uuid7
from idp.oidc.clients import COMPANY_SCOPE, RegisteredClient
from idp.oidc.models import Consent, ConsentCompany
from idp.work import Work


class Question(NamedTuple):
    """What a person has to be asked.

    Attributes:
        new: the scopes that were not agreed to yet.
        agreed: those of the asked ones that were.
        agreed_at: when; None when nothing was.
        company_is_new: the client was not allowed yet to act for the person in this company.
    """

    new: tuple[str, ...]
    agreed: tuple[str, ...]
    agreed_at: datetime | None
    company_is_new: bool


def question(
    work: Work,
    client: RegisteredClient,
    account_id: UUID,
    scope: str,
    *,
    company_id: UUID | None = None,
    since: datetime | None = None,
) -> Question | None:
    """What the person has to be asked before the client may act for them; None when it is trusted, or was allowed all
    of it. An agreement is kept by client, and grows by scopes and companies.

    Args:
        company_id: the company that the tokens will be for.
        since: an agreement from before this instant does not count.
    """
    if client.trusted:
        return None
    given = work.session.execute(
        select(Consent.scope, Consent.given_at).where(Consent.account_id == account_id, Consent.client_id == client.id)
    ).one_or_none()
    counts = given is not None and (since is None or given.given_at >= since)
    known = set(given.scope.split()) if given is not None and counts else set()
    asked = [each for each in scope.split() if not each.startswith(COMPANY_SCOPE)]
    found = Question(
        new=tuple(each for each in asked if each not in known),
        agreed=tuple(each for each in asked if each in known),
        agreed_at=given.given_at if given is not None and counts else None,
        company_is_new=company_id is not None and f"{COMPANY_SCOPE}{company_id}" not in known,
    )
    return found if found.new or found.company_is_new or not counts else None


def needed(
    work: Work,
    client: RegisteredClient,
    account_id: UUID,
    scope: str,
    *,
    company_id: UUID | None = None,
    since: datetime | None = None,
) -> bool:
    """Whether the person has to be asked; see `question`."""
    return question(work, client, account_id, scope, company_id=company_id, since=since) is not None


def give(work: Work, client: RegisteredClient, account_id: UUID, scope: str, *, company_id: UUID | None = None) -> None:
    """Record the agreement, for this company where the tokens are for one; what was agreed to earlier stays."""
    asked = {each for each in scope.split() if not each.startswith(COMPANY_SCOPE)}
    asked |= {f"{COMPANY_SCOPE}{company_id}"} if company_id is not None else set()
    which = Consent.account_id == account_id, Consent.client_id == client.id
    kept = (
        select(Consent.id, Consent.scope).where(*which).with_for_update()
    )  # a company may be taking its own part back
    given = work.session.execute(kept).one_or_none()
    if given is None:
        try:
            with work.session.begin_nested():
                work.session.execute(
                    insert(Consent).values(
                        id=uuid7(), account_id=account_id, client_id=client.id, scope="", given_at=work.now
                    )
                )
        except IntegrityError:  # the same person agreed in another window
            pass
        given = work.session.execute(kept).one()
    merged = " ".join(sorted({*given.scope.split(), *asked}))
    work.session.execute(update(Consent).where(*which).values(scope=merged, given_at=work.now))
    if company_id is not None:
        _name_company(work, given.id, company_id)
    audit.record(work, "consent.given", ("account", account_id), client_id=client.client_id, scope=merged)


def covers(work: Work, account_id: UUID, client_id: UUID, company_id: UUID) -> bool:
    """Whether the person has let this client act for them in this company. The consent stays as it is until the
    transaction ends, so that whoever withdraws it finds what was given on the strength of it."""
    agreed = select(Consent.scope).where(Consent.account_id == account_id, Consent.client_id == client_id)
    return f"{COMPANY_SCOPE}{company_id}" in (work.session.scalar(agreed.with_for_update(read=True)) or "").split()


def _name_company(work: Work, consent_id: UUID, company_id: UUID) -> None:
    """Write down since when the consent is for this company too; the row of the consent is locked."""
    c = ConsentCompany
    known = select(c.given_at).where(c.consent_id == consent_id, c.company_id == company_id)
    if work.session.scalar(known) is None:
        work.session.execute(insert(c).values(consent_id=consent_id, company_id=company_id, given_at=work.now))
