"""What the staff read: the state of an account, the cases. Never a secret, a code or a token (OPS-04)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from idp.accounts import email_address, recovery_contact
from idp.accounts.models import Account, EmailAddress
from idp.audit import log as audit
from idp.authn import recovery_code, throttle
from idp.authn.models import Passkey, PasswordCredential, Session, TotpAuthenticator
from idp.companies import access, ownership, paged, support_kind, support_state, tables
from idp.companies.models import SupportCase
from idp.companies.paged import LISTED, Order, Page, Place
from idp.core.errors import NotFound
from idp.work import Work

VIEW = "operations.accounts.view"
SESSIONS = "operations.sessions.view"
LAST_SIGN_INS = 5
_cases = tables.support_cases.c
_LATEST = Order((_cases.created_at,), _cases.id, latest_first=True)
_OPENER, _APPROVER = Account.__table__.alias("opener"), Account.__table__.alias("approver")


@dataclass(frozen=True, slots=True)
class SignInSeen:
    """One of the last sign-ins."""

    at: datetime
    user_agent: str
    network: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """The state of an account, for somebody who helps its holder.

    Attributes:
        contacts: recovery contacts, masked, with their kind.
        sign_ins: the last ones; None for those who may not see sessions.
        blocked_until: passwords are refused until then, after too many wrong ones.
        is_staff: whether the person is one of the staff.
        owns: what the companies are called that the person owns: without them they have no owner who can sign in.
    """

    id: UUID
    name: str
    address: str
    locale: str
    status: str
    status_reason: str
    created_at: datetime
    erasure_at: datetime | None
    password_at: datetime | None
    apps: int
    passkeys: int
    codes_left: int
    contacts: tuple[tuple[str, str], ...]
    sign_ins: tuple[SignInSeen, ...] | None
    blocked_until: datetime | None
    is_staff: bool
    owns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """A case as the staff see it: names instead of keys."""

    id: UUID
    reference: str
    kind: str
    state: str
    account_id: UUID
    name: str
    address: str
    reason: str
    identity_check: str
    details: Mapping[str, Any]
    origin: str
    opened_by: str
    opened_by_id: UUID | None
    created_at: datetime
    confirmed_at: datetime | None
    approved_by: str
    approved_at: datetime | None
    due_at: datetime | None
    ready_at: datetime | None
    closed_at: datetime | None
    close_reason: str
    repeated: bool


def look_up(work: Work, address: str) -> UUID:
    """The account that holds this address now; the look is noted (J14).

    Raises:
        NotPermitted: the actor may not look at accounts.
        InvalidInput: it is no address; `field="email"`.
        NotFound: nobody holds it.
    """
    work.write()
    access.require(work, VIEW)
    account = email_address.find_account(work, email_address.canonical(address))
    if account is None:
        raise NotFound(kind="account")
    audit.record(work, "account.looked_up", ("account", account.id))
    return account.id


def account(work: Work, account_id: UUID) -> AccountSeen:
    """The state of an account that the actor has looked up.

    Raises:
        NotPermitted: the actor may not look at accounts.
        NotFound: there is none, or it was erased.
    """
    access.require(work, VIEW)
    found = work.session.get(Account, account_id)
    if found is None or found.status == "erased":
        raise NotFound(kind="account")
    a, k = TotpAuthenticator, Passkey
    apps = select(func.count()).where(a.account_id == account_id, a.confirmed_at.is_not(None)).scalar_subquery()
    keys = select(func.count()).where(k.account_id == account_id).scalar_subquery()
    password_at = select(PasswordCredential.changed_at).where(PasswordCredential.account_id == account_id)
    held = work.session.execute(select(apps, keys, password_at.scalar_subquery())).one()
    primary = email_address.primary_address(work, account_id)
    contacts = recovery_contact.verified(work, account_id)
    return AccountSeen(
        id=found.id,
        name=found.display_name,
        address=primary.address,
        locale=found.locale,
        status=found.status,
        status_reason=found.status_reason,
        created_at=found.created_at,
        erasure_at=found.erasure_at,
        password_at=held[2],
        apps=held[0],
        passkeys=held[1],
        codes_left=recovery_code.left(work, account_id),
        contacts=tuple((contact.kind, recovery_contact.masked(contact)) for contact in contacts),
        sign_ins=_sign_ins(work, account_id),
        blocked_until=throttle.paused_until(work, "password", primary.canonical),
        is_staff=bool(support_kind.rights(work, account_id)),
        owns=tuple(ownership.names_owned_by(work, account_id)),
    )


def cases(
    work: Work,
    *,
    state: str = "",
    about: UUID | None = None,
    after: Place | None = None,
    before: Place | None = None,
    limit: int = LISTED,
) -> Page[CaseSeen]:
    """A page of the cases that the actor may read, the latest first.

    Args:
        state: one of the states, `open` for all that are not over, or empty for all.
        about: only those of this account.
    """
    c = SupportCase
    query = _reading().where(c.kind.in_(support_kind.visible(work)), *_in_state(state))
    if about is not None:
        query = query.where(c.account_id == about)
    found = paged.page(work, query, _LATEST, after=after, before=before, limit=limit)
    return found.seen([_seen(row) for row in found.rows])


def count(work: Work, *, state: str = "") -> int:
    """How many cases the actor may read, in this state."""
    c = SupportCase
    query = select(func.count()).select_from(c).where(c.kind.in_(support_kind.visible(work)), *_in_state(state))
    return work.session.scalar(query) or 0


def case(work: Work, case_id: UUID) -> CaseSeen:
    """A case that the actor may read.

    Raises:
        NotFound: there is none, or it is none of the actor's business; the two look the same.
    """
    c = SupportCase
    row = work.session.execute(_reading().where(c.id == case_id, c.kind.in_(support_kind.visible(work)))).one_or_none()
    if row is None:
        raise NotFound(kind="case")
    return _seen(row)


def find(work: Work, reference: str) -> UUID:
    """The key of the case with this reference.

    Raises:
        NotFound: as `case`.
    """
    c = SupportCase
    found = work.session.scalar(
        select(c.id).where(c.reference == reference.strip(), c.kind.in_(support_kind.visible(work)))
    )
    if found is None:
        raise NotFound(kind="case")
    return found


def _sign_ins(work: Work, account_id: UUID) -> tuple[SignInSeen, ...] | None:
    if not access.trusted(work) and SESSIONS not in access.rights_of_actor(work):
        return None
    s = Session
    rows = work.session.execute(
        select(s.created_at, s.user_agent, s.network, s.ended_at)
        .where(s.account_id == account_id)
        .order_by(s.created_at.desc())
        .limit(LAST_SIGN_INS)
    )
    return tuple(SignInSeen(*row) for row in rows)


def _in_state(state: str) -> list[Any]:
    if not state:
        return []
    return [SupportCase.state.in_(support_state.OPEN if state == "open" else [state])]


def _reading() -> Any:
    c, o, p = SupportCase, _OPENER.c, _APPROVER.c
    return (
        select(
            c, Account.given_name, Account.family_name, EmailAddress.address,
            o.given_name.label("opener_given"), o.family_name.label("opener_family"),
            p.given_name.label("approver_given"), p.family_name.label("approver_family"),
        )
        .join(Account, Account.id == c.account_id)
        .outerjoin(EmailAddress, and_(EmailAddress.account_id == c.account_id, EmailAddress.released_at.is_(None)))
        .outerjoin(_OPENER, o.id == c.opened_by)
        .outerjoin(_APPROVER, p.id == c.approved_by)
    )  # fmt: skip


def _seen(row: Any) -> CaseSeen:
    found: SupportCase = row[0]
    return CaseSeen(
        id=found.id,
        reference=found.reference,
        kind=found.kind,
        state=found.state,
        account_id=found.account_id,
        name=f"{row.given_name} {row.family_name}".strip(),
        address=row.address or "",
        reason=found.reason,
        identity_check=found.identity_check,
        details=found.details,
        origin=found.origin,
        opened_by=f"{row.opener_given or ''} {row.opener_family or ''}".strip() or found.opened_by_name,
        opened_by_id=found.opened_by,
        created_at=found.created_at,
        confirmed_at=found.confirmed_at,
        approved_by=f"{row.approver_given or ''} {row.approver_family or ''}".strip() or found.approved_by_name,
        approved_at=found.approved_at,
        due_at=found.due_at,
        ready_at=found.ready_at,
        closed_at=found.closed_at,
        close_reason=found.close_reason,
        repeated=found.repeated,
    )
