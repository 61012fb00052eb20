"""What may be done in a random walk: everything a browser can send, rightly and wrongly, in any order.

A move notes in the ledger what was proved, and in `claims` what this may change; `test_machine.py` compares.
"""

import random
from datetime import timedelta
from typing import Any, ClassVar

from idp.authn import lost_factor, passkey, session, sign_in
from idp.authn.outcome import Outcome
from idp.core.errors import IdpError
from idp.work import Actor, Work
from tests.authn.walk_world import START, BrowserJar, Evidence, Link, Person, Signed, World, app_code, lasting

FRESH = {"app", "passkey", "recovery code"}


class Walk:
    """One walk, made again by its seed."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)
        self.people = world.begin_again()
        self.jars = [BrowserJar() for _ in range(2)]
        self.ledger: dict[str, Evidence] = {}
        self.sessions = {token: Signed(self.people[name], START, START) for name, token in world.open_sessions.items()}
        self.jars[0].session = self.chance.choice(list(self.sessions))
        self.links: list[Link] = []
        self.codes: dict[str, list[str]] = {}  # by recipient
        self.claims: set[tuple[str, str]] = set()
        self.jar = self.jars[0]
        self.work: Work = world.open()
        self.done: list[str] = []
        self.reached: list[str] = []

    def step(self) -> None:
        """One move, by chance, in one browser."""
        self.world.now += timedelta(seconds=self.chance.choice((0, 1, 5, 20, 31, 40)))
        if self.chance.random() < 0.2 or not self.done:
            self.jar = self.chance.choice(self.jars)
        self.claims = set()
        self.work = self.world.open(f"192.0.2.{self.chance.randrange(200)}")
        name = self.next_move()
        self.done.append(name)
        try:
            getattr(self, name)()
            self.work.session.commit()
        except IdpError as error:
            self.work.session.rollback()
            self.done[-1] += f": {type(error).__name__}"
        finally:
            self.work.session.close()
        self.read_mail()

    def next_move(self) -> str:
        """Mostly what the page at hand asks for, so that walks get somewhere; else anything at all."""
        if self.chance.random() < 0.75:
            return self.chance.choice(self.FITTING[self.page()].split())
        return self.chance.choices(list(self.MOVES), list(self.MOVES.values()))[0]

    def page(self) -> str:
        """What is due in this browser."""
        try:
            due = sign_in.step(self.work, sign_in.current(self.work, self.jar.attempt)).value
        except IdpError:
            due = "session" if self.jar.session in self.sessions else "nothing"
        self.work.session.rollback()
        return due

    # --- the ledger ---

    @property
    def evidence(self) -> Evidence | None:
        return self.ledger.get(self.jar.attempt or "")

    def may(self, what: str, person: Person | None) -> None:
        """Note that this move may change something of a person."""
        if person is not None and person.id is not None:
            self.claims.add((what, person.id.hex))

    def forget(self, person: Person, *, keep_attempt: str | None = None, keep_session: str | None = None) -> None:
        """What rested on something that is no longer true is worth nothing from now on."""
        for token, evidence in list(self.ledger.items()):
            if evidence.person is person and token != keep_attempt:
                del self.ledger[token]
        for token, signed in list(self.sessions.items()):
            if signed.person is person and token != keep_session:
                del self.sessions[token]
        for jar in self.jars:
            jar.trusted.pop(person.name, None)

    def somebody(self) -> Person:
        return self.chance.choice(list(self.people.values()))

    def target(self) -> Person:
        """Mostly the person whose attempt this is."""
        evidence = self.evidence
        if evidence is not None and evidence.person is not None and self.chance.random() < 0.85:
            return evidence.person
        return self.somebody()

    def attempt(self) -> Any:
        return sign_in.current(self.work, self.jar.attempt, lock=self.chance.random() < 0.5)

    def read_mail(self) -> None:
        for _template, content, due in self.world.messages():
            said, recipient = content["variables"], content["recipient"]
            if "code" in said:
                self.codes.setdefault(recipient, []).append(str(said["code"]))
            path = str(said.get("path", "")).strip("/")
            kind = next((kind for kind in self.LINKS if path.startswith(kind + "/")), None)
            if kind is None:
                continue
            person = self.reader(recipient)
            self.arrived(kind, person, due)
            token = path.rpartition("/")[2]
            until = due + lasting(kind, self.world.policies.account)
            self.links.append(Link(kind, token, person, recipient, due, until, self.purpose_of(kind)))

    def reader(self, recipient: str) -> Person | None:
        """Whose mailbox it is."""
        for person in self.people.values():
            if recipient == person.address:
                return person
        return next((each for each in self.people.values() if recipient in (each.before, *each.contacts)), None)

    def purpose_of(self, kind: str) -> str:
        return {"lost-factor": "lost_factor"}.get(kind, kind)

    def arrived(self, kind: str, person: Person | None, due: Any) -> None:
        """A link that leads to a new factor is worth two proofs: it must not be sent for less."""
        if kind == "lost-factor":
            assert person is not None
            assert ("lost-factor link", person.id.hex if person.id else "") in self.claims, "a link without two proofs"
            if "lost-factor wait" in {what for what, _ in self.claims}:
                assert due >= self.world.now + self.world.policies.account.fresh_contact_wait, "a fresh contact"

    # --- signing in ---

    def begin(self) -> None:
        signed = self.sessions.get(self.jar.session or "")
        current = session.find(self.work, self.jar.session) if self.chance.random() < 0.3 else None
        _, token = sign_in.begin(self.work, continue_to="/account", current=current)
        self.jar.attempt = token
        self.ledger[token] = Evidence("sign_in", session=self.jar.session if current and signed else None)

    def step_up(self) -> None:
        signed = self.sessions.get(self.jar.session or "")
        current = session.find(self.work, self.jar.session)
        _, token = sign_in.begin(self.work, continue_to="/account", purpose="step_up", current=current)
        assert signed is not None, "a session that nobody began, or that had ended"
        self.jar.attempt = token
        self.ledger[token] = Evidence("step_up", signed.person, session=self.jar.session)

    def password(self) -> None:
        evidence, person = self.evidence, self.target()
        typed = self.chance.choices((person.password, "not the password 12", self.somebody().password), (8, 1, 1))[0]
        attempt = self.attempt()
        lost = attempt.purpose in lost_factor.PURPOSES and self.chance.random() < 0.9
        if lost:
            outcome = lost_factor.prove_password(self.work, attempt, typed, device_token=self.jar.device)
            person = evidence.person if evidence and evidence.person else person
        else:
            outcome = sign_in.prove_password(
                self.work, attempt, address=person.address, password=typed, device_token=self.jar.device,
                device_allowed=lambda account_id: True,
            )  # fmt: skip
        if outcome is not Outcome.ACCEPTED:
            return
        assert evidence is not None, "an attempt that was over"
        assert typed == person.password, "a wrong password was accepted"
        if lost:
            evidence.proofs.add("password")
            return
        evidence.person, evidence.proofs = person, {"password"}
        since = self.jar.trusted.get(person.name)
        if since is not None and self.world.now < since + timedelta(days=30):
            evidence.proofs.add("trusted browser")
        token = sign_in.renew(self.work, attempt)
        del self.ledger[self.jar.attempt or ""]
        self.jar.attempt = token
        self.ledger[token] = evidence

    def code(self) -> None:
        evidence, person = self.evidence, self.target()
        typed, right, step, secret = "000000", False, 0, ""
        if person.apps and self.chance.random() < 0.85:
            secret = self.chance.choice(person.apps)
            typed, step = app_code(secret, self.world.now, self.chance.choice((0, 0, 0, -1, 1, -2)))
            near = abs(step - int(self.world.now.timestamp()) // 30) <= 1
            right = near and step > person.used_steps.get(secret, 0)
            if self.chance.random() < 0.1:
                typed, right = typed.translate({ord("0") + n: 0xFF10 + n for n in range(10)}), False
        if sign_in.prove_totp(self.work, self.attempt(), typed) is Outcome.ACCEPTED:
            assert evidence is not None, "an attempt that was over"
            assert right, "a wrong, old or used code was accepted"
            assert evidence.person is person, "somebody else's code was accepted"
            person.used_steps[secret] = step
            evidence.proofs.add("app")

    def recovery_code(self) -> None:
        evidence, person = self.evidence, self.target()
        typed = self.chance.choice([*person.codes[:2], *person.used_codes[-1:], "0" * 16])
        if sign_in.prove_recovery_code(self.work, self.attempt(), typed) is Outcome.ACCEPTED:
            assert evidence is not None, "an attempt that was over"
            assert evidence.person is person, "somebody else's recovery code was accepted"
            assert typed in person.codes, "a used or voided recovery code was accepted"
            person.codes.remove(typed)
            person.used_codes.append(typed)
            evidence.proofs.add("recovery code")

    def passkey_as_second(self) -> None:
        evidence, person = self.evidence, self.target()
        attempt = self.attempt()
        key = self.chance.choice(person.keys or self.people["Ada"].keys or [None])  # type: ignore[list-item]
        if key is None:
            return
        bound = self.chance.choices((attempt.id, self.people["Bo"].id), (9, 1))[0]
        wrong = {"origin": "https://evil.example"} if self.chance.random() < 0.1 else {}
        answer = key.get(passkey.request_options(self.work, passkey.PROVE, bound), **wrong)
        if sign_in.prove_passkey(self.work, attempt, answer) is Outcome.ACCEPTED:
            assert evidence is not None, "an attempt that was over"
            assert evidence.person is not None
            assert key in evidence.person.keys, "somebody else's passkey, or one that was removed"
            assert bound == attempt.id, "a challenge of another attempt"
            assert not wrong, "an answer for another site"
            evidence.proofs.add("passkey")

    def passkey_alone(self) -> None:
        evidence, key = self.evidence, self.people["Ada"].keys
        if not key:
            return
        bound, sent = self.chance.choices((("a", "a"), ("a", "b")), (9, 1))[0]
        answer = key[0].get(passkey.request_options(self.work, passkey.SIGN_IN, bound))
        attempt = self.attempt()
        if sign_in.prove_passkey(self.work, attempt, answer, browser_token=sent) is Outcome.ACCEPTED:
            assert evidence is not None, "an attempt that was over"
            assert bound == sent, "a challenge of another browser"
            evidence.person, evidence.proofs = self.people["Ada"], {"passkey"}

    def finish(self) -> None:
        evidence, jar, trust = self.evidence, self.jar, self.chance.random() < 0.4
        attempt = self.attempt()
        if evidence is not None:
            self.claims |= self.entrance(evidence)
        finished = sign_in.finish(self.work, attempt, trust=trust, device_token=jar.device)
        assert evidence is not None, "an attempt that was over"
        assert evidence.person is not None
        del self.ledger[jar.attempt or ""]
        coded = evidence.purpose == "sign_in" and evidence.proofs & {"app", "new factor"}
        if trust and coded and finished.device_token:
            jar.trusted[evidence.person.name] = self.world.now
        jar.device = finished.device_token or jar.device
        before = self.sessions.pop(evidence.session or "", None)
        same = before is not None and before.person is evidence.person
        signed = before if same and before else Signed(evidence.person, None, None)
        if evidence.proofs & {"password", "new password", "passkey"}:
            signed.password_at = self.world.now
        if evidence.proofs & (FRESH | {"new factor"}):
            signed.second_at = self.world.now
        jar.session, jar.attempt = finished.session_token, None
        self.reached.append(f"end of {evidence.purpose}")
        self.sessions[jar.session] = signed

    def entrance(self, evidence: Evidence) -> set[tuple[str, str]]:
        """What the end of this attempt may change: given by the specification in `test_machine.py`."""
        raise NotImplementedError

    # --- time, and leaving ---

    def wait(self) -> None:
        self.world.now += self.chance.choice(
            (
                timedelta(minutes=2),
                timedelta(minutes=6),
                timedelta(minutes=31),
                timedelta(minutes=61),
                timedelta(days=2),
            )
        )

    def leave(self) -> None:
        current = session.find(self.work, self.jar.session)
        if current is not None:
            session.end(self.work, current.session_id, "signed_out")
            self.sessions.pop(self.jar.session or "", None)

    def acting(self) -> Work:
        """The same work, by the person of this browser's session."""
        current = session.find(self.work, self.jar.session)
        if current is None:
            return self.work
        who = Actor("account", current.account_id, session_id=current.session_id, network=self.work.actor.network)
        return self.work.acting(who)

    MOVES: ClassVar[dict[str, int]] = {
        "begin": 12, "step_up": 5, "password": 20, "code": 18, "recovery_code": 6, "passkey_as_second": 4,
        "passkey_alone": 2, "finish": 18, "wait": 2, "leave": 2,
    }  # fmt: skip
    LINKS: ClassVar[tuple[str, ...]] = ()
    FITTING: ClassVar[dict[str, str]] = {}  # by what is due; twice is twice as often
