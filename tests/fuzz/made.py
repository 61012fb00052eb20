"""Making requests up: one that could be right, and up to four things done to it that make it wrong."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from werkzeug.routing import Rule

from idp.web import forms
from idp.web.api.room import OPERATIONS
from idp.web.api.shapes import example_of
from tests import route_policy
from tests.fuzz import strange
from tests.fuzz.messages import NAMES, PROTOCOL, USUAL
from tests.fuzz.sent import Pairs, Sent
from tests.fuzz.world import PEOPLE, World
from tests.security import calling, checks, objects

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "X")
Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Endpoint:
    """One method of one route, and what it is sent when all is well."""

    method: str
    rule: str
    messages: tuple[Sent, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.rule}"


def endpoints(world: World) -> Iterator[Endpoint]:
    """Every one that the application has, whatever its file of rules says."""
    lines = route_policy.read()
    for rule in world.stage.app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            spoken = PROTOCOL.get(rule.rule)
            said = [each for each in spoken(world) if each.method == method] if spoken else []
            usual = _usual(world, method, rule, lines.get((rule.rule, method)))
            yield Endpoint(method, rule.rule, tuple(said or usual))


def _usual(world: World, method: str, rule: Rule, line: route_policy.Line | None) -> list[Sent]:
    made = []
    for path in sorted({_path(world, rule, line), _path(world, rule, None)}):
        if rule.rule.startswith("/api/"):
            operation = OPERATIONS.get(rule.endpoint)
            data = example_of(operation.sends) if operation is not None and operation.sends else None
            for token in ("{{access.tool}}", "{{access.owner}}"):
                headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}
                made.append(Sent(method, path, data=data, headers=headers))
            continue
        for person in (*PEOPLE, "nobody"):
            headers = {"Cookie": f"{{{{cookie.{person}}}}}", "Sec-Fetch-Site": "same-origin"}
            if method == "GET":
                made.append(Sent(method, path, headers=headers))
            else:
                csrf = ("csrf_token", f"{{{{csrf.{person}}}}}")
                made += [Sent(method, path, form=(csrf, *form), headers=headers) for form in _forms(world, rule)]
    return made


def _path(world: World, rule: Rule, line: route_policy.Line | None) -> str:
    """With something of the company or of the person, where there is one."""
    values: dict[str, str] = {}
    if line is not None and line.who in ("company", "api"):
        for reference in ("cabinet-deltour", "atelier-lumen"):
            try:
                values = checks.values_in(world.stage, line, world.stage.company(reference)) or values
            except objects.Unknown:
                continue
    for name in line.own if line is not None else ():
        values[name] = checks.owned(world.stage, name, "ines.moreau") or objects.nothing()
    found: str = checks.PARAMETER.sub(
        lambda match: values.get(match[1]) or objects.PLAIN.get(match[1]) or objects.nothing(), rule.rule
    )
    return found


def _forms(world: World, rule: Rule) -> list[Pairs]:
    """Fillings of the forms that the module of a view reads."""
    view = world.stage.app.view_functions[rule.endpoint]
    found: list[Pairs] = [()]
    for shape in calling.of_module(sys.modules.get(view.__module__)):
        pairs: list[tuple[str, str]] = []
        for name in shape.model_fields:
            pairs += [(name, each) for each in _choices(shape, name)[:1]]
        found.append(tuple(pairs))
    return found


def _choices(shape: type[forms.Form], name: str) -> list[str]:
    try:
        return calling.allowed(shape, name) or calling.fills(name, calling.Knowledge())
    except calling.Unknown:
        return ["x"]


class Maker:
    """Makes requests up, for one world."""

    def __init__(self, world: World) -> None:
        self.tokens = world.names(
            "access", "id", "refresh", "dead", "code", "initial", "registration", "kept", "pushed", "object"
        )
        self.people = [f"{{{{cookie.{name}}}}}" for name in (*PEOPLE, "nobody")]
        self.known = world.names("client", "back", "secret", "verifier", "assertion", "company", "csrf")
        self.basics = world.names("basic")
        self.proofs = world.names("proof")

    def request(self, endpoint: Endpoint) -> st.SearchStrategy[Sent]:
        @st.composite
        def made(draw: Draw) -> Sent:
            sent = draw(st.sampled_from(endpoint.messages))
            for _ in range(draw(st.integers(0, 4))):
                sent = draw(st.sampled_from(CHANGES))(self, draw, sent)
            return sent

        return made()

    def value(self, draw: Draw, name: str) -> str:
        """What to put for a parameter: something that means something, there or elsewhere, or something strange."""
        kind = draw(st.integers(0, 3))
        if kind == 0 and name in USUAL:
            return str(draw(st.sampled_from(USUAL[name])))
        if kind <= 1:
            return str(draw(st.sampled_from(self.known)))
        return str(draw(st.sampled_from(self.tokens) if kind == 2 else strange.texts))

    # What is done to a request. Each answers the request with one thing changed.

    def field(self, draw: Draw, sent: Sent, act: str) -> Sent:
        """Take a parameter out, give it twice, give it another value or name, or add one."""
        where = "form" if sent.form is not None else "query"
        pairs = list(getattr(sent, where) or ())
        if act == "add" or not pairs:
            name = str(draw(st.sampled_from(NAMES) if draw(st.booleans()) else strange.texts))
            pairs.insert(draw(st.integers(0, len(pairs))), (name, self.value(draw, name)))
        else:
            place = draw(st.integers(0, len(pairs) - 1))
            name, value = pairs[place]
            if act == "drop":
                del pairs[place]
            elif act == "repeat":
                pairs.append((name, draw(st.sampled_from((value, self.value(draw, name))))))
            elif act == "list":
                pairs[place] = (f"{name}{draw(st.sampled_from(('[]', '[0]', '[x]', '.x', ' ')))}", value)
            else:
                pairs[place] = (name, self.value(draw, name))
        return replace(sent, **{where: tuple(pairs)})

    def add(self, draw: Draw, sent: Sent) -> Sent:
        return self.field(draw, sent, "add")

    def drop(self, draw: Draw, sent: Sent) -> Sent:
        return self.field(draw, sent, "drop")

    def repeat(self, draw: Draw, sent: Sent) -> Sent:
        return self.field(draw, sent, "repeat")

    def list_of(self, draw: Draw, sent: Sent) -> Sent:
        return self.field(draw, sent, "list")

    def change(self, draw: Draw, sent: Sent) -> Sent:
        """Another value: of a parameter, or somewhere in the JSON."""
        if sent.data is None:
            return self.field(draw, sent, "change")
        if not isinstance(sent.data, dict) or not sent.data or draw(st.integers(0, 9)) == 0:
            return replace(sent, data=draw(strange.json_values.filter(lambda value: value is not None)))
        name = draw(st.one_of(st.sampled_from(sorted(sent.data)), strange.texts))
        if draw(st.integers(0, 4)) == 0:
            return replace(sent, data={key: value for key, value in sent.data.items() if key != name})
        value = [draw(strange.texts)] if draw(st.booleans()) else draw(strange.json_values)
        return replace(sent, data={**sent.data, name: value})

    def authenticate(self, draw: Draw, sent: Sent) -> Sent:
        """Another `Authorization`, or none."""
        kind = draw(st.integers(0, 3))
        if kind == 0:
            return replace(sent, headers={key: value for key, value in sent.headers.items() if key != "Authorization"})
        if kind == 1:
            return sent.with_header("Authorization", draw(st.sampled_from(strange.AUTHORIZATIONS)))
        if kind == 2:
            return sent.with_header("Authorization", draw(st.sampled_from(self.basics)))
        scheme = draw(st.sampled_from(("Bearer", "DPoP", "bearer", "Basic")))
        return sent.with_header("Authorization", f"{scheme} {draw(st.sampled_from(self.tokens))}")

    def become(self, draw: Draw, sent: Sent) -> Sent:
        """Somebody else's cookies, or torn ones."""
        if draw(st.booleans()):
            return sent.with_header("Cookie", draw(st.sampled_from(self.people)))
        torn = f"sesame_session={draw(st.sampled_from(self.tokens))}; sesame_sign_in={draw(strange.texts)}; ;=;"
        return sent.with_header("Cookie", torn.encode("utf-8", "replace").decode("latin-1"))

    def header(self, draw: Draw, sent: Sent) -> Sent:
        name = draw(st.sampled_from(sorted(strange.HEADERS)))
        if name == "DPoP" and draw(st.booleans()):
            return sent.with_header(name, draw(st.sampled_from(self.proofs)))
        return sent.with_header(name, draw(st.sampled_from(strange.HEADERS[name])))

    def move(self, draw: Draw, sent: Sent) -> Sent:
        """Parameters of the body in the address, or the other way round."""
        if sent.form is not None:
            return replace(sent, query=sent.form, form=() if draw(st.booleans()) else sent.form)
        return replace(sent, form=sent.query, query=() if draw(st.booleans()) else sent.query)

    def type_of_body(self, draw: Draw, sent: Sent) -> Sent:
        if sent.form is not None and draw(st.booleans()):
            return replace(sent, form=None, data=dict(sent.form))
        return replace(sent, content_type=draw(st.sampled_from(strange.CONTENT_TYPES)))

    def body(self, draw: Draw, sent: Sent) -> Sent:
        kind = draw(st.sampled_from((None, *strange.CONTENT_TYPES[:4])))
        raw = draw(st.one_of(st.sampled_from(strange.BODIES), st.binary(max_size=40)))
        return replace(sent, raw=raw, content_type=kind)

    def path(self, draw: Draw, sent: Sent) -> Sent:
        """Something strange as one part of the path."""
        parts = sent.path.split("/")
        parts[draw(st.integers(1, len(parts) - 1))] = draw(st.sampled_from(strange.SEGMENTS))
        return replace(sent, path="/".join(parts))

    def last(self, draw: Draw, sent: Sent) -> Sent:
        """Something strange as the last part of a path that ends in a key."""
        if "-" not in sent.path.rpartition("/")[2] and "{{" not in sent.path:
            return self.header(draw, sent)
        return replace(sent, path=f"{sent.path.rpartition('/')[0]}/{draw(st.sampled_from(strange.SEGMENTS))}")

    def method(self, draw: Draw, sent: Sent) -> Sent:
        return replace(sent, method=draw(st.sampled_from(METHODS)))


_MOST = (Maker.change,) * 5 + (Maker.add, Maker.drop, Maker.repeat, Maker.authenticate) * 2
CHANGES = _MOST + (
    Maker.list_of, Maker.become, Maker.header, Maker.move, Maker.type_of_body, Maker.body, Maker.path, Maker.last,
    Maker.method,
)  # fmt: skip
