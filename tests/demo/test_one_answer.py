"""One question, one answer: what a token carries, what the preview shows, what the explanation says and what the API
does are the same, for every built-in role and whatever limits it.

A thousand states, half of them on each kind of database. `ANSWER_STATES=1000 pytest tests/demo/test_one_answer.py` is
the long run: so many on each.
"""

import os
import random
from collections import Counter
from typing import Any

import pytest

from idp.companies import access, preview, proposal
from idp.companies.access import Access, Refusal, Why
from idp.companies.errors import NotCovered
from idp.companies.explain import explain_each
from idp.companies.preview import Preview
from idp.companies.proposal import Choice
from idp.core.errors import NotFound
from idp.policy.permissions import Grant
from idp.web.api.pace import Pace
from idp.work import Work
from tests.demo.states import State, build
from tests.party import Party, basic, bearer, claims_of
from tests.stage import Stage
from tests.web.api.calling import BASE, EVERYTHING

STATES = int(os.environ.get("ANSWER_STATES", "500"))
PEOPLE = {"member": "hugo.perrin", "colleague": "lotte.peeters"}
OWNER = "amelie.dubois"
ANCHORS = {"accounting": "accounting.reader", "capture": "capture.reader", "invoicing": "invoicing.reader",
           "payroll": "payroll.employee", "practice": "practice.reader"}  # fmt: skip
OF_THE_PERSON = {
    Why.BLOCKED, Why.MEMBERSHIP_SUSPENDED, Why.NO_ROLE, Why.NEEDS_PRACTICE_ROLE, Why.NOT_ASSIGNED, Why.NOT_A_MEMBER,
}  # fmt: skip
"""Refusals that say nothing about the role: whoever is about to give it sees what it would come to all the same."""
REASONS = ("no_access", "subscription_ended", "account_blocked")  # the last one without a word: nothing of theirs holds
READING = {
    "company.profile.view": "", "company.users.view": "/memberships", "company.roles.view": "/roles",
    "company.mandates.view": "/mandates",
}  # fmt: skip
STAFF_READING = {
    "operations.clients.view": "/operations/clients", "operations.keys.view": "/operations/keys",
    "operations.catalogue.view": "/operations/catalogue",
}  # fmt: skip


class Asking:
    """Everybody who can be asked what somebody may do."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.http = stage, stage.app.test_client(use_cookies=False)
        with stage.work() as work:
            people = {name: stage.person(each).id for name, each in PEOPLE.items()}
            self.scenery, self.anchor = build(work, people, stage.person(OWNER).id, ANCHORS)
        tool = stage.register(
            client_id="asking", resource=stage.settings.issuer + BASE, redirect_uris=["https://tool.example/callback"],
            scope=EVERYTHING,
        )  # fmt: skip
        self.api = {
            name: tool.tokens(stage.signed_in(each), scope=EVERYTHING)["access_token"]
            for name, each in (*PEOPLE.items(), ("owner", OWNER))
        }
        self.parties: dict[str, Party] = {}
        self.refreshing: dict[tuple[str, str], str] = {}

    def party(self, product: str) -> Party:
        if product not in self.parties:
            self.parties[product] = self.stage.register(
                client_id=f"asking-{product}", product=product, resource=f"https://{product}.example/api"
            )
        return self.parties[product]

    def minted(self, state: State) -> tuple[str, ...]:
        """What the token for the product names, as every endpoint reads it; nothing when it is refused."""
        party = self.party(state.product)
        token = self._refresh_token(state, party)
        answer = party.refresh(token, company=str(state.where))
        if answer.status_code == 400:
            assert answer.json is not None
            assert answer.json["error"] == "invalid_grant"
            assert answer.json.get("reason", "account_blocked") in REASONS, answer.json
            return ()
        assert answer.status_code == 200, answer.text
        tokens: Any = answer.json
        claims = claims_of(tokens["access_token"])
        assert (claims["company"], claims["product"]) == (str(state.where), state.product)
        named = party.http.get(
            f"/permission-sets/{claims['permission_set']}", headers=basic(party.client_id, party.secret or "")
        )
        told, inspected = party.userinfo(tokens["access_token"]).json, party.introspect(tokens["access_token"])
        assert named.json is not None
        assert told is not None
        assert named.json["permissions"] == told["permissions"] == inspected["permissions"] != []
        for surface in (told, inspected, claims):
            assert surface["permission_set"] == named.json["id"]
            assert surface["via"] == ("mandate" if state.firm else "membership")
        return tuple(named.json["permissions"])

    def _refresh_token(self, state: State, party: Party) -> str:
        """One that was given for a place in which the person always has a role in the product."""
        key = state.who, state.product
        if key not in self.refreshing:
            where = self.stage.company("one-answer-anchor-office") if state.product == "practice" else self.anchor
            browser = self.stage.signed_in(PEOPLE[state.who])
            self.refreshing[key] = party.tokens(browser, company=str(where))["refresh_token"]
        return self.refreshing[key]

    def previewed(self, work: Work, state: State) -> tuple[str, ...]:
        """What whoever gives the role is shown: through the API, or at a client as on the page of the firm."""
        assert state.choice is not None
        if state.firm is not None:
            try:
                grant = proposal.at_client(work, state.firm, state.where, state.product, state.choice)
            except (NotCovered, NotFound):
                return ()
            return _agreed(preview.of(work.policies, grant, "fr"))
        choices = [state.choice, *(Choice(role_id=each) for each in state.extra)]
        found = [self._in_company(state, each) for each in choices]
        return tuple(sorted(frozenset().union(*found)))

    def _in_company(self, state: State, choice: Choice) -> tuple[str, ...]:
        body = {
            "product": state.product, "role": choice.role_id, "switches": list(choice.switches),
            "custom_role_id": str(choice.custom_role_id) if choice.custom_role_id else None,
            "restrictions": dict(choice.restrictions), "account_id": str(state.account), "locale": "fr",
        }  # fmt: skip
        answer = self._call("owner", "POST", f"/companies/{state.where}/role-previews", body)
        assert answer.status_code == 200, answer.text
        shown: Any = answer.json
        lines = [line["id"] for area in shown["areas"] for line in area["permitted"]]
        assert sorted(lines) == shown["permissions"]
        return tuple(shown["permissions"])

    def reads(self, state: State, permissions: tuple[str, ...]) -> None:
        """The API opens to the person what they are said to be allowed to read, and nothing else."""
        staff = state.product == "operations"
        for permission, path in (STAFF_READING if staff else READING).items():
            whole = path if staff else f"/companies/{state.where}{path}"
            status = self._call(state.who, "GET", whole).status_code
            assert (status == 200) == (permission in permissions), (state, permission, status)

    def _call(self, who: str, method: str, path: str, body: Any = None) -> Any:
        return self.http.open(BASE + path, method=method, headers=bearer(self.api[who]), json=body)


def _agreed(found: Preview) -> tuple[str, ...]:
    """The permissions of a preview, which are those that its areas show."""
    lines = [line.id for area in (*found.areas, *found.sensitive) for line in area.permitted]
    assert sorted(lines) == list(found.permissions)
    return found.permissions


def explained(work: Work, state: State) -> tuple[str, ...]:
    """What the explanation of each permission of the product allows; each refusal has a reason and a missing link."""
    allowed = []
    for each in explain_each(work, state.account, state.where, state.product):
        assert each.permission is not None
        assert all(link.holds for link in each.chain) == each.allowed, (state, each)
        assert (each.cause.value == "allowed", each.change == ()) == (each.allowed, each.allowed), (state, each)
        if each.allowed:
            allowed.append(each.permission)
    return tuple(sorted(allowed))


@pytest.fixture
def asking(own_stage: Stage) -> Asking:
    own_stage.app.extensions["sesame api pace"] = Pace(per_minute=1_000_000)  # tests are faster than callers may be
    return Asking(own_stage)


@pytest.mark.timeout(120 + STATES)
def test_token_preview_explanation_and_api_answer_alike_for_every_role_in_every_state(
    asking: Asking, own_stage: Stage
) -> None:
    dice, seen, compared = random.Random(f"{STATES} {own_stage.settings.database_url[:6]}"), Counter[str](), 0
    with own_stage.work(write=False) as work:
        roles = [each for each in work.policies.roles.values() if each.held_by != {"service"}]
    for number in range(STATES):
        held = roles[number % len(roles)]
        with own_stage.work() as work:
            state = asking.scenery.state(work, dice, held)
        with own_stage.work(write=False) as work:
            if held.product == "operations":
                said = access.staff_permissions(work, state.account)
                grant = Grant(held.product, held.id)
                account_works = said != frozenset()
                assert tuple(sorted(said)) in ((), _agreed(preview.of(work.policies, grant, "en")))
                seen[held.id] += account_works
                asking.reads(state, tuple(said)) if account_works else None
                continue
            answer = access.resolve(work, state.account, state.where, state.product)
            expected = answer.permissions if isinstance(answer, Access) else ()
            assert explained(work, state) == expected, state
            if not (isinstance(answer, Refusal) and answer.why in OF_THE_PERSON):
                compared += 1
                assert asking.previewed(work, state) == expected, (state, answer)
        if held.product == "company":
            if not (isinstance(answer, Refusal) and answer.why is Why.BLOCKED):  # whose token for the API is void
                asking.reads(state, expected)
        else:
            assert asking.minted(state) == expected, (state, answer)
        seen[held.id] += bool(expected)
    assert compared > STATES * 0.6
    assert all(seen[each.id] for each in roles), [each.id for each in roles if not seen[each.id]]
