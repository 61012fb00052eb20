"""Somebody's browser in front of an application that leads to the service and back."""

from typing import Any

import requests

from tests.interop.browser import HttpBrowser


class Visitor:
    """A browser with two sides: the application's, and the service's in `browser`."""

    def __init__(self, home: str, browser: HttpBrowser) -> None:
        self.home, self.browser, self.http = home, browser, requests.Session()
        self.http.trust_env = False

    def get(self, address: str) -> requests.Response:
        """Open an address of the application, and go wherever it and the service lead, until there is a page of either.
        A page of the service is in `browser`; what is answered then is the redirect that led there."""
        return self._follow(self.here(address))

    def post(self, address: str, form: dict[str, str]) -> requests.Response:
        return self._follow(self.here(address, "POST", data=form, headers={"Referer": f"{self.home}/"}))

    def here(self, address: str, method: str = "GET", **more: Any) -> requests.Response:
        """One request to the application."""
        address = address if address.startswith("http") else self.home + address
        assert address.startswith(self.home), address
        return self.http.request(method, address, allow_redirects=False, timeout=20, **more)

    def _follow(self, answer: requests.Response) -> requests.Response:
        for _ in range(10):
            location = answer.headers.get("Location", "")
            if not answer.is_redirect:
                return answer
            if location.startswith(f"{self.browser.origin}/"):
                self.browser.get(location)
                back = self.browser.sent_to()
                if back is None:
                    return answer
                location = back
            answer = self.here(location)
        raise AssertionError("redirected for ever")
