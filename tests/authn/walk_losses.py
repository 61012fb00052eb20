"""The moves of a random walk beside signing in: a lost password, a lost factor, what every account has to have."""

from typing import ClassVar

from idp.authn import activation, contacts, lost_factor, reset, setup, sign_in
from idp.authn.outcome import Outcome
from tests.authn.walk_moves import FRESH, Walk
from tests.authn.walk_world import Evidence, Link, Person, app_code, new_password


class LosingWalk(Walk):
    """A walk in which things are lost and found."""

    def ask_reset(self) -> None:
        reset.ask(self.work, self.chance.choice([*(each.address for each in self.people.values()), "no@example.test"]))

    def invite(self) -> None:
        activation.invite(self.work, address=f"new{self.chance.randrange(3)}@example.test", locale="fr-FR")

    def follow(self) -> None:
        """Open a link of a mail, at its own address or at that of another kind."""
        if not self.links:
            return
        link = self.chance.choice(self.links[-6:])
        kind = link.kind if self.chance.random() < 0.85 else self.chance.choice(self.LINKS)
        good = kind == link.kind and not link.used and link.since <= self.world.now < link.until
        if link.since > self.world.now:
            return  # it has not arrived yet
        self.opened(kind, link, good)

    def opened(self, kind: str, link: Link, good: bool) -> None:
        if kind == "reset":
            _, token = reset.begin(self.work, link.token)
            self.began(token, "reset", link, good, "link")
        elif kind == "lost-factor":
            self.begun_by_link(link, good)
        elif kind == "lost-factor/stop":
            lost_factor.stop(self.work, link.token)
            assert good, "a link that was used, over, or another one"
            link.used = True
        elif kind == "activation":
            self.activate(link, good)

    def begun_by_link(self, link: Link, good: bool) -> None:
        _, token = lost_factor.begin(self.work, link.token)
        self.began(token, link.purpose, link, good, "link of two proofs")

    def began(self, token: str, purpose: str, link: Link, good: bool, proof: str) -> None:
        assert good, "a link that was used, over, or another one"
        link.used = True
        self.jar.attempt = token
        self.ledger[token] = Evidence(purpose, link.person, {proof})

    def activate(self, link: Link, good: bool) -> None:
        password = new_password(self.chance)
        attempt, token = activation.activate(
            self.work, link.token, given_name="New", family_name="Person", password=password, personal=True
        )
        assert good, "a link that was used, over, or another one"
        link.used = True
        assert attempt.account_id is not None
        name = attempt.account_id.hex
        person = self.people[name] = Person(name, link.recipient, password, attempt.account_id)
        self.jar.attempt = token
        self.ledger[token] = Evidence("activation", person, {"link", "new password"})
        self.may("password", person)
        self.may("address", person)

    def set_password(self) -> None:
        evidence, password = self.evidence, new_password(self.chance)
        reset.set_password(self.work, self.attempt(), password)
        assert evidence is not None, "an attempt that was over"
        person = evidence.person
        assert person is not None
        held = not person.holds or bool(evidence.proofs & FRESH)
        if evidence.purpose == "reset" and "link" in evidence.proofs and held:
            self.may("password", person)
        if evidence.purpose == "lost_all" and "link of two proofs" in evidence.proofs:
            self.may("password", person)
        person.password = password
        evidence.proofs.add("new password")
        self.forget(person, keep_attempt=self.jar.attempt)

    def enrol(self) -> None:
        evidence, attempt = self.evidence, self.attempt()
        made = sign_in.begin_enrolment(self.work, attempt)
        right = self.chance.random() < 0.8
        typed, step = app_code(made.secret, self.world.now)
        outcome = sign_in.confirm_enrolment(self.work, attempt, typed if right else "000000")
        if outcome is not Outcome.ACCEPTED:
            return
        assert evidence is not None, "an attempt that was over"
        assert evidence.person is not None
        person, lost = evidence.person, evidence.purpose in lost_factor.PURPOSES
        twice = {"link of two proofs"} & evidence.proofs or {"recovery code", "password before"} <= evidence.proofs
        known = "password" if evidence.purpose == "lost_factor" else "new password"
        if (lost and twice and known in evidence.proofs) or (not lost and not person.holds):
            self.may("factor", person)
        if lost:
            self.may("codes", person)
            person.apps, person.keys, person.codes = [], [], []
            self.forget(person, keep_attempt=self.jar.attempt)
        person.apps.append(made.secret)
        person.used_steps[made.secret] = step
        evidence.proofs.add("new factor")

    def ask_contact_code(self) -> None:
        attempt = self.attempt()
        offered = lost_factor.offered(self.work, attempt, phones=True)
        if offered:
            contact = self.chance.choice(offered)
            lost_factor.send_code(self.work, attempt, contact.id)
            self.jar.asked["lost"] = contact.value

    def prove_contact(self) -> None:
        evidence, attempt = self.evidence, self.attempt()
        codes = self.codes.get(self.jar.asked.get("lost", ""), [])
        typed = self.chance.choice([*codes[-2:], "000000"])
        person = evidence.person if evidence else None
        if person is not None and evidence is not None and "password" in evidence.proofs and typed in codes:
            self.may("lost-factor link", person)
            since = person.contacts.get(self.jar.asked.get("lost", ""), self.world.now)
            if self.world.now - since < self.world.policies.account.fresh_contact_age:
                self.may("lost-factor wait", person)
        outcome, _ = lost_factor.prove_contact(self.work, attempt, typed)
        if outcome is Outcome.ACCEPTED:
            assert evidence is not None, "an attempt that was over"
            assert typed in codes, "a wrong code was accepted"
            codes.remove(typed)
            del self.ledger[self.jar.attempt or ""]

    def turn(self) -> None:
        evidence = self.evidence
        _, token = lost_factor.turn(self.work, self.attempt())
        assert evidence is not None, "an attempt that was over"
        assert "recovery code" in evidence.proofs
        before = {"password before"} if evidence.proofs & {"password", "new password"} else set()
        self.ledger.pop(self.jar.attempt or "")
        self.jar.attempt = token
        self.ledger[token] = Evidence("lost_factor", evidence.person, {"recovery code", *before})

    # --- what every account has ---

    def set_up(self) -> None:
        evidence, attempt = self.evidence, self.attempt()
        step = sign_in.step(self.work, attempt)
        person = evidence.person if evidence else None
        fresh = evidence is not None and bool(evidence.proofs & (FRESH | {"new factor"}))
        if step is sign_in.Step.CODES or self.chance.random() < 0.1:
            codes = setup.make_codes(self.work, attempt)
            if fresh:
                self.may("codes", person)
            setup.keep_codes(self.work, attempt, codes[0])
            if person is not None:
                person.codes = codes
            return
        address = f"{self.chance.randrange(9)}@home.example"
        if self.chance.random() < 0.6 or "contact" not in self.jar.asked:
            setup.ask_contact(self.work, attempt, kind="email", value=address)
            self.jar.asked["contact"] = address
            return
        codes = self.codes.get(self.jar.asked["contact"], [])
        if fresh and codes:
            self.may("contact", person)
        typed = self.chance.choice([*codes[-1:], "000000"])
        if setup.prove_contact(self.work, attempt, typed) is contacts.Proved.ACCEPTED:
            assert typed in codes, "a wrong code was accepted"
            if person is not None:
                person.contacts[self.jar.asked["contact"]] = self.world.now

    LINKS: ClassVar[tuple[str, ...]] = ("activation", "reset", "lost-factor/stop", "lost-factor")
    MOVES: ClassVar[dict[str, int]] = {
        **Walk.MOVES, "ask_reset": 4, "invite": 1, "follow": 10, "set_password": 6, "enrol": 8,
        "ask_contact_code": 5, "prove_contact": 8, "turn": 5, "set_up": 8,
    }  # fmt: skip
    FITTING: ClassVar[dict[str, str]] = {
        "nothing": "begin begin begin begin ask_reset follow follow follow follow invite",
        "session": "step_up begin leave",
        "password": "password password password passkey_alone",
        "totp": "code code code code recovery_code passkey_as_second ask_contact_code prove_contact",
        "enrol": "enrol",
        "new_password": "set_password",
        "erasure": "finish",
        "contact": "set_up",
        "codes": "set_up",
        "done": "finish finish turn",
    }
