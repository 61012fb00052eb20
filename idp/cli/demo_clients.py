"""The sample products as registered clients of the demonstration, with their secrets in files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from idp.cli import demo_data
from idp.core.settings import Settings
from idp.core.tokens import write_secret
from idp.oidc import clients
from idp.oidc.client_options import Options
from idp.oidc.clients import ClientRegistration, RegisteredClient
from idp.work import Work


@dataclass(frozen=True, slots=True)
class Sample:
    """A demo application: where it runs, and how it is known.

    Attributes:
        module: what starts it; empty for an application that is registered and has no program of its own.
        download_uri: where people are sent for the program, of one that they install.
    """

    client_id: str
    product: str
    names: dict[str, str]
    public: bool
    port: int
    module: str
    download_uri: str | None

    @property
    def base(self) -> str:
        return f"http://localhost:{self.port}"

    def secret_file(self, settings: Settings) -> Path:
        return settings.data_dir / "secrets" / f"{self.client_id}.secret"


MODULES = {"demo-accounting": "examples.accounting", "demo-capture": "examples.capture"}


def samples(settings: Settings) -> list[Sample]:
    """The applications of the demonstration; they listen on the ports after the service's own, in file order."""
    applications: list[dict[str, Any]] = demo_data.read(settings.policies_dir)["applications"]
    ports = {entry["id"]: settings.listen_port + number for number, entry in enumerate(applications, start=1)}
    return [
        Sample(
            client_id=entry["id"],
            product=entry["product"],
            names=entry["name"],
            public=entry["type"] == "public",
            port=ports[entry["id"]],
            module=MODULES.get(entry["id"], ""),
            download_uri=f"http://localhost:{ports[entry['download_at']]}/download" if "download_at" in entry else None,
        )
        for entry in applications
    ]


def register(work: Work, sample: Sample, settings: Settings) -> bool:
    """Register one application, or bring its addresses up to date; True when it is new.

    Its secret is written to its file, mode 0600. A file that is gone gets a new secret, since nobody knows the old one.
    """
    wanted = _registration(sample)
    known = clients.find(work, sample.client_id)
    if known is None:
        client, secret = clients.register(work, wanted, development=True)
    else:
        _bring_up_to_date(work, known, wanted)
        lost = not sample.public and not sample.secret_file(settings).exists()
        secret = clients.rotate_secret(work, known.client_id) if lost else None
    if secret is not None:
        sample.secret_file(settings).unlink(missing_ok=True)
        write_secret(sample.secret_file(settings), secret)
    return known is None


def _registration(sample: Sample) -> ClientRegistration:
    base, runs = sample.base, bool(sample.module)
    if sample.public:  # a native app: any port of the loopback address (RFC 8252 §7.3)
        return ClientRegistration(
            client_id=sample.client_id,
            names=sample.names,
            product=sample.product,
            resource=f"{base}/api",
            token_endpoint_auth_method="none",
            redirect_uris=["http://127.0.0.1/callback", f"{base}/callback"],
            options=Options(download_uri=sample.download_uri),
        )
    return ClientRegistration(
        client_id=sample.client_id,
        names=sample.names,
        product=sample.product,
        resource=f"{base}/api",
        redirect_uris=[f"{base}/callback"],
        post_logout_redirect_uris=[f"{base}/"],
        backchannel_logout_uri=f"{base}/backchannel-logout" if runs else None,
        event_uri=f"{base}/events" if runs else None,
        grant_types=["authorization_code", "refresh_token", "client_credentials"],
        home_uri=f"{base}/" if runs else None,
    )


def _bring_up_to_date(work: Work, known: RegisteredClient, wanted: ClientRegistration) -> None:
    """Follow the service to another port; what an operator has changed otherwise stays."""
    addresses = (
        "resource", "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri", "event_uri", "home_uri",
    )  # fmt: skip
    changes: dict[str, Any] = {}
    for name in addresses:
        present, value = getattr(known, name), getattr(wanted, name)
        if (list(present) if isinstance(present, tuple) else present) != value:
            changes[name] = value
    if known.options.download_uri != wanted.options.download_uri:
        changes["options"] = known.options.model_copy(update={"download_uri": wanted.options.download_uri})
    if changes:
        clients.change(work, known.client_id, development=True, **changes)
