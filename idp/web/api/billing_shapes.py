"""What each kind of event from billing looks like. Unknown fields are refused; docs/billing.md has examples."""

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from idp.companies import billing_event, cancellation, company, renewal
from idp.core.errors import InvalidInput

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
DATES_MAX, PRODUCTS_MAX, SEATS_MAX = 24, 20, 100_000


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, strict=True)


def _instant(value: Any) -> Any:
    """A date stands for the whole day, so for its end; an instant needs its offset from UTC."""
    if not isinstance(value, str):
        raise ValueError("a date or an instant is a text")
    try:
        return renewal.end_of(date.fromisoformat(value)) if len(value) == 10 else datetime.fromisoformat(value)
    except OverflowError as error:
        raise ValueError("out of range") from error


def _key(value: Any) -> UUID:
    if not isinstance(value, str):
        raise ValueError("a key is a text")
    return UUID(value)


def _within(value: datetime) -> datetime:
    if not EARLIEST < value < LATEST:
        raise ValueError("out of range")
    return value.astimezone(UTC)


def _clean(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds a character that cannot be shown")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_instant), AfterValidator(_within)]
Text = Annotated[str, AfterValidator(_clean)]
Id = Annotated[Text, Field(min_length=1, max_length=100)]
Product = Annotated[Text, Field(min_length=1, max_length=64)]
Products = Annotated[list[Product], Field(min_length=1, max_length=PRODUCTS_MAX)]
Seats = Annotated[int, Field(ge=0, le=SEATS_MAX)]


class Ordered(Shape):
    """`type` is that of the company; `products` says of each whether it begins as a trial."""

    name: Annotated[Text, Field(min_length=1, max_length=company.NAME_MAX)]
    type: Literal["company", "firm"] = "company"
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    city: Annotated[Text, Field(max_length=100)] = ""
    locale: Annotated[Text, Field(max_length=20)]
    plan: Product
    seats: Seats | None = None
    products: Annotated[dict[Product, Literal["trial", "active"]], Field(min_length=1, max_length=PRODUCTS_MAX)]
    administrator: Annotated[Text, Field(min_length=3, max_length=320)]
    renewals: Annotated[list[Instant], Field(min_length=1, max_length=DATES_MAX)] | None = None
    every_months: Annotated[int, Field(ge=1, le=36)] | None = None


class ProductAdded(Shape):
    product: Product


class TrialStarted(Shape):
    product: Product
    until: Instant


class TrialExpired(Shape):
    products: Products | None = None


class PlanChanged(Shape):
    plan: Product
    seats: Seats | None = None
    effective: Instant | None = None


class SeatsChanged(Shape):
    seats: Seats
    effective: Instant | None = None


class Renewed(Shape):
    renewals: Annotated[list[Instant], Field(min_length=1, max_length=DATES_MAX)]
    every_months: Annotated[int, Field(ge=1, le=36)] | None = None


class Payment(Shape):
    products: Products | None = None


class Cancelled(Shape):
    products: Products
    ends: Instant
    reason: Annotated[Text, Field(max_length=cancellation.REASON_MAX)] = ""


class Resumed(Shape):
    products: Products


class Ended(Shape):
    products: Products


class RequestRefused(Shape):
    request: Annotated[UUID, BeforeValidator(_key)]
    reason: Annotated[Text, Field(max_length=cancellation.REASON_MAX)] = ""


SHAPES: dict[str, type[Shape]] = {
    "subscription.ordered": Ordered,
    "product.added": ProductAdded,
    "trial.started": TrialStarted,
    "trial.expired": TrialExpired,
    "plan.changed": PlanChanged,
    "seats.changed": SeatsChanged,
    "subscription.renewed": Renewed,
    "payment.failed": Payment,
    "payment.received": Payment,
    "subscription.cancelled": Cancelled,
    "subscription.resumed": Resumed,
    "subscription.ended": Ended,
    "request.refused": RequestRefused,
}


class Envelope(Shape):
    """What is the same in every event."""

    id: Id
    number: Annotated[int, Field(ge=1, le=billing_event.NUMBER_MAX)]
    company: Annotated[Text, Field(min_length=1, max_length=company.REFERENCE_MAX)]
    kind: Annotated[Text, Field(max_length=64)]
    at: Instant
    data: dict[str, Any]


def read(body: bytes) -> tuple[Envelope, Mapping[str, Any]]:
    """The event of a message, and its data in their shape.

    Raises:
        InvalidInput: not JSON, an unknown kind, a field that is missing, unknown or impossible; `field` says which.
    """
    try:
        sent = json.loads(body.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:  # also what is not UTF-8, and lists in lists in lists
        raise InvalidInput(field="body") from error
    envelope = _shaped(Envelope, sent, "")
    shape = SHAPES.get(envelope.kind)
    if shape is None:
        raise InvalidInput(field="kind", known=", ".join(SHAPES))
    return envelope, dict(_shaped(shape, envelope.data, "data."))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are there once each: two readers could take different ones (RFC 8259 §4)."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _shaped(shape: type[Any], sent: Any, below: str) -> Any:
    try:
        return shape.model_validate(sent)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"] if not str(part).startswith("function-"))
        raise InvalidInput(field=f"{below}{place}"[:100] if place else below.rstrip(".") or "body") from error
