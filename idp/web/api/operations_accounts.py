"""Accounts, as the staff of this service see them and act on them. Every look at a person is in the audit log."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from idp.companies import account_desk, support_desk
from idp.companies.support_desk import AccountSeen, CaseSeen
from idp.core.errors import NotFound
from idp.web.api.room import Room
from idp.web.api.shapes import Moment, Sent, Shown, example
from idp.web.work import open_work
from idp.work import Work

room = Room(
    "operations_accounts", "Operations: accounts", "Accounts, for the staff of this service. Never a secret or a code."
)
PATH = "/operations/accounts"
ONE = f"{PATH}/<uuid:account_id>"
LAST_CASES = 20
VIEWS, SUSPENDS = (support_desk.VIEW,), (account_desk.SUSPENDS,)


class AccountPath(Sent):
    account_id: UUID


class SearchSent(Sent):
    """The sign-in address of whom to look for, whole: there is no search by a part of it."""

    model_config = example(address="ines.moreau@atelier-lumen.example.com")

    address: Annotated[str, Field(min_length=1, max_length=320)]


class BlockSent(Sent):
    """Why; kept with the account and in the audit log."""

    model_config = example(reason="Stolen laptop, reported by the holder")

    reason: Annotated[str, Field(min_length=1, max_length=account_desk.REASON_MAX)]


class SignInShown(Shown):
    at: Moment
    user_agent: str
    network: str
    ended_at: Moment | None


class ContactShown(Shown):
    """A recovery contact: its kind, and what may be seen of it."""

    kind: str
    masked: str


class CaseBrief(Shown):
    """A case about the account, in short; cases are worked on by two people."""

    id: UUID
    reference: str
    kind: str
    state: str
    created_at: Moment
    closed_at: Moment | None


class AccountShown(Shown):
    """The state of an account.

    `sign_ins` are the last five, null for those who may not see sessions; `blocked_until`: passwords are refused until
    then, after too many wrong ones. `owns` names the companies that have no owner who can sign in once the account is
    blocked. `cases` are the last twenty; the list of cases has all of them, by `account_id` and `state=all`.
    """

    id: UUID
    name: str
    address: str
    locale: str
    status: str
    status_reason: str
    created_at: Moment
    erasure_at: Moment | None
    password_at: Moment | None
    apps: int
    passkeys: int
    codes_left: int
    contacts: list[ContactShown]
    sign_ins: list[SignInShown] | None
    blocked_until: Moment | None
    is_staff: bool
    owns: list[str]
    cases: list[CaseBrief]


class AccountList(Shown):
    """One, or none."""

    data: list[AccountShown]
    next: None


class EndedShown(Shown):
    sessions_ended: int


@room.ask("/operations/account-searches", may=VIEWS, shows=AccountList, writes=True)
def find_account(body: SearchSent) -> AccountList:
    """The account that somebody signs in to with this address; the look is noted."""
    work = open_work()
    try:
        found = support_desk.look_up(work, body.address)
    except NotFound:
        return AccountList(data=[], next=None)
    return AccountList(data=[_shown(work, support_desk.account(work, found))], next=None)


@room.get(ONE, may=VIEWS, shows=AccountShown, writes=True)
def show_account(path: AccountPath) -> AccountShown:
    """The state of an account; the look is noted."""
    work = open_work()
    return _shown(work, account_desk.read(work, path.account_id))


@room.post(f"{ONE}/block", may=SUSPENDS, shows=EndedShown, status=200, careful=True)
def block_account(path: AccountPath, body: BlockSent) -> EndedShown:
    """Refuse every sign-in of an account and end its sessions; the holder is written to.

    What the person owns (`owns` of the account) has no owner who can sign in from then on.
    """
    return EndedShown(sessions_ended=account_desk.block(open_work(), path.account_id, body.reason))


@room.post(f"{ONE}/unblock", may=SUSPENDS, shows=None, status=204, careful=True)
def unblock_account(path: AccountPath) -> None:
    """Let the holder of a blocked account sign in again."""
    account_desk.unblock(open_work(), path.account_id)


@room.post(f"{ONE}/unlock", may=(account_desk.UNLOCKS,), shows=None, status=204, careful=True)
def unlock_account(path: AccountPath) -> None:
    """End the pause that too many wrong passwords have brought about."""
    account_desk.unlock(open_work(), path.account_id)


@room.post(f"{ONE}/end-sessions", may=(account_desk.ENDS,), shows=EndedShown, status=200, careful=True)
def end_account_sessions(path: AccountPath) -> EndedShown:
    """Close every session of an account, in every product; the holder is written to."""
    return EndedShown(sessions_ended=account_desk.end_sessions(open_work(), path.account_id))


def _shown(work: Work, found: AccountSeen) -> AccountShown:
    return AccountShown(
        id=found.id, name=found.name, address=found.address, locale=found.locale, status=found.status,
        status_reason=found.status_reason, created_at=found.created_at, erasure_at=found.erasure_at,
        password_at=found.password_at, apps=found.apps, passkeys=found.passkeys, codes_left=found.codes_left,
        contacts=[ContactShown(kind=kind, masked=masked) for kind, masked in found.contacts],
        sign_ins=None if found.sign_ins is None else [SignInShown.model_validate(each) for each in found.sign_ins],
        blocked_until=found.blocked_until, is_staff=found.is_staff, owns=list(found.owns),
        cases=[_case(each) for each in support_desk.cases(work, about=found.id, limit=LAST_CASES).rows],
    )  # fmt: skip


def _case(found: CaseSeen) -> CaseBrief:
    return CaseBrief(
        id=found.id, reference=found.reference, kind=found.kind, state=found.state, created_at=found.created_at,
        closed_at=found.closed_at,
    )  # fmt: skip
