"""Who of the staff may open a page, and the words of the desk."""

from uuid import UUID

from flask_babel import gettext

from idp.authn import session
from idp.authn.session import Current
from idp.companies import access
from idp.core.errors import NotPermitted, StepUpRequired
from idp.web.pages.fresh import fresh
from idp.web.render import signed_in
from idp.web.work import open_work

ANY = ""
_SEEN, _SEEN_SECONDS = "account looked up", 900


def on_duty(permission: str = ANY, *, sure: bool = False, keep: bool = False) -> Current:
    """The signed-in member of staff, whose session had a second factor.

    Args:
        permission: what the page needs; by default any right to run the service.
        sure: a second factor was proved minutes ago; for what changes something.
        keep: where it is to be proved again, what was typed is there afterwards.

    Raises:
        NotAuthenticated, StepUpRequired: become a redirect to sign-in and back.
        NotPermitted: not one of the staff, or without this permission.
    """
    current = fresh(keep=keep) if sure else signed_in()
    held = access.staff_permissions(open_work(), current.account_id)
    if not held or (permission and permission not in held):
        raise NotPermitted(permission=permission or "operations")
    if current.acr != session.ACR_TWO:
        raise StepUpRequired()
    return current


def seen(current: Current, account_id: UUID) -> str:
    """A note that this session has looked an account up, which was recorded; for the address of the next page."""
    return open_work().keyring.seal(f"{current.session_id} {account_id}", _SEEN)


def has_seen(current: Current, account_id: UUID, note: str) -> bool:
    """Whether the note is this session's, about this account, and some minutes old at the most."""
    return bool(note) and open_work().keyring.unseal(note, _SEEN, _SEEN_SECONDS) == f"{current.session_id} {account_id}"


def kind_name(kind: str) -> str:
    """What a kind of case is called."""
    names: dict[str, str] = {
        "reset-2fa": gettext("Setting up a new second factor"),
        "reset-all": gettext("Setting up a new password and second factor"),
        "change-email": gettext("Replacing the sign-in address"),
        "erase": gettext("Erasing the account"),
        "sharing": gettext("Account perhaps shared"),
        "security": gettext("Address restored by its holder"),
    }
    return names.get(kind, kind)


def state_name(state: str) -> str:
    """What a state of a case is called."""
    names: dict[str, str] = {
        "open": gettext("Open"),
        "requested": gettext("Requested by the person"),
        "notice_sent": gettext("The person was told"),
        "review": gettext("To be decided"),
        "waiting_approval": gettext("Waits for a second person"),
        "waiting_time": gettext("Waiting time"),
        "ready": gettext("Link sent"),
        "done": gettext("Done"),
        "closed": gettext("Closed"),
    }
    return names.get(state, state)


def reason(kept: str) -> str:
    """Why a case was opened, how its identity was checked or why it was closed, and why an account is blocked, where
    the service itself or the person did that; otherwise in the words of the staff."""
    words: dict[str, str] = {
        "stopped": gettext("stopped by a contact of the person"),
        "signed_in": gettext("the person signed in with the second factor"),
        "expired": gettext("nobody went on with it"),
        "done": gettext("carried out"),
        "signs_of_sharing": gettext("signs that the service has seen"),
        "explained": gettext("the person has explained it"),
        "holder_request": gettext("the person asked for it"),
        "own_session": gettext("password and second factor, in the person’s own session"),
        "kept": gettext("the person keeps the account"),
        "address_restored": gettext("a change of address was undone from the address before"),
        "old_mailbox": gettext("the link that went to the address before"),
        "wrong_passwords": gettext("too many wrong passwords"),
    }
    return words.get(kept, kept)
