"""What a company says about itself, and its rules of security."""

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.companies import access, company, company_settings
from idp.core.errors import InvalidInput, NotFound, NotPermitted
from idp.work import Actor
from tests.outbox_content import mails

NEW = {"name": " Fleurs  du Quai ", "city": "Namur", "country": "BE", "locale": "fr-BE"}


def test_the_profile_is_changed_with_before_and_after(system, make_company, join):
    key = make_company()
    mine = system.acting(Actor("account", join(key, company_role="company.administrator")))
    assert company_settings.edit_profile(mine, key, **NEW)
    found = company.get(system, key)
    assert (found.name, found.city, found.country, found.locale) == ("Fleurs du Quai", "Namur", "BE", "fr-BE")
    assert not company_settings.edit_profile(mine, key, **NEW)
    told = system.session.scalars(select(AuditEvent).where(AuditEvent.name == "company.profile_changed")).one()
    assert (told.details["before"]["city"], told.details["after"]["city"]) == ("Nantes", "Namur")
    for field, value in (("name", " "), ("name", "x" * 201), ("city", "a\x00"), ("country", "be"), ("locale", "xx")):
        with pytest.raises(InvalidInput) as refused:
            company_settings.edit_profile(mine, key, **{**NEW, field: value})
        assert refused.value.members["field"] == field


def test_trust_in_browsers_is_taken_back_for_everybody_and_told(system, make_company, join):
    key = make_company()
    owner, member = join(key, company_role="company.owner"), join(key)
    mine = system.acting(Actor("account", owner))
    assert access.trusted_devices_allowed(system, member)
    assert company_settings.allow_trusted_devices(mine, key, False)
    assert not access.trusted_devices_allowed(system, member)
    assert not company_settings.allow_trusted_devices(mine, key, False)
    assert [mail["template"] for mail in mails(system)] == ["company_security_changed"]


def test_only_who_may_and_only_here(system, make_company, join):
    key = make_company()
    stranger = join(make_company(reference="other"), company_role="company.owner")
    for who, refused in ((join(key), NotPermitted), (stranger, NotFound)):
        work = system.acting(Actor("account", who))
        with pytest.raises(refused):
            company_settings.edit_profile(work, key, **NEW)
        with pytest.raises(refused):
            company_settings.allow_trusted_devices(work, key, False)
