"""Telephone numbers in one form, so that two spellings of one are equal."""

from __future__ import annotations

import phonenumbers


def e164(value: str, region: str | None) -> str:
    """E.164 of a number the library takes for a possible one; anything else as it was sent, never dropped.

    `region` is the country of numbers that name none.

    >>> e164("(212) 555-0100", "US")
    '+12125550100'
    """
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return value
    if not phonenumbers.is_possible_number(number):
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
