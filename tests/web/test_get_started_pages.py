"""From the mail of an order to a company that is ready, over HTTP."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pyotp
import pytest
from sqlalchemy import select, update

from idp.accounts.models import Account
from idp.companies import billing_key, company, onboarding, takeover
from idp.companies.models import FirstUser, Invitation, OnboardingLink
from idp.core import webhooks
from idp.oidc import clients
from idp.oidc.client_options import Options
from idp.oidc.clients import ClientRegistration
from idp.outbox.models import OutboxMessage
from idp.outbox.queue import open_payload
from idp.web.work import Application, unit_of_work
from tests.companies.test_onboarding import FLEURS
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, complete, sign_in
from tests.web.test_sign_in_pages import shown_secret

ROSE = "rose@fleurs.example"
ORDER = replace(FLEURS, locale="en-GB", address=ROSE)
DETAILS = {
    "given_name": "Rose", "family_name": "Marin", "password": "quatre bateaux dans la brume",
    "password_again": "quatre bateaux dans la brume", "personal": "yes",
}  # fmt: skip
LISE = {
    "given_name": "Lise", "family_name": "Petit", "email": "lise@fleurs.example", "locale": "fr-FR",
    "role_accounting": "accounting.reader", "role_capture": "capture.reader", "role_invoicing": "invoicing.reader",
}  # fmt: skip


def mailed(app: Application, template: str) -> list[dict]:
    with unit_of_work(app, SYSTEM, write=False) as work:
        rows = work.session.scalars(
            select(OutboxMessage).where(OutboxMessage.kind == "mail", OutboxMessage.name == template)
            .order_by(OutboxMessage.id)
        )  # fmt: skip
        return [open_payload(work, row) for row in rows]


def order(app: Application, **changed: object) -> str:
    """An order, and what its mail leads to."""
    with unit_of_work(app, SYSTEM) as work:
        onboarding.order(work, replace(ORDER, **changed))
    return mailed(app, "company_ordered")[-1]["variables"]["path"]


@pytest.fixture
def path(app: Application) -> str:
    return order(app)


def add_program(app: Application, product: str) -> None:
    """A program of this product that people install."""
    with unit_of_work(app, SYSTEM) as work:
        clients.register(
            work,
            ClientRegistration(
                names={"en": f"Program for {product}"}, product=product, resource=f"https://fleurs.example/{product}",
                token_endpoint_auth_method="none", redirect_uris=["http://127.0.0.1/callback"],
                options=Options(download_uri=f"https://fleurs.example/get/{product}"),
            ),
        )  # fmt: skip


def press(browser: Browser, action: str, values: dict[str, str]) -> None:
    """Send another form of the page than its main one."""
    found = re.search(rf'action="([^"]*{action})"', browser.text)
    assert found is not None, browser.text[:500]
    sent = {**values, "csrf_token": browser.form.values["csrf_token"]}
    browser.get(browser.client.post(found[1], data=sent, headers=browser.headers).headers["Location"])


def make_account(browser: Browser, path: str, **changed: str) -> None:
    browser.get(path)
    assert browser.heading == "Create the account that runs Fleurs du Quai"
    browser.submit({**DETAILS, **changed})
    assert browser.heading == "Link your authenticator app", browser.text[:800]


def to_the_wizard(browser: Browser, app: Application, path: str) -> None:
    make_account(browser, path)
    browser.submit({"code": pyotp.TOTP(shown_secret(browser)).now()})
    complete(browser, app)
    assert browser.heading == "Who else will use the software?"


def test_a_company_is_set_up_from_the_mail_to_the_products(app: Application, browser: Browser, path: str) -> None:
    add_program(app, "capture")
    add_program(app, "payroll")  # which is not ordered
    for _ in range(3):  # mail scanners
        assert Browser(app).get(path).status_code == 200
    browser.get(path)
    assert "5 seats in each product" in browser.text
    assert browser.form.values["email"] == ROSE
    assert browser.form.values["software"] == "yes"
    to_the_wizard(browser, app, path)
    assert "Step 5 of 7" in browser.text
    assert "1 of 5 seats taken" in browser.text

    browser.submit(LISE)
    assert "2 of 5 seats taken" in browser.text
    browser.submit({**LISE, "role_accounting": "", "role_capture": "", "role_invoicing": ""})
    assert (browser.status, "role in one product" in browser.text) == (422, True)
    assert browser.form.values["given_name"] == "Lise"
    browser.submit(LISE)
    assert "on the list, or invited, already" in browser.text
    assert mailed(app, "invitation") == []

    press(browser, "/users/decided", {"answer": "done"})
    assert browser.heading == "Which connected services do you need?"
    browser.submit({"service_mobile_data": "on", "service_vat_filing": "later", "service_sepa_payments": "off"})
    assert browser.heading == "Check, then send the invitations"
    assert "Lise Petit" in browser.text
    browser.submit()
    assert browser.heading == "Fleurs du Quai is ready"
    assert "Lise Petit" in browser.text
    assert "Download Program for capture" in browser.text  # FLX-13
    assert 'href="https://fleurs.example/get/capture"' in browser.text
    assert "payroll" not in browser.text
    assert [mail["recipient"] for mail in mailed(app, "invitation")] == ["lise@fleurs.example"]
    with unit_of_work(app, SYSTEM, write=False) as work:
        made = company.find(work, "fleurs-du-quai")
        assert made is not None
        assert made.services == ["mobile-data"]
        assert work.session.scalars(select(Invitation.given_name)).all() == ["Lise"]
        assert work.session.scalars(select(FirstUser)).all() == []
    browser.get(browser.address.replace("/done", "/users"))
    assert browser.address.endswith("/get-started/done")

    late = Browser(app)
    assert late.get(path).status_code == 410
    assert late.heading == "This link was already used"
    assert 'href="/sign-in"' in late.text


def test_who_closes_the_browser_finds_the_same_step_again(app: Application, browser: Browser, path: str) -> None:
    make_account(browser, path)
    later = Browser(app)
    later.get("/sign-in")
    later.submit({"email": ROSE, "password": DETAILS["password"]})
    secret = shown_secret(later)
    later.submit({"code": pyotp.TOTP(secret).now()})
    complete(later, app)
    assert later.heading == "Who else will use the software?"
    press(later, "/users/decided", {"answer": "later"})
    assert later.heading == "Which connected services do you need?"

    again = Browser(app)
    again.get("/sign-in")
    again.submit({"email": ROSE, "password": DETAILS["password"]})
    again.submit({"code": pyotp.TOTP(secret).at(datetime.now(UTC), counter_offset=1)})
    assert again.heading == "Which connected services do you need?"
    again.submit(dict.fromkeys(("service_mobile_data", "service_vat_filing", "service_sepa_payments"), "later"))
    assert again.heading == "Fleurs du Quai is ready"
    assert "Left for later: Users, Connected services" in again.text


def test_mistakes_are_named_and_nothing_is_lost(browser: Browser, path: str) -> None:
    browser.get(path)
    browser.submit({**DETAILS, "password": "Fleurs du Quai 44", "password_again": "Fleurs du Quai 44"})
    assert (browser.status, 'href="#password"' in browser.text) == (422, True)
    assert browser.form.values["given_name"] == "Rose"
    without = {name: value for name, value in DETAILS.items() if name != "personal"}
    browser.get(path)
    browser.submit(without)
    assert 'href="#personal"' in browser.text
    browser.submit({**DETAILS, "set_locale": "fr"})
    assert "Créez le compte qui administre Fleurs du Quai" in browser.text
    assert browser.form.values["family_name"] == "Marin"


def test_without_the_tick_the_owner_opens_no_product(app: Application, browser: Browser, path: str) -> None:
    browser.get(path)
    browser.submit({**DETAILS, "software": ""})
    assert browser.heading == "Link your authenticator app"
    with unit_of_work(app, SYSTEM, write=False) as work:
        made = company.find(work, "fleurs-du-quai")
        assert made is not None
        assert takeover.owner_address(work, made.id) == ROSE


def test_another_address_is_proved_first(app: Application, browser: Browser, path: str) -> None:
    browser.get(f"{path}/address")
    assert browser.heading == "With which address will you sign in?"
    browser.submit({"email": "not an address"})
    assert browser.status == 422
    browser.submit({"email": "rose.marin@perso.example"})
    assert browser.heading == "Enter the code we sent"
    browser.submit({"code": "000000"})
    assert browser.status == 422
    browser.submit({"code": mailed(app, "one_time_code")[-1]["variables"]["code"]})
    assert browser.form.values["email"] == "rose.marin@perso.example"
    make_account(browser, path)


def test_an_address_that_has_an_account_signs_in_and_attaches(
    app: Application, browser: Browser, path: str, make_holder
) -> None:
    rose: Holder = make_holder(ROSE)
    browser.get(path)
    assert browser.heading == "Sign in to attach Fleurs du Quai"
    address = re.search(r'href="(/sign-in[^"]+)"', browser.text)[1].replace("&amp;", "&")
    assert path.rpartition("/")[2] not in address  # the link itself is in no address
    browser.get(address)
    browser.submit({"email": ROSE, "password": rose.password})
    browser.submit({"code": rose.code()})
    assert browser.heading == "Attach Fleurs du Quai to your account"
    browser.submit()
    assert browser.heading == "Who else will use the software?"
    assert "Step 1 of 3" in browser.text


def test_somebody_else_who_is_signed_in_is_told_so_and_decides(
    app: Application, browser: Browser, path: str, ada: Holder
) -> None:
    sign_in(browser, ada)
    browser.get(path)
    assert browser.heading == "Attach Fleurs du Quai to your account"
    assert "The mail went to another address" in browser.text
    assert 'href="/sign-out"' in browser.text
    with unit_of_work(app, SYSTEM, write=False) as work:
        assert work.session.query(Account).count() == 1
    browser.submit()
    assert browser.heading == "Who else will use the software?"


def test_a_link_that_is_over_sends_another_one_and_tells_nothing(app: Application, browser: Browser, path: str) -> None:
    with unit_of_work(app, SYSTEM) as work:
        work.session.execute(
            update(OnboardingLink).values(
                expires_at=work.now - timedelta(days=1), created_at=work.now - timedelta(days=9)
            )
        )
    assert browser.get(path).status_code == 410
    assert browser.heading == "This link is no longer valid"
    browser.submit()
    assert browser.heading == "Look in your mailbox"
    known = browser.text
    browser.get("/get-started/again")
    for address in (ROSE, "nobody@fleurs.example"):
        browser.get("/get-started/again")
        browser.submit({"email": address})
        assert browser.heading == "Look in your mailbox"
    assert "new link is on its way" in known
    for unknown in ("x", "x" * 43, "x" * 500, "%00"):
        assert browser.get(f"/get-started/{unknown}").status_code == 404
        assert browser.heading == "This link is no longer valid"


def test_the_customer_space_signs_a_way_in_that_counts_once(app: Application, browser: Browser, path: str) -> None:
    with unit_of_work(app, SYSTEM) as work:
        secret = webhooks.read(billing_key.create(work)[1])

    def way_in(company: str = "fleurs-du-quai", identifier: str = "req_1", minutes: float = 0) -> str:
        at = datetime.now(UTC) - timedelta(minutes=minutes)
        signed = webhooks.signed(secret, identifier, at, b"get-started fleurs-du-quai")
        names = dict(zip(("id", "timestamp", "signature"), signed.values(), strict=True))
        return f"/get-started/from-order?{urlencode({'company': company, **names})}"

    for wrong in (way_in(company="another"), way_in(minutes=6), "/get-started/from-order", f"{way_in()}x"):
        browser.get(wrong)
        assert (browser.status, browser.heading) == (410, "This link is no longer valid")
    browser.get(way_in())
    assert browser.heading == "Confirm your e-mail address"
    browser.get(way_in())
    assert browser.status == 410
    browser.get(way_in(identifier="req_2"))
    assert browser.heading == "Confirm your e-mail address"
    make_account(Browser(app), path)
    browser.get(way_in(identifier="req_3"))
    assert browser.heading == "This link was already used"


def test_the_order_page_leads_in_without_a_mail(app: Application, browser: Browser, path: str) -> None:
    with unit_of_work(app, SYSTEM) as work:
        made = company.find(work, "fleurs-du-quai")
        assert made is not None
        token = onboarding.hand_over(work, made.id)
    browser.get(f"/get-started/{token}")
    assert browser.heading == "Confirm your e-mail address"
    assert browser.form.values["email"] == ROSE
    browser.submit()
    browser.submit({"code": mailed(app, "one_time_code")[-1]["variables"]["code"]})
    make_account(browser, f"/get-started/{token}")
    assert Browser(app).get(path).status_code == 410
