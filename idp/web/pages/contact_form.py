"""A recovery contact as a form: a field for an address or a number, what is wrong with it, the code that proves it."""

from datetime import datetime
from typing import Annotated

from flask_babel import gettext, lazy_gettext, ngettext
from pydantic import BeforeValidator, StringConstraints

from idp.authn import throttle
from idp.core import texts
from idp.core.errors import InvalidInput
from idp.web import forms, locale
from idp.web.work import parts
from idp.work import Work


def _without_spaces(value: object) -> object:
    return "".join(value.split()) if isinstance(value, str) else value


class ContactForm(forms.Form):
    """`recovery_contact` is an e-mail address when it holds an at sign, else a telephone number."""

    recovery_contact: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]


class CodeForm(forms.Form):
    """A code that was sent. ASCII digits alone (security.md, fact 6)."""

    code: Annotated[str, BeforeValidator(_without_spaces), StringConstraints(pattern=r"^[0-9]{6}$")]

    says = {"code": lazy_gettext("The code has six digits. Copy it as you received it.")}


def phones_offered() -> bool:
    """Whether this instance can send text messages."""
    return parts().settings.phones_offered


def kind_of(typed: str) -> str:
    """What was typed: `email` or `phone`. Without a way to send messages there are only addresses."""
    return "phone" if phones_offered() and "@" not in typed else "email"


def problem(work: Work, error: InvalidInput) -> dict[str, str]:
    """What a refused contact is told, with what would be right.

    Raises:
        InvalidInput: the error is not about the contact.
    """
    if error.members.get("field") != "recovery_contact":
        raise error
    match error.members.get("reason"):
        case "recovery_same_as_login":
            text = gettext("The recovery contact must differ from your sign-in address.")
        case "not_an_address" if phones_offered():
            text = gettext("Write an address such as name@personal.example, or a mobile number.")
        case "not_an_address":
            text = str(forms.EMAIL_PROBLEM)
        case "mixed_alphabets" as reason:
            text = forms.email_problem(reason)
        case "not_a_phone_number":
            text = gettext("Write an address in full, or a number with its country code, such as +33 6 39 98 00 11.")
        case "not_a_mobile":
            text = gettext("This number cannot receive text messages. Take a mobile number.")
        case "country":
            text = gettext("We send no text messages to this country. Take an e-mail address.")
        case "already_yours":
            text = gettext("This is already one of your recovery contacts.")
        case "too_many":
            text = gettext("You have as many recovery contacts as we keep. Remove one first.")
        case _:
            text = gettext("This cannot be used as it is written. Please check it.")
    return {"recovery_contact": text}


def in_use() -> str:
    """What is told to who holds a number that is another account's."""
    return str(
        gettext(
            "This number already serves another account. An account is strictly personal: take a number, or an "
            "address, that only you read."
        )
    )


def sent_too_often() -> str:
    """What is told when no further code is sent."""
    return str(gettext("Too many codes were sent. Wait an hour, or take another contact."))


def code_wrong() -> str:
    """What a wrong, used or expired code is told."""
    return str(gettext("That code is not right, or its time is over. Look at the last message, or ask for a new code."))


def paused(work: Work, until: datetime | None) -> str:
    """What is told after too many wrong codes."""
    if until is None:
        return code_wrong()
    if throttle.for_good(work, until):
        return str(gettext("Too many wrong codes: none is accepted here any more. Support can help you."))
    return str(gettext("Too many wrong codes. Try again at %(time)s.", time=texts.write_time(until, locale.current())))


def still_paused(work: Work, until: datetime | None) -> str | None:
    """What a page says from the beginning while codes are paused; None when they are not."""
    return paused(work, until) if until is not None else None


def minutes(work: Work) -> str:
    """For how long a code works."""
    number = int(work.policies.account.code_lifetime.total_seconds() // 60)
    return str(ngettext("It works for %(num)s minute.", "It works for %(num)s minutes.", number))
