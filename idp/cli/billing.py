"""`idp billing`: the keys shared with the billing system, and the events it has sent."""

from uuid import UUID

import click

from idp.cli.context import Output, members_of, operating, verb


@click.group()
def billing() -> None:
    """The keys shared with billing, and its events."""


def _shown(out: Output, key: UUID, secret: str, *more: str) -> None:
    out.result(
        {"key": str(key), "secret": secret}, f"key     {key}", f"secret  {secret}", "It is shown this once.", *more
    )


@verb(billing, "create-key")
def create_key(out: Output) -> None:
    """Make a key; its secret is shown this once. At most two are live."""
    from idp.companies import billing_key

    with operating() as work:
        key, secret = billing_key.create(work)
    _shown(out, key, secret)


@verb(billing, "rotate-key")
def rotate_key(out: Output) -> None:
    """Make a new key, shown this once; the present one stays live until the next rotation, older ones are revoked."""
    from idp.companies import billing_key

    with operating() as work:
        key, secret = billing_key.rotate(work)
    _shown(out, key, secret, "The key before stays live; revoke it once billing uses this one.")


@verb(billing, "revoke-key")
@click.argument("key", type=click.UUID)
def revoke_key(out: Output, key: UUID) -> None:
    """Let a key count no more, at once."""
    from idp.companies import billing_key

    with operating() as work:
        billing_key.revoke(work, key)
    out.result({"revoked": str(key)}, f"{key} counts no more.")


@verb(billing, "list-keys")
def list_keys(out: Output) -> None:
    """List the keys, never a secret."""
    from idp.companies import billing_key

    with operating(write=False) as work:
        rows = [members_of(each) for each in billing_key.listing(work)]
    out.table(rows, ["id", "created_at", "last_used_at", "revoked_at"], empty="No key: no event is taken.")


@verb(billing, "events")
@click.argument("company", required=False)
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
def events(out: Output, company: str | None, limit: int) -> None:
    """List the events that were taken, the latest first: of COMPANY (its reference), or of all."""
    from idp.companies import billing_event

    with operating(write=False) as work:
        rows = [members_of(each) for each in billing_event.listing(work, reference=company, limit=limit)]
    out.table(rows, ["received_at", "company", "number", "kind", "outcome", "missed", "id"], empty="No event.")
