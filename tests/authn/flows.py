"""Walking through a sign-in as a browser does."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp.authn import setup, sign_in, totp
from idp.authn.attempt import Attempt
from idp.authn.contacts import Proved
from idp.authn.sign_in import Finished, Outcome
from idp.work import Work
from tests.outbox_content import mails, messages

MINUTES_15 = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person types at the first step."""

    address: str
    password: str


def allowed(account_id: object) -> bool:
    """No company of the person has anything against trusted browsers."""
    return True


def forbidden(account_id: object) -> bool:
    """A company of the person forbids trusted browsers."""
    return False


def attempt(work: Work, **options: Any) -> Attempt:
    return sign_in.begin(work, continue_to="/account", **options)[0]


def password(
    work: Work,
    person: Any,
    *,
    typed: str | None = None,
    device: str | None = None,
    allowed: Any = allowed,
    on: Attempt | None = None,
) -> tuple[Attempt, Outcome]:
    """Begin (or go on) and type the password of this person, or another one."""
    begun = on or attempt(work)
    outcome = sign_in.prove_password(
        work,
        begun,
        address=person.address,
        password=person.password if typed is None else typed,
        device_token=device,
        device_allowed=allowed,
    )
    return begun, outcome


def complete(work: Work, attempt: Attempt, contact: str = "contact@perso.example.org") -> list[str]:
    """The set-up steps at the end of an attempt: a contact, proved by the code sent to it, then codes that are kept."""
    kind = "email" if "@" in contact else "phone"
    assert setup.ask_contact(work, attempt, kind=kind, value=contact) is Outcome.ACCEPTED
    assert setup.prove_contact(work, attempt, sent_code(work)) is Proved.ACCEPTED
    return keep_codes(work, attempt)


def keep_codes(work: Work, attempt: Attempt) -> list[str]:
    """Get recovery codes and show that they are kept."""
    codes = setup.make_codes(work, attempt)
    assert setup.keep_codes(work, attempt, codes[0])
    return codes


def sent_code(work: Work) -> str:
    """The last code that was sent to anybody."""
    sent = [each for each in (*mails(work), *messages(work)) if each["template"] == "one_time_code"]
    return str(max(sent, key=lambda each: each["id"])["variables"]["code"])


def signed_in(work: Work, person: Any, *, trust: bool = False, device: str | None = None, **options: Any) -> Finished:
    """A whole sign-in with password and code."""
    begun = attempt(work, **options)
    assert password(work, person, device=device, on=begun)[1] is Outcome.ACCEPTED
    assert sign_in.prove_totp(work, begun, totp.current_code(work, person.secret)) is Outcome.ACCEPTED
    return sign_in.finish(work, begun, trust=trust, device_token=device)
