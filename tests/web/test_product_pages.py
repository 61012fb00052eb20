"""Pages on the way to a product, with the demonstration's people: launcher, choice of a company, consent, refusal."""

from collections.abc import Callable
from html import unescape
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import pytest

from idp.accounts import email_address
from idp.authn import totp
from idp.authn.models import Session
from idp.cli import demo_data
from idp.companies import company, membership, subscription
from idp.oidc import clients
from idp.oidc.client_options import Options
from idp.oidc.clients import ClientRegistration
from idp.oidc.models import Consent, Grant
from idp.web.work import Application, unit_of_work
from tests.conftest import PASSWORD, ROOT
from tests.web.browser import Browser
from tests.web.conftest import SYSTEM, Holder, sign_in

CALLBACK = "https://books.company.example/callback"
HOME = "https://books.company.example/"


@pytest.fixture
def browser(app: Application) -> Browser:
    """The people of the demonstration speak French; this browser has chosen English."""
    browser = Browser(app)
    browser.client.set_cookie("sesame_lang", "en")
    return browser


@pytest.fixture
def demo(app: Application) -> Callable[[str], Holder]:
    """The demonstration data and its clients, loaded; answers its people by name."""
    policies = ROOT / "policies"
    with unit_of_work(app, SYSTEM) as work:
        demo_data.load(work, PASSWORD, demo_data.read(policies))
        for name, trusted in (("books", True), ("robot", False)):
            registration = ClientRegistration(
                names={"en": f"The {name}", "fr": f"Les {name}"},
                client_id=name,
                product="accounting",
                resource="https://books.company.example/api",
                redirect_uris=[CALLBACK],
                trusted=trusted,
                home_uri=HOME if trusted else None,
            )
            clients.register(work, registration)

    def person(name: str) -> Holder:
        address = demo_data.address_of(policies, name)
        with unit_of_work(app, SYSTEM) as work:
            account = email_address.find_account(work, email_address.canonical(address))
            assert account is not None
            secrets = totp.secrets_of(work, account.id)
            return Holder(account.id, address, PASSWORD, secrets[0][1] if secrets else "", ())

    return person


def authorize(client: str = "books", **more: str) -> str:
    query = {
        "client_id": client,
        "response_type": "code",
        "scope": "openid profile email",
        "redirect_uri": CALLBACK,
        "state": "s-1",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    return f"/oauth/authorize?{urlencode({**query, **more})}"


def enter(browser: Browser, holder: Holder, address: str) -> None:
    """Follow a product's link and sign in on the way."""
    browser.get(address)
    browser.submit({"email": holder.address, "password": holder.password})
    browser.submit({"code": holder.code()})


def arrived(browser: Browser) -> dict[str, list[str]]:
    """What the product is told at the end."""
    assert browser.answer is not None
    assert browser.status == 303
    location = browser.answer.headers["Location"]
    assert location.startswith(CALLBACK)
    return parse_qs(urlsplit(location).query)


def test_one_company_is_taken_without_asking(browser: Browser, demo: Callable[[str], Holder]) -> None:
    enter(browser, demo("ines.moreau"), authorize())
    told = arrived(browser)
    assert told["state"] == ["s-1"]
    assert told["code"][0]

    browser.get(authorize(state="s-2"))
    assert arrived(browser)["state"] == ["s-2"]


def test_of_several_companies_one_is_chosen(browser: Browser, demo: Callable[[str], Holder]) -> None:
    enter(browser, demo("julien.mercier"), authorize())
    assert browser.address.startswith("/companies/choose?request=")
    assert browser.heading == "Choose a company"
    choices = [value for name, value in browser.form.buttons if name == "company"]
    assert len(choices) == 2
    policy = browser.answer.headers["Content-Security-Policy"] if browser.answer else ""
    assert policy.endswith("form-action 'self' https://books.company.example")

    browser.submit({"company": choices[1]})
    assert arrived(browser)["code"][0]


@pytest.mark.parametrize("company", ["", "x", "01a201b5-bd3c-77c1-9210-3e197d5ba57f"])
def test_a_company_that_is_not_offered_leads_nowhere(
    browser: Browser, demo: Callable[[str], Holder], company: str
) -> None:
    enter(browser, demo("julien.mercier"), authorize())
    browser.submit({"company": company})
    assert browser.status in (403, 422)
    assert "code=" not in browser.text


def test_the_chooser_searches_and_keeps_the_request(browser: Browser, demo: Callable[[str], Holder]) -> None:
    enter(browser, demo("julien.mercier"), authorize())
    assert browser.get(f"{browser.address}&q=%00zz").status_code == 200  # PostgreSQL takes no NUL
    browser.get(f"{browser.address}&q=zzzz")
    assert "No company has this name" in browser.text
    assert 'name="request"' in browser.text
    browser.get(f"{browser.address}&page=forged")
    assert browser.status == 200


def test_many_companies_come_in_pages_and_are_found_by_name(
    app: Application, browser: Browser, demo: Callable[[str], Holder]
) -> None:
    julien = demo("julien.mercier")
    with unit_of_work(app, SYSTEM) as work:
        for number in range(52):
            made = company.create(
                work,
                reference=f"c-{number}",
                name=f"Bakery {number:02}",
                kind="company",
                country="FR",
                city="Nantes",
                locale="fr-FR",
            )
            subscription.start(work, made.id, plan="team", seats=None)
            subscription.set_state(work, made.id, "accounting", "active")
            membership.add(work, made.id, julien.id, company_role="company.member")
            membership.grant_role(work, made.id, julien.id, "accounting", role_id="accounting.reader")
    enter(browser, julien, authorize())
    assert "1 to 50 of 54" in browser.text
    first = {value for name, value in browser.form.buttons if name == "company"}
    browser.get(unescape(browser.text.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]))
    assert "51 to 54 of 54" in browser.text
    second = {value for name, value in browser.form.buttons if name == "company"}
    assert (len(first), len(second), first & second) == (50, 4, set())

    request = parse_qs(urlsplit(browser.address).query)["request"][0]
    browser.get(f"/companies/choose?request={request}&q=Bakery+07")
    assert "1 company found" in browser.text
    chosen = next(value for name, value in browser.form.buttons if name == "company")
    _hold_tokens(app, julien, UUID(chosen))
    browser.submit({"company": chosen})
    assert arrived(browser)["code"][0]

    browser.get(authorize())
    assert "last choice" in browser.text
    assert next(value for name, value in browser.form.buttons if name == "company") == chosen


def _hold_tokens(app: Application, holder: Holder, company_id: UUID) -> None:
    """As after the exchange of a code: the product holds tokens for this company."""
    with unit_of_work(app, SYSTEM) as work:
        work.session.add(
            Grant(
                client_id=clients.get(work, "books").id,
                account_id=holder.id,
                session_id=work.session.query(Session.id).filter_by(account_id=holder.id).scalar(),
                company_id=company_id,
                scope="openid",
                created_at=work.now,
                last_used_at=work.now,
                expires_at=work.later(hours=1).now,
                auth_time=work.now,
                acr="urn:id:acr:2fa",
                amr="pwd otp mfa",
            )
        )


def test_a_chooser_whose_request_is_gone_starts_again(browser: Browser, demo: Callable[[str], Holder]) -> None:
    sign_in(browser, demo("julien.mercier"))
    for path in ("/companies/choose", "/consent"):
        for query in ("", "?request=unknown"):
            browser.get(path + query)
            assert (browser.status, browser.heading) == (410, "This sign-in request has expired")
    anonymous = Browser(browser.client.application)
    anonymous.get("/companies/choose?request=unknown")
    assert anonymous.heading == "Sign in to your account"


def test_a_client_that_is_not_ours_asks_first(
    app: Application, browser: Browser, demo: Callable[[str], Holder]
) -> None:
    ines = demo("ines.moreau")
    enter(browser, ines, authorize("robot"))
    assert browser.address.startswith("/consent?request=")
    assert browser.heading == "Allow The robot to use your account?"
    assert "see your e-mail address" in browser.text
    assert "Atelier Lumen" in browser.text

    browser.submit({"decision": "refuse"})
    told = arrived(browser)
    assert (told["error"], told["state"], told["reason"]) == (["access_denied"], ["s-1"], ["consent_refused"])

    browser.get(authorize("robot"))
    browser.submit({"decision": "allow"})
    assert arrived(browser)["code"][0]
    with unit_of_work(app, SYSTEM) as work:
        found = company.find(work, "atelier-lumen")
        assert found is not None
        lumen = found.id
        assert work.session.query(Consent.account_id, Consent.scope).one() == (
            ines.id,
            f"company:{lumen} email openid profile",
        )

    browser.get(authorize("robot"))
    assert arrived(browser)["code"][0]


def test_the_launcher_leads_to_the_products_that_are_open(browser: Browser, demo: Callable[[str], Holder]) -> None:
    sign_in(browser, demo("ines.moreau"), to="/")
    assert browser.heading == "My products"
    assert "Atelier Lumen" in browser.text
    assert f'href="{HOME}?company=' in browser.text  # the product opens for this company


def test_the_launcher_offers_the_programs_of_the_products_that_are_open_to_the_person(
    app: Application, browser: Browser, demo: Callable[[str], Holder]
) -> None:
    """FLX-13: of own applications alone, in the reader's language, once for all companies."""
    ines = demo("ines.moreau")  # accounting and capture
    with unit_of_work(app, SYSTEM) as work:
        for product, trusted in (("capture", True), ("payroll", True), ("accounting", False)):
            clients.register(
                work,
                ClientRegistration(
                    names={"en": f"Mobile {product}", "fr": f"Mobile, {product}"},
                    product=product,
                    resource="https://books.company.example/api",
                    redirect_uris=[CALLBACK],
                    trusted=trusted,
                    options=Options(download_uri=f"{HOME}get?of={product}&by=page"),
                ),
            )
    sign_in(browser, ines, to="/")
    assert browser.text.count("Software to install") == 1
    assert browser.text.count("Download Mobile capture") == 1
    assert f'href="{HOME}get?of=capture&amp;by=page"' in browser.text
    assert "of=payroll" not in browser.text
    assert "of=accounting" not in browser.text
    browser.client.set_cookie("sesame_lang", "fr")
    browser.get("/")
    assert "Télécharger Mobile, capture" in unescape(browser.text)


def test_signing_out_names_the_products_that_will_close(browser: Browser, demo: Callable[[str], Holder]) -> None:
    enter(browser, demo("ines.moreau"), authorize())
    browser.get("/sign-out")
    assert browser.form.values["csrf_token"]
    browser.submit()
    assert browser.address == "/sign-out/done"


def test_no_access_is_explained_with_a_way_back(
    browser: Browser, make_holder: Callable[..., Holder], demo: object
) -> None:
    enter(browser, make_holder(), authorize())
    assert browser.status == 403
    assert "You have no access to The books" in browser.heading
    assert f"{CALLBACK}?error=access_denied" in browser.text
