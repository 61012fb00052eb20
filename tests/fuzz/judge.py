"""What no answer may be, whatever was asked.

The judge knows nothing of how the service decides. That a token was due it sees from the request alone: it must carry
something that buys one (a code, a refresh token: those that this world was given, and no others) together with the
credentials of the application that it was given to; a code to a browser, the session of somebody who is signed in. A
request without them gets nothing that opens anything.
"""

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import select

from idp.oidc.models import Client
from tests.fuzz.sent import Answer, Spelt
from tests.fuzz.world import PEOPLE, World

TRACES = re.compile(
    r"Traceback|site-packages|sqlalchemy|psycopg|sqlite3?\.|File \"|/idp/(?:web|oidc|core|authn)|errors\.pydantic|"
    r"werkzeug|\bat 0x[0-9a-f]{6}|\$argon2id\$"
)
_JWT = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_SECRETS = ("access_token", "refresh_token", "id_token", "client_secret", "registration_access_token", "device_code")
_OUTSIDE = re.compile(r'<form[^>]+action="(https?://[^"]+|//[^"]+)"')
_POSTED = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_KEPT = ("/oauth/authorize/continue", "/consent", "/companies/choose", "/device")
PUBLIC = ("/static/", "/oauth/jwks", "/schemas/", "/dev")


class Judge:
    """Judges answers; it has the list of what was bought already."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.secrets = {
            world.value(name)
            for name in world.held
            if name.partition(".")[0] in ("secret", "code", "refresh", "access", "initial", "registration", "verifier")
        }
        self.secrets |= {world.stage.person(name).secret for name in PEOPLE}
        self.secrets.add((world.stage.settings.data_dir / "secrets" / "master.key").read_text().strip())
        self.sessions = {name: _session(world.value(f"cookie.{name}")) for name in PEOPLE}
        self.secrets |= set(self.sessions.values())
        self.written: set[str] = set()
        """Secrets that somebody gave as their name, or in any other field: later pages say them as they were typed."""

    def problems(self, sent: Spelt, answer: Answer) -> list[str]:
        """Everything that is wrong with an answer."""
        found = []
        if answer.status >= 500:
            found.append(f"status {answer.status}")
        carried = sent.everything
        whole = "\n".join((answer.body, *(f"{name}: {value}" for name, value in answer.headers)))
        traced = None if sent.path.startswith(PUBLIC) else TRACES.search(whole)
        if traced and traced[0] not in carried:
            found.append(f"tells of its inside: {traced[0]!r}")
        shown = {secret for secret in self.secrets if secret in whole and secret not in carried}
        if shown - self.written:
            found.append("tells a secret that the request did not carry")
        if sent.method != "GET" and not sent.path.startswith("/oauth/"):
            self.written |= {secret for secret in self.secrets if secret in sent.posted}
        if any("\r" in value or "\n" in value for _, value in answer.headers):
            found.append("a header of two lines")
        found += self._led_away(sent, answer)
        found += self._given(sent, answer, carried)
        return found

    # --- redirects ---

    def _led_away(self, sent: Spelt, answer: Answer) -> list[str]:
        targets = [*_OUTSIDE.findall(answer.body)]
        location = answer.header("Location")
        if location and not re.match(r"^(/(?![/\\])|http://localhost/)", location):
            targets.append(location)
        if not targets:
            return []
        registered = self._registered(sent)
        return [f"leads to {each!r}, which nobody registered" for each in targets if not _among(each, registered)]

    def _registered(self, sent: Spelt) -> set[str]:
        """The addresses of the application that the request names; of all, where it names none."""
        named = dict(parse_qsl(sent.query or sent.body.decode("utf-8", "replace"))).get("client_id")
        with self.world.stage.work(write=False) as work:
            rows = work.session.execute(
                select(Client.client_id, Client.redirect_uris, Client.post_logout_redirect_uris, Client.home_uri)
            ).all()
        chosen = [row for row in rows if row[0] == named] or rows
        return {uri for row in chosen for uri in (*row[1], *row[2], row[3]) if uri}

    # --- tokens ---

    def _given(self, sent: Spelt, answer: Answer, carried: str) -> list[str]:
        found = []
        body = _json(answer.body)
        given = {name: body[name] for name in _SECRETS if isinstance(body.get(name), str)}
        given |= {f"JWT {jwt[:20]}": jwt for jwt in _JWT.findall(answer.body) if jwt not in given.values()}
        given = {name: value for name, value in given.items() if value not in carried}
        if given and not self._bought(sent, body, carried):
            found.append(f"gives {sorted(given)}, and nothing was shown for it")
        parameters = dict(parse_qsl(urlsplit(answer.header("Location")).query))
        parameters |= dict(_POSTED.findall(answer.body)) if _OUTSIDE.search(answer.body) else {}
        parameters |= dict(parse_qsl(urlsplit(answer.header("Location")).fragment))
        if {"code", "access_token", "id_token", "response"} & set(parameters) and not self._asked(sent, carried):
            found.append("gives a code, and nobody who is signed in asked for it")
        cookies = [value for name, value in answer.headers if name.lower() == "set-cookie"]
        opened = [each for each in cookies if re.match(r"sesame_session=[^;]", each)]
        if opened and not any(session in carried for session in self.sessions.values()):
            found.append("opens a session")
        if body.get("active") is True and not self._credentials(carried):
            found.append("tells a stranger that a token is alive")
        return found

    def _bought(self, sent: Spelt, body: dict[str, Any], carried: str) -> bool:
        """Whether the request carried what buys a token; what it bought is spent, and what it got buys again."""
        world = self.world
        if sent.path.startswith("/oauth/register"):
            return any(world.value(name) in carried for name in ("initial.token", "registration.token"))
        holders = self._credentials(carried)
        if sent.path == "/oauth/device_authorization":
            return "scanner" in holders
        if sent.path != "/oauth/token":
            return False
        for value, name in list(world.grants.items()):
            if value in carried and name in holders:
                refreshed = body.get("refresh_token")
                if isinstance(refreshed, str):
                    world.grants[refreshed] = name
                return world.value(f"verifier.{name}") in carried or "refresh_token" in carried
        return "client_credentials" in carried and any(self._may(name, "client_credentials") for name in holders)

    def _may(self, name: str, grant_type: str) -> bool:
        with self.world.stage.work(write=False) as work:
            mine = Client.client_id == self.world.parties[name].client_id
            return grant_type in (work.session.scalar(select(Client.grant_types).where(mine)) or [])

    def _credentials(self, carried: str) -> set[str]:
        """The applications whose credentials a request carries; a public one has none, and says its name."""
        world, found = self.world, set()
        for name, party in world.parties.items():
            if party.secret:
                spelt = world.value(f"basic.{name}").partition(" ")[2]
                if spelt in carried or party.secret in carried:
                    found.add(name)
            elif party.method == "none" and party.client_id in carried:
                found.add(name)
        if re.search(r"client_assertion=eyJ", carried):
            found.add("signing")
        return found

    def _asked(self, sent: Spelt, carried: str) -> bool:
        if not any(session in carried for session in self.sessions.values()):
            return False
        if sent.path.startswith(_KEPT):
            return any(self.world.value(name[2:-2]) in carried for name in self.world.names("kept"))
        parameters = dict(parse_qsl(sent.query, keep_blank_values=True))
        if "request_uri" in parameters or "request" in parameters:  # all that counts was pushed, or is signed
            pushed = [self.world.value(name[2:-2]) for name in self.world.names("pushed")]
            return parameters.get("request_uri") in pushed or "request" in parameters
        return (
            sent.path == "/oauth/authorize"
            and parameters.get("response_type") == "code"
            and self._returns(sent, parameters)
            and parameters.get("code_challenge_method") == "S256"
            and re.fullmatch(r"[\w-]{43}", parameters.get("code_challenge", "")) is not None
        )

    def _returns(self, sent: Spelt, parameters: dict[str, str]) -> bool:
        """Whether it says where to: that may be left out where one address is registered (RFC 6749 §3.1.2.3), but not
        by a request of OpenID Connect (Core §3.1.2.1)."""
        if "redirect_uri" in parameters:
            return _among(parameters["redirect_uri"], self._registered(sent))
        with self.world.stage.work(write=False) as work:
            mine = Client.client_id == parameters.get("client_id")
            registered = work.session.scalar(select(Client.redirect_uris).where(mine)) or []
        return len(registered) == 1 and "openid" not in parameters.get("scope", "").split()


def _among(target: str, registered: set[str]) -> bool:
    """Whether an address is one of these, with parameters added; the port of a loopback address is free."""
    bare = re.split(r"[?#]", target, maxsplit=1)[0]
    free = re.sub(r"^(http://(?:127\.0\.0\.1|\[::1\])):\d+", r"\1", bare)
    return any(each in (bare, free) or target.startswith((f"{each}?", f"{each}&", f"{each}#")) for each in registered)


def _session(cookie: str) -> str:
    found = re.search(r"sesame_session=([^;]+)", cookie)
    assert found is not None, cookie
    return found[1]


def _json(body: str) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
