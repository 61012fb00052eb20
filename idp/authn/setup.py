"""The last steps of an attempt for an account that has no recovery contact or no recovery codes yet (MFA-03, MFA-06).

They are a state of the account and not proofs: who leaves half-way finds the same step at the next sign-in.
"""

from datetime import datetime

from idp.audit import log as audit
from idp.authn import contacts, notices, proofs, recovery_code
from idp.authn.attempt import Attempt
from idp.authn.contacts import Proved
from idp.authn.one_time_code import Sent
from idp.authn.outcome import Outcome
from idp.authn.proofs import Step
from idp.work import Work

# During an activation the person is being led through it; a replaced factor has been told of already.
TOLD = frozenset({"sign_in", "reset"})


def ask_contact(work: Work, attempt: Attempt, *, kind: str, value: str) -> Outcome:
    """Send a code to the contact to be. See `contacts.ask`.

    Raises:
        Conflict: another step is due.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.CONTACT)
    return contacts.ask(work, account_id, bound_to=attempt.id, kind=kind, value=value)


def asked_contact(work: Work, attempt: Attempt) -> Sent | None:
    """The contact to which this attempt sent a code that still works."""
    return contacts.asked(work, attempt.account_id, attempt.id) if attempt.account_id else None


def ask_contact_again(work: Work, attempt: Attempt) -> Outcome:
    """Send a new code to the same contact.

    Raises:
        Conflict: another step is due.
        Expired: the attempt is over, or no code was asked for in it.
    """
    account_id = proofs.demand(work, attempt, Step.CONTACT)
    return contacts.ask_again(work, account_id, bound_to=attempt.id)


def prove_contact(work: Work, attempt: Attempt, code: str) -> Proved:
    """Add the contact whose code this is.

    Raises:
        Conflict: another step is due.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.CONTACT)
    quiet = attempt.purpose == "activation"
    proved = contacts.prove(work, account_id, bound_to=attempt.id, code=code, quiet=quiet)
    attempt.has_contact = attempt.has_contact or proved is Proved.ACCEPTED
    return proved


def make_codes(work: Work, attempt: Attempt) -> list[str]:
    """A set of recovery codes, shown this once; an earlier one is void.

    Raises:
        Conflict: another step is due.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.CODES)
    codes = recovery_code.replace(work, account_id)
    if attempt.purpose in TOLD:
        notices.tell(work, account_id, "recovery_codes_replaced")
    audit.record(work, "recovery_codes.made", ("account", account_id), codes=len(codes))
    return codes


def codes_made_at(work: Work, attempt: Attempt) -> datetime | None:
    """When the set that is still to be kept was made and shown."""
    return recovery_code.made_at(work, attempt.account_id) if attempt.account_id else None


def keep_codes(work: Work, attempt: Attempt, typed: str) -> bool:
    """Take the holder's word that the codes are kept, given by one of them; it stays good.

    Raises:
        Conflict: another step is due.
        Expired: the attempt is over.
    """
    account_id = proofs.demand(work, attempt, Step.CODES)
    if not recovery_code.keep(work, account_id, typed):
        return False
    attempt.has_codes = True
    audit.record(work, "recovery_codes.kept", ("account", account_id))
    return True
