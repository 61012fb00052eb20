"""Where this product runs and how it is known to the identity service, read once from the environment."""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from examples.sample.product import Product, Text


class ConfigError(Exception):
    """A setting is missing or cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class Config:
    """Settings of one running product.

    Attributes:
        base_url: the address people see, without a slash at the end. Every address the product gives away is built from
            it, never from the Host header of a request.
        refresh_before: an access token that has fewer seconds left than this is renewed before it is used.
        secret_key: signs the anti-forgery tokens of forms.
    """

    issuer: str
    client_id: str
    client_secret: str
    base_url: str
    secret_key: bytes
    listen_address: str
    listen_port: int
    other_name: Text
    other_url: str
    refresh_before: int = 60

    @property
    def redirect_uri(self) -> str:
        return f"{self.base_url}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        return f"{self.base_url}/"

    @property
    def resource(self) -> str:
        """Resource identifier of this product (RFC 8707): the only `aud` its API accepts."""
        return f"{self.base_url}/api"

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https://")


def from_environment(product: Product, environ: Mapping[str, str] = os.environ) -> Config:
    """Read the SAMPLE_* variables; the defaults are those of the demonstration on one machine.

    Raises:
        ConfigError: the client secret is missing, a file cannot be read, or an address is not one.
    """
    port = _port(environ.get("SAMPLE_LISTEN_PORT", str(product.port)))
    other = environ.get("SAMPLE_OTHER_NAME", "")
    return Config(
        issuer=_address("SAMPLE_ISSUER", environ.get("SAMPLE_ISSUER", "http://localhost:8000")),
        client_id=environ.get("SAMPLE_CLIENT_ID", product.client_id),
        client_secret=_secret(environ),
        base_url=_address("SAMPLE_BASE_URL", environ.get("SAMPLE_BASE_URL", f"http://localhost:{port}")),
        secret_key=_secret_key(environ),
        listen_address=environ.get("SAMPLE_LISTEN_ADDRESS", "127.0.0.1"),
        listen_port=port,
        other_name=Text(other, other) if other else product.other_name,
        other_url=_address("SAMPLE_OTHER_URL", environ.get("SAMPLE_OTHER_URL", product.other_url)),
        refresh_before=_seconds("SAMPLE_REFRESH_BEFORE", environ.get("SAMPLE_REFRESH_BEFORE", "60")),
    )


def _port(value: str) -> int:
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 65536:
        raise ConfigError(f"SAMPLE_LISTEN_PORT is {value!r}; it must be a number from 1 to 65535.")
    return int(value)


def _seconds(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 5:
        raise ConfigError(f"{name} is {value!r}; it must be a number of seconds.")
    return int(value)


def _address(name: str, value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ConfigError(f"{name} is {value!r}; it must be an http or https address.")
    return value.rstrip("/")


def _secret(environ: Mapping[str, str]) -> str:
    path = environ.get("SAMPLE_CLIENT_SECRET_FILE")
    if not path:
        raise ConfigError("SAMPLE_CLIENT_SECRET_FILE is not set; it names the file that holds the client secret.")
    secret = _read("SAMPLE_CLIENT_SECRET_FILE", path).decode("utf-8", "replace").strip()
    if not secret:
        raise ConfigError(f"SAMPLE_CLIENT_SECRET_FILE: {path} is empty.")
    return secret


def _secret_key(environ: Mapping[str, str]) -> bytes:
    path = environ.get("SAMPLE_SECRET_KEY_FILE")
    if not path:
        return secrets.token_bytes(32)  # sessions live in memory, so a key of this process loses nothing more
    key = _read("SAMPLE_SECRET_KEY_FILE", path).strip()
    if len(key) < 32:
        raise ConfigError(f"SAMPLE_SECRET_KEY_FILE: {path} holds less than 32 bytes.")
    return key


def _read(name: str, path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(f"{name}: {path} cannot be read ({error.strerror}).") from error
