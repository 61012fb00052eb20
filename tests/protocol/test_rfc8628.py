"""Devices without a browser of their own (RFC 8628): codes, the person's pages, polling."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import delete, select, update

from idp.audit.models import AuditEvent
from idp.authn.models import Throttle
from idp.cli import housekeeping
from idp.core import tokens as bearer_values
from idp.oidc import device
from idp.oidc.models import Consent, DeviceRequest, Grant
from tests.party import Party, claims_of
from tests.stage import Stage, scalar
from tests.web.browser import Browser

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
GRANTS = [DEVICE_CODE, "refresh_token"]
PRODUCT = {"product": "accounting", "resource": "https://scanner.company.example/api"}
ASKING = "/oauth/device_authorization"


@dataclass
class Device:
    """Something with a line of text to show."""

    stage: Stage
    party: Party

    def begin(self, **parameters: str) -> dict[str, Any]:
        answer = self.party.post(ASKING, **{"scope": "openid profile offline_access", **parameters})
        assert answer.status_code == 200, answer.text
        codes: dict[str, Any] = answer.json  # type: ignore[assignment]
        return codes

    def poll(self, codes: dict[str, Any], party: Party | None = None, **parameters: str) -> Any:
        form = {"grant_type": DEVICE_CODE, "device_code": codes["device_code"], **parameters}
        return (party or self.party).post("/oauth/token", **form)

    def error(self, codes: dict[str, Any]) -> str:
        answer = self.poll(codes)
        assert answer.status_code == 400, answer.text
        return str(answer.json["error"])

    def age(self, codes: dict[str, Any], **span: float) -> None:
        """Let time pass for one request."""
        row, by = DeviceRequest, timedelta(**span)
        with self.stage.work() as work:
            where = row.device_digest == bearer_values.digest(codes["device_code"])
            found: Any = work.session.execute(select(row.created_at, row.expires_at, row.poll_after).where(where)).one()
            moved = {name: getattr(found, name) - by for name in ("created_at", "expires_at", "poll_after")}
            work.session.execute(update(row).where(where).values(**moved))

    def allowed(self, browser: Browser, **parameters: str) -> dict[str, Any]:
        """The codes of a request that this person has allowed."""
        codes = self.begin(**parameters)
        answered(browser, codes)
        return codes


def typed(browser: Browser, code: str) -> None:
    browser.get("/device")
    browser.submit({"user_code": code})


def answered(browser: Browser, codes: dict[str, Any], decision: str = "allow") -> None:
    typed(browser, codes["user_code"])
    assert browser.address.startswith("/device/confirm"), browser.text[:600]
    browser.submit({"decision": decision})
    expected = "The device is connected" if decision == "allow" else "The device was refused"
    assert (browser.status, browser.heading) == (200, expected)


@pytest.fixture
def english(stage: Stage) -> Callable[[str], Browser]:
    def browser(name: str) -> Browser:
        made = stage.signed_in(name)
        made.client.set_cookie("sesame_lang", "en")
        return made

    return browser


@pytest.fixture
def ines(english: Callable[[str], Browser]) -> Browser:
    return english("ines.moreau")


@pytest.fixture(scope="module")
def scanner(stage: Stage) -> Device:
    """A public client of a product."""
    names = {"en": "Scanner", "fr": "Numériseur"}
    return Device(stage, stage.register(names=names, token_endpoint_auth_method="none", grant_types=GRANTS, **PRODUCT))


# --- the device begins (§3.1, §3.2) ---


def test_the_answer_holds_what_the_device_needs(stage: Stage, scanner: Device) -> None:
    codes = scanner.begin()
    assert set(codes) == {
        "device_code", "user_code", "verification_uri", "verification_uri_complete", "qr_code_uri", "expires_in",
        "interval",
    }  # fmt: skip
    assert (codes["expires_in"], codes["interval"]) == (600, 5)
    assert codes["verification_uri"] == f"{stage.settings.issuer}/device"
    assert codes["verification_uri_complete"] == f"{stage.settings.issuer}/device?user_code={codes['user_code']}"
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", codes["user_code"])
    assert len(codes["device_code"]) == 43


def test_neither_code_is_kept_in_clear(stage: Stage, scanner: Device) -> None:
    codes = scanner.begin()
    letters = codes["user_code"].replace("-", "")
    with stage.work(write=False) as work:
        row = work.session.execute(
            select(DeviceRequest.__table__).where(
                DeviceRequest.device_digest == bearer_values.digest(codes["device_code"])
            )
        ).one()
        kept = repr(tuple(row)) + str(bearer_values.digest(letters)) + str(bearer_values.digest(codes["user_code"]))
        assert row.user_code_digest not in (
            bearer_values.digest(letters), bearer_values.digest(codes["user_code"]),
        ), "a short code needs a key, or it is guessed offline"  # fmt: skip
    for value in (codes["device_code"], codes["user_code"], letters):
        assert value not in kept


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post", "private_key_jwt"])
def test_a_confidential_client_authenticates_at_both_endpoints(stage: Stage, ines: Browser, method: str) -> None:
    device_of = Device(stage, stage.register(token_endpoint_auth_method=method, grant_types=GRANTS, **PRODUCT))
    codes = device_of.allowed(ines)
    stranger = device_of.party.known_as(method="none")
    assert stranger.post(ASKING, scope="openid").json["error"] == "invalid_client"
    assert device_of.poll(codes, stranger).json["error"] == "invalid_client"
    assert device_of.poll(codes).status_code == 200


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"scope": "nothing"}, "invalid_scope"),
        ({"resource": "https://other.example/api"}, "invalid_target"),
        ({"company": "x" * 2001}, "invalid_request"),
        ({"client_id": "unknown"}, "invalid_client"),
        ({"scope": "open\x00id"}, "invalid_request"),
    ],
)
def test_a_request_that_cannot_be_used_is_refused(scanner: Device, parameters: dict[str, str], error: str) -> None:
    answer = scanner.party.post(ASKING, **parameters)
    assert answer.json["error"] == error
    assert answer.status_code in (400, 401)


def test_parameters_in_the_query_or_repeated_are_refused(scanner: Device) -> None:
    http, who = scanner.party.http, scanner.party.client_id
    for path, body in ((f"{ASKING}?client_id={who}", {}), (ASKING, {"client_id": [who, who]})):
        assert http.post(path, data=body).json["error"] == "invalid_request"
    assert http.get(ASKING).status_code == 405


def test_only_clients_registered_for_it_may(books: Party, scanner: Device) -> None:
    codes = scanner.begin()
    assert books.post(ASKING, scope="openid").json["error"] == "unauthorized_client"
    assert scanner.poll(codes, books).json["error"] == "unauthorized_client"


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
    assert set(Device(stage, party).poll(codes).json) >= {"access_token", "id_token", "refresh_token"}


def test_a_strength_that_nobody_reaches_is_refused(scanner: Device, ines: Browser) -> None:
    codes = scanner.begin(acr_values="urn:unknown")
    typed(ines, codes["user_code"])
    assert ines.status == 403


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


def forget_tries(stage: Stage) -> None:
    with stage.work() as work:
        work.session.execute(delete(Throttle))


# --- polling (§3.4, §3.5) ---


def test_the_interval_grows_with_each_poll_that_comes_too_early(stage: Stage, scanner: Device) -> None:
    codes = scanner.begin()
    assert scanner.error(codes) == "authorization_pending"
    assert scanner.error(codes) == "slow_down"  # ten seconds from now on
    scanner.age(codes, seconds=6)
    assert scanner.error(codes) == "slow_down"  # fifteen
    scanner.age(codes, seconds=15)
    assert scanner.error(codes) == "authorization_pending"
    scanner.age(codes, seconds=10)
    assert scanner.error(codes) == "slow_down", "a device that was told to slow down stays slow"
    with stage.work(write=False) as work:
        where = DeviceRequest.device_digest == bearer_values.digest(codes["device_code"])
        assert work.session.scalar(select(DeviceRequest.interval).where(where)) == 20


def test_at_its_interval_a_device_is_never_slowed_down(scanner: Device) -> None:
    codes = scanner.begin()
    for _ in range(4):
        assert scanner.error(codes) == "authorization_pending"
        scanner.age(codes, seconds=codes["interval"])


def test_its_time_is_ten_minutes(scanner: Device, ines: Browser) -> None:
    codes, allowed = scanner.begin(), scanner.allowed(ines)
    typed(ines, codes["user_code"])
    for each in (codes, allowed):
        scanner.age(each, seconds=601)
        assert scanner.error(each) == "expired_token"
    ines.submit({"decision": "allow"})
    assert (ines.status, ines.heading) == (410, "This code is over")
    typed(ines, codes["user_code"])
    assert "No device shows this code" in ines.text


def test_its_tokens_are_those_of_the_person(scanner: Device, ines: Browser) -> None:
    codes = scanner.allowed(ines)
    tokens = scanner.poll(codes).json
    claims = scanner.party.verified(tokens["access_token"])
    assert claims["roles"] == ["accounting.bookkeeper"]
    assert claims["aud"] == PRODUCT["resource"]
    assert tokens["scope"] == "openid profile offline_access"
    assert scanner.party.verified(tokens["id_token"])["aud"] == scanner.party.client_id
    renewed = scanner.party.refresh(tokens["refresh_token"])
    assert renewed.status_code == 200
    assert renewed.json["refresh_token"] != tokens["refresh_token"], "a public client's token rotates"


def test_without_the_refresh_grant_there_is_no_refresh_token(stage: Stage, ines: Browser) -> None:
    party = stage.register(token_endpoint_auth_method="none", grant_types=[DEVICE_CODE], **PRODUCT)
    once = Device(stage, party)
    assert "refresh_token" not in once.poll(once.allowed(ines)).json


def test_a_code_counts_once_and_a_second_use_takes_its_tokens_along(
    stage: Stage, scanner: Device, ines: Browser
) -> None:
    codes = scanner.allowed(ines)
    tokens = scanner.poll(codes).json
    assert scanner.party.userinfo(tokens["access_token"]).status_code == 200
    assert scanner.error(codes) == "invalid_grant"
    assert scanner.party.userinfo(tokens["access_token"]).status_code == 401
    assert scanner.party.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert scalar(stage, AuditEvent.id, AuditEvent.name == "device_code.replayed") is not None


def test_a_code_is_bound_to_its_client(stage: Stage, scanner: Device, ines: Browser) -> None:
    codes = scanner.allowed(ines)
    other = stage.register(token_endpoint_auth_method="none", grant_types=GRANTS, **PRODUCT)
    assert scanner.poll(codes, other).json["error"] == "invalid_grant"
    assert scanner.poll(codes).status_code == 200


@pytest.mark.parametrize("code", ["unknown", "", "x" * 5000, "\x00", "é"])
def test_a_code_that_is_not_known(scanner: Device, code: str) -> None:
    assert scanner.error({"device_code": code}) in ("invalid_grant", "invalid_request")


def test_a_session_that_has_ended_gives_nothing(own_stage: Stage) -> None:
    party = own_stage.register(token_endpoint_auth_method="none", grant_types=GRANTS, **PRODUCT)
    scanner, browser = Device(own_stage, party), own_stage.sign_in("ines.moreau")
    browser.client.set_cookie("sesame_lang", "en")
    codes, other = scanner.allowed(browser), scanner.allowed(browser)
    tokens = scanner.poll(codes).json
    browser.get("/sign-out")
    browser.submit()
    assert scanner.error(other) == "invalid_grant"
    assert party.refresh(tokens["refresh_token"]).json["error"] == "invalid_grant"


# --- afterwards ---


def test_the_device_is_among_the_connected_applications(scanner: Device, ines: Browser) -> None:
    scanner.poll(scanner.allowed(ines))
    assert "Scanner" in ines.get("/account/applications").text


def test_old_requests_are_removed(own_stage: Stage) -> None:
    party = own_stage.register(token_endpoint_auth_method="none", grant_types=GRANTS, **PRODUCT)
    scanner = Device(own_stage, party)
    old, late = scanner.begin(), scanner.begin()
    scanner.age(old, hours=24, minutes=11)
    scanner.age(late, hours=23)
    with own_stage.work() as work:
        assert housekeeping.sweep(work)["device_requests"] == 1
    assert (scanner.error(old), scanner.error(late)) == ("invalid_grant", "expired_token")


def test_a_grant_records_what_was_allowed(stage: Stage, scanner: Device, ines: Browser) -> None:
    codes = scanner.allowed(ines)
    scanner.poll(codes)
    with stage.work(write=False) as work:
        where = DeviceRequest.device_digest == bearer_values.digest(codes["device_code"])
        bought = work.session.scalar(select(DeviceRequest.grant_id).where(where))
        assert work.session.scalar(select(Grant.company_id).where(Grant.id == bought)) == stage.company("atelier-lumen")
