"""`idp clients`: the applications that delegate sign-in to this service."""

import json
from datetime import timedelta
from typing import Any

import click

from idp.cli.context import Output, members_of, operating, settings, verb
from idp.core.errors import NotFound
from idp.work import Work

HIDDEN = ("secret_digests", "keys", "sector")
LISTS = ("redirect_uris", "post_logout_redirect_uris", "grant_types", "permissions")
METHODS = click.Choice(
    [
        "client_secret_basic", "client_secret_post", "private_key_jwt", "tls_client_auth",
        "self_signed_tls_client_auth", "none",
    ]
)  # fmt: skip


@click.group()
def clients() -> None:
    """The applications that delegate sign-in to this service."""


def described(function: Any) -> Any:
    """The options that describe a client; None or an empty tuple where one was not given."""
    options = [
        click.option("--name", "names", multiple=True, metavar="[LANG=]TEXT", help="Name people see; fr=… and en=…"),
        click.option("--product", help="The product whose roles its tokens carry."),
        click.option("--resource", help="Audience of its access tokens, an address (RFC 8707)."),
        click.option("--api", is_flag=True, help="A client of the API of this service: that is its resource."),
        click.option("--company", metavar="REFERENCE", help="The company a client of the API works for by itself."),
        click.option("--auth-method", "token_endpoint_auth_method", type=METHODS, help="none: a public client."),
        click.option("--redirect-uri", "redirect_uris", multiple=True, help="Exact; may be repeated."),
        click.option("--post-logout-redirect-uri", "post_logout_redirect_uris", multiple=True, help="May be repeated."),
        click.option("--backchannel-logout-uri", help="Where logout tokens go."),
        click.option("--event-uri", help="Where it is told at once that access has changed (RFC 8935)."),
        click.option("--grant-type", "grant_types", multiple=True, help="May be repeated."),
        click.option("--scope", help="Scopes it may ask for, or has by itself, separated by spaces."),
        click.option(
            "--signing-algorithm",
            type=click.Choice(["ES256", "RS256", "PS256", "EdDSA"]),
            help="Of its ID and logout tokens.",
        ),
        click.option("--permission", "permissions", multiple=True, help="What the client itself may do."),
        click.option("--home-uri", help="Where the launcher leads."),
        click.option("--download-uri", help="Where people fetch the program that it is; - for none."),
        click.option("--trusted/--untrusted", default=None, help="Trusted: one of our own, no consent page."),
        click.option("--inline-permissions/--permission-sets", default=None, help="Permissions inside its tokens."),
        click.option(
            "--exchange-target",
            "targets",
            multiple=True,
            metavar="CLIENT_ID",
            help="An application for which it may exchange tokens (RFC 8693); may be repeated, - for none.",
        ),
        click.option("--metadata", type=click.File("rb"), help="JSON of registered metadata (RFC 7591), as jwks."),
        click.option("--pkce/--no-pkce", "require_pkce", default=None, help="Lift PKCE for a confidential client."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@verb(clients, "create")
@click.option("--client-id", default="", help="Made when not given.")
@described
def create(out: Output, client_id: str, **values: Any) -> None:
    """Register a client. Its secret is shown this once."""
    from idp.oidc import clients as registered
    from idp.oidc import sectors
    from idp.oidc.client_options import Options

    with operating() as work:
        given = _given(work, values, Options())
        if "names" not in given:
            raise click.UsageError("Missing option '--name'.")
        registration = registered.ClientRegistration(client_id=client_id, **given)
        registered.check(work, registration, development=settings().development)
        sectors.verify(work, registration)
        client, secret = registered.register(work, registration, development=settings().development)
    shown = members_of(client, *HIDDEN) | {"client_secret": secret}
    out.result(shown, f"client_id      {client.client_id}", f"client_secret  {secret or '- (public client)'}")


@verb(clients, "list")
def list_(out: Output) -> None:
    """List the clients."""
    from idp.oidc import clients as registered

    with operating(write=False) as work:
        rows = [members_of(client, *HIDDEN) for client in registered.listing(work)]
    columns = ["client_id", "names", "product", "token_endpoint_auth_method", "trusted", "require_pkce"]
    out.table(rows, columns, empty="No client.")


@verb(clients, "show")
@click.argument("client_id")
def show(out: Output, client_id: str) -> None:
    """Show a client, without its secret."""
    from idp.oidc import clients as registered

    with operating(write=False) as work:
        client = registered.get(work, client_id)
    out.record(members_of(client, *HIDDEN))


@verb(clients, "update")
@click.argument("client_id")
@described
def update(out: Output, client_id: str, **values: Any) -> None:
    """Change a client. A repeated option replaces the whole list."""
    from idp.oidc import clients as registered
    from idp.oidc import sectors

    with operating() as work:
        changes = _given(work, values, registered.get(work, client_id).options)
        if not changes:
            raise click.UsageError("Say what to change.")
        planned = registered.planned(registered.get(work, client_id), **changes)
        registered.check(work, planned, development=settings().development)
        sectors.verify(work, planned)
        client = registered.change(work, client_id, development=settings().development, **changes)
    out.result(members_of(client, *HIDDEN), f"{client_id}: changed {', '.join(sorted(changes))}.")


@verb(clients, "rotate-secret")
@click.argument("client_id")
def rotate_secret(out: Output, client_id: str) -> None:
    """Make a new secret, shown this once. The present one stays valid until the next rotation."""
    from idp.oidc import clients as registered

    with operating() as work:
        secret = registered.rotate_secret(work, client_id)
    out.result({"client_id": client_id, "client_secret": secret}, f"client_secret  {secret}")


@verb(clients, "retire-secret")
@click.argument("client_id")
def retire_secret(out: Output, client_id: str) -> None:
    """End the older of two live secrets, once the client uses the new one."""
    from idp.oidc import clients as registered

    with operating() as work:
        registered.retire_secret(work, client_id)
    out.result({"client_id": client_id, "secrets": 1}, f"{client_id}: only the newest secret is valid.")


@verb(clients, "delete")
@click.argument("client_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete(out: Output, client_id: str, yes: bool) -> None:
    """Remove a client: its tokens die, and its identifier is never given again."""
    from idp.oidc import clients as registered

    if not yes:
        click.confirm(f"Remove {client_id}?", abort=True, err=True)
    with operating() as work:
        registered.delete(work, client_id)
    out.result({"client_id": client_id, "deleted": True}, f"{client_id} is removed.")


@verb(clients, "logouts")
@click.option("--client", "client_id", metavar="CLIENT_ID", help="Of this client alone.")
@click.option("--undelivered", is_flag=True, help="Only what has not arrived.")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
def logouts(out: Output, client_id: str | None, undelivered: bool, limit: int) -> None:
    """List the logout tokens that clients were sent, session by session, the latest first."""
    from idp.oidc import clients as registered
    from idp.oidc import logout_delivery

    with operating(write=False) as work:
        if client_id is not None:
            registered.get(work, client_id)
        rows = logout_delivery.listing(work, client_id=client_id, undelivered=undelivered, limit=limit)
    columns = ["client_id", "sid", "reason", "created_at", "state", "attempts", "attempted_at", "failure"]
    out.table(rows, columns, empty="Nobody was told of anything.")


@verb(clients, "initial-access-token")
@click.option("--note", default="", help="Who it is for.")
@click.option("--uses", default=1, show_default=True, type=click.IntRange(1, 1000))
@click.option("--hours", default=24, show_default=True, type=click.IntRange(1, 24 * 90), help="How long it is valid.")
def initial_access_token(out: Output, note: str, uses: int, hours: int) -> None:
    """Make a token that opens dynamic registration (RFC 7591), shown this once."""
    from idp.oidc import initial_access

    with operating() as work:
        token = initial_access.create(work, note=note, uses=uses, lifetime=timedelta(hours=hours))
    out.result({"initial_access_token": token, "uses": uses, "hours": hours}, token)


def _given(work: Work, values: dict[str, Any], present: Any) -> dict[str, Any]:
    """The options that were given, as fields of a registration.

    Args:
        present: the `Options` that are registered.

    Raises:
        NotFound: there is no such company, or no such application to exchange tokens for.
    """
    from idp.companies import company
    from idp.oidc import api_clients, client_options
    from idp.oidc import clients as registered

    reference, api, metadata = values.pop("company"), values.pop("api"), values.pop("metadata")
    targets, download = values.pop("targets"), values.pop("download_uri")
    if api:
        values["resource"] = api_clients.resource(work)
    if reference:
        found = company.find(work, reference)
        if found is None:
            raise NotFound(kind="company")
        values["company_id"] = found.id
    given = {name: value for name, value in values.items() if value not in (None, ())}
    for name in LISTS:
        if name in given:
            given[name] = list(given[name])
    if metadata is not None:
        given["options"] = present = _options(metadata.read())
    if targets:
        named = [registered.get(work, each).client_id for each in targets if each != "-"]
        given["options"] = present = present.model_copy(update={"token_exchange_targets": named})
    if download:
        kept = client_options.stored(present) | {"download_uri": None if download == "-" else download}
        given["options"] = client_options.read(kept)
    if "names" in given:
        given["names"] = dict(_named(value) for value in given["names"])
    return given


def _options(text: bytes) -> Any:
    """The options of a file: they replace those that were registered.

    Raises:
        InvalidInput: names the first field that cannot be used.
    """
    from idp.oidc import client_options

    try:
        found = json.loads(text)
    except ValueError as error:
        raise click.UsageError("The metadata is not JSON.") from error
    if not isinstance(found, dict):
        raise click.UsageError("The metadata is not a JSON object.")
    return client_options.read(found)


def _named(value: str) -> tuple[str, str]:
    """`fr=Paie` as a name in French; a name without a language serves as English, which is what others fall back to."""
    language, sign, text = value.partition("=")
    return (language, text) if sign and len(language) == 2 and language.isalpha() else ("en", value)
