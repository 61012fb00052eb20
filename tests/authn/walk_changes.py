"""The moves of a random walk in a session, and by the staff: another password, another address, a new start."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from idp.authn import address_switch, email_change, password_change, recovery_request, session
from idp.authn.outcome import Outcome
from idp.companies import support_acts, support_case, support_due
from idp.work import Actor
from tests.authn.walk_losses import LosingWalk
from tests.authn.walk_world import Evidence, Link, Person, Signed, World, new_password

PAGE_FRESH = timedelta(minutes=5)  # what a page asks for before it calls the command
FORM_FRESH = timedelta(minutes=10)  # the most that a form may be sent after the proof
STAFF = ("olivier", "anne-laure")


@dataclass(eq=False)
class Change:
    """Another address that somebody has asked for."""

    address: str
    asked_in: Signed
    switch_at: datetime | None = None


@dataclass(eq=False)
class Case:
    """A request for a new start, as the two of the staff know it."""

    person: Person
    looked_after_by: str
    approved_by: str = ""
    approved_at: datetime | None = None


class ChangingWalk(LosingWalk):
    """A walk with everything in it."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(world, seed)
        self.changes: dict[str, Change] = {}  # by name
        self.cases: dict[UUID, Case] = {}

    def here(self) -> tuple[session.Current | None, Signed | None]:
        return session.find(self.work, self.jar.session), self.sessions.get(self.jar.session or "")

    def shown(self, current: session.Current | None, *, password: bool) -> bool:
        """Whether a page would let this session send its form, by what the service has recorded."""
        if current is None or current.second_factor_at is None:
            return False
        late = [current.second_factor_at, *([current.password_at] if password else [])]
        return all(at is not None and self.world.now - at <= PAGE_FRESH for at in late)

    def proved(self, signed: Signed | None, *, password: bool) -> bool:
        """Whether it should have been let, by what was really proved."""
        if signed is None:
            return False
        late = [signed.second_at, *([signed.password_at] if password else [])]
        return all(at is not None and self.world.now - at <= FORM_FRESH for at in late)

    # --- another password ---

    def change_password(self) -> None:
        current, signed = self.here()
        if current is None or not self.shown(current, password=False):
            return
        person = self.somebody() if signed is None else signed.person
        typed, chosen = self.chance.choice((person.password, "not the password 12")), new_password(self.chance)
        if typed == person.password and self.proved(signed, password=False):
            self.may("password", person)
            self.may("password of a session", person)
        changed = password_change.change(
            self.acting(), current.session_id, current.account_id, present=typed, password=chosen,
            device_token=self.jar.device,
        )  # fmt: skip
        if changed.outcome is Outcome.ACCEPTED:
            assert signed is not None, "a session that had ended"
            assert typed == person.password, "a wrong password was accepted"
            person.password = chosen
            self.sessions[changed.session_token or ""] = self.sessions.pop(self.jar.session or "")
            self.jar.session, signed.password_at = changed.session_token, self.world.now
            self.forget(person, keep_session=self.jar.session)
            self.changes.pop(person.name, None)

    # --- another address ---

    def ask_address(self) -> None:
        current, signed = self.here()
        if current is None or not self.shown(current, password=True):
            return
        assert self.proved(signed, password=True), "a page was shown that asks for a fresh proof"
        assert signed is not None
        address = self.chance.choice((f"{self.chance.randrange(9)}@office.example", self.somebody().address))
        if email_change.ask(self.acting(), current.account_id, address) is Outcome.ACCEPTED:
            self.changes[signed.person.name] = Change(address, signed)

    def prove_address(self) -> None:
        current, signed = self.here()
        if current is None:
            return
        change = self.changes.get(signed.person.name) if signed else None
        codes, waits = self.codes.get(change.address if change else "", []), self.chance.random() < 0.3
        typed = self.chance.choice([*codes[-1:], "000000"])
        if signed and change and typed in codes and change.asked_in is signed and change.switch_at is None:
            self.may("address", signed.person)
        outcome, made = email_change.confirm(self.acting(), current.account_id, typed, waits=waits)
        if outcome is not Outcome.ACCEPTED:
            return
        assert signed is not None
        assert change is not None, "there was no change to confirm"
        assert typed in codes, "a wrong code was accepted"
        assert change.asked_in is signed, "a code of another session"
        codes.remove(typed)
        if made.done_at is not None:
            assert not waits
            self.moved(signed.person, change, keep=self.jar.session)
        elif made.closed_at is None:
            change.switch_at = made.switch_at

    def moved(self, person: Person, change: Change, *, keep: str | None = None) -> None:
        person.before, person.address = person.address, change.address
        self.changes.pop(person.name)
        self.forget(person, keep_session=keep)
        self.reached.append("address changed")

    def withdraw_address(self) -> None:
        current, signed = self.here()
        if current is not None and signed is not None and email_change.withdraw(self.acting(), current.account_id):
            self.changes.pop(signed.person.name, None)

    def switch_due(self) -> None:
        """The job that does what has waited long enough."""
        waiting = [(self.people[name], change) for name, change in self.changes.items()]
        due = [
            (person, change) for person, change in waiting if change.switch_at and change.switch_at <= self.world.now
        ]
        for person, change in due:
            wait = self.world.policies.account.email_change_cooling_off
            assert change.switch_at is not None
            assert wait >= timedelta(hours=1)
            self.may("address", person)
        email_change.switch_due(self.work)
        for person, change in due:
            if self.address_of(person) == change.address:
                self.moved(person, change)

    def address_of(self, person: Person) -> str:
        assert person.id is not None
        statement = "SELECT address FROM email_addresses WHERE released_at IS NULL AND account_id = '{}'"
        return str(self.world.rows(statement.format(person.id.hex))[0][0])

    # --- links of mails ---

    def opened(self, kind: str, link: Link, good: bool) -> None:
        if kind == "email-change/stop":
            email_change.stop(self.work, link.token)
            link.used = True
            if link.person is not None:
                self.changes.pop(link.person.name, None)
        elif kind == "email-change/undo":
            self.undo(link, good)
        elif kind == "recovery":
            act = self.chance.choice((support_case.stop, support_case.confirm, support_case.confirm))
            stopped = act(self.work, link.token)
            if act is support_case.stop:
                self.cases.pop(stopped.case_id, None)
        else:
            super().opened(kind, link, good)

    def undo(self, link: Link, good: bool) -> None:
        person = link.person
        if good:
            for what in ("address", "password"):
                self.may(what, person)
        _, token = address_switch.undo(self.work, link.token)
        assert good, "a link that was used, over, or another one"
        assert person is not None
        link.used = True
        person.address, person.password = link.recipient, f"nobody's {self.chance.random()}"
        self.forget(person)
        self.changes.pop(person.name, None)
        self.jar.attempt = token
        self.ledger[token] = Evidence("reset", person, {"link"})
        self.reached.append("address changed back")

    # --- a new start: two of the staff, and time ---

    def ask_new_start(self) -> None:
        recovery_request.ask(self.work, self.target().address)

    def staff(self) -> None:
        """One of the staff looks after a request; one of them, maybe the same, approves it."""
        rows = self.world.rows("SELECT id, account_id, state FROM support_cases WHERE closed_at IS NULL")
        if not rows:
            return
        key, account, state = self.chance.choice(rows)
        name, case_id = self.chance.choice(STAFF), UUID(key)
        work = self.work.acting(Actor("operator", name=name))
        if state == "requested":
            support_case.take_up(work, case_id, reason="asked", identity_check="seen")
            person = next(each for each in self.people.values() if each.id == UUID(account))
            self.cases[case_id] = Case(person, name)
        else:
            support_case.approve(work, case_id)
            assert self.cases[case_id].looked_after_by != name, "approved by who had opened it"
            self.cases[case_id].approved_by, self.cases[case_id].approved_at = name, self.world.now

    def cases_due(self) -> None:
        for case in self.cases.values():
            waited = case.approved_at is not None and self.world.now - case.approved_at >= timedelta(hours=24)
            if waited and case.approved_by != case.looked_after_by:
                self.may("lost-factor link", case.person)
        support_due.carry_out(self.work, support_acts.ACTS)

    def purpose_of(self, kind: str) -> str:
        return (
            "lost_all" if kind == "lost-factor" and self.done[-1].startswith("cases_due") else super().purpose_of(kind)
        )

    LINKS: ClassVar[tuple[str, ...]] = (*LosingWalk.LINKS, "email-change/stop", "email-change/undo", "recovery")
    MOVES: ClassVar[dict[str, int]] = {
        **LosingWalk.MOVES, "change_password": 3, "ask_address": 7, "prove_address": 9, "withdraw_address": 1,
        "switch_due": 2, "ask_new_start": 2, "staff": 6, "cases_due": 4,
    }  # fmt: skip
    FITTING: ClassVar[dict[str, str]] = {
        **LosingWalk.FITTING,
        "nothing": f"{LosingWalk.FITTING['nothing']} ask_new_start staff staff cases_due",
        "session": "step_up begin change_password ask_address ask_address prove_address prove_address switch_due "
        "follow",
    }
