"""`idp keys`: the master key and the signing keys."""

import secrets
from datetime import timedelta

import click

from idp.cli.context import Output, operating, settings, verb
from idp.core.errors import ConfigurationError, Conflict
from idp.core.settings import Settings
from idp.core.tokens import write_secret

ALGORITHM = click.Choice(["ES256", "RS256", "PS256", "EdDSA"])


@click.group()
def keys() -> None:
    """The master key and the signing keys."""


def make_master_key(chosen: Settings) -> bool:
    """Make the master key of an instance; False when it has one.

    Raises:
        ConfigurationError: its folder cannot be written.
    """
    path = chosen.master_key_file
    try:
        chosen.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        return write_secret(path, secrets.token_hex(32))
    except OSError as error:
        raise ConfigurationError(reason=f"The master key {path} cannot be written: {error.strerror}.") from error


@verb(keys, "create-master")
def create_master(out: Output) -> None:
    """Make the master key that protects all other secrets at rest. Keep a copy: without it the data is lost."""
    path = settings().master_key_file
    if not make_master_key(settings()):
        raise Conflict(kind="master key", path=str(path), reason="it exists already and stays as it is")
    out.result({"path": str(path)}, f"The master key is in {path}, mode 0600. Keep a copy in another place.")


@verb(keys, "list")
def list_(out: Output) -> None:
    """List the signing keys, their states, and from when on the next thing is due for each."""
    from idp.oidc import key_schedule

    with operating(write=False) as work:
        rows = key_schedule.listing(work, timedelta(days=settings().signing_key_days))
    columns = ["kid", "algorithm", "state", "created_at", "activated_at", "retired_at", "due_at"]
    out.table(rows, columns, empty="No signing key.")


@verb(keys, "create")
@click.option("--algorithm", type=ALGORITHM, help="Make one more, to sign after the next rotation.")
def create(out: Output, algorithm: str | None) -> None:
    """Make the signing keys a new instance needs, or with --algorithm the next one of a kind."""
    from idp.oidc import keys as signing

    with operating() as work:
        made = [signing.create(work, algorithm)] if algorithm else signing.ensure(work)
    out.result({"created": made}, f"Made: {', '.join(made)}." if made else "Every algorithm has an active key.")


@verb(keys, "rotate")
@click.option("--algorithm", type=ALGORITHM, default="ES256", show_default=True)
@click.option("--at-once", is_flag=True, help="Even when clients that cache the key set may not know the next key yet.")
def rotate(out: Output, algorithm: str, at_once: bool) -> None:
    """Let the next key sign and retire the active one; without a next key, make and publish it first."""
    from idp.oidc import keys as signing

    with operating() as work:
        kid = signing.rotate(work, algorithm, at_once=at_once)
        state = signing.get(work, kid)["state"]
        discarded = signing.discard_dead(work)
    done = f"{kid} signs now." if state == "active" else f"{kid} is published; rotate again in an hour to let it sign."
    out.result({"kid": kid, "state": state, "discarded": discarded}, done)


@verb(keys, "revoke")
@click.argument("kid", required=False)
@click.option("--all", "everything", is_flag=True, help="Every key, when all that was encrypted may be known.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def revoke(out: Output, kid: str | None, everything: bool, yes: bool) -> None:
    """Take the key KID, which somebody else may hold, out of the published set at once. What it signed is refused here
    from then on, and another key signs. Sessions and refresh tokens stay."""
    from idp.oidc import keys as signing

    if (kid is None) is not everything:
        raise click.UsageError("Name a key, or say --all.")
    if not yes:
        what = "all signing keys" if everything else f"the signing key {kid}"
        click.confirm(f"Revoke {what}? Every token signed by it is refused at once.", abort=True, err=True)
    with operating() as work:
        made = signing.revoke_all(work) if everything else [signing.revoke(work, str(kid))]
    active = [each for each in made if each]
    done = "All keys are revoked." if everything else f"{kid} is revoked."
    out.result({"revoked": kid or "all", "active": active}, done, *(f"{each} signs now." for each in active))
