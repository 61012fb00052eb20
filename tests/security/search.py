"""A search, breadth first, over everything an attacker can send from every state they can reach.

A state is the database, the cookies of the attacker's browser and what they know. From each state every route is
called by every method it has, with every value they hold; every form of every page is filled in and every link
followed. What leads to a state that was seen before goes no further. The search ends when nothing new is left, or when
the person is hurt: a full session that is not theirs, or a credential changed.
"""

import json
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from itertools import islice
from urllib.parse import urlencode, urljoin, urlsplit

from werkzeug.exceptions import HTTPException
from werkzeug.test import TestResponse

from tests.security.calling import (
    COMPANIES,
    GIVEN,
    KEYS,
    MACHINES,
    QUERIES,
    Knowledge,
    bodies,
    check_queries,
    of_module,
    paths,
)
from tests.security.pages_seen import Page
from tests.security.victim import Rows, Victim

ORIGIN = "http://localhost"
HEADERS = {"Sec-Fetch-Site": "same-origin", "Origin": "null", "Accept-Language": "en"}
MOST_STATES = 400
UNSEEN_FILLINGS = 4
_FORM = "sesame_form"


@dataclass(frozen=True)
class State:
    """One state, and how it was reached."""

    database: bytes
    cookies: dict[str, str]
    known: Knowledge
    path: tuple[str, ...]


@dataclass(frozen=True)
class Act:
    """One request."""

    method: str
    address: str
    body: dict[str, str] | None = None
    json: bool = False

    def __str__(self) -> str:
        shown = {name: value for name, value in (self.body or {}).items() if name not in GIVEN}
        return f"{self.method} {self.address[:90]} {shown or ''}".strip()


@dataclass
class Found:
    """What the search came to."""

    states: int = 0
    requests: int = 0
    called: set[tuple[str, str]] = field(default_factory=set)  # method and rule
    path: tuple[str, ...] = ()
    harm: str = ""
    reached: set[str] = field(default_factory=set)  # pages that answered 200


class Search:
    """One attacker against one person."""

    def __init__(self, victim: Victim, known: Knowledge, cookies: dict[str, str] | None = None) -> None:
        check_queries()
        self.victim = victim
        self.found = Found()
        self._rules = [rule for rule in victim.app.url_map.iter_rules() if rule.endpoint != "static"]
        self._client = victim.app.test_client(use_cookies=False)
        self._start = State(victim.keep(), dict(cookies or {}), known, ())
        rows = victim.rows(victim.stored())
        self._credentials, self._sessions = victim.credentials(rows), victim.full_sessions(rows)
        self._seen: set[object] = set()
        self._here = self._start
        self._database = self._start.database  # the state that undoing leads back to
        self._jar: dict[str, str] = {}
        self._form: dict[str, str] = {}
        self._stored: object = None  # the rows of the state at hand
        self._kind: object = None  # of the state at hand
        self._sessions_tried: dict[object, tuple[str, ...]] = {}  # by the kind of session, the first state with it
        self._learnt = known
        self._page: Page | None = None
        self._address = "/"
        self._match = victim.app.url_map.bind("localhost")

    def run(self) -> Found:
        """Search until nothing is left or the person is hurt."""
        waiting = deque([self._start])
        rows = self.victim.rows(self.victim.stored())
        self._seen.add(self._key(self._start.cookies, self._start.known, rows))
        while waiting and not self.found.harm:
            state = waiting.popleft()
            self.found.states += 1
            assert self.found.states <= MOST_STATES, f"more than {MOST_STATES} states: {state.path}"
            for act in self._acts(state):
                reached = self._do(state, act)
                if reached is not None:
                    waiting.append(reached)
                if self.found.harm:
                    break
        self.victim.put_back(self._start.database)
        return self.found

    # --- what can be done in a state ---

    def _acts(self, state: State) -> Iterator[Act]:
        """Everything: first all that is read, which shows forms and links; then all that is sent."""
        self._form = {}
        self._return_to(state)
        ids = {table: self.victim.ids(table) for table in _tables()}
        self._kind = None
        self._here = state = replace(state, known=replace(state.known, ids=ids))
        self._stored = self.victim.stored()
        shown: dict[str, Page] = {}
        asked = {"/": None, **{urljoin("/", link): None for link in state.known.links}}
        for rule in self._rules:
            if "GET" in (rule.methods or ()) and self._worthwhile(rule.rule, state):
                for path in paths(rule, state.known):
                    asked[path] = None
        for name, values in QUERIES.items():
            for value in values:
                asked[f"/sign-in?{urlencode({name: value})}"] = None
        todo, done = list(asked), set()
        while todo:
            address = todo.pop(0)
            if _alike(address) in done:
                continue
            done.add(_alike(address))
            yield Act("GET", address)
            if self._page is not None:
                shown[self._address] = self._page
                todo += [link for link in self._page.links if _alike(link) not in done]
        yield from self._forms(state, shown)

    def _forms(self, state: State, shown: dict[str, Page]) -> Iterator[Act]:
        """Every form that was shown, then every form that was not; and every other method."""
        sent: set[object] = set()
        token = ""
        for address, page in shown.items():
            for form in page.forms:
                target = urljoin(address, form.action) if form.action else address
                shape = (_alike(target), form.shape[2:])
                if shape in sent:
                    continue
                sent.add(shape)
                if "csrf_token" in form.controls:
                    token = form.controls["csrf_token"].values[0]
                for body in form.fillings(self._learnt):
                    if form.method == "GET":
                        yield Act("GET", f"{target.partition('?')[0]}?{urlencode(body)}")
                    else:
                        yield Act("POST", target, body)
        posted = {shape[0] for shape in sent}  # type: ignore[index]
        for rule in self._rules:
            if not self._worthwhile(rule.rule, state):
                continue
            for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}):
                for path in paths(rule, state.known):
                    yield from self._unseen(method, path, rule.endpoint, token, covered=_alike(path) in posted)

    def _unseen(self, method: str, path: str, endpoint: str, token: str, *, covered: bool) -> Iterator[Act]:
        """A route called without its page: every shape of form its module knows, and an empty one."""
        yield Act(method, path, {"csrf_token": token})
        if covered:
            return
        view = self.victim.app.view_functions[endpoint]
        for shape in of_module(sys.modules.get(view.__module__)):
            for body in islice(bodies(shape, self._here.known), UNSEEN_FILLINGS):
                yield Act(method, path, {**body, "csrf_token": token})

    def _worthwhile(self, rule: str, state: State) -> bool:
        """Machines that read no cookie answer alike in every state, and a company's pages in every state with the same
        kind of session."""
        if MACHINES.match(rule):
            return not state.path
        if not COMPANIES.match(rule):
            return True
        if self._kind is None:
            self._kind = self.victim.session_kind(state.cookies.values())
        kind = self._kind
        return self._sessions_tried.setdefault(kind, state.path) == state.path

    # --- doing it ---

    def _do(self, state: State, act: Act) -> State | None:
        """Do one thing in a state, and see where it leads."""
        self._return_to(state)
        before = _held(self._jar), self._jar.get("sesame_sign_in")
        if act.body is not None and "credential" in act.body:
            act = self._signed(act)
        answer = self._send(act)
        followed = 0
        while answer.status_code in (301, 302, 303) and followed < 6:
            location = answer.headers["Location"].removeprefix(ORIGIN)
            if not location.startswith("/") or location.startswith("//"):
                break
            answer = self._send(Act("GET", urljoin(self._address, location)))
            followed += 1
        if answer.status_code == 500:
            self.found.harm = "an error of the service itself"
            self.found.path = (*state.path, str(act))
            return None
        page = answer.mimetype == "text/html" and answer.status_code != 404
        self._page = Page(answer.text) if page else None
        if answer.status_code == 200 and page:
            self.found.reached.add(_alike(self._address).partition("?")[0])
        if act.method == "GET" and _FORM in self._jar:
            self._form = {_FORM: self._jar[_FORM]}  # its forms are sent with it, from this same state
        self._learnt = self._learnt.seeing(answer.text) if page else self._learnt
        changed = self.victim.changed()
        if changed and self.victim.waits():
            self._learnt = self._learnt.reading(self.victim.deliver())
        same = before == (_held(self._jar), self._jar.get("sesame_sign_in")) and self._learnt.flags == state.known.flags
        stored = self.victim.stored() if changed or not same else None
        if stored is None or same and stored == self._stored:
            return None
        return self._judge(state, act, self.victim.rows(stored))

    def _signed(self, act: Act) -> Act:
        """With an answer of an authenticator of the attacker's own, to what the service asks at this moment."""
        assert act.body is not None
        page, _, query = act.address.partition("?")
        asked = self._send(Act("POST", f"{page}/options?{query}", {"csrf_token": act.body.get("csrf_token", "")}))
        if not asked.is_json:
            return act
        known = replace(self._learnt, options=asked.text)
        return replace(act, body={**act.body, "credential": known.signed()[0]})

    def _judge(self, state: State, act: Act, rows: Rows) -> State | None:
        path = (*state.path, str(act))
        credentials, sessions = self.victim.credentials(rows), self.victim.full_sessions(rows)
        if sessions - self._sessions:
            self.found.harm, self.found.path = "a full session", path
        elif credentials != self._credentials:
            changed = [name for name in credentials if credentials[name] != self._credentials[name]]
            self.found.harm, self.found.path = f"changed: {', '.join(changed)}", path
        key = self._key(self._jar, self._learnt, rows)
        if key in self._seen:
            return None
        self._seen.add(key)
        self._database = self.victim.keep()
        return State(self._database, dict(self._jar), self._learnt, path)

    def _key(self, cookies: dict[str, str], known: Knowledge, rows: Rows) -> object:
        return tuple(sorted(_held(cookies))), known.flags, self.victim.summary(cookies.values(), rows)

    def _return_to(self, state: State) -> None:
        if self._database is not state.database:
            self.victim.put_back(state.database)
            self._database = state.database
        elif self.victim.changed():
            self.victim.undo()
        self._jar, self._learnt, self._page = {**state.cookies, **self._form}, state.known, None

    def _send(self, act: Act) -> TestResponse:
        headers = {**HEADERS, "Cookie": "; ".join(f"{name}={value}" for name, value in self._jar.items())}
        body: dict[str, object] = {"data": act.body} if act.body is not None else {}
        if act.json:
            body = {"data": json.dumps(act.body), "content_type": "application/json"}
        answer = self._client.open(act.address, method=act.method, headers=headers, **body)  # type: ignore[arg-type]
        self.found.requests += 1
        try:
            rule, _ = self._match.match(urlsplit(act.address).path, method=act.method, return_rule=True)
            self.found.called.add((act.method, rule.rule))
        except HTTPException:
            pass  # an address that leads nowhere
        self._address = act.address
        for line in answer.headers.getlist("Set-Cookie"):
            for name, morsel in SimpleCookie(line).items():
                if morsel.value and morsel["max-age"] != "0" and "1970" not in morsel["expires"]:
                    self._jar[name] = morsel.value
                else:
                    self._jar.pop(name, None)
        return answer


def _held(cookies: dict[str, str]) -> set[str]:
    """The names of the cookies that say who one is. What an attempt is worth says the database."""
    return set(cookies) - {_FORM, "sesame_lang", "sesame_passkey", "sesame_sign_in"}


def _tables() -> set[str]:
    return {table for tables in KEYS.values() for table in tables}


def _alike(address: str) -> str:
    """An address without what is different each time: keys and tokens."""
    path, _, query = address.partition("?")
    parts = ["*" if len(part) >= 30 else part for part in path.split("/")]
    names = sorted(pair.partition("=")[0] for pair in query.split("&") if pair and "continue_to" not in pair)
    return "/".join(parts) + (f"?{'&'.join(names)}" if names else "")
