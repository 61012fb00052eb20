"""The pages on which a person lets a device work for them (RFC 8628 §3.3), and guessing codes (§5.1)."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.oidc import device
from idp.oidc.models import Consent
from tests.device import GRANTS, PRODUCT, Device, answered, forget_tries, typed
from tests.party import claims_of
from tests.stage import Stage, scalar
from tests.web.browser import Browser


@pytest.fixture
def ines(english: Callable[[str], Browser]) -> Browser:
    return english("ines.moreau")


# --- the person (§3.3) ---


@pytest.mark.parametrize("write", [str, str.lower, lambda c: c.replace("-", ""), lambda c: " " + " ".join(c) + " "])
def test_a_code_is_understood_however_it_is_typed(scanner: Device, ines: Browser, write: Callable[[str], str]) -> None:
    typed(ines, write(scanner.begin()["user_code"]))
    assert ines.address.startswith("/device/confirm")


@pytest.mark.parametrize(("wrong", "right"), [("5", "S"), ("8", "B"), ("2", "Z"), ("6", "G"), ("0", "D")])
def test_a_digit_counts_as_the_letter_it_looks_like(wrong: str, right: str) -> None:
    assert device.cleaned(f"wdj{wrong}-mjht") == f"WDJ{right}MJHT"


@pytest.mark.parametrize("typed_in", ["", "WDJB", "WDJB-MJHTX", "WDJA-MJHT", "ＷＤＪＢ-ＭＪＨＴ", "١٢٣٤٥٦٧٨", "-" * 40])
def test_what_is_no_code_is_told_apart(typed_in: str) -> None:
    assert device.cleaned(typed_in) is None


def test_the_person_sees_who_asks_before_anything_is_allowed(scanner: Device, ines: Browser) -> None:
    codes = scanner.begin()
    typed(ines, codes["user_code"].lower())
    for words in (codes["user_code"], "Scanner", "Atelier Lumen", "127.0.0.1", "see your name", "work in Accounting"):
        assert words in ines.text, words
    assert codes["user_code"] not in ines.address, "the address does not tell the code"
    assert scanner.error(codes) == "authorization_pending"


def test_whoever_is_not_signed_in_signs_in_and_comes_back(own_stage: Stage) -> None:
    party = own_stage.register(token_endpoint_auth_method="none", grant_types=GRANTS, **PRODUCT)
    scanner, person = Device(own_stage, party), own_stage.person("ines.moreau")
    codes, browser = scanner.begin(), own_stage.browser()
    typed(browser, codes["user_code"])
    assert browser.address.startswith("/sign-in?continue_to=%2Fdevice%2Fconfirm")
    browser.submit({"email": person.address, "password": person.password})
    own_stage.forget_steps("ines.moreau")
    browser.submit({"code": person.code()})
    assert browser.address.startswith("/device/confirm")
    browser.submit({"decision": "allow"})
    claims = claims_of(scanner.poll(codes).json["access_token"])
    assert (claims["company"], claims["acr"]) == (str(own_stage.company("atelier-lumen")), "urn:id:acr:2fa")


def test_the_complete_address_fills_the_form_in_and_nothing_else(scanner: Device, ines: Browser) -> None:
    codes = scanner.begin()
    target = urlsplit(codes["verification_uri_complete"])
    ines.get(f"{target.path}?{target.query}")
    assert ines.heading == "Does your device show this code?"
    assert ines.form.values["user_code"] == codes["user_code"]
    assert scanner.error(codes) == "authorization_pending"
    ines.submit()
    assert ines.heading == "Connect this device to your account?"
    assert scanner.error(codes) == "slow_down"


def test_a_code_in_an_address_that_is_none_is_not_repeated(stranger: Browser) -> None:
    stranger.get("/device?user_code=%3Cscript%3Ealert(1)")
    assert stranger.form.values["user_code"] == ""


def test_the_qr_code_is_an_image_of_the_complete_address(stage: Stage, scanner: Device, stranger: Browser) -> None:
    codes = scanner.begin()
    answer = stranger.get(urlsplit(codes["qr_code_uri"]).path)
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.text.startswith("<?xml")
    assert "<path" in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Cross-Origin-Resource-Policy" not in answer.headers, "pages of devices show it"
    assert stranger.get("/device/qr/nothing.svg").status_code == 404


def test_a_refusal_reaches_the_device(stage: Stage, scanner: Device, ines: Browser) -> None:
    codes = scanner.begin()
    answered(ines, codes, "refuse")
    assert scanner.error(codes) == "access_denied"
    assert scalar(stage, AuditEvent.id, AuditEvent.name == "device_request.refused") is not None


def test_an_answer_stands(scanner: Device, ines: Browser, english: Callable[[str], Browser]) -> None:
    codes = scanner.begin()
    typed(ines, codes["user_code"])
    late = english("julien.mercier")
    typed(late, codes["user_code"])
    ines.submit({"decision": "refuse"})
    late.get(late.address)
    assert (late.status, late.heading) == (410, "This code is over")
    typed(ines, codes["user_code"])
    assert "No device shows this code" in ines.text
    assert scanner.error(codes) == "access_denied"


def test_of_several_companies_one_is_chosen_and_can_be_changed(
    stage: Stage, scanner: Device, english: Callable[[str], Browser]
) -> None:
    julien, codes = english("julien.mercier"), scanner.begin()
    typed(julien, codes["user_code"])
    assert julien.address.startswith("/companies/choose?device=")
    chosen = str(stage.company("atelier-lumen"))
    julien.submit({"company": chosen})
    assert julien.address.startswith("/device/confirm")
    assert "Choose another company" in julien.text
    julien.submit({"decision": "allow"})
    assert claims_of(scanner.poll(codes).json["access_token"])["company"] == chosen


def test_a_device_may_name_its_company(stage: Stage, scanner: Device, ines: Browser) -> None:
    other = str(stage.company("toitures-vanderlinden"))
    codes = scanner.begin(company=other)
    typed(ines, codes["user_code"])
    assert ines.status == 403
    assert "no access" in ines.heading
    assert scanner.error(codes) == "authorization_pending"
    for asked in (
        {"company": str(stage.company("atelier-lumen"))},
        {"scope": f"openid company:{stage.company('atelier-lumen')}"},
    ):
        codes = scanner.allowed(ines, **asked)
        assert "company" not in scanner.poll(codes).json["scope"]


def test_whoever_has_no_access_cannot_allow_by_a_forged_form(
    scanner: Device, english: Callable[[str], Browser], ines: Browser
) -> None:
    codes = scanner.begin(company="not a company")
    typed(ines, codes["user_code"])
    address = ines.address
    ines.get("/device")
    token = ines.form.values["csrf_token"]
    ines._send("POST", address, data={"csrf_token": token, "decision": "allow"})
    assert ines.status == 403
    assert scanner.error(codes) == "authorization_pending"


def test_an_untrusted_client_has_consent_afterwards(stage: Stage, ines: Browser) -> None:
    party = stage.register(trusted=False, token_endpoint_auth_method="none", grant_types=GRANTS)
    codes = Device(stage, party).allowed(ines, scope="openid email")
    with stage.work(write=False) as work:
        given = work.session.scalar(select(Consent.scope).order_by(Consent.given_at.desc()))
    assert given == "email openid"
    product = stage.register(trusted=False, token_endpoint_auth_method="none", grant_types=GRANTS, **PRODUCT)
    bought = Device(stage, product).poll(Device(stage, product).allowed(ines, scope="openid")).json
    claims = claims_of(bought["access_token"])
    assert claims["company"] == str(stage.company("atelier-lumen"))
    with stage.work(write=False) as work:
        given = work.session.scalars(select(Consent.scope)).all()
    assert f"company:{stage.company('atelier-lumen')} openid" in given, "for the company that was allowed"
    assert set(Device(stage, party).poll(codes).json) >= {"access_token", "id_token", "refresh_token"}


def test_a_strength_that_is_not_known_is_no_demand(scanner: Device, ines: Browser) -> None:
    """As in an authorization request."""
    codes = scanner.begin(acr_values="urn:unknown")
    typed(ines, codes["user_code"])
    assert (ines.status, ines.address.partition("?")[0]) == (200, "/device/confirm")


@pytest.mark.parametrize("forged", ["", "x", "AAAA", "é", "%00", "A" * 3000])
def test_an_address_that_is_not_ours_is_over(ines: Browser, forged: str) -> None:
    for path in ("/device/confirm", "/companies/choose"):
        assert ines.get(f"{path}?device={forged}").status_code == 410


# --- guessing (§5.1) ---


def test_wrong_codes_of_an_account_pause_it(stage: Stage, scanner: Device, ines: Browser) -> None:
    codes = scanner.begin()
    forget_tries(stage)
    try:
        for _ in range(10):
            typed(ines, "BBBB-BBBB")
            assert (ines.status, "No device shows this code" in ines.text) == (422, True)
        typed(ines, codes["user_code"])
        assert ines.status == 429
        assert ines.answer is not None
        assert int(ines.answer.headers["Retry-After"]) == 900
        assert scalar(stage, AuditEvent.id, AuditEvent.name == "user_code.refused") is not None
    finally:
        forget_tries(stage)
    typed(ines, codes["user_code"])
    assert ines.address.startswith("/device/confirm")


def test_wrong_codes_of_a_network_pause_it(stage: Stage, scanner: Device) -> None:
    browser, codes = stage.browser(network="192.0.2.99"), scanner.begin()
    try:
        for number in range(101):
            typed(browser, "BBBB-BBBB")
            assert browser.status == (422 if number < 100 else 429), number
        typed(browser, codes["user_code"])
        assert browser.status == 429
        elsewhere = stage.browser(network="198.51.100.9")
        typed(elsewhere, codes["user_code"])
        assert elsewhere.address.startswith("/sign-in"), "others are not concerned"
    finally:
        forget_tries(stage)


def test_right_codes_do_not_count(scanner: Device, ines: Browser) -> None:
    for _ in range(12):
        typed(ines, scanner.begin()["user_code"])
        assert ines.address.startswith("/device/confirm")
