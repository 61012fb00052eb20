"""Telephone numbers in E.164 (`+33639980011`), as `phonenumbers` reads them."""

import phonenumbers

from idp.core.errors import InvalidInput
from idp.work import Work

LONGEST = 40


def canonical(work: Work, typed: str, *, locale: str = "", field: str = "phone") -> str:
    """A typed number in E.164.

    Args:
        typed: with its country code, or as it is dialled in the country of `locale`.
        locale: language tag of the person, such as `fr-BE`.

    Raises:
        InvalidInput: it is no number (`reason="not_a_phone_number"`), one that takes no messages
            (`reason="not_a_mobile"`), or one of a country to which none are sent (`reason="country"`).
    """
    region = locale.partition("-")[2] or None
    try:
        number = phonenumbers.parse(typed.strip()[: LONGEST + 1], region)
    except phonenumbers.NumberParseException as error:
        raise InvalidInput(field=field, reason="not_a_phone_number") from error
    if len(typed.strip()) > LONGEST or not phonenumbers.is_possible_number(number) or number.extension:
        raise InvalidInput(field=field, reason="not_a_phone_number")
    if phonenumbers.region_code_for_number(number) not in work.policies.account.sms_countries:
        raise InvalidInput(field=field, reason="country")
    if phonenumbers.number_type(number) not in _TAKES_MESSAGES:
        raise InvalidInput(field=field, reason="not_a_mobile")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def country(number: str) -> str:
    """The country of a number in E.164, as a two-letter code; its calling code where several share it."""
    parsed = phonenumbers.parse(number, None)
    return phonenumbers.region_code_for_number(parsed) or f"+{parsed.country_code}"


_TAKES_MESSAGES = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    phonenumbers.PhoneNumberType.UNKNOWN,
)
