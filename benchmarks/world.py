"""The data of a measurement: the demonstration's people and companies, with clients and a session of their own."""

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask
from joserfc.jwk import ECKey
from sqlalchemy import select, update

from idp.accounts import email_address
from idp.app import create_app
from idp.authn import totp
from idp.authn.models import TotpAuthenticator
from idp.cli import demo_data
from idp.companies.models import Company
from idp.core import tokens
from idp.core.db import Base
from idp.core.settings import Settings
from idp.oidc import client_options, clients, keys
from idp.oidc.clients import ClientRegistration
from idp.web.work import database, unit_of_work
from idp.work import Actor

SYSTEM = Actor(kind="system", name="benchmark")
REDIRECT = "http://localhost:8001/callback"
RESOURCE = "http://localhost:8001/api"
PASSWORD = "quatre chevaux dans la prairie"
PERSON = "ines.moreau"


@dataclass(frozen=True)
class World:
    """What the requests of a measurement need to know."""

    app: Flask
    settings: Settings
    address: str
    company: str
    totp_secret: str
    client_secret: str
    client_key: ECKey

    def forget_spent_codes(self) -> None:
        """Let the same time step be used again: a measurement signs in more often than every thirty seconds."""
        with unit_of_work(self.app, SYSTEM) as work:
            work.session.execute(update(TotpAuthenticator).values(last_step=0))


def build(folder: Path, issuer: str, database_url: str = "") -> World:
    """A database with the demonstration data, keys, and clients: with a secret, with a key, and a public one."""
    settings = Settings(issuer=issuer, data_dir=folder, database_url=database_url, log_level="warning")
    tokens.write_secret(settings.master_key_file, secrets.token_hex(32))
    app = create_app(settings)
    with app.app_context():
        Base.metadata.create_all(database.engine)
    with unit_of_work(app, SYSTEM) as work:
        keys.ensure(work)
        demo_data.load(work, PASSWORD, demo_data.read(settings.policies_dir))
    with unit_of_work(app, SYSTEM) as work:
        _, secret = clients.register(work, _registration("bench", public=False))
        clients.register(work, _registration("bench-public", public=True))
        client_key = ECKey.generate_key("P-256")
        options = client_options.read({"jwks": {"keys": [client_key.as_dict(private=False)]}})
        signing = replace(_registration("bench-key", public=False), token_endpoint_auth_method="private_key_jwt")
        clients.register(work, replace(signing, options=options))
        assert secret is not None
        address = demo_data.address_of(settings.policies_dir, PERSON)
        company = work.session.scalar(select(Company.id).where(Company.reference == "atelier-lumen"))
        account = email_address.find_account(work, email_address.canonical(address))
        assert account is not None
        totp_secret = totp.secrets_of(work, account.id)[0][1]
    return World(app, settings, address, str(company), totp_secret, secret, client_key)


def _registration(client_id: str, *, public: bool) -> ClientRegistration:
    grant_types = ["authorization_code", "refresh_token"]
    return ClientRegistration(
        client_id=client_id,
        names={"en": "Benchmark"},
        product="accounting",
        resource=RESOURCE,
        token_endpoint_auth_method="none" if public else "client_secret_basic",
        redirect_uris=[REDIRECT],
        grant_types=grant_types if public else [*grant_types, "client_credentials"],
    )
