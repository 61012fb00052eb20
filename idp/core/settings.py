"""Where this instance runs: read once from `IDP_*` variables over `idp.toml`; nothing else reads the environment."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from idp.core import destinations
from idp.core.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
_MAILBOX, _PAGE = re.compile(r"[^\s@:/?&<>\"]+@[^\s@:/?&<>\"]+"), re.compile(r"https://[^\s/@<>\"]+(/[^\s<>\"]*)?")
DATABASES = frozenset({"postgresql+psycopg", "postgresql", "sqlite"})
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _shipped(name: str) -> Path:
    """A folder of the project: beside `idp/` in a checkout, inside the package in an installed wheel."""
    packaged = Path(__file__).resolve().parents[1] / f"_{name}"
    return packaged if packaged.is_dir() else ROOT / name


class Settings(BaseSettings):
    """The settings of one instance; `docs/configuration.md` lists them, and a test compares the two."""

    model_config = SettingsConfigDict(
        env_prefix="IDP_", toml_file="idp.toml", frozen=True, extra="forbid", secrets_dir=None
    )

    issuer: str = Field("http://localhost:8000", description="The public address of this service, without a path.")
    data_dir: Path = Field(Path("var"), description="Folder for the SQLite database and the secrets.")
    database_url: str = Field("", description="SQLAlchemy address; empty for SQLite under the data folder.")
    policies_dir: Path = Field(default_factory=lambda: _shipped("policies"), description="Folder of the policy files.")
    migrations_dir: Path = Field(
        default_factory=lambda: _shipped("migrations"), description="Folder of the database migrations."
    )
    secret_key_file: Path | None = Field(None, description="File of the master key; default: under the data folder.")
    listen_host: str = Field("127.0.0.1", description="Address the server listens on.")
    listen_port: int = Field(8000, ge=1, le=65535, description="Port the server listens on.")
    workers: int = Field(
        1, ge=1, le=64, description="Server processes; 1 on SQLite, the number of cores on PostgreSQL."
    )
    trusted_proxies: int = Field(0, ge=0, le=5, description="Reverse proxies in front whose forwarding headers count.")
    client_certificate_header: str = Field(
        "", pattern="^([A-Za-z][A-Za-z0-9]*)?$", description="Header with a client's certificate; empty for none."
    )
    client_certificate_proxies: str = Field(
        "", description="Networks of the proxies that are believed about it, separated by commas."
    )
    client_certificate_authorities: Path | None = Field(
        None, description="PEM file of the authorities that issue certificates to clients; empty for none."
    )
    mtls_origin: str = Field("", description="Another public address, where clients show certificates; empty for none.")
    network_places: Path | None = Field(
        None, description="CSV file network,place,latitude,longitude, for the places of sessions; empty for none."
    )
    development: bool = Field(False, description="Local mailbox at /dev/mailbox; only on a loopback address.")
    smtp_host: str = Field("", description="Mail server; empty keeps mail in the local mailbox.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_security: str = Field("starttls", pattern="^(none|starttls|tls)$", description="none, starttls or tls.")
    smtp_user: str = Field("", description="User name at the mail server; empty for none.")
    smtp_password: SecretStr = Field(SecretStr(""), description="Password at the mail server.")
    mail_from: str = Field("Sésame <no-reply@localhost>", description="Sender of all mail.")
    sms_url: str = Field("", description="SMS gateway; empty offers no phones, except in development mode.")
    sms_user: str = Field("", description="User name at the SMS gateway; empty sends the token alone.")
    sms_token: SecretStr = Field(SecretStr(""), description="Token, or password of the user, at the SMS gateway.")
    sms_format: str = Field("json", pattern="^(json|form)$", description="How the request is written: json or form.")
    sms_request: str = Field(
        '{"to": "{number}", "text": "{text}"}', description="The request as a JSON object, with places to fill in."
    )
    sms_sender: str = Field("Sesame", description="What {sender} in the request becomes.")
    billing_url: str = Field("", description="Where requests and cancellations are told to billing; empty for nowhere.")
    billing_contact: str = Field(
        "",
        description="An e-mail or https address of billing, for customers who have to pay; empty for none.",
    )
    outbound_networks: str = Field(
        "", description="Networks of your own in which products may be called, separated by commas; empty for none."
    )
    outbound_authorities: Path | None = Field(
        None, description="PEM file of certificate authorities of your own that products may use; empty for none."
    )
    password_hashers: int = Field(1, ge=1, le=64, description="Password hashes computed at once in a process.")
    require_pushed_authorization_requests: bool = Field(
        False, description="Whether every client has to push its authorization requests (RFC 9126)."
    )
    api_calls_per_minute: int = Field(
        600, ge=1, le=1_000_000, description="Calls of one caller of the API answered in a minute, in each process."
    )
    signing_key_days: int = Field(
        90,
        ge=0,
        le=3650,
        description="Days a signing key signs before the next takes over; 0 leaves it to the operator.",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="debug, info, warning or error.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("issuer", "mtls_origin")
    @classmethod
    def _issuer_is_an_origin(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.field_name == "mtls_origin":
            return value
        what, parts = "the issuer" if info.field_name == "issuer" else "the origin", urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{what} is an address such as https://id.example.com")
        if parts.path.rstrip("/"):
            raise ValueError(f"{what} has no path")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError(f"{what} uses https, except on a loopback address")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database_is_of_a_kind_we_know(cls, value: str) -> str:
        try:
            known = not value or make_url(value).drivername in DATABASES
        except (ArgumentError, ValueError):
            known = False
        if not known:  # never quoted: it may hold a password
            raise ValueError("the database has an address such as postgresql+psycopg://user@db.example.com/name")
        return value

    @field_validator("sms_url", "billing_url")
    @classmethod
    def _messages_travel_safely(cls, value: str, info: ValidationInfo) -> str:
        what = "the SMS gateway" if info.field_name == "sms_url" else "billing"
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username):
            raise ValueError(f"{what} has an address such as https://{info.field_name}.example.com/messages")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError(f"{what} uses https, except on a loopback address")
        return value

    @field_validator("billing_contact")
    @classmethod
    def _billing_can_be_reached(cls, value: str) -> str:
        if value and not (_MAILBOX.fullmatch(value) or _PAGE.fullmatch(value)):
            raise ValueError(
                "billing is reached at an address such as billing@example.com or https://billing.example.com"
            )
        return value

    @field_validator("outbound_networks", "client_certificate_proxies")
    @classmethod
    def _networks_can_be_read(cls, value: str) -> str:
        try:
            destinations.networks(value)
        except ValueError as error:
            raise ValueError("networks are written as 10.20.0.0/16, separated by commas") from error
        return value

    @model_validator(mode="after")
    def _certificates_come_from_a_proxy(self) -> "Settings":
        if self.client_certificate_header and not self.client_certificate_proxies:
            raise ValueError("IDP_CLIENT_CERTIFICATE_PROXIES says who is believed about IDP_CLIENT_CERTIFICATE_HEADER")
        if self.mtls_origin and not self.client_certificate_header:
            raise ValueError("IDP_MTLS_ORIGIN needs IDP_CLIENT_CERTIFICATE_HEADER")
        return self

    @model_validator(mode="after")
    def _request_can_be_filled_in(self) -> "Settings":
        try:
            request = json.loads(self.sms_request)
        except ValueError as error:
            raise ValueError("IDP_SMS_REQUEST is not a JSON object") from error
        if not isinstance(request, dict):
            raise ValueError("IDP_SMS_REQUEST is not a JSON object")
        if self.sms_format == "form" and not all(isinstance(value, str) for value in request.values()):
            raise ValueError("IDP_SMS_REQUEST holds texts alone when the format is form")
        if not all(place in self.sms_request for place in ("{number}", "{text}")):
            raise ValueError("IDP_SMS_REQUEST has the places {number} and {text}")
        return self

    @model_validator(mode="after")
    def _development_stays_at_home(self) -> "Settings":
        if self.development and self.listen_host not in LOOPBACK:
            raise ValueError("the development mode listens on a loopback address only")
        return self

    @property
    def database(self) -> str:
        """The SQLAlchemy address in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'idp.sqlite3'}"

    @property
    def phones_offered(self) -> bool:
        """Whether text messages have somewhere to go."""
        return bool(self.sms_url) or self.development

    @property
    def master_key_file(self) -> Path:
        return self.secret_key_file or self.data_dir / "secrets" / "master.key"

    @property
    def secure(self) -> bool:
        """Whether browsers reach this service over TLS."""
        return self.issuer.startswith("https://")


def read(**overrides: Any) -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: a value is missing, unknown or impossible; the reason names the variable.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = "IDP_" + "_".join(str(part) for part in first["loc"]).upper() if first["loc"] else "the settings"
        raise ConfigurationError(reason=f"{name}: {first['msg'].removeprefix('Value error, ')}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        where = f": {error}" if isinstance(error, tomllib.TOMLDecodeError) else ""
        raise ConfigurationError(reason=f"idp.toml is not readable TOML{where}.") from error
    except OSError as error:
        raise ConfigurationError(reason=f"idp.toml cannot be read: {error.strerror}.") from error
