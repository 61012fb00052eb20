"""Seven things a person does with the products (what `make run` promises), in a real browser and against real parts."""

import time
from collections.abc import Callable, Iterator

import pytest
import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session
from playwright.sync_api import expect

from examples.accounting.product import PRODUCT as ACCOUNTING
from examples.capture.product import PRODUCT as CAPTURE
from examples.sample.product import Product
from idp.policy.load import load
from tests.browser.conftest import SignedIn
from tests.browser.demonstration import RENEW_AFTER, ROOT, Demonstration
from tests.browser.person import Person


def areas(product: Product, permissions: list[str], language: str = "fr") -> list[str]:
    """The names of the areas that a list of permissions opens."""
    return [area.label.in_language(language) for area in product.areas if set(area.permissions) & set(permissions)]


def closed(product: Product, permissions: list[str]) -> str:
    """The address of a page that these permissions do not open."""
    return next(f"/area/{area.id}" for area in product.areas if not set(area.permissions) & set(permissions))


def permissions_of(role: str) -> set[str]:
    """What the catalogue gives a role."""
    return set(load(ROOT / "policies").roles[role].permissions)


@pytest.mark.parametrize(
    ("name", "language", "javascript"),
    [
        ("ines.moreau", "fr", True),
        ("ines.moreau", "en", False),
        ("chloe.fontaine", "fr", False),
        ("samira.elamrani", "en", True),
    ],
)
def test_signing_in_to_a_product(
    demo: Demonstration, somebody: SignedIn, name: str, language: str, javascript: bool
) -> None:
    person = somebody(name, language, javascript=javascript)
    going_to = {"fr": "Pour continuer vers Comptabilité", "en": "To continue to Accounting"}[language]

    person.open(demo.accounting)
    assert person.page.url.startswith(f"{demo.service}/sign-in?")
    expect(person.page.locator("html")).to_have_attribute("lang", language)
    expect(person.page.get_by_role("complementary")).to_contain_text(going_to)
    person.prove_password()
    expect(person.page.get_by_role("complementary")).to_contain_text(going_to)
    person.prove_code()

    expect(person.page).to_have_url(f"{demo.accounting}/")
    given_name = person.told(demo.accounting)["id-token"]["given_name"]
    person.page.goto(demo.accounting)
    greeting = {"fr": "Bonjour", "en": "Hello"}[language]
    expect(person.page.get_by_role("heading", level=1)).to_have_text(f"{greeting} {given_name}")


def test_the_menu_holds_what_the_role_opens_and_the_product_itself_refuses_the_rest(
    demo: Demonstration, signed_in: SignedIn
) -> None:
    ines = signed_in("ines.moreau")
    ines.open(demo.accounting)
    expect(ines.page).to_have_url(f"{demo.accounting}/")
    assert ines.company == "Atelier Lumen SARL"

    told = ines.told(demo.accounting)
    assert told["access-token"]["roles"] == ["accounting.bookkeeper"]
    assert set(told["permissions"]) <= permissions_of("accounting.bookkeeper")
    assert ines.menu == areas(ACCOUNTING, told["permissions"])
    assert "accounting.journals.create" in told["permissions"]

    answer = ines.page.goto(demo.accounting + closed(ACCOUNTING, told["permissions"]))
    assert answer is not None
    assert answer.status == 403
    expect(ines.page.get_by_role("heading", level=1)).to_have_text("Cette page ne vous est pas ouverte")
    # The page that refuses still shows where one may go.
    assert ines.menu == areas(ACCOUNTING, told["permissions"])


def test_the_other_product_asks_for_no_password_and_has_another_role_and_menu(
    demo: Demonstration, signed_in: SignedIn
) -> None:
    ines = signed_in("ines.moreau")
    ines.open(demo.accounting)
    in_accounting = ines.menu

    ines.page.get_by_role("navigation").get_by_role("link", name="Capture de documents").click()
    expect(ines.page).to_have_url(f"{demo.capture}/")

    told = ines.told(demo.capture)
    assert told["access-token"]["roles"] == ["capture.documents-standard"]
    assert ines.menu == areas(CAPTURE, told["permissions"]) != in_accounting


def test_choosing_a_company_and_changing_it_without_signing_in_again(demo: Demonstration, signed_in: SignedIn) -> None:
    julien = signed_in("julien.mercier", "en")
    page = julien.page
    julien.open(demo.accounting)
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a company")
    assert page.url.startswith(f"{demo.service}/companies/choose?")
    page.get_by_role("button", name="Studio Mirabelle Bookkeeper").click()
    expect(page).to_have_url(f"{demo.accounting}/")
    assert julien.company == "Studio Mirabelle"
    as_bookkeeper = julien.told(demo.accounting)
    assert as_bookkeeper["access-token"]["roles"] == ["accounting.bookkeeper"]

    # From within the product: the browser does not even leave it.
    page.get_by_role("link", name="My companies").click()
    page.get_by_role("button", name="Work in Atelier Lumen SARL").click()
    expect(page).to_have_url(f"{demo.accounting}/")
    assert julien.company == "Atelier Lumen SARL"
    as_reader = julien.told(demo.accounting)
    assert as_reader["access-token"]["roles"] == ["accounting.reader"]
    assert as_reader["access-token"]["sid"] == as_bookkeeper["access-token"]["sid"]
    assert julien.menu == areas(ACCOUNTING, as_reader["permissions"], "en")

    # And by way of the chooser of the service, which remembers the last choice.
    page.get_by_role("link", name="Switch company").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose a company")
    page.get_by_role("button", name="Studio Mirabelle").click()
    expect(page).to_have_url(f"{demo.accounting}/")
    assert julien.company == "Studio Mirabelle"


@pytest.mark.parametrize("name", ["nathalie.deltour", "karim.benali"])
def test_an_accountant_reaches_a_client_through_the_mandate(
    demo: Demonstration, signed_in: SignedIn, name: str
) -> None:
    accountant = signed_in(name)
    accountant.open(demo.accounting)
    expect(accountant.page.get_by_role("heading", name="Clients suivis par Cabinet Deltour & Associés")).to_be_visible()
    accountant.page.get_by_role("button", name="Boulangerie Lemaire SRL").click()

    expect(accountant.page).to_have_url(f"{demo.accounting}/")
    expect(accountant.page.get_by_role("main")).to_contain_text("Accès par mandat de votre cabinet")
    assert accountant.company == "Boulangerie Lemaire SRL"
    told = accountant.told(demo.accounting)
    assert told["access-token"]["via"] == "mandate"
    assert told["access-token"]["firm"]
    assert accountant.menu == areas(ACCOUNTING, told["permissions"])


def test_the_panel_shows_what_the_product_was_told(demo: Demonstration, signed_in: SignedIn) -> None:
    ines = signed_in("ines.moreau", "en")
    ines.open(demo.accounting)
    told = ines.told(demo.accounting)
    identity, access, userinfo = told["id-token"], told["access-token"], told["userinfo"]
    expect(ines.page.get_by_role("heading", level=1)).to_have_text("What I was told")
    assert identity["iss"] == access["iss"] == demo.service
    assert identity["aud"] == access["client_id"] == "demo-accounting"
    assert access["aud"] == f"{demo.accounting}/api"
    assert identity["sub"] == access["sub"] == userinfo["sub"]
    assert identity["email"] == userinfo["email"] == ines.email
    assert access["amr"] == ["pwd", "otp", "mfa"]
    assert access["exp"] - access["iat"] == 600
    assert "email" not in access
    assert told["permissions"] == sorted(told["permissions"]) != []


def test_signing_out_of_one_product_ends_the_other_within_five_seconds(demo: Demonstration, somebody: SignedIn) -> None:
    benoit = somebody("benoit.lemaire")
    page = benoit.page
    benoit.sign_in(demo.accounting)
    expect(page).to_have_url(f"{demo.accounting}/")
    benoit.open(demo.capture)
    expect(page).to_have_url(f"{demo.capture}/")
    beside = page.context.new_page()
    beside.goto(demo.accounting)
    expect(beside.locator(".top .company")).to_have_text("Boulangerie Lemaire SRL")

    page.bring_to_front()
    benoit.sign_out()
    signed_out_at = time.monotonic()
    expect(page.get_by_role("status")).to_contain_text("Vous êtes déconnecté")
    assert page.url.startswith(f"{demo.capture}/?state=")

    while beside.locator(".top .company").count():
        assert time.monotonic() - signed_out_at < 5
        time.sleep(0.25)
        beside.goto(demo.accounting)
    page.goto(demo.service)
    assert page.url.startswith(f"{demo.service}/sign-in")


@pytest.fixture
def promoted(demo: Demonstration) -> Iterator[Callable[[], None]]:
    """Make Julien, who only reads at Atelier Lumen, a bookkeeper there; taken back at the end."""

    def change(role: str) -> None:
        demo.operator("change-role", "julien.mercier", "atelier-lumen", "accounting", role)

    yield lambda: change("accounting.bookkeeper")
    change("accounting.reader")


def test_a_changed_role_is_felt_with_the_next_token(
    demo: Demonstration, signed_in: SignedIn, promoted: Callable[[], None]
) -> None:
    julien = signed_in("julien.mercier", "en")
    julien.open(demo.accounting)
    julien.page.get_by_role("button", name="Atelier Lumen SARL").click()
    before = julien.told(demo.accounting)
    menu_before = julien.menu
    assert before["access-token"]["roles"] == ["accounting.reader"]

    promoted()
    time.sleep(RENEW_AFTER + 1)

    after = julien.told(demo.accounting)
    assert after["access-token"]["roles"] == ["accounting.bookkeeper"]
    assert after["access-token"]["epoch"] > before["access-token"]["epoch"]
    assert "accounting.journals.create" in set(after["permissions"]) - set(before["permissions"])
    assert julien.menu == areas(ACCOUNTING, after["permissions"], "en") != menu_before


def test_a_token_from_before_a_change_is_refused_once_the_product_knows_of_it(
    demo: Demonstration, signed_in: SignedIn, promoted: Callable[[], None]
) -> None:
    julien = signed_in("julien.mercier", "en")
    julien.open(demo.accounting)
    julien.page.get_by_role("button", name="Atelier Lumen SARL").click()
    company = julien.told(demo.accounting)["access-token"]["company"]

    def entries(token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{demo.accounting}/api/journals", headers=headers, timeout=10)

    before = access_token(julien, company)
    assert entries(before).status_code == 200
    promoted()
    after = access_token(julien, company)
    assert entries(after).status_code == 200
    refused = entries(before)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


@pytest.fixture
def lowered(demo: Demonstration) -> Iterator[Callable[[], None]]:
    """Let Inès, who handles documents at Atelier Lumen, only read them; taken back at the end."""

    def change(role: str) -> None:
        demo.operator("change-role", "ines.moreau", "atelier-lumen", "capture", role)

    yield lambda: change("capture.reader")
    change("capture.documents-standard")


def test_capture_shows_another_menu_after_a_change_and_refuses_what_it_knows_to_be_old(
    demo: Demonstration, signed_in: SignedIn, lowered: Callable[[], None]
) -> None:
    """Less than before: what is gone from the role is gone from the page, and its address is refused."""
    ines = signed_in("ines.moreau")
    ines.open(demo.capture)
    before, menu_before = ines.told(demo.capture), ines.menu
    company = before["access-token"]["company"]
    stale = access_token(ines, company, "demo-capture", demo.capture)

    def documents(token: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"}
        return requests.get(f"{demo.capture}/api/purchases", headers=headers, timeout=10)

    assert documents(stale).status_code == 200
    lowered()
    time.sleep(RENEW_AFTER + 1)
    after = ines.told(demo.capture)
    assert after["access-token"]["roles"] == ["capture.reader"]
    assert after["access-token"]["sid"] == before["access-token"]["sid"]  # nobody has signed in again
    assert ines.menu == areas(CAPTURE, after["permissions"]) != menu_before
    gone = next(area for area in CAPTURE.areas if area.label.in_language("fr") in set(menu_before) - set(ines.menu))
    answer = ines.page.goto(f"{demo.capture}/area/{gone.id}")
    assert answer is not None
    assert answer.status == 403
    assert documents(access_token(ines, company, "demo-capture", demo.capture)).status_code == 200
    refused = documents(stale)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


def access_token(person: Person, company: str, client_id: str = "demo-accounting", product: str = "") -> str:
    """An access token for a product, over the person's session and with the client's own secret."""
    demo, product = person.demo, product or person.demo.accounting
    client = OAuth2Session(
        client_id,
        demo.secret_of(client_id),
        redirect_uri=f"{product}/callback",
        scope="openid",
        code_challenge_method="S256",
    )
    verifier = generate_token(64)
    address, state = client.create_authorization_url(
        f"{demo.service}/oauth/authorize", code_verifier=verifier, resource=f"{product}/api", company=company
    )
    cookies = {each["name"]: each["value"] for each in person.page.context.cookies(demo.service)}
    answer = requests.get(address, cookies=cookies, allow_redirects=False, timeout=10)
    token = client.fetch_token(
        f"{demo.service}/oauth/token",
        authorization_response=answer.headers["Location"],
        state=state,
        code_verifier=verifier,
        resource=f"{product}/api",
    )
    return str(token["access_token"])
