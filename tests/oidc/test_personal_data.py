"""What is held about a person: shown to them wholly, and erased wholly, however many tables there are."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import LargeBinary, select, text, update

from idp.accounts import email_address, profile, recovery_contact
from idp.accounts.models import Account
from idp.audit import log as audit
from idp.audit.models import AuditEvent
from idp.authn import email_change, reset, session, sign_in, status, totp
from idp.authn.outcome import Outcome
from idp.authn.proofs import Step
from idp.cli import due
from idp.companies import access, company, erasure, invitation, membership, subscription, support_case, support_state
from idp.companies.models import Invitation, Membership, SupportCase
from idp.core.db import Base
from idp.core.errors import Conflict
from idp.oidc import clients, consent, personal_data
from idp.oidc.clients import ClientRegistration
from idp.work import Actor, Work
from tests.authn import flows
from tests.outbox_content import mails

OPERATOR = Actor(kind="operator", name="anne-laure")
SYSTEM = Actor(kind="system", name="job")
ADDRESS, CONTACT, NAME = "zelie.quintrec@example.test", "zq@perso.test", "Quintrec"

NOT_PERSONAL = {
    "access_clock": "one number",
    "audit_head": "the end of the chain",
    "authorization_requests": "what a client asked, kept for ten minutes; names nobody",
    "pushed_requests": "what a client asked, kept for minutes; names nobody",
    "billing_events": "of companies, without what they said",
    "billing_keys": "of the service",
    "billing_streams": "numbers, of companies",
    "client_groups": "names that firms give to groups of clients",
    "clients": "products",
    "companies": "customers",
    "company_suspensions": "when a customer was suspended",
    "custom_role_revisions": "of companies",
    "custom_roles": "of companies",
    "grouped_clients": "which client of a firm is in which group",
    "client_key_sets": "public keys of applications",
    "initial_access_tokens": "of operators",
    "invited_roles": "roles that an invitation offers",
    "own_uses": "when an application last worked for a company",
    "outbox_messages": "encrypted, erased once delivered",
    "passkey_challenges": "random numbers of five minutes; name nobody",
    "permission_sets": "the catalogue",
    "revisions": "numbers",
    "revoked_access_tokens": "token numbers, gone with the token",
    "service_periods": "of companies",
    "sharing_passes": "how far a job has read",
    "token_issuers": "services that say who somebody is; name nobody",
    "signing_keys": "of the service",
    "subscribed_products": "of companies",
    "subscription_periods": "of companies",
    "subscription_requests": "of companies",
    "subscriptions": "of companies",
    "throttles": "keyed digests, gone after 90 days",
    "used_tokens": "digests of names of tokens, gone with the token",
}


@pytest.fixture
def zelie(work, make_account):
    """Somebody with a little of everything."""
    zelie = make_account(ADDRESS, given_name="Zélie", family_name=NAME, recovery_codes=True)
    recovery_contact.add(work, zelie.account.id, kind="email", value=CONTACT)
    flows.signed_in(work, zelie, trust=True)
    reset.send(work, ADDRESS)
    return zelie


@pytest.fixture
def lumen(work, make_account):
    """A company with an owner who is somebody else."""
    kept = work.acting(OPERATOR)
    made = company.create(
        kept, reference="lumen", name="Atelier Lumen", kind="company", country="FR", city="Lille", locale="fr-FR"
    )
    subscription.start(kept, made.id, plan="team", seats=5)
    subscription.set_state(kept, made.id, "capture", "active")
    owner = make_account("owner@example.test", given_name="Ann", family_name="Owner")
    membership.add(kept, made.id, owner.account.id, company_role="company.owner")
    return made


def in_session(work: Work, person) -> Work:
    token = flows.signed_in(work, person).session_token
    current = session.find(work, token)
    return work.acting(Actor("account", person.account.id, session_id=current.session_id, network="192.0.2.7"))


def requested(work, person):
    erasure.request(in_session(work.later(minutes=1), person), person.account.id)
    return support_state.open_about(work, person.account.id, "erasure")


def approved(work, person):
    case = requested(work, person)
    support_case.approve(work.acting(OPERATOR), case.id)
    work.session.commit()
    return case


def everything(work) -> str:
    """Every readable value of the database, as one text."""
    work.session.flush()
    found = []
    for table in Base.metadata.sorted_tables:
        columns = [column for column in table.columns if not isinstance(column.type, LargeBinary)]
        for row in work.session.execute(select(*columns)):
            found.append(f"{table.name} {json.dumps([str(value) for value in row], ensure_ascii=False)}")
    return "\n".join(found)


def test_no_table_is_forgotten():
    known = {held.table.name for held in personal_data.ALL}
    assert set(Base.metadata.tables) == known | set(NOT_PERSONAL)
    assert not known & set(NOT_PERSONAL)


def test_no_column_that_names_an_account_is_forgotten():
    declared = {held.table.name: held for held in personal_data.ALL}
    for table in Base.metadata.tables.values():
        for column in table.columns:
            if any(key.column.table.name == "accounts" for key in column.foreign_keys):
                held = declared[table.name]
                assert column.name == "account_id" or column.name in held.acts, f"{table.name}.{column.name}"


def test_no_secret_is_shown():
    for held in personal_data.ALL:
        shown = {column.name for column in held.table.columns} - held.secret
        assert not {name for name in shown if "digest" in name or "secret" in name or name in ("hash", "public_key")}


def test_the_export_does_not_tell_who_else_acted_nor_from_where(work, zelie, make_account):
    """A person who was helped by the staff does not get to know their browsers, networks and sessions by it."""
    staff = make_account("yann@service.test")
    theirs = Actor(
        "account", staff.account.id, session_id=staff.account.id, network="198.51.100.9", user_agent="Desk/7"
    )
    for actor in (theirs, OPERATOR, Actor(network="203.0.113.5", user_agent="Stranger/1")):
        audit.record(work.acting(actor), "account.looked_up", ("account", zelie.account.id), by=actor.kind)
    acting = in_session(work.later(minutes=1), zelie)
    audit.record(acting, "password.changed", ("account", zelie.account.id), way="account")
    told = json.dumps(personal_data.export(acting, zelie.account.id))
    for private in (str(staff.account.id), "198.51.100.9", "Desk/7", "anne-laure"):
        assert private not in told
    rows = {row["details"].get("by"): row for row in json.loads(told)["held"]["log"]}
    assert rows["account"]["actor_kind"] == "account"
    assert rows["anonymous"]["network"] == "203.0.113.5"  # somebody at a sign-in page: perhaps not the holder
    assert {row["actor_id"] for row in json.loads(told)["held"]["log"]} == {None, str(zelie.account.id)}


def test_the_export_has_all_of_it_and_is_json(work, zelie, lumen):
    membership.add(work.acting(OPERATOR), lumen.id, zelie.account.id, company_role="company.member")
    acting = in_session(work.later(minutes=1), zelie)
    told = json.loads(json.dumps(personal_data.export(acting, zelie.account.id)))
    held = told["held"]
    assert set(held) == {each.name for each in personal_data.ALL if each.shown}
    assert held["account"][0]["family_name"] == NAME
    assert held["addresses"][0]["address"] == ADDRESS
    assert {each["value"] for each in held["recovery_contacts"]} >= {CONTACT}
    assert held["memberships"][0]["company_id"] in told["names"]["companies"]
    assert told["names"]["companies"][str(lumen.id)] == "Atelier Lumen"
    assert held["sessions"]
    assert held["browsers"]
    assert held["mailed_links"]
    assert any(event["name"] == "session.started" for event in held["log"])
    assert told["subject"] == zelie.account.subject
    text = json.dumps(told)
    assert zelie.secret not in text
    assert "argon2" not in text
    assert not any(code in text for code in zelie.recovery_codes)
    assert {each["recipient"] for each in mails(work) if each["template"] == "data_exported"} == {ADDRESS, CONTACT}


def test_the_export_is_of_one_person_alone(work, zelie, lumen):
    told = json.dumps(personal_data.export(in_session(work.later(minutes=1), zelie), zelie.account.id))
    assert "owner@example.test" not in told
    assert "Ann" not in told


def test_every_door_closes_with_the_request(work, zelie):
    requested(work.later(minutes=1), zelie)
    account = work.session.get(Account, zelie.account.id)
    work.session.refresh(account)
    assert account.status == "erasure_requested"
    assert account.erasure_at == work.now + timedelta(days=14, minutes=2)
    assert session.end_all(work, zelie.account.id, "x") == 0
    told = {each["recipient"] for each in mails(work) if each["template"] == "erasure_requested"}
    assert told == {ADDRESS, CONTACT}


def test_signing_in_keeps_the_account_and_ends_the_case(work, zelie):
    case = approved(work, zelie)
    work.write()
    soon = work.later(days=3)
    attempt, _ = flows.password(soon, zelie)
    sign_in.prove_totp(soon, attempt, totp.current_code(soon, zelie.secret))
    assert sign_in.step(soon, attempt) is Step.ERASURE
    sign_in.keep_account(soon, attempt)
    erasure.kept(soon, zelie.account.id)
    soon.session.refresh(case)
    assert case.closed_at is not None
    due.cases(soon.later(days=20).acting(SYSTEM))
    assert soon.session.get(Account, zelie.account.id, populate_existing=True).status == "active"


def test_a_case_that_the_staff_close_keeps_the_account(work, zelie):
    case = requested(work, zelie)
    support_case.close(work.acting(OPERATOR), case.id, "asked by somebody else")
    assert work.session.get(Account, zelie.account.id, populate_existing=True).status == "active"


def test_an_owner_hands_over_first(work, lumen, make_account):
    owner = email_address.find_account(work, "owner@example.test")
    assert [(each.kind, each.company) for each in erasure.obstacles(work, owner.id)] == [("owner", "Atelier Lumen")]
    with pytest.raises(Conflict) as error:
        erasure.request(work, owner.id)
    assert error.value.members == {"reason": "obstacles"}
    work.session.execute(text("UPDATE companies SET closed_at = created_at"))
    assert erasure.obstacles(work, owner.id) == []


def test_the_only_administrator_of_a_firm_names_another_first(work, make_account):
    kept = work.acting(OPERATOR)
    firm = company.create(
        kept, reference="deltour", name="Deltour", kind="firm", country="BE", city="Namur", locale="fr-BE"
    )
    subscription.start(kept, firm.id, plan="practice", seats=None)
    subscription.set_state(kept, firm.id, "practice", "active")
    first, second = make_account("a@deltour.test"), make_account("b@deltour.test")
    for person in (first, second):
        membership.add(kept, firm.id, person.account.id, company_role="company.administrator")
    membership.grant_role(kept, firm.id, first.account.id, "practice", role_id="practice.administrator")
    assert [each.kind for each in erasure.obstacles(work, first.account.id)] == ["administrator"]
    assert erasure.obstacles(work, second.account.id) == []
    membership.grant_role(kept, firm.id, second.account.id, "practice", role_id="practice.administrator")
    assert erasure.obstacles(work, first.account.id) == []


def test_nothing_is_erased_before_its_day_nor_without_the_staff(work, zelie, make_account):
    bob = make_account("bob@example.test")
    approved(work, zelie)
    requested(work.later(minutes=1), bob)  # nobody approves this one
    work.session.commit()
    due.cases(work.later(days=13, hours=23).acting(SYSTEM))
    assert work.session.get(Account, zelie.account.id, populate_existing=True).status == "erasure_requested"
    due.cases(work.later(days=15).acting(SYSTEM))
    assert work.session.get(Account, zelie.account.id, populate_existing=True).status == "erased"
    assert work.session.get(Account, bob.account.id, populate_existing=True).status == "erasure_requested"


def test_an_open_case_about_the_account_is_waited_for(work, zelie):
    approved(work, zelie)
    work.write()
    support_case.open_case(work.acting(SYSTEM), "sharing", zelie.account.id, "signs", "")
    work.session.commit()
    due.cases(work.later(days=15).acting(SYSTEM))
    assert work.session.get(Account, zelie.account.id, populate_existing=True).status == "erasure_requested"
    case = support_state.open_about(work, zelie.account.id, "sharing")
    work.session.execute(
        update(SupportCase).where(SupportCase.id == case.id).values(closed_at=work.now, state="closed")
    )
    work.session.commit()
    due.cases(work.later(days=16).acting(SYSTEM))
    assert work.session.get(Account, zelie.account.id, populate_existing=True).status == "erased"


@pytest.fixture
def erased(work, zelie, lumen):
    """Zélie, with everything there can be, and then without."""
    kept = work.acting(OPERATOR)
    client, _ = clients.register(
        kept, ClientRegistration(client_id="app", names={"en": "App"}, redirect_uris=["http://localhost:8001/cb"])
    )
    invitation.offer(kept, lumen.id, address=ADDRESS, locale="fr-FR", roles={"capture": "capture.documents-basic"})
    membership.add(kept, lumen.id, zelie.account.id, company_role="company.member")
    consent.give(work.acting(Actor("account", zelie.account.id)), client, zelie.account.id, "openid")
    soon = in_session(work.later(minutes=1), zelie)
    assert email_change.ask(soon, zelie.account.id, "quintrec.new@elsewhere.test") is Outcome.ACCEPTED
    approved(work.later(minutes=1), zelie)
    due.cases(work.later(days=15).acting(SYSTEM))
    return work.later(days=15)


def test_an_erasure_leaves_no_name_and_no_address(erased, zelie):
    left = [line for line in everything(erased).splitlines() if "uintrec" in line.lower() or CONTACT in line]
    assert left == []
    assert "Zélie" not in everything(erased)


def test_an_erasure_leaves_nothing_to_sign_in_with(erased, zelie):
    account_id = zelie.account.id
    for held in personal_data.ALL:
        rows = erased.session.execute(select(held.table).where(held.about(account_id))).all()
        assert not rows or held.after != "deleted", held.name
        if held.after == "ended":
            assert all(row.ended_at is not None for row in rows), held.name
    account = erased.session.get(Account, account_id, populate_existing=True)
    assert (account.status, account.display_name, account.subject) == ("erased", "", zelie.account.subject)
    assert flows.password(erased, zelie)[1] is Outcome.REFUSED


def test_the_log_keeps_a_pseudonym_and_its_chain(erased, zelie):
    erased.write()
    assert audit.verify(erased) == []
    events = erased.session.scalars(select(AuditEvent).where(AuditEvent.actor_id == zelie.account.id)).all()
    assert events
    assert {(event.network, event.user_agent) for event in events} == {("", "")}
    others = erased.session.scalars(select(AuditEvent).where(AuditEvent.network != "")).all()
    assert all(event.subject_id != str(zelie.account.id) for event in others)


def test_the_address_is_free_and_its_next_holder_is_somebody_else(erased, zelie, lumen):
    erased.write()
    next_one = profile.create(erased, address=ADDRESS, given_name="Zoé", family_name="Autre", locale="fr-FR")
    assert next_one.subject != zelie.account.subject
    assert access.roles_of(erased, next_one.id, lumen.id) == frozenset()
    assert erased.session.scalar(select(Membership).where(Membership.account_id == next_one.id)) is None


def test_memberships_and_invitations_end(erased, zelie, lumen):
    member = erased.session.scalar(select(Membership).where(Membership.account_id == zelie.account.id))
    assert member.ended_at == erased.now
    offered = erased.session.scalars(select(Invitation)).one()
    assert (offered.outcome, offered.address) == ("erased", "")


def test_the_person_is_told_once_at_the_last_address(erased):
    told = [each["recipient"] for each in mails(erased) if each["template"] == "account_erased"]
    assert told == [ADDRESS]


def test_nothing_is_left_to_export(erased, zelie):
    erased.write()
    with pytest.raises(Conflict) as error:
        personal_data.export(erased.acting(SYSTEM), zelie.account.id)
    assert error.value.members == {"reason": "erased"}


def test_an_erasure_is_whole_or_not_at_all(work, zelie, monkeypatch):
    approved(work, zelie)
    before = everything(work)

    def fail(*args, **options):
        raise RuntimeError("killed here")

    with monkeypatch.context() as broken:
        broken.setattr("idp.audit.retention.erase_traces_of", fail)
        with pytest.raises(RuntimeError):
            due.cases(work.later(days=15).acting(SYSTEM))
    work.session.rollback()
    assert everything(work) == before
    due.cases(work.later(days=15).acting(SYSTEM))
    assert work.session.get(Account, zelie.account.id, populate_existing=True).status == "erased"


def test_status_keep_is_for_those_who_wait(work, zelie):
    assert not status.keep(work, zelie.account.id)
