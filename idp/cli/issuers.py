"""`idp issuers`: others whose signed word says who a person is (RFC 7523)."""

import json
from typing import IO

import click

from idp.cli.context import Output, members_of, operating, verb


@click.group()
def issuers() -> None:
    """Others whose assertions about people are accepted (RFC 7523); there is none unless it is registered."""


@verb(issuers, "register")
@click.argument("issuer")
@click.option("--jwks", type=click.File("rb"), required=True, help="Its public keys, a JSON Web Key Set.")
@click.option("--client", "client_ids", multiple=True, required=True, help="Who may bring its assertions; repeatable.")
@click.option(
    "--subject", type=click.Choice(["email", "sub"]), default="email", show_default=True, help="What its `sub` is."
)
@click.option("--about", "subjects", multiple=True, required=True, help="Whom it may speak of; repeatable; * for all.")
def register(
    out: Output, issuer: str, jwks: IO[bytes], client_ids: tuple[str, ...], subject: str,
    subjects: tuple[str, ...],
) -> None:  # fmt: skip
    """Let the word of ISSUER count, as it stands in `iss`."""
    from idp.oidc import issuers as registered

    try:
        keys = json.loads(jwks.read())
    except ValueError as error:
        raise click.UsageError("The keys are not JSON.") from error
    with operating() as work:
        made = registered.register(work, issuer, jwks=keys, subject=subject, subjects=subjects, client_ids=client_ids)
    out.result(members_of(made), f"{issuer} may say who somebody is, to {', '.join(client_ids)}.")


@verb(issuers, "list")
def list_(out: Output) -> None:
    """List the issuers."""
    from idp.oidc import issuers as registered

    with operating(write=False) as work:
        rows = [members_of(each, "jwks") for each in registered.listing(work)]
    out.table(rows, ["issuer", "subject", "subjects", "clients"], empty="No issuer.")


@verb(issuers, "remove")
@click.argument("issuer")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(out: Output, issuer: str, yes: bool) -> None:
    """Let the word of ISSUER count no more."""
    from idp.oidc import issuers as registered

    if not yes:
        click.confirm(f"Remove {issuer}?", abort=True, err=True)
    with operating() as work:
        registered.remove(work, issuer)
    out.result({"issuer": issuer, "removed": True}, f"{issuer} is removed.")
