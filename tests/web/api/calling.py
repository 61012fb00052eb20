"""Calling the API from outside, as a person's application or a service; every answer is held against the document."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from werkzeug.test import TestResponse

from tests.party import Party, bearer
from tests.stage import Stage

BASE = "/api/v1"
EVERYTHING = "openid offline_access companies.read companies.write operations.read operations.write"
CALLBACK = "https://tool.example/callback"


@dataclass
class Document:
    """The OpenAPI document as served, and the answers that it allows."""

    described: dict[str, Any]

    @cached_property
    def _registry(self) -> Registry:
        whole = Resource.from_contents(self.described, default_specification=DRAFT202012)
        return Registry().with_resource("urn:api", whole)

    def operations(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Method, path and description of every operation."""
        return [
            (method.upper(), path, described)
            for path, methods in self.described["paths"].items()
            for method, described in methods.items()
        ]

    def find(self, method: str, path: str) -> dict[str, Any]:
        """The operation that answers this path."""
        parts = path.partition("?")[0].strip("/").split("/")
        best: tuple[int, dict[str, Any]] | None = None
        for known, methods in self.described["paths"].items():
            names = known.strip("/").split("/")
            fits = len(names) == len(parts) and all(
                name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
            )
            if fits and method.lower() in methods:
                exact = sum(name == part for name, part in zip(names, parts, strict=True))
                if best is None or exact > best[0]:
                    best = exact, methods[method.lower()]
        assert best is not None, f"the document knows nothing of {method} {path}"
        return best[1]

    def check(self, method: str, path: str, answer: TestResponse) -> None:
        """Hold an answer against the document: its status, its type, its shape."""
        described = self.find(method, path)
        status = str(answer.status_code)
        assert status in described["responses"], f"{method} {path} answers {status}: {answer.text[:300]}"
        said = described["responses"][status]
        if "$ref" in said:
            said = self.described["components"]["responses"][said["$ref"].rpartition("/")[2]]
        if not said.get("content"):
            assert answer.data == b"", f"{method} {path}: {answer.text[:300]}"
            return
        (kind, media), *_ = said["content"].items()
        assert answer.mimetype == kind, f"{method} {path}: {answer.mimetype}"
        problems = self.problems(media["schema"], answer.json)
        assert not problems, f"{method} {path} {status}: {problems[:5]} in {answer.text[:500]}"
        for name in said.get("headers", {}):
            assert name in answer.headers, f"{method} {path} {status} lacks {name}"

    def problems(self, schema: dict[str, Any], value: Any) -> list[str]:
        """What is wrong with a value, by a schema of the document."""
        pointed = json.loads(json.dumps(schema).replace('"#/', '"urn:api#/'))
        checker = Draft202012Validator(pointed, registry=self._registry, format_checker=FormatChecker())
        return [f"{'.'.join(map(str, each.path))}: {each.message[:200]}" for each in checker.iter_errors(value)]


@dataclass
class Api:
    """The API in the hands of one caller."""

    http: FlaskClient
    token: str
    document: Document
    headers: dict[str, str] = field(default_factory=dict)

    def call(
        self, method: str, path: str, body: Any = None, *, key: str = "", match: str = "", **headers: str
    ) -> TestResponse:
        """One call; the answer is as the document says."""
        sent: dict[str, str] = {**self.headers, **headers}
        if self.token:
            sent |= bearer(self.token)
        if key:
            sent["Idempotency-Key"] = key
        if match:
            sent["If-Match"] = match
        options: dict[str, Any] = {} if body is None else {"json": body}
        answer = self.http.open(BASE + path, method=method, headers=sent, **options)
        assert answer.status_code != 500, f"{method} {path}: {answer.text[:300]}"
        self.document.check(method, BASE + path, answer)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        return answer

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.call("GET", path, **headers)

    def shown(self, path: str) -> Any:
        """What a successful reading shows."""
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json

    def every(self, path: str, limit: int = 3) -> list[Any]:
        """All of a list, a few at a time."""
        found: list[Any] = []
        cursor: str | None = ""
        joint = "&" if "?" in path else "?"
        while cursor is not None:
            page = self.shown(f"{path}{joint}limit={limit}" + (f"&cursor={cursor}" if cursor else ""))
            found += page["data"]
            cursor = page["next"]
            assert cursor is None or len(page["data"]) == limit
        return found

    def change(self, method: str, path: str, body: Any = None) -> TestResponse:
        """Read, then change what was read."""
        tag = self.get(path).headers["ETag"]
        return self.call(method, path, body, match=tag)


def problem(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal."""
    body: Mapping[str, Any] = answer.json  # type: ignore[assignment]
    assert answer.mimetype == "application/problem+json", answer.text
    assert body["status"] == answer.status_code
    return answer.status_code, body["type"].removeprefix("/problems/")


@dataclass
class Callers:
    """Makes callers of the API on one stage."""

    stage: Stage
    document: Document
    parties: dict[str, Party] = field(default_factory=dict)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def resource(self) -> str:
        return self.stage.settings.issuer + BASE

    def tool(self) -> Party:
        """An application through which people call the API."""
        if "tool" not in self.parties:
            self.parties["tool"] = self.stage.register(
                client_id="tool", resource=self.resource, redirect_uris=[CALLBACK], scope=f"{EVERYTHING} profile",
            )  # fmt: skip
        return self.parties["tool"]

    def person(self, name: str, scope: str = EVERYTHING) -> Api:
        """A person, through the tool."""
        if (name, scope) not in self.tokens:
            answer = self.tool().tokens(self.stage.signed_in(name), scope=scope)
            self.tokens[name, scope] = answer["access_token"]
        return self._api(self.tokens[name, scope])

    def service(self, *permissions: str, company: str = "", scope: str = "") -> Api:
        """A service with these permissions, for a company or for the running of this service."""
        area = "companies" if company else "operations"
        party = self.stage.register(
            names={"en": "A service"}, resource=self.resource, grant_types=["client_credentials"],
            scope=scope or f"{area}.read {area}.write", permissions=list(permissions),
            company_id=self.stage.company(company) if company else None,
        )  # fmt: skip
        answer = party.post("/oauth/token", grant_type="client_credentials")
        assert answer.status_code == 200, answer.text
        return self._api(answer.json["access_token"])  # type: ignore[index]

    def nobody(self) -> Api:
        return self._api("")

    def with_token(self, token: str) -> Api:
        return self._api(token)

    def _api(self, token: str) -> Api:
        return Api(self.stage.app.test_client(use_cookies=False), token, self.document)
