"""Simulated people and their browsers over a test clock: sign-ins as they are kept, without typing a password."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from idp.authn import attempt as attempts
from idp.authn import proofs, session, sharing, sign_in
from idp.authn.sharing import Standing
from idp.cli.sharing import look_at_new
from idp.companies import access
from idp.core.networks import Place, Places, gathered
from idp.work import Actor, Work
from tests.conftest import Person

WINDOWS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"
ANDROID = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"

NAMUR, LILLE, PARIS, LYON, NICE, TUNNEL = (
    "192.0.2.10", "192.0.2.140", "198.51.100.10", "198.51.100.140", "203.0.113.10", "203.0.113.140",
)  # fmt: skip
MOBILE = "2001:db8:77::1"  # a network over a whole country: it has no place
PLACES: Places = gathered(
    [
        ("192.0.2.0/25", Place("Namur", 50.467, 4.867)),
        ("192.0.2.128/25", Place("Lille", 50.633, 3.067)),
        ("198.51.100.0/25", Place("Paris", 48.857, 2.352)),
        ("198.51.100.128/25", Place("Lyon", 45.760, 4.840)),
        ("203.0.113.0/25", Place("Nice", 43.703, 7.266)),
        ("203.0.113.128/25", Place("Frankfurt", 50.110, 8.682)),
    ]
)
SYSTEM = Actor(kind="system", name="tests")
USED = timedelta(minutes=45)


@dataclass
class Device:
    """A browser. One that forgets its cookies is new at each sign-in."""

    agent: str = WINDOWS
    forgets: bool = False
    cookie: str | None = None


@dataclass
class Trace:
    """What happens to one account.

    Attributes:
        open_work: opens units of work. The one in which the account was made is over: SQLite has one writer at a time.
    """

    open_work: Callable[..., Work]
    person: Person

    def sign_in(
        self, device: Device, at: datetime, network: str = NAMUR, *, waits: float = 20, trust: bool = False
    ) -> session.Current:
        """Type the password, wait so many seconds for a code, and be signed in at `at`; then work for a while."""
        work = self._work(at - timedelta(seconds=waits), device, network)
        account_id = self.person.account.id
        attempt, _ = sign_in.begin(work, continue_to="/")
        attempts.hold(work, attempt, account_id=account_id)
        proofs.add(work, attempt, "pwd")
        work.session.commit()

        work = self._work(at, device, network)
        proofs.add(work, attempt, "otp")
        trust = trust and access.trusted_devices_allowed(work, account_id)
        finished = sign_in.finish(work, attempt, trust=trust, device_token=device.cookie)
        work.session.commit()
        if not device.forgets and finished.device_token is not None:
            device.cookie = finished.device_token

        work = self._work(at + USED, device, network)
        current = session.find(work, finished.session_token)
        assert current is not None
        session.touch(work, current)
        work.session.commit()
        return current

    def look(self, at: datetime) -> Standing:
        """What counts against the account after a pass at this moment."""
        work = self.job(at)
        look_at_new(work)
        return self.standing(at)

    def standing(self, at: datetime) -> Standing:
        work = self.job(at)
        found = sharing.standing(work, self.person.account.id)
        work.session.close()
        return found

    def seen(self, at: datetime) -> set[str]:
        return {sign.signal for sign in self.look(at).signs}

    def job(self, at: datetime) -> Work:
        """A unit of work of the worker, and at this moment."""
        return replace(self.open_work(at=at, network="", user_agent=""), places=PLACES, actor=SYSTEM)

    def holder(self, at: datetime, device: Device | None = None) -> Work:
        """A unit of work of the person."""
        work = self._work(at, device or Device(), NAMUR)
        return work.acting(replace(work.actor, kind="account", id=self.person.account.id))

    def _work(self, at: datetime, device: Device, network: str) -> Work:
        work = replace(self.open_work(at=at, network=network, user_agent=device.agent), places=PLACES)
        work.write()
        return work


def workdays(first: datetime, number: int) -> list[datetime]:
    """Midnights of so many days from this one on, without Saturdays and Sundays."""
    midnight = first.replace(hour=0, minute=0)
    days = (midnight + timedelta(days=day) for day in range(2 * number + 2))
    return [day for day in days if day.weekday() < 5][:number]
