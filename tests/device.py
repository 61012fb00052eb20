"""A device without a browser of its own (RFC 8628), and the person who types its code, as tests need them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from idp.authn.models import Throttle
from idp.core import tokens as bearer_values
from idp.oidc.grant_types import DEVICE_CODE
from idp.oidc.models import DeviceRequest
from tests.party import Party
from tests.stage import Stage
from tests.web.browser import Browser

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


def forget_tries(stage: Stage) -> None:
    with stage.work() as work:
        work.session.execute(delete(Throttle))
