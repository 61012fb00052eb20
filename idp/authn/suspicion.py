"""What looks as if somebody else were at work: the holder is told, although nothing was changed (R-84)."""

from uuid import UUID

from idp.authn import browser, notices, throttle
from idp.work import Work

MANY = 5  # wrong tries; whoever merely mistypes succeeds sooner
KIND_CODE_TOLD = "code_replayed_mail"


def succeeded(work: Work, account_id: UUID, what: str, tries: int) -> None:
    """Tell the holder that a right password or code came after many wrong ones, whoever typed them.

    Args:
        what: `password`, `totp` or `recovery_code`.
        tries: as `throttle.clear` counted them, the right one among them.
    """
    wrong = tries - 1
    if wrong >= MANY:
        notices.tell(work, account_id, "many_tries", of=what, wrong=wrong)


def code_replayed(work: Work, account_id: UUID) -> None:
    """Tell the holder that a code of the app was typed again after it had served: somebody may have read it. At most
    one mail an hour."""
    told = throttle.take(work, KIND_CODE_TOLD, str(account_id), throttle.ONE_MAIL_AN_HOUR, in_a_row=None)
    if told.allowed:
        notices.tell(work, account_id, "code_replayed")


def access_replayed(work: Work, account_id: UUID, session_id: UUID, application: str) -> None:
    """Tell the holder that an application's access was used a second time, as a copy of it would be.

    Args:
        application: what it is called, in the language of the holder.
    """
    seen = browser.label(work.actor.user_agent)  # few applications say what they are
    device = "" if seen == browser.UNKNOWN else seen
    notices.tell(work, account_id, "access_replayed", session_id=session_id, what=application, device=device)
