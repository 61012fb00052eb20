"""Loading the demonstration data."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from idp.accounts import email_address, profile
from idp.accounts.models import RecoveryContact
from idp.audit import log
from idp.authn import password, recovery_code, sharing, totp
from idp.authn.models import PasswordCredential
from idp.cli import demo_data
from idp.companies import access, membership, support_case
from idp.companies.errors import FourEyes
from idp.companies.models import SupportCase
from idp.core.db import Base
from idp.core.errors import NotFound
from tests.companies.conftest import DATA
from tests.conftest import ROOT


def rows(work):
    counts = {}
    for table in Base.metadata.sorted_tables:
        counts[table.name] = work.session.scalar(select(func.count()).select_from(table))
    return counts


def test_everything_in_the_file_is_loaded_once(demo):
    assert demo.new == {
        "people": 25, "companies": 7, "custom_roles": 2, "memberships": 23, "invitations": 3, "mandates": 6,
        "assignments": 10, "staff_roles": 4, "support_cases": 3,
    }  # fmt: skip
    assert demo_data.loaded(demo.work)
    before = rows(demo.work)
    assert demo_data.load(demo.work.later(days=3), "another password", DATA) == {}
    assert rows(demo.work) == before


def test_cases_wait_as_the_file_says_and_the_opener_does_not_approve(demo):
    """The two rows of `expectations.yaml` about `case-1`."""
    cases = {case.reference: case for case in demo.work.session.scalars(select(SupportCase))}
    case = cases["case-1"]
    assert (case.kind, case.state, case.account_id) == (
        "reset-2fa", "waiting_approval", demo.account("mehdi.haddad"),
    )  # fmt: skip
    assert case.opened_by == demo.account("olivier.renard")
    assert cases["case-2"].due_at == demo.work.now + timedelta(days=11)
    with pytest.raises(FourEyes):
        support_case.approve(demo.acting("olivier.renard"), case.id)
    demo.work.write()
    assert support_case.approve(demo.acting("annelaure.petit"), case.id).state == "waiting_time"


def test_what_was_removed_since_stays_removed(demo):
    lumen, hugo = demo.company("atelier-lumen"), demo.account("hugo.perrin")
    membership.remove(demo.work, lumen, hugo)
    assert demo_data.load(demo.work, "another password", DATA) == {}
    assert membership.find(demo.work, lumen, hugo) is None


def test_people_can_sign_in_as_the_file_says(demo):
    hashes = dict(demo.work.session.execute(select(PasswordCredential.account_id, PasswordCredential.hash)).all())
    assert len(set(hashes.values())) == len(hashes) == 25
    for entry in DATA["people"]:
        if entry["status"] == "invited":
            assert email_address.find_account(demo.work, email_address.canonical(entry["email"])) is None
            continue
        account = profile.get(demo.work, demo.account(entry["id"]))
        wanted = {"password_set": "active"}.get(entry["status"], entry["status"])
        assert (account.display_name, account.locale, account.status) == (
            f"{entry['given_name']} {entry['family_name']}", entry["locale"], wanted,
        )  # fmt: skip
        assert totp.holds(demo.work, account.id) == (entry["two_factor"] == "totp")
        assert recovery_code.left(demo.work, account.id) == entry.get("backup_codes_left", 0)
        contacts = demo.work.session.scalars(select(RecoveryContact).where(RecoveryContact.account_id == account.id))
        assert {each.kind: each.value for each in contacts if each.verified_at} == entry.get("recovery", {})
    ines = demo.account("ines.moreau")
    assert password.verify(hashes[ines], "demonstration of the tests").right
    margaux = profile.get(demo.work, demo.account("margaux.blanc"))
    assert margaux.erasure_at == demo.work.now + timedelta(days=11)


def test_signs_of_sharing_were_seen_and_their_person_told(demo):
    sophie = demo.account("sophie.lemaire")
    standing, told = sharing.standing(demo.work, sophie), sharing.told(demo.work, sophie)
    assert {sign.signal: sign.weight for sign in standing.signs} == {"distant_places": 3, "generic_address": 1}
    assert (told.told_at, told.answer) == (demo.work.now - timedelta(days=1), None)
    case = demo.work.session.scalars(select(SupportCase).where(SupportCase.kind == "sharing")).one()
    assert (case.account_id, case.state, case.origin) == (sophie, "notice_sent", "system")
    assert not access.trusted_devices_allowed(demo.work, sophie)


def test_the_audit_log_is_whole(demo):
    assert log.verify(demo.work) == []


def test_a_person_is_found_by_id_or_address():
    policies = ROOT / "policies"
    address = "ines.moreau@atelier-lumen.example.com"
    assert demo_data.address_of(policies, "ines.moreau") == address
    assert demo_data.address_of(policies, address.upper()) == address
    with pytest.raises(NotFound):
        demo_data.address_of(policies, "nobody")
