"""Devices without a browser of their own (RFC 8628): codes and polling."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from idp.audit.models import AuditEvent
from idp.cli import housekeeping
from idp.core import tokens as bearer_values
from idp.oidc.models import DeviceRequest, Grant
from tests.device import ASKING, GRANTS, PRODUCT, Device, typed
from tests.party import Party
from tests.stage import Stage, scalar
from tests.web.browser import Browser


@pytest.fixture
def ines(english: Callable[[str], Browser]) -> Browser:
    return english("ines.moreau")


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
    party = stage.register(token_endpoint_auth_method="none", grant_types=GRANTS[:1], **PRODUCT)
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
