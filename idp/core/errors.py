"""One hierarchy of errors. A class has a stable code and named members; no HTTP status, no text for people."""

from typing import Any, ClassVar


class IdpError(Exception):
    """Something the caller must be told. Members become fields of an API problem and variables of a page text.

    Attributes:
        code: stable name in snake case, part of the public contract.
        members: named values that explain this occurrence; never a secret.
    """

    code: ClassVar[str] = "error"

    def __init__(self, **members: Any) -> None:
        super().__init__(", ".join(f"{name}={value!r}" for name, value in members.items()) or self.code)
        self.members = members

    def __str__(self) -> str:
        return f"{self.code}: {super().__str__()}" if self.members else self.code


class InvalidInput(IdpError):
    """What was sent cannot be used as it is; `field` names the culprit where there is one."""

    code = "invalid_input"


class NotAuthenticated(IdpError):
    """Nobody is signed in, or the credential presented is not accepted."""

    code = "not_authenticated"


class StepUpRequired(IdpError):
    """The session has proved less, or longer ago, than this act demands (RFC 9470)."""

    code = "step_up_required"


class NotPermitted(IdpError):
    """The actor is known and may not do this."""

    code = "not_permitted"


class NotFound(IdpError):
    """It does not exist, or the actor may not know that it does."""

    code = "not_found"


class Conflict(IdpError):
    """The state of things does not allow this act now."""

    code = "conflict"


class Expired(IdpError):
    """It existed and its time is over, or it was already used."""

    code = "expired"


class Throttled(IdpError):
    """Too many tries; `retry_after` is the number of seconds to wait."""

    code = "throttled"


class Unavailable(IdpError):
    """A resource of this service (hashing capacity, database) is short at the moment; trying again later helps. Nothing
    was changed, unless `outcome` is "unknown"."""

    code = "unavailable"


class ConfigurationError(IdpError):
    """This instance cannot start as it is configured; `reason` is one clear sentence."""

    code = "configuration_error"

    def __str__(self) -> str:
        return str(self.members.get("reason", self.code))
