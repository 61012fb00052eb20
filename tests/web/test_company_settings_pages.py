"""Ownership, profile, services and security of a company, over HTTP."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from idp.authn.models import Session
from idp.companies import company, membership, ownership, subscription, takeover
from idp.web.work import Application, unit_of_work
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in


@pytest.fixture
def lumen(app: Application, make_holder: Callable[..., Holder]) -> tuple[str, Holder, Holder]:
    """The address of a company, its owner and a member."""
    owner, heir = make_holder("ann@lumen.example"), make_holder("lise@lumen.example")
    with unit_of_work(app, SYSTEM) as work:
        made = company.create(
            work, reference="lumen", name="Atelier Lumen", kind="company", country="FR", city="Lille", locale="en-GB"
        )
        subscription.start(work, made.id, plan="team")
        subscription.set_state(work, made.id, "accounting", "active")
        membership.add(work, made.id, owner.id, company_role="company.owner")
        membership.add(work, made.id, heir.id, company_role="company.member")
        return f"/companies/{made.id}", owner, heir


def test_the_ownership_is_handed_over_in_two_steps(app: Application, lumen: tuple[str, Holder, Holder]) -> None:
    path, owner, heir = lumen
    first, second = Browser(app), Browser(app)
    sign_in(first, owner, to=f"{path}/ownership")
    assert first.heading == "The account owner of Atelier Lumen"
    sign_in(second, heir, to=path)
    assert second.get(f"{path}/ownership").status_code == 403
    first.get(f"{path}/ownership/offer")
    first.submit({"person": "", "afterwards": "administrator"})
    assert (first.status, 'href="#person"' in first.text) == (422, True)
    first.submit({"person": str(heir.id), "afterwards": "administrator"})
    assert "Offered to Ada Byron" in first.text
    second.get(f"{path}/ownership")
    assert second.heading == "Will you be the account owner of Atelier Lumen?"
    first.submit()  # taken back while the other person looks at it
    second.submit({"answer": "accept"})
    assert (second.status, second.heading) == (410, "This offer does not stand any more")
    first.get(f"{path}/ownership/offer")
    first.submit({"person": str(heir.id), "afterwards": "administrator"})
    second.get(f"{path}/ownership")

    with unit_of_work(app, SYSTEM) as work:  # a proof that is old leads to the code first
        work.session.execute(update(Session).where(Session.account_id == heir.id).values(second_factor_at=None))
    second.submit({"answer": "accept"})
    assert second.heading == "Enter the code from your app"
    second.submit({"code": heir.code(1)})
    assert second.heading == "Will you be the account owner of Atelier Lumen?"
    second.submit({"answer": "accept"})
    assert second.heading == "The account owner of Atelier Lumen"
    with unit_of_work(app, SYSTEM, write=False) as work:
        found = company.find(work, "lumen")
        assert found is not None
        assert takeover.owner_address(work, found.id) == heir.address
        assert ownership.open_offer(work, found.id) is None
    assert first.get(f"{path}/ownership/offer").status_code == 403


def test_settings_are_read_and_changed(app: Application, browser: Browser, lumen: tuple[str, Holder, Holder]) -> None:
    path, owner, _ = lumen
    sign_in(browser, owner, to=f"{path}/profile")
    browser.submit({"name": "Atelier <b>Lumen", "city": "Namur", "country": "BE", "locale": "fr-BE"})
    assert "Saved." in browser.text
    assert "Atelier &lt;b&gt;Lumen" in browser.text
    browser.submit({"country": "Belgium"})
    assert browser.status == 422
    browser.get(f"{path}/services")
    browser.submit({"service_sepa_payments": "yes"})
    assert "Saved." in browser.text
    browser.get(f"{path}/security")
    browser.submit({"trusted": "no"})
    assert "applies from the next sign-in" in browser.text
    with unit_of_work(app, SYSTEM, write=False) as work:
        found = company.find(work, "lumen")
        assert found is not None
        assert (found.city, found.services, found.trusted_devices) == ("Namur", ["sepa-payments"], False)
