"""Inviting an accountant whose firm is not here yet: a link leads to the account, the firm is created free of charge,
and the mandate is then offered to it, to be accepted like any other."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.exc import IntegrityError

from idp.accounts import email_address, profile
from idp.audit import log
from idp.authn import mailed_link, throttle
from idp.authn.activation import PURPOSE as ACTIVATION
from idp.companies import (
    access,
    company,
    firm_creation,
    mandate,
    mandate_due,
    mandate_notice,
    mandate_parties,
    mandate_scope,
    membership,
    paged,
    tables,
)
from idp.companies.errors import AlreadyInvited, MandateSelf
from idp.companies.mandate_scope import Scope
from idp.companies.models import Company, FirmInvitation, Mandate
from idp.companies.paged import LISTED, Order, Page, Place
from idp.core import tokens
from idp.core.errors import Conflict, Expired, InvalidInput, NotFound, NotPermitted
from idp.core.ids import uuid7
from idp.outbox import queue as outbox
from idp.work import Work

PAGE = "/firm-invitations"
_f = FirmInvitation
_TEMPLATES = {False: "firm_invitation", True: "support_invitation"}


@dataclass(frozen=True, slots=True)
class Offer:
    """An open invitation as its reader sees it; `country` is that of the company, where the firm often is too."""

    id: UUID
    company: str
    country: str
    by: str
    address: str
    locale: str
    scope: Scope
    expires_at: datetime


def invite(work: Work, company_id: UUID, *, address: str, scope: Scope, locale: str) -> tuple[FirmInvitation, str]:
    """Mail somebody who has no firm here a link to create one; answers the row, and the token for tests of the mail.

    An invitation to the same address that is still open is replaced, and its link is void.

    Raises:
        NotPermitted: the actor may not invite a firm, or may not consent to an option.
        InvalidInput: the address, the scope or the language is impossible.
        Conflict: the address belongs to somebody of a firm: invite that firm; `reason="has_firm"`.
        MandateSelf: it is the address of one of the company's own people.
        Throttled, FirmsFull, NotSubscribed: as `mandate.invite`.
    """
    work.write()
    access.require(work, mandate.way_of(work, from_company=True).start.permission, company_id)
    wanted = mandate_scope.checked(work, scope)
    mandate_scope.require_consent(work, company_id, wanted.options)
    if locale not in work.policies.account.locales:
        raise InvalidInput(field="locale")
    canonical = email_address.canonical_new(address)
    mandate_parties.count_try(work, company_id)
    account = email_address.find_account(work, canonical)
    if account is not None and membership.find(work, company_id, account.id) is not None:
        mandate_parties.refuse(work, company_id, canonical, MandateSelf())
    if account is not None and mandate_parties.firms_of(work, account.id):
        mandate_parties.refuse(work, company_id, canonical, Conflict(field="email", reason="has_firm"))
    mandate_due.close_over(work, company_id)
    mandate.require_room(work, company_id, wanted)
    invitation, token = _replace(work, company_id, email_address.written(address), canonical, wanted, locale)
    _mail(work, invitation, token)
    log.record(
        work, "firm.invited", ("address", throttle.subject_hint(work, canonical)),
        company_id=company_id, preset=wanted.preset, options=list(wanted.options),
        **_kind(work, invitation),
    )  # fmt: skip
    return invitation, token


def withdraw(work: Work, company_id: UUID, invitation_id: UUID) -> None:
    """Take an invitation back; its link explains that it is over.

    Raises:
        NotPermitted: the actor may not invite a firm.
        NotFound: the company has no such open invitation.
    """
    work.write()
    access.require(work, mandate.way_of(work, from_company=True).start.permission, company_id)
    if not _closed(work, invitation_id, "withdrawn", _f.company_id == company_id):
        raise NotFound(kind="firm_invitation")
    kind = _kind(work, work.session.get_one(_f, invitation_id))
    log.record(work, "firm.invitation_withdrawn", ("firm_invitation", invitation_id), company_id=company_id, **kind)


def find(work: Work, token: str) -> Offer:
    """What a link of a mail is about. Nothing is spent: mail scanners open links too.

    Raises:
        NotFound: there never was one.
        Expired: it was used, withdrawn, declined, or its time is over; `reason` says which.
    """
    found = _open(work, token)
    by = profile.get(work, found.invited_by).display_name if found.invited_by is not None else ""
    where = company.get(work, found.company_id)
    scope = mandate_scope.of(found)
    return Offer(found.id, where.name, where.country, by, found.address, found.locale, scope, found.expires_at)


def has_account(work: Work, token: str) -> bool:
    """Whether the invited address has an account meanwhile; for the holder of its link alone."""
    return email_address.find_account(work, _open(work, token).canonical) is not None


def open_activation(work: Work, token: str, *, locale: str) -> str:
    """Let the reader of the mail create an account for its address; answers the token of an activation that comes back
    to this invitation.

    Raises:
        NotFound, Expired: as `find`.
        Conflict: the address has an account.
    """
    work.write()
    found = _open(work, token)
    if email_address.find_account(work, found.canonical) is not None:
        raise Conflict(field="email", reason="has_account")
    return mailed_link.make(
        work,
        ACTIVATION,
        address=found.address,
        canonical=found.canonical,
        locale=profile.locale_for(work, locale),
        lifetime=work.policies.activation_lifetime,
        continue_to=f"{PAGE}/{token}/firm",
    )


def holds_address(work: Work, token: str, account_id: UUID) -> bool:
    """Whether this account is the one that was invited: it has proved the address (R-57)."""
    account = email_address.find_account(work, _open(work, token).canonical)
    return account is not None and account.id == account_id


def accept(work: Work, token: str, *, name: str, country: str, city: str) -> tuple[Company, Mandate]:
    """Create the firm of the signed-in accountant; the mandate is then offered to it and waits for its yes.

    Raises:
        NotFound, Expired: as `find`; the link counts once.
        NotPermitted: the actor's account has not proved the invited address.
        InvalidInput: a name or place that cannot be used; nothing is spent.
        FirmsFull, NotSubscribed: the company cannot have this firm any more.
    """
    work.write()
    found = _open(work, token)
    account_id = work.actor.id
    if work.actor.kind != "account" or account_id is None or not holds_address(work, token, account_id):
        raise NotPermitted(permission="firm_invitation")
    firm = firm_creation.create(work, account_id, name=name, country=country, city=city, locale=found.locale)
    if not _closed(work, found.id, "accepted"):
        raise Expired(kind="firm_invitation", reason="used")
    way = mandate.way_of(work, from_company=True)
    scope = _still_ahead(work, mandate_scope.of(found))
    made = mandate.begin(work, found.company_id, firm.id, scope, way, asked_by=found.invited_by)
    work.session.execute(update(_f).where(_f.id == found.id).values(mandate_id=made.id))
    about, kind = ("company", firm.id), _kind(work, found)
    log.record(work, "firm.joined", about, company_id=found.company_id, mandate=str(made.id), **kind)
    return firm, made


def decline(work: Work, token: str) -> None:
    """Say no, with the link alone; the company is told.

    Raises:
        NotFound, Expired: as `find`.
    """
    work.write()
    found = _open(work, token)
    if not _closed(work, found.id, "declined"):
        raise Expired(kind="firm_invitation", reason="used")
    mandate_notice.firm_declined(work, found)
    about, kind = ("firm_invitation", found.id), _kind(work, found)
    log.record(work, "firm.invitation_declined", about, company_id=found.company_id, **kind)


def of_company(
    work: Work, company_id: UUID, *, after: Place | None = None, before: Place | None = None, limit: int = LISTED
) -> Page[FirmInvitation]:
    """The open invitations of a company, the oldest first."""
    f = tables.firm_invitations.c
    found = paged.page(
        work, _waiting(work, company_id), Order((f.created_at,), f.id), after=after, before=before, limit=limit
    )
    return found.seen([row[0] for row in found.rows])


def get(work: Work, company_id: UUID, invitation_id: UUID) -> FirmInvitation:
    """An open invitation of a company.

    Raises:
        NotFound: the company has no such open invitation; that of another one answers the same.
    """
    found = work.session.scalar(_waiting(work, company_id).where(_f.id == invitation_id))
    if found is None:
        raise NotFound(kind="firm_invitation")
    return found


def scope_of(invitation: FirmInvitation) -> Scope:
    """What it offers."""
    return mandate_scope.of(invitation)


def _kind(work: Work, invitation: FirmInvitation) -> dict[str, Any]:
    """What the log says of temporary support, which is told in other words."""
    return {"temporary": True} if mandate_notice.temporary(work, invitation) else {}


def _waiting(work: Work, company_id: UUID) -> Select[FirmInvitation]:
    return select(_f).where(_f.company_id == company_id, _f.closed_at.is_(None), _f.expires_at > work.now)


def _replace(
    work: Work, company_id: UUID, address: str, canonical: str, scope: Scope, locale: str
) -> tuple[FirmInvitation, str]:
    """The new row; the one before to this address is over."""
    work.session.execute(
        update(_f)
        .where(_f.company_id == company_id, _f.canonical == canonical, _f.closed_at.is_(None))
        .values(closed_at=work.now, outcome="withdrawn"),
        execution_options={"synchronize_session": False},
    )
    token = tokens.new()
    invitation = _f(
        id=uuid7(),
        company_id=company_id,
        address=address,
        canonical=canonical,
        locale=locale,
        preset=scope.preset,
        options=list(scope.options),
        lowered=mandate_scope.kept(scope),
        starts_at=scope.starts_at,
        until_at=scope.until_at,
        yearly=scope.yearly,
        token_digest=tokens.digest(token),
        invited_by=work.actor.id if work.actor.kind == "account" else None,
        created_at=work.now,
        expires_at=work.now + work.policies.mandates.invitation_lifetime,
    )
    work.session.add(invitation)
    try:
        work.session.flush()
    except IntegrityError as error:  # uq_firm_invitations_open: sent twice at once
        raise AlreadyInvited() from error
    return invitation, token


def _mail(work: Work, invitation: FirmInvitation, token: str) -> None:
    by = profile.get(work, invitation.invited_by).display_name if invitation.invited_by is not None else ""
    outbox.mail(
        work, invitation.address, _TEMPLATES[mandate_notice.temporary(work, invitation)], locale=invitation.locale,
        by=by, company=company.get(work, invitation.company_id).name,
        scope=mandate_notice.scope_label(work, invitation, invitation.locale),
        expires=invitation.expires_at.isoformat(), path=f"{PAGE}/{token}",
        **mandate_notice.ending(work, invitation),
    )  # fmt: skip


def _open(work: Work, token: str) -> FirmInvitation:
    found = work.session.scalar(select(_f).where(_f.token_digest == tokens.digest(token)))
    if found is None:
        raise NotFound(kind="firm_invitation")
    if found.closed_at is not None:
        raise Expired(kind="firm_invitation", reason="used" if found.outcome == "accepted" else found.outcome)
    if found.expires_at <= work.now:
        raise Expired(kind="firm_invitation", reason="expired")
    if company.get(work, found.company_id).suspended_at is not None:
        raise Expired(kind="firm_invitation", reason="suspended")
    return found


def _closed(work: Work, invitation_id: UUID, outcome: str, *where: object) -> bool:
    """Close it, for one caller."""
    closed = work.session.execute(
        update(_f)
        .where(_f.id == invitation_id, _f.closed_at.is_(None), _f.expires_at > work.now, *where)  # type: ignore[arg-type]
        .values(closed_at=work.now, outcome=outcome),
        execution_options={"synchronize_session": False},
    )
    return bool(closed.rowcount == 1)  # type: ignore[attr-defined]


def _still_ahead(work: Work, scope: Scope) -> Scope:
    """The scope as it can still be offered.

    Raises:
        Expired: its end has passed meanwhile.
    """
    try:
        return mandate_scope.checked(work, scope)
    except InvalidInput as error:
        raise Expired(kind="firm_invitation", reason="expired") from error
