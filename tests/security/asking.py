"""Asking one route as one person, and what became of it; the database is put back after each change."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

from idp.web.work import database
from tests.security import cast
from tests.security.rewinding import Rewinder
from tests.stage import Stage

IN, SIGN_IN, UNUSABLE, FORBIDDEN, MISSING, OVER, FAILURE = (
    "let in", "sent to sign in", "unusable", "forbidden", "missing", "over", "failure",
)  # fmt: skip
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def kept(stage: Stage) -> Rewinder:
    """What puts the stage's database back as it is now; on SQLite, where that takes no time."""
    path = make_url(stage.settings.database).database
    assert path is not None
    with stage.app.app_context():
        return Rewinder(database.engine, Path(path))


@dataclass
class Asker:
    """Sends requests as anybody, each on its own: no cookie that an answer sets is kept."""

    stage: Stage
    http: FlaskClient
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: dict[str, str] = field(default_factory=dict)

    @classmethod
    @contextmanager
    def over(cls, stage: Stage, names: tuple[str, ...]) -> Iterator["Asker"]:
        """With everybody signed in, and a form of theirs at hand."""
        asker = cls(stage, stage.app.test_client(use_cookies=False))
        for name in (*names, cast.NOBODY):
            browser = stage.browser() if name == cast.NOBODY else stage.signed_in(name)
            browser.get("/sign-in" if name == cast.NOBODY else "/account/details")
            found = _CSRF.search(browser.text)
            assert found is not None, browser.text[:300]
            asker.csrf[name] = found[1]
            kept = [browser.client.get_cookie(each) for each in ("sesame_session", "sesame_form")]
            asker.cookies[name] = "; ".join(f"{each.key}={each.value}" for each in kept if each)
        yield asker

    def ask(self, name: str, method: str, path: str, form: Mapping[str, str], instead: str = "") -> str:
        """What became of it, as this person in a browser.

        Args:
            form: what is sent with a post, beside the token that protects it.
            instead: where what is missing leads.
        """
        data = {"csrf_token": self.csrf[name], **form} if method not in ("GET", "HEAD") else None
        headers = {"Cookie": self.cookies[name], "Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
        answer = self.http.open(path, method=method, data=data, headers=headers)
        answer.close()
        location = answer.headers.get("Location", "")
        if answer.status_code >= 500:
            return FAILURE
        if answer.status_code == 401 or (answer.status_code in (302, 303) and location.partition("?")[0] == "/sign-in"):
            return SIGN_IN
        if instead and location == instead:
            return MISSING
        return {400: UNUSABLE, 415: UNUSABLE, 403: FORBIDDEN, 404: MISSING, 410: OVER}.get(answer.status_code, IN)
