"""The browser of the page tests over real HTTP: fills in the hosted forms, and stops where it is sent away."""

from typing import Any
from urllib.parse import urljoin

import pyotp
import requests

from tests.stage import Player
from tests.web.browser import Browser


class HttpBrowser(Browser):
    """One person's browser in front of one service."""

    answer: requests.Response | None  # type: ignore[assignment]

    def __init__(self, origin: str, *, language: str = "en") -> None:
        self.origin = origin
        self.http = requests.Session()
        self.http.trust_env = False
        # As browsers do since 2023; `Origin` is withheld from forms of pages that send no referrer (Fetch §3.2).
        self.headers = {"Sec-Fetch-Site": "same-origin", "Origin": "null", "Accept-Language": language}
        self.address = "/"
        self.answer = None

    def prove(self, person: Player) -> str | None:
        """Fill in the page of address and password, then that of the code; where the browser is sent afterwards."""
        self.submit({"email": person.address, "password": person.password})
        assert self.address.startswith("/sign-in/code"), self.text[:600]
        self.submit({"code": pyotp.TOTP(person.secret).now()})
        return self.sent_to()

    def sent_to(self) -> str | None:
        """The address outside the service that this browser was sent to; None on a page."""
        assert self.answer is not None
        return self.answer.headers.get("Location") if self.answer.is_redirect else None

    def _send(self, method: str, address: str, headers: dict[str, str] | None = None, **options: Any) -> Any:
        target = urljoin(self.origin, address)
        assert target.startswith(f"{self.origin}/"), f"{target} is not of this service"
        self.answer = self.http.request(
            method, target, headers={**self.headers, **(headers or {})}, allow_redirects=False, timeout=30, **options
        )
        self.address = target.removeprefix(self.origin)
        return self.answer
