"""The door for billing: what is signed is taken, everything else is told why not, and nothing fails."""

import json
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from idp.companies import billing_key, company, seats, subscription
from idp.core import webhooks
from idp.core.errors import InvalidInput
from idp.web.api import billing_shapes
from idp.web.work import unit_of_work
from tests.docs.tables import DOCS
from tests.docs.test_snippets import containing, snippets
from tests.outbox_content import mails
from tests.web.conftest import SYSTEM

SEATS = {"kind": "seats.changed", "data": {"seats": 6}}


class Billing:
    """A billing system with a key."""

    def __init__(self, app):
        self.app, self.client, self.number = app, app.test_client(use_cookies=False), 0
        with unit_of_work(app, SYSTEM) as work:
            self.company = company.create(
                work, reference="lumen", name="Lumen", kind="company", country="FR", city="Lille", locale="fr-FR"
            ).id
            subscription.start(work, self.company, plan="team", seats=5)
            subscription.set_state(work, self.company, "accounting", "active")
            _, self.secret = billing_key.create(work)

    def event(self, **values):
        self.number += 1
        return {
            "id": f"evt_{self.number}", "number": self.number, "company": "lumen",
            "at": datetime.now(UTC).isoformat(), **SEATS, **values,
        }  # fmt: skip

    def send(self, event, *, body=None, secret=None, at=None, **headers):
        body = json.dumps(event).encode() if body is None else body
        identifier = event.get("id") if isinstance(event, dict) and event.get("id") else f"evt_{uuid4()}"
        key = webhooks.read(secret or self.secret)
        signed = webhooks.signed(key, str(identifier), at or datetime.now(UTC), body)
        headers = {"Content-Type": "application/json", **signed, **headers}
        return self.client.post("/billing/events", data=body, headers=headers)

    @property
    def seats(self):
        with unit_of_work(self.app, SYSTEM, write=False) as work:
            return seats.count(work, self.company, "accounting").of


@pytest.fixture
def billing(app):
    return Billing(app)


def problem(answer):
    assert answer.mimetype == "application/problem+json", answer.text
    return answer.status_code, answer.json["type"].removeprefix("/problems/"), answer.json.get("field")


def test_a_signed_event_is_taken_once(billing):
    event = billing.event()
    assert billing.send(event).json == {"outcome": "applied", "number": 1, "last_number": 1, "missed": 0}
    assert billing.send(event).json["outcome"] == "duplicate"
    assert billing.seats == 6


def test_the_sender_of_the_documentation_is_understood(billing):
    made: dict = {}
    exec(containing(DOCS / "billing.md", "python", "def headers_for"), made)
    body, headers = made["headers_for"](billing.secret, billing.event())
    assert billing.client.post("/billing/events", data=body, headers=headers).json["outcome"] == "applied"


def test_every_example_of_the_documentation_has_its_shape():
    text = (DOCS / "billing.md").read_text("utf-8")
    known = [line.removeprefix("### ") for line in text.splitlines() if line.startswith("### ")]
    assert known == list(billing_shapes.SHAPES)
    whole, *examples = (json.loads(each) for each in snippets(DOCS / "billing.md", "json"))
    assert len(examples) == len(known)
    for kind, data in zip(known, examples, strict=True):
        billing_shapes.read(json.dumps({**whole, "kind": kind, "data": data}).encode())


def test_a_key_counts_until_it_is_revoked(billing):
    with unit_of_work(billing.app, SYSTEM) as work:
        _, other = billing_key.rotate(work)
    assert billing.send(billing.event(), secret=other).status_code == 200
    assert billing.send(billing.event()).status_code == 200
    with unit_of_work(billing.app, SYSTEM) as work:
        oldest = billing_key.listing(work)[-1]
        assert oldest.last_used_at is not None
        billing_key.revoke(work, oldest.id)
    assert problem(billing.send(billing.event())) == (401, "signature_refused", None)


def test_what_is_not_signed_or_stale_is_refused_and_fills_no_log(billing):
    event = billing.event()
    old = datetime.fromtimestamp(time.time() - 600, UTC)
    assert billing.send(event, at=old).json["reason"] == "stale"
    assert billing.send(event, **{"webhook-signature": "v1,AAAA"}).json["reason"] == "wrong"
    assert billing.send(event, **{"webhook-id": ""}).json["reason"] == "missing"
    answers = [billing.send(event, **{"webhook-signature": "é"}).status_code for _ in range(110)]
    assert answers[0] == 401
    assert answers[-1] == 429
    assert billing.send(event).status_code == 200  # whoever signs is not counted


MALFORMED = [
    (b"", "body"),
    (b"\xff\xfe", "body"),
    (b"[1]", "body"),
    (b'{"a": ' + b"[" * 4000 + b"}", "body"),
    (b'{"id": "a", "id": "b"}', "body"),
    (b"null", "body"),
]


@pytest.mark.parametrize(("body", "field"), MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_event_is_told_so(body, field):
    with pytest.raises(InvalidInput) as refused:
        billing_shapes.read(body)
    assert refused.value.members["field"] == field


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": 0}, "number"),
        ({"number": "1"}, "number"),
        ({"number": True}, "number"),
        ({"number": 2**31}, "number"),
        ({"number": 1e400}, "number"),
        ({"company": ""}, "company"),
        ({"company": "a\u202eb"}, "company"),
        ({"company": "a\x00b"}, "company"),
        ({"company": 7}, "company"),
        ({"company": "x" * 101}, "company"),
        ({"kind": "company.deleted"}, "kind"),
        ({"at": "2026-03-02T09:30:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "0001-01-01"}, "at"),
        ({"at": "9999-12-31T23:59:59-12:00"}, "at"),
        ({"at": 1772440200}, "at"),
        ({"more": 1}, "more"),
        ({"data": []}, "data"),
        ({"data": {"seats": 6, "price": 1}}, "data.price"),
        ({"data": {}}, "data.seats"),
        ({"data": {"seats": 10**30}}, "data.seats"),
        ({"data": {"seats": 6, "effective": "2026-02-30"}}, "data.effective"),
        ({"kind": "subscription.cancelled", "data": {"products": [], "ends": "2027-01-01"}}, "data.products"),
        ({"kind": "subscription.cancelled",
          "data": {"products": ["accounting"], "ends": "2027-01-01", "reason": "x" * 501}}, "data.reason"),
        ({"kind": "subscription.renewed", "data": {"renewals": ["2027-01-01"] * 25}}, "data.renewals"),
        ({"kind": "payment.failed", "data": {"products": [7]}}, "data.products.0"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)  # fmt: skip
def test_an_impossible_field_is_named(change, field):
    event = {"id": "evt_1", "number": 1, "company": "lumen", "at": "2026-03-02T09:30:00+01:00", **SEATS}
    with pytest.raises(InvalidInput) as refused:
        billing_shapes.read(json.dumps({**event, **change}).encode())
    assert refused.value.members["field"] == field


def test_an_impossible_event_changes_nothing(billing):
    assert problem(billing.send({}, body=b"[1")) == (422, "invalid_input", "body")
    assert problem(billing.send({**billing.event(), "more": 1})) == (422, "invalid_input", "more")
    assert billing.seats == 5


def test_the_event_is_the_one_that_was_signed(billing):
    body = json.dumps(billing.event()).encode()
    assert problem(billing.send({"id": "evt_other"}, body=body)) == (422, "invalid_input", "id")


def test_errors_that_are_results_have_their_names(billing):
    assert problem(billing.send(billing.event(company="nobody"))) == (422, "unknown_company", "company")
    past = {"kind": "subscription.cancelled", "data": {"products": ["accounting"], "ends": "2020-01-01"}}
    assert problem(billing.send(billing.event(**past))) == (422, "date_passed", "ends")


def test_an_order_makes_the_company_once(billing):
    data = {
        "name": "Boulangerie Petit", "country": "FR", "locale": "fr-FR", "plan": "team",
        "products": {"accounting": "active", "payroll": "trial"}, "administrator": "zoe@petit.example",
        "renewals": ["2199-04-08"],
    }  # fmt: skip
    order = {"company": "petit", "kind": "subscription.ordered", "data": data, "number": 1}
    event = billing.event(**order)
    assert [billing.send(event).json["outcome"] for _ in range(2)] == ["applied", "duplicate"]
    with unit_of_work(billing.app, SYSTEM, write=False) as work:
        made = company.find(work, "petit")
        assert subscription.product_of(work, made.id, "payroll").state == "trial"
        assert subscription.of(work, made.id).next_renewal_at.year == 2199
        (mail,) = mails(work)
        assert mail["recipient"] == "zoe@petit.example"
    again = billing.event(**{**order, "number": 2})
    assert problem(billing.send(again)) == (409, "conflict", "reference")
    for code, change in (
        ("unknown_plan", {"plan": "gold"}),
        ("unknown_product", {"products": {"practice": "active"}}),
        ("date_passed", {"renewals": ["2001-01-01"]}),
        ("invalid_input", {"administrator": "zoe"}),
    ):
        sent = billing.event(**{**order, "company": code, "data": data | change})
        assert problem(billing.send(sent))[:2] == (422, code)


def test_size_and_kind_of_the_body_are_limited(billing):
    long = {"kind": "payment.failed", "data": {"products": ["x" * 17000]}}
    assert problem(billing.send(billing.event(**long))) == (413, "too_large", None)
    assert billing.client.post("/billing/events", data=b"x" * 70000).status_code in (413, 415)
    answer = billing.send(billing.event(), **{"Content-Type": "text/plain"})
    assert problem(answer) == (415, "unsupported_media_type", None)
    assert billing.client.get("/billing/events").status_code == 405
