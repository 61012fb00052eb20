"""A browser without JavaScript: keeps cookies, follows redirects, fills in the form of the page it is on."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

from flask import Flask
from werkzeug.test import TestResponse

ORIGIN = "http://localhost"
_WHOLE = re.compile(r'<wbr>(?:<span class="whole">([^<]*)</span>)?')  # where an address may break
HEADERS = {"Sec-Fetch-Site": "same-origin", "Origin": "null", "Accept-Language": "en"}


@dataclass
class Form:
    action: str = ""
    values: dict[str, Any] = field(default_factory=dict)  # a list where the form has a name several times
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Forms(HTMLParser):
    """The fields of the main form, as a browser would send them back; without one, of the last form."""

    def __init__(self) -> None:
        super().__init__()
        self.form: Form | None = None
        self.title = self.heading = ""
        self._inside = self._main = False
        self._reading = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag in ("title", "h1"):
            self._reading = tag
        if tag == "form" and values.get("method") == "post" and not self._main:
            self.form, self._inside = Form(values.get("action", "")), True
            self._main = values.get("id") == "main-form"
        elif tag == "input" and self._inside and self.form is not None and "name" in values:
            ticked = values.get("type") not in ("checkbox", "radio") or "checked" in values
            if ticked and values.get("type") != "file":  # a test that chooses one says so
                self._keep(self.form.values, values["name"], values.get("value", ""))
        elif tag == "button" and self.form is not None and values.get("name"):
            self.form.buttons.append((values["name"], values.get("value", "")))

    @staticmethod
    def _keep(values: dict[str, Any], name: str, value: str) -> None:
        before = values.get(name)
        values[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == self._reading:
            self._reading = ""

    def handle_data(self, data: str) -> None:
        if self._reading == "title":
            self.title += data
        elif self._reading == "h1":
            self.heading += data


class Browser:
    """One person's browser."""

    def __init__(self, app: Flask, *, network: str = "127.0.0.1", language: str = "en") -> None:
        self.client = app.test_client()
        self.network = network
        self.headers = {**HEADERS, "Accept-Language": language}
        self.address = "/"
        self.answer: TestResponse | None = None

    def get(self, address: str, **options: Any) -> TestResponse:
        """Open an address; redirects within the service are followed, others are not."""
        return self._follow(self._send("GET", address, **options))

    def submit(self, values: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send the form of this page with these values; follow where it leads."""
        return self._follow(self.post(values, **options))

    def post(self, values: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send the form of this page and stay on the answer."""
        form = self.form
        target = urljoin(self.address, form.action) if form.action else self.address
        return self._send("POST", target, data={**form.values, **(values or {})}, **options)

    @property
    def form(self) -> Form:
        form = self._read().form
        assert form is not None, f"no form on {self.address}: {self.text[:400]}"
        return form

    @property
    def heading(self) -> str:
        return self._read().heading.strip()

    @property
    def title(self) -> str:
        return self._read().title.strip()

    @property
    def text(self) -> str:
        """The page's source, without the places where a long word may break."""
        assert self.answer is not None
        return _WHOLE.sub(r"\1", self.answer.text)

    @property
    def status(self) -> int:
        assert self.answer is not None
        return self.answer.status_code

    def cookie(self, name: str) -> str | None:
        found = self.client.get_cookie(name)
        return found.value if found else None

    def _read(self) -> _Forms:
        reader = _Forms()
        reader.feed(self.text)
        return reader

    def _send(self, method: str, address: str, headers: dict[str, str] | None = None, **options: Any) -> TestResponse:
        self.answer = self.client.open(
            address,
            method=method,
            headers={**self.headers, **(headers or {})},
            environ_overrides={"REMOTE_ADDR": self.network},
            **options,
        )
        self.address = address.removeprefix(ORIGIN)
        return self.answer

    def _follow(self, answer: TestResponse) -> TestResponse:
        for _ in range(10):
            location = answer.headers.get("Location", "")
            if answer.status_code not in (301, 302, 303) or not location.startswith("/") or location.startswith("//"):
                return answer
            answer = self._send("GET", location)
        raise AssertionError("redirected for ever")
