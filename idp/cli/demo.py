"""`idp demo`: fictional people and companies, and everything running at once on one machine."""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import click

from idp.accounts.email_address import canonical, find_account
from idp.authn import totp
from idp.authn.models import TotpAuthenticator
from idp.cli import demo_data
from idp.cli.context import Exit, Output, operating, settings, verb
from idp.cli.database import bring_up_to_date
from idp.cli.keys import make_master_key
from idp.core.errors import ConfigurationError, Conflict, NotFound
from idp.core.settings import LOOPBACK, Settings
from idp.core.tokens import write_secret
from idp.oidc import keys as signing

WORTH_TRYING = (
    ("ines.moreau", "bookkeeper of Atelier Lumen; another role, and another menu, in each product"),
    ("julien.mercier", "belongs to two companies: chooses one, and switches later without signing in again"),
    ("nathalie.deltour", "accountant of Cabinet Deltour: reaches her clients' books through their mandates"),
    ("samira.elamrani", "her company's subscription is suspended: she sees everything and changes nothing"),
    ("camille.roux", "has a password and no second factor yet: links an authenticator app first"),
)


@click.group()
def demo() -> None:
    """Fictional people and companies to try everything with; on a loopback address only."""


def password_file(chosen: Settings) -> Path:
    """Where the demonstration password of this machine is kept, mode 0600."""
    return chosen.data_dir / "secrets" / "demo-password"


def at_home() -> Settings:
    """The settings, once it is sure that this instance is nobody's real one.

    Raises:
        ConfigurationError: the issuer is not a loopback address: known people with one password must not be there.
    """
    chosen = settings()
    if urlsplit(chosen.issuer).hostname not in LOOPBACK:
        raise ConfigurationError(
            reason=f"The demonstration runs on a loopback address only; the issuer of this instance is {chosen.issuer}."
        )
    return chosen


def prepare(chosen: Settings) -> str:
    """Make everything an instance and its demonstration need and do not have yet; answers the demo password.

    Raises:
        ConfigurationError: the data folder cannot be written.
    """
    from idp.cli import demo_clients

    make_master_key(chosen)
    bring_up_to_date()
    try:
        write_secret(password_file(chosen), _new_password())
        password = password_file(chosen).read_text("ascii").strip()
    except OSError as error:
        raise ConfigurationError(reason=f"{password_file(chosen)} cannot be written: {error.strerror}.") from error
    with operating() as work:
        signing.ensure(work)
    with operating(write=False) as work:
        loaded = demo_data.loaded(work)
    if not loaded:
        with operating() as work:
            demo_data.load(work, password, demo_data.read(chosen.policies_dir))
    with operating() as work:
        for sample in demo_clients.samples(chosen):
            demo_clients.register(work, sample, chosen)
    return password


def _new_password() -> str:
    """A password one can read aloud and type: four made-up words, 76 random bits."""
    syllables = [consonant + vowel for consonant in "bdfgklmnprstvzjh" for vowel in "aeiou"]
    return "-".join("".join(secrets.choice(syllables) for _ in range(3)) for _ in range(4))


@verb(demo, "load")
def load(out: Output) -> None:
    """Make keys, schema, demonstration data and clients that are not there yet."""
    chosen = at_home()
    prepare(chosen)
    path = password_file(chosen)
    out.result({"password_file": str(path)}, f"The demonstration is loaded; its password is in {path}.")


@verb(demo, "code")
@click.argument("person")
def code(out: Output, person: str) -> Exit:
    """Show the code that PERSON's authenticator app shows now (`ines.moreau`, or an address of the demonstration)."""
    chosen = at_home()
    if not password_file(chosen).exists():
        raise ConfigurationError(reason="This instance holds no demonstration; `idp demo load` loads it.")
    address = demo_data.address_of(chosen.policies_dir, person)
    with operating(write=False) as work:
        account = find_account(work, canonical(address))
        if account is None:
            raise NotFound(kind="account")
        held = totp.secrets_of(work, account.id)
        if not held:
            raise Conflict(person=person, reason="no authenticator app is linked yet")
        key, secret = held[-1]
        period = int(work.policies.account.totp.period.total_seconds())
        spent = work.session.get_one(TotpAuthenticator, key).last_step
        step = int(work.now.timestamp()) // period
        wait = max(0, (spent + 1) * period - int(work.now.timestamp())) if spent >= step else 0
        shown = totp.current_code(work.later(seconds=wait), secret)
    valid = timedelta(seconds=period - int(work.now.timestamp()) % period)
    said = f"{shown}  (in {wait} seconds: each code serves once, and this one is next)" if wait else shown
    out.result({"person": person, "code": shown, "wait": wait, "valid_seconds": int(valid.total_seconds())}, said)
    return Exit.OK


@verb(demo, "welcome")
def welcome(out: Output) -> None:
    """Show the addresses, the accounts worth trying and how to get in."""
    chosen = at_home()
    try:
        password = password_file(chosen).read_text("ascii").strip()
    except OSError as error:
        raise ConfigurationError(reason="This instance holds no demonstration; `make run` makes it.") from error
    show_welcome(out, chosen, password)


def show_welcome(out: Output, chosen: Settings, password: str) -> None:
    """Show what a person needs to begin."""
    from idp.cli import demo_clients

    running = [sample for sample in demo_clients.samples(chosen) if sample.module]
    people = [(demo_data.address_of(chosen.policies_dir, person), why) for person, why in WORTH_TRYING]
    data = {
        "issuer": chosen.issuer,
        "products": {sample.client_id: sample.base for sample in running},
        "mailbox": f"{chosen.issuer}/dev/mailbox",
        "accounts": [{"email": email, "why": why} for email, why in people],
        "password": password,
    }
    lines = ["", "  Sésame is running.", ""]
    lines += [f"    {sample.names['en']:<20} {sample.base}" for sample in running]
    lines += [f"    {'Your account':<20} {chosen.issuer}", f"    {'Mailbox':<20} {chosen.issuer}/dev/mailbox", ""]
    lines += ["  Open a product and sign in as one of them:", ""]
    for email, why in people:
        lines += [f"    {email}", f"      {why}"]
    lines += ["", f"  Password, made for this machine:  {password}"]
    lines += ["  A person's current code:          .venv/bin/idp demo code ines.moreau"]
    lines += ["  Invite somebody:                  .venv/bin/idp accounts invite you@example.com", ""]
    out.result(data, *lines)


@verb(demo, "run")
@click.option("--port", type=click.IntRange(1, 65000), help="Port of the service; the products take those after it.")
def run(out: Output, port: int | None) -> Exit:
    """Run the service, the outbox and both sample products until Ctrl-C, on demonstration data."""
    from idp.cli import demo_run

    # The children of this process are given the same settings, as variables.
    os.environ.setdefault("IDP_DEVELOPMENT", "true")
    if port is not None:
        os.environ.update(IDP_LISTEN_PORT=str(port), IDP_ISSUER=f"http://localhost:{port}")
    chosen = at_home()
    if urlsplit(chosen.issuer).port != chosen.listen_port:
        raise ConfigurationError(
            reason=f"IDP_ISSUER: {chosen.issuer} does not name port {chosen.listen_port}, where the service listens."
        )
    return demo_run.run(chosen, out)
