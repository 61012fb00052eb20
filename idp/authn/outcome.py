"""The answer to a proof."""

from enum import Enum


class Outcome(Enum):
    """`REFUSED` has one neutral text whatever the reason; `PAUSED` means that trying again now is of no use."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    PAUSED = "paused"
