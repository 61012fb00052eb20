"""What somebody who tries everything holds: applications, people who are signed in, tokens, alive and dead.

Requests name these things (`{{code.books}}`) instead of spelling them out, so that a request that went wrong can be
written down and sent again in another world.
"""

import base64
import json
import re
import secrets
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from idp.oidc import initial_access
from idp.oidc.grant_types import DEVICE_CODE
from idp.web.api.pace import Pace
from tests.party import ISSUER, SCOPE, Party, basic, bearer, header_of
from tests.prover import Prover
from tests.security import cast
from tests.security.asking import Asker
from tests.stage import Stage

PEOPLE = ("amelie.dubois", "ines.moreau", "nathalie.deltour", "pieter.claes")
NAMED = re.compile(r"\{\{([\w.-]+)\}\}")
CODES = 3  # of each kind: one is spent by the first request that uses it as it should be used
EVERYTHING = "openid companies.read companies.write operations.read operations.write"
GRANTS = ["authorization_code", "refresh_token", "client_credentials"]
BACK = "https://app.company.example/callback"


@dataclass
class World:
    """A stage with everything that can be held.

    Attributes:
        held: by name, what a request may carry; a function where it is new each time.
        parties: the applications, by the name under which their things are held.
        grants: each value that buys a token, and whose it is: codes, refresh tokens, …
    """

    stage: Stage
    held: dict[str, str | Callable[[], str]] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    grants: dict[str, str] = field(default_factory=dict)
    closing: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def of(cls, stage: Stage) -> "World":
        world = cls(stage)
        stage.app.extensions["sesame api pace"] = Pace(per_minute=1_000_000_000)
        world._applications()
        world._people()
        world._registrations()
        for name in ("books", "capture", "mobile", "posting", "signing", "tool"):
            world._tokens(name)
        world._dead_tokens()
        world._requests()
        return world

    def put(self, text: str) -> str:
        """A text with what it names in its place."""
        return NAMED.sub(lambda found: self.value(found[1]), text)

    def value(self, name: str) -> str:
        found = self.held.get(name, "")
        return found if isinstance(found, str) else found()

    def names(self, *kinds: str) -> list[str]:
        """Everything held of these kinds, as a request names it."""
        return ["{{" + name + "}}" for name in self.held if name.partition(".")[0] in kinds]

    def _applications(self) -> None:
        stage = self.stage
        self.parties |= {
            "books": stage.party("demo-accounting"),
            "capture": stage.party("demo-capture"),
            "mobile": stage.party("demo-mobile"),
            "posting": stage.register(client_id="posting", token_endpoint_auth_method="client_secret_post"),
            "signing": stage.register(
                client_id="signing", token_endpoint_auth_method="private_key_jwt", grant_types=GRANTS
            ),
            "program": stage.register(client_id="program", grant_types=["client_credentials"]),
            "scanner": stage.register(
                client_id="scanner", token_endpoint_auth_method="none", grant_types=[DEVICE_CODE]
            ),
            "asking": stage.register(client_id="asking", trusted=False),
            "tool": stage.register(client_id="tool", resource=f"{ISSUER}/api/v1", scope=EVERYTHING),
        }
        for name, party in self.parties.items():
            self.held[f"client.{name}"] = party.client_id
            self.held[f"back.{name}"] = party.redirect_uri
            self.held[f"verifier.{name}"] = party.verifier
            if party.secret:
                self.held[f"secret.{name}"] = party.secret
                self.held[f"basic.{name}"] = basic(party.client_id, party.secret)["Authorization"]
        signing = self.parties["signing"]
        self.held["assertion.signing"] = signing.assertion
        self.held["assertion.used"] = once = signing.assertion()
        signing.post("/oauth/token", grant_type="client_credentials", client_assertion=once)
        self.held["assertion.late"] = signing.assertion(iat=int(time.time()) - 900, exp=int(time.time()) - 600)
        self.held["assertion.elsewhere"] = signing.assertion(aud=["https://other.example"])

    def _requests(self) -> None:
        """Requests that are pushed or signed, and proofs of a key."""
        books, signing = self.parties["books"], self.parties["signing"]
        for number in range(CODES):
            pushed = books.push().json
            assert pushed is not None
            self.held[f"pushed.books.{number}"] = pushed["request_uri"]
        self.held["object.signing"] = signing.request_object
        prover = Prover().learn(books.http)
        self.held["proof.token"] = prover.proof
        self.held["proof.userinfo"] = lambda: prover.proof("GET", "/oauth/userinfo", self.value("access.books"))
        self.held["proof.used"] = prover.proof()

    def _people(self) -> None:
        asker = self.closing.enter_context(Asker.over(self.stage, PEOPLE))
        for name in (*PEOPLE, cast.NOBODY):
            self.held[f"cookie.{name}"] = asker.cookies[name]
            self.held[f"csrf.{name}"] = asker.csrf[name]
        for name in ("atelier-lumen", "cabinet-deltour"):
            self.held[f"company.{name}"] = str(self.stage.company(name))
        kept = self.stage.browser().get(self.parties["books"].asking())
        self.held["kept.books"] = _kept(kept.request.query_string.decode())
        kept = self.stage.signed_in("ines.moreau").get(self.parties["asking"].asking())
        self.held["kept.asking"] = _kept(kept.request.query_string.decode())

    def _registrations(self) -> None:
        with self.stage.work() as work:
            opens = initial_access.create(work, note="fuzz", uses=10**6, lifetime=timedelta(hours=5))
        self.held["initial.token"] = opens
        made = (
            self.parties["books"]
            .http.post("/oauth/register", json={"redirect_uris": [BACK]}, headers=bearer(opens))
            .json
        )
        assert made is not None
        self.held["client.registered"] = made["client_id"]
        self.held["registration.token"] = made["registration_access_token"]

    def _tokens(self, name: str) -> None:
        party, scope = self.parties[name], EVERYTHING if name == "tool" else SCOPE
        person = "pieter.claes" if name == "tool" else "ines.moreau"
        browser = self.stage.signed_in(person)
        made = party.tokens(browser, scope=scope)
        for kind in ("access_token", "id_token", "refresh_token"):
            if kind in made:
                self.held[f"{kind.partition('_')[0]}.{name}"] = made[kind]
        if "refresh_token" in made:
            self.grants[made["refresh_token"]] = name
        for number in range(CODES):
            code = self.held[f"code.{name}.{number}"] = party.code(browser, scope=scope)
            self.grants[code] = name
        if name == "tool":
            made = party.tokens(self.stage.signed_in("amelie.dubois"), scope=scope)
            self.held["access.owner"] = made["access_token"]

    def _dead_tokens(self) -> None:
        """Tokens that look right and are not."""
        token = self.value("access.books")
        head, body, signature = token.split(".")
        self.held["dead.unsigned"] = f"{_part({'alg': 'none', 'typ': 'at+jwt'})}.{body}."
        self.held["dead.tampered"] = f"{head}.{_part({'sub': 'x'})}.{signature}"
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        key = ECKey.generate_key("P-256")
        self.held["dead.foreign"] = jwt.encode(header_of(token), claims, key, algorithms=["ES256"])
        self.held["dead.code"] = secrets.token_urlsafe(32)
        party, browser = self.parties["mobile"], self.stage.signed_in("ines.moreau")
        spent = party.tokens(browser)["refresh_token"]
        party.revoke(spent)
        self.held["dead.revoked"] = spent

    def authorization(self, name: str, **changes: str) -> list[tuple[str, str]]:
        """The parameters of an authorization request of this application, as it should be."""
        plain = dict(parse_qsl(urlsplit(self.parties[name].asking()).query))
        values = {
            "response_type": "code", "client_id": f"{{{{client.{name}}}}}", "redirect_uri": f"{{{{back.{name}}}}}",
            "scope": EVERYTHING if name == "tool" else SCOPE, "state": "a state", "nonce": "a nonce",
            "code_challenge": plain["code_challenge"], "code_challenge_method": "S256",
        }  # fmt: skip
        return list({**values, **changes}.items())


def _kept(query: str) -> str:
    """The token of a kept request, from the address of the page that asks for what is missing."""
    found = re.search(r"request=([\w.-]+)", unquote(query))
    assert found is not None, query
    return found[1]


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def encoded(pairs: list[tuple[str, str]]) -> str:
    """A form as it is sent; lone surrogates as the bytes that stand for them."""
    return urlencode([(_bytes(name), _bytes(value)) for name, value in pairs])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
