"""What every shape of the API has in common: what is sent, what is shown, what goes wrong."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints

LARGEST_PAGE = 100
USUAL_PAGE = 50


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


Moment = Annotated[
    datetime, PlainSerializer(_written, return_type=str, when_used="json"),
    Field(json_schema_extra={"format": "date-time", "examples": ["2026-11-30T08:30:00Z"]}),
]  # fmt: skip
"""An instant: RFC 3339, UTC."""

Labels = dict[str, str]
"""A text by language; French and English are always there for what the catalogue says."""

ProductName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9-]+$")]
RoleName = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]


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
