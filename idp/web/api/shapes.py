"""What every shape of the API has in common: what is sent, what is shown, what goes wrong."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    Strict,
    StringConstraints,
)

LARGEST_PAGE = 100
USUAL_PAGE = 50


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime, PlainSerializer(_written, return_type=str, when_used="json"),
    Field(json_schema_extra={"format": "date-time", "examples": ["2026-11-30T08:30:00Z"]}),
]  # fmt: skip
"""An instant: RFC 3339, UTC."""

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_KEY = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _written_as(form: re.Pattern[str]) -> BeforeValidator:
    """What is sent is a text of this form: the reader would take others, of which the document knows nothing."""

    def check(value: Any) -> Any:
        if not isinstance(value, UUID) and not (isinstance(value, str) and form.fullmatch(value)):
            raise ValueError("is not written as it has to be")
        return value

    return BeforeValidator(check)


def _within(value: datetime) -> datetime:
    if not EARLIEST < value < LATEST:
        raise ValueError("out of range")
    return value.astimezone(UTC)


Instant = Annotated[AwareDatetime, _written_as(_RFC_3339), AfterValidator(_within)]
"""An instant that is sent: RFC 3339 with its offset, of this century or the next."""

Key = Annotated[UUID, _written_as(_KEY)]
"""A key that is sent."""

Flag = Annotated[bool, Strict()]
"""A true or false that is sent."""

Labels = dict[str, str]
"""A text by language; French and English are always there for what the catalogue says."""

ProductName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9-]+$")]
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]


AN_ID = "0199f0c2-5f1e-7c3a-9d4b-2b6f1c0e8a77"
"""Stands for a key in examples."""


def example(**fields: Any) -> ConfigDict:
    """What a shape is sent as, in the document; a test sends every one of them."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


def example_of(shape: type[BaseModel]) -> Any:
    """The example of a shape that is sent."""
    extra = shape.model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    (found,) = cast("list[Any]", extra["examples"])
    return found


class Sent(BaseModel):
    """What a caller sends. A field that is not there is refused, never ignored (R-61)."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Shown(BaseModel):
    """What a caller is shown: these fields and no others. Never a secret, a code or a token (OPS-04)."""

    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Query(Sent):
    """The parameters of an address; each is sent once at most."""


class ListQuery(Query):
    """The parameters of a list."""

    cursor: Annotated[str, Field(max_length=2000, description="`next` of the page before.")] | None = None
    limit: Annotated[int, Field(ge=1, le=LARGEST_PAGE, description="How many at most.")] = USUAL_PAGE


class CompanyPath(Sent):
    company_id: UUID


class FieldProblem(Shown):
    """One field that cannot be used as it was sent."""

    field: str
    reason: str


class Problem(BaseModel):
    """RFC 9457. `type` ends in the stable code of the error (docs/errors.md); its members stand beside."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    instance: str | None = None
    errors: list[FieldProblem] | None = None
