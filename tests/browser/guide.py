"""Who stands before which page of the tour, and how they came there: links of mails, half-finished journeys."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.authn import facts
from idp.companies import address_change, onboarding, support_acts
from idp.companies.models import Mandate
from idp.companies.onboarding import Order
from idp.core.errors import NotFound
from idp.oidc import access_change, access_end, logout
from idp.outbox.deliver import Deliverer
from idp.outbox.models import LocalMail
from idp.outbox.sms_gateway import texter
from idp.outbox.smtp import mailer
from tests.stage import Stage
from tests.web.browser import Browser

NOBODY = ""
PASSWORD = "quatre bateaux dans la brume"
DETAILS = {
    "given_name": "Rose",
    "family_name": "Marin",
    "personal": "yes",
    "password": PASSWORD,
    "password_again": PASSWORD,
}
DESK = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1"
Walk = Callable[["Guide"], Browser]
Value = str | Callable[["Guide"], Any]


@dataclass
class Guide:
    """Leads people of the demonstration to the pages of a running stage."""

    stage: Stage
    walked: dict[Walk, Browser] = field(default_factory=dict)
    people: dict[str, Browser] = field(default_factory=dict)

    def cookies(self, who: str | Walk) -> dict[str, str]:
        """What the browser of this person holds, or of whoever has walked so far."""
        if who == NOBODY:
            return {}
        browser = self.signed_in(who) if isinstance(who, str) else self.walk(who)
        return {cookie.key: cookie.value for cookie in browser.client._cookies.values()}  # type: ignore[union-attr]

    def signed_in(self, name: str) -> Browser:
        """A browser of the kind that most people have, in a session of this person."""
        if name not in self.people:
            self.people[name] = self.stage.browser()
            self.people[name].headers["User-Agent"] = DESK
            self.stage.sign_in(name, self.people[name])
        return self.people[name]

    def walk(self, walk: Walk) -> Browser:
        """A browser that has gone this way, once."""
        if walk not in self.walked:
            self.walked[walk] = walk(self)
        return self.walked[walk]

    def person(self, name: str) -> UUID:
        return self.stage.person(name).id

    def one(self, column: Any, *where: Any) -> Any:
        """One value of the database."""
        with self.stage.work(write=False) as work:
            found = work.session.scalars(select(column).where(*where).order_by(column).limit(1)).first()
        assert found is not None, (column, [str(each) for each in where])
        return found

    def mandate(self, client: str, firm: str = "cabinet-deltour") -> UUID:
        of = (Mandate.company_id == self.stage.company(client), Mandate.firm_id == self.stage.company(firm))
        found: UUID = self.one(Mandate.id, *of)
        return found

    # --- mail ---

    def deliver(self) -> None:
        """Let everything leave that waits to."""
        floors = (facts, support_acts, address_change, access_end, access_change, onboarding)
        handlers = {name: handler for floor in floors for name, handler in floor.HANDLERS.items()}
        settings = self.stage.settings
        worker = Deliverer(
            lambda: self.stage.work(write=False),
            mailer(settings),
            handlers={**handlers, "session.ended": logout.session_ended},
            callers={"backchannel_logout": logout.deliver, **access_change.CALLERS},
            texter=texter(settings),
        )
        while worker.run_due():
            pass

    def mailed(self, recipient: str, pattern: str) -> str:
        """What the newest letter to somebody says where this pattern has its group."""
        self.deliver()
        with self.stage.work(write=False) as work:
            letters = select(LocalMail.text_body).where(LocalMail.recipient == recipient).order_by(LocalMail.id.desc())
            for text in work.session.scalars(letters):
                if found := re.search(pattern, text):
                    return found[1]
        raise NotFound(what=f"a letter to {recipient} with {pattern}")

    def letters(self, recipient: str, holding: str) -> int:
        """How many have come to somebody that hold this."""
        with self.stage.work(write=False) as work:
            texts = work.session.scalars(select(LocalMail.text_body).where(LocalMail.recipient == recipient))
            return sum(holding in text for text in texts)

    def token(self, recipient: str, page: str) -> str:
        """The token of the newest link to a page such as `invitation`."""
        return self.mailed(recipient, rf"/{page}/([\w-]{{20,}})")

    def code(self, recipient: str) -> str:
        return self.mailed(recipient, r"(?<![\w-])(\d{6})(?![\w-])")

    # --- steps that several journeys take ---

    def proved_password(self, name: str, to: str = "/account") -> Browser:
        """At the second factor."""
        person, browser = self.stage.person(name), self.stage.browser()
        self.stage.forget_steps(name)
        browser.get(f"/sign-in?continue_to={to}")
        browser.submit({"email": person.address, "password": person.password})
        return browser

    def order(self, address: str, reference: str) -> str:
        """A company somebody has ordered; the token of the link in their mail."""
        with self.stage.work() as work:
            onboarding.order(
                work,
                Order(
                    reference=reference, name="Fleurs du Quai SARL", kind="company", country="FR", city="Nantes",
                    locale="fr-FR", plan="team", seats=5, address=address,
                    products={"accounting": "active", "invoicing": "active", "capture": "trial"},
                ),
            )  # fmt: skip
        return self.token(address, "get-started")
