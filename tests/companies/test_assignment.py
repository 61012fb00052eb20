"""What a firm gives its colleagues: to whom, by whom, for how long, at one client or at many."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.companies import access, assignment, assignment_many, colleague_role, membership
from idp.companies.access import Access, Refusal
from idp.companies.assignment_many import Outcome
from idp.companies.errors import (
    ClientsByName,
    ColleagueOutOfReach,
    NeedsPracticeRole,
    NotOnYourself,
    NotSubscribed,
    RoleNotAssignable,
    RoleNotOffered,
)
from idp.companies.models import Assignment, CustomRole
from idp.core.errors import InvalidInput, NotFound, NotPermitted
from idp.outbox.render import render
from tests.conftest import later
from tests.outbox_content import facts, mails

READER = {"product": "accounting", "role_id": "accounting.reader"}


@pytest.fixture
def deltour(demo):
    return demo.company("cabinet-deltour")


@pytest.fixture
def lotte(demo):
    return demo.account("lotte.peeters")


def events(work, name):
    rows = work.session.scalars(select(AuditEvent).where(AuditEvent.name == name).order_by(AuditEvent.sequence))
    return [row.details for row in rows]


def given_to(work, firm, account, client, product):
    return next(
        each.id for each in assignment.of_colleague(work, firm, account)
        if (each.client_id, each.product) == (client, product) and each.ended_at is None
    )  # fmt: skip


def test_a_colleague_needs_a_role_in_the_running_of_the_firm(demo, deltour, join):
    """PRA-13: without it nothing is given, and nothing that was given counts."""
    lumen = demo.company("atelier-lumen")
    new = join(deltour)
    nathalie = demo.acting("nathalie.deltour")
    with pytest.raises(NeedsPracticeRole):
        assignment.give(nathalie, deltour, new, client_id=lumen, **READER)
    membership.grant_role(demo.work, deltour, new, "practice", role_id="practice.reader")
    assert isinstance(access.resolve(demo.work, new, lumen, "accounting"), Refusal)  # a new colleague gets nothing
    assignment.give(nathalie, deltour, new, client_id=lumen, **READER)
    assert isinstance(access.resolve(demo.work, new, lumen, "accounting"), Access)


def test_every_client_is_for_roles_that_reach_every_client(demo, deltour, lotte):
    with pytest.raises(ClientsByName):
        assignment.give(demo.acting("nathalie.deltour"), deltour, lotte, **READER)
    with pytest.raises(NotPermitted):  # who may not assign learns nothing of roles
        assignment.give(demo.acting("lotte.peeters"), deltour, lotte, **READER)


def test_only_what_the_client_subscribes_to(demo, deltour, lotte):
    """PRA-05; the mandate covers documents, Toitures Vanderlinden's accounting is no part of it."""
    nathalie, mirabelle = demo.acting("nathalie.deltour"), demo.company("studio-mirabelle")
    with pytest.raises(NotFound):  # only asked for, not agreed to
        assignment.give(nathalie, deltour, lotte, client_id=mirabelle, **READER)
    with pytest.raises(NotSubscribed):
        assignment.give(
            nathalie, deltour, lotte, client_id=demo.company("clarte-nettoyage"), product="invoicing",
            role_id="invoicing.reader",
        )  # fmt: skip


def test_a_manager_touches_no_administrator_and_nobody_gives_to_themselves_while_others_can(demo, deltour):
    nathalie, karim = demo.account("nathalie.deltour"), demo.account("karim.benali")
    lumen = demo.company("atelier-lumen")
    with pytest.raises(ColleagueOutOfReach):
        assignment.give(demo.acting("karim.benali"), deltour, nathalie, client_id=lumen, **READER)
    held = next(each for each in assignment.of_colleague(demo.work, deltour, nathalie) if each.product == "accounting")
    with pytest.raises(ColleagueOutOfReach):
        assignment.end(demo.acting("karim.benali"), deltour, held.id)
    with pytest.raises(NotOnYourself):
        assignment.give(demo.acting("karim.benali"), deltour, karim, client_id=lumen, **READER)
    # Nobody else may touch the only administrator: she is not kept from her own clients.
    assignment.give(demo.acting("nathalie.deltour"), deltour, nathalie, client_id=lumen, **READER)


def test_a_change_ends_a_period_and_begins_another(demo, deltour, lotte):
    lemaire = demo.company("boulangerie-lemaire")
    held = given_to(demo.work, deltour, lotte, lemaire, "invoicing")
    epoch = access.resolve(demo.work, lotte, lemaire, "invoicing").epoch
    karim = later(demo.acting("karim.benali"), hours=1)
    same = assignment.change(karim, deltour, held, role_id="invoicing.reader", locale="nl-BE")
    assert same.id == held  # nothing was changed
    changed = assignment.change(karim, deltour, held, role_id="invoicing.accountant", locale="fr-BE")
    periods = demo.work.session.execute(
        select(Assignment.created_at, Assignment.ended_at, Assignment.role)
        .where(Assignment.account_id == lotte, Assignment.product == "invoicing")
        .order_by(Assignment.created_at)
    ).all()
    assert [period.role for period in periods] == ["invoicing.reader", "invoicing.accountant"]
    assert periods[0].ended_at == periods[1].created_at == karim.now
    assert access.resolve(karim, lotte, lemaire, "invoicing").epoch > epoch
    (told,) = events(demo.work, "assignment.changed")
    assert (told["before"]["role"], told["role"]) == ("invoicing.reader", "invoicing.accountant")
    assert told["client"] == str(lemaire)
    with pytest.raises(NotFound):
        assignment.change(karim, deltour, held, role_id="invoicing.reader")
    assignment.end(karim, deltour, changed.id)
    with pytest.raises(NotFound):
        assignment.end(karim, deltour, changed.id)


def test_one_client_is_taken_back_as_a_whole(demo, deltour, lotte):
    """J11 step 2: what is open there is to be closed; the other client stays."""
    lemaire, lumen = demo.company("boulangerie-lemaire"), demo.company("atelier-lumen")
    assert assignment.end_at_client(demo.acting("nathalie.deltour"), deltour, lotte, lemaire) == 2
    assert isinstance(access.resolve(demo.work, lotte, lemaire, "capture"), Refusal)
    assert isinstance(access.resolve(demo.work, lotte, lumen, "capture"), Access)
    assert {"capture", "invoicing"} <= {each["product"] for each in facts(demo.work, "access.ended")}
    (mail,) = [each for each in mails(demo.work) if each["template"] == "assignment"]
    assert (mail["variables"]["news"], len(mail["variables"]["products"])) == ("ended", 2)
    with pytest.raises(NotFound):
        assignment.end_at_client(demo.acting("nathalie.deltour"), deltour, lotte, lemaire)


def test_the_colleague_is_written_to_in_the_language_of_that_client(demo, deltour, lotte):
    """PRA-10: labels in Dutch, where there are no Dutch texts in English, never in the language of the firm."""
    clarte = demo.company("clarte-nettoyage")
    given = {"product": "accounting", "role_id": "accounting.reader", "client_id": clarte}
    assignment.give(demo.acting("nathalie.deltour"), deltour, lotte, locale="nl-BE", **given)
    (mail,) = [each for each in mails(demo.work) if each["template"] == "assignment"]
    written = render("assignment", mail, "http://localhost:8000")
    assert written.subject == "Cabinet Deltour & Associés: you now work for Clarté Nettoyage SRL"
    label = demo.work.policies.roles["accounting.reader"].label
    assert label["nl"] in written.text
    assert f"/companies/{deltour}/clients" in written.text
    assert '<html lang="en">' in written.html


def test_what_an_operator_sets_up_is_not_written(demo, deltour, lotte):
    assignment.give(demo.work, deltour, lotte, client_id=demo.company("clarte-nettoyage"), **READER)
    assert [each for each in mails(demo.work) if each["template"] == "assignment"] == []


def test_a_firm_offers_built_in_roles_and_then_its_own(demo, deltour):
    """PRA-06; a role that only administrators of the practice give is offered to them alone."""
    by_administrator = colleague_role.offers(demo.acting("nathalie.deltour"), deltour, "capture")
    by_manager = colleague_role.offers(demo.acting("karim.benali"), deltour, "capture")
    assert [bool(each.custom_role_id) for each in by_administrator] == [False] * (len(by_administrator) - 1) + [True]
    only = {each.role_id for each in by_administrator} - {each.role_id for each in by_manager}
    assert only == {"capture.administrator"}
    with pytest.raises(NotPermitted):
        colleague_role.offers(demo.acting("lotte.peeters"), deltour, "capture")
    with pytest.raises(NotFound):
        colleague_role.offers(demo.acting("amelie.dubois"), deltour, "capture")
    with pytest.raises(InvalidInput):
        colleague_role.offers(demo.acting("karim.benali"), deltour, "gone")


def test_a_role_of_the_firm_stays_within_its_product(demo, deltour, lotte):
    own = demo.work.session.scalars(select(CustomRole.id).where(CustomRole.company_id == deltour)).one()
    clarte = demo.company("clarte-nettoyage")
    karim = demo.acting("karim.benali")
    for product, role in (("accounting", own), ("capture", uuid4())):
        with pytest.raises(RoleNotOffered):
            assignment.give(karim, deltour, lotte, product=product, custom_role_id=role, client_id=clarte)
    assignment.give(karim, deltour, lotte, product="capture", custom_role_id=own, client_id=clarte)


# --- many clients at once ---


def test_many_clients_get_one_answer_each(demo, deltour, lotte):
    names = ("atelier-lumen", "boulangerie-lemaire", "clarte-nettoyage", "toitures-vanderlinden", "librairie-des-quais")
    clients = {name: demo.company(name) for name in names}
    karim = demo.acting("karim.benali")
    asked = {"product": "capture", "role_id": "capture.documents-basic", "client_ids": [*clients.values(), uuid4()]}
    lines = assignment_many.give(karim, deltour, lotte, **asked)
    assert [(line.name, line.outcome) for line in lines] == [
        ("Atelier Lumen SARL", Outcome.OTHER_ROLE),
        ("Boulangerie Lemaire SRL", Outcome.OTHER_ROLE),
        ("Clarté Nettoyage SRL", Outcome.GIVEN),
        ("Toitures Vanderlinden SRL", Outcome.NOT_COVERED),
        ("", Outcome.NO_MANDATE),
        ("", Outcome.NO_MANDATE),  # a former client, and one that there never was: no name of either
    ]
    lines = assignment_many.give(karim, deltour, lotte, **asked, replace=True)
    assert [line.outcome for line in lines[:3]] == [Outcome.CHANGED, Outcome.CHANGED, Outcome.PRESENT]
    assert [each["variables"]["total"] for each in mails(demo.work) if each["template"] == "assignment"] == [1, 2]
    assert len(events(demo.work, "assignment.changed")) == 2
    held = [each for each in assignment.of_colleague(demo.work, deltour, lotte) if each.ended_at is None]
    assert [each.role for each in held if each.product == "capture"] == ["capture.documents-basic"] * 3


def test_many_is_bounded_and_refused_as_a_whole(demo, deltour, lotte):
    karim = demo.acting("karim.benali")
    for wrong in ([], [uuid4() for _ in range(assignment_many.MOST + 1)]):
        with pytest.raises(InvalidInput) as refused:
            assignment_many.give(karim, deltour, lotte, client_ids=wrong, **READER)
        assert refused.value.members["field"] == "clients"
    with pytest.raises(RoleNotAssignable):
        assignment_many.give(
            karim, deltour, lotte, product="capture", role_id="capture.administrator",
            client_ids=[demo.company("clarte-nettoyage")],
        )  # fmt: skip
    held = [each.client_id for each in assignment.of_colleague(demo.work, deltour, lotte)]
    assert demo.company("clarte-nettoyage") not in held
