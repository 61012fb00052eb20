"""Something that waits to be done in a company, as its first page says it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something that waits to be done in a company: a sentence, and the page where it is done."""

    text: str
    url: str
    label: str
