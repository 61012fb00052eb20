"""What a client says of itself at registration, and what it asks for by default (OIDC Registration §2, RFC 7591 §2)."""

from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from idp.core.errors import InvalidInput
from idp.oidc import uris

if TYPE_CHECKING:
    from idp.oidc.clients import RegisteredClient

CONTACTS_MAX = 10
ACR_MAX = 10

ENCRYPTING = ("RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
ENCODING = "A128CBC-HS256"
"""Where a client names none (OIDC Registration §2)."""
ENCODINGS = ("A128CBC-HS256", "A128GCM", "A256GCM")

Signing = Literal["ES256", "PS256", "EdDSA", "RS256"]
Verified = Literal["ES256", "PS256", "EdDSA", "Ed25519", "RS256"]
Encrypting = Literal["RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"]
Encoding = Literal["A128CBC-HS256", "A128GCM", "A256GCM"]
Encrypted = Literal["id_token", "userinfo", "introspection"]
ENCRYPTED: tuple[Encrypted, ...] = get_args(Encrypted)
"""What is encrypted for a client that registers it."""
Text = Annotated[str, Field(min_length=1, max_length=300)]


class Metadata(BaseModel):
    """Pages, contacts, defaults of requests. No address here is ever fetched by this service, but `jwks_uri` and
    `sector_identifier_uri`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    jwks_uri: str | None = None
    application_type: Literal["web", "native"] | None = None
    client_uri: str | None = None
    logo_uri: str | None = None
    policy_uri: str | None = None
    tos_uri: str | None = None
    contacts: Annotated[list[Text], Field(max_length=CONTACTS_MAX)] | None = None
    default_max_age: Annotated[int, Field(ge=0, le=10**9)] | None = None
    default_acr_values: Annotated[list[Text], Field(max_length=ACR_MAX)] | None = None
    require_auth_time: bool = False
    initiate_login_uri: str | None = None
    software_id: Text | None = None
    software_version: Text | None = None
    subject_type: Literal["public", "pairwise"] = "public"
    sector_identifier_uri: str | None = None
    id_token_encrypted_response_alg: Encrypting | None = None
    id_token_encrypted_response_enc: Encoding | None = None
    userinfo_signed_response_alg: Signing | None = None
    userinfo_encrypted_response_alg: Encrypting | None = None
    userinfo_encrypted_response_enc: Encoding | None = None
    introspection_signed_response_alg: Signing | None = None
    introspection_encrypted_response_alg: Encrypting | None = None
    introspection_encrypted_response_enc: Encoding | None = None

    @field_validator("client_uri", "logo_uri", "policy_uri", "tos_uri", "initiate_login_uri")
    @classmethod
    def _page(cls, value: str | None, info: ValidationInfo) -> str | None:
        """A page people may be led to."""
        return None if value is None else uris.redirect_uri(value, native=False, field=str(info.field_name))

    @field_validator("contacts", "default_acr_values")
    @classmethod
    def _readable(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and not all(each.isprintable() for each in value):
            raise ValueError("holds characters that are not for reading")
        return value


def check_addresses(kind: str | None, redirect_uris: list[str]) -> None:
    """The rule of an application type that was named (OIDC Registration §2); those for all types are in `uris`.

    Raises:
        InvalidInput: a web application has an address of a native one.
    """
    if kind == "web" and any(uris.is_private(address) for address in redirect_uris):
        raise InvalidInput(field="redirect_uris", reason="holds an address of a native application")


def application_type(client: "RegisteredClient") -> str:
    """What kind of application a client is: as it said, or as its addresses say."""
    native = any(uris.is_private(address) for address in client.redirect_uris)
    return client.options.application_type or ("native" if native else "web")


def with_defaults(client: "RegisteredClient", parameters: dict[str, str]) -> dict[str, str]:
    """The parameters of an authorization request, with what the client has registered in place of absent ones."""
    options = client.options
    if options.default_max_age is None and options.default_acr_values is None:
        return parameters
    filled = dict(parameters)
    if options.default_max_age is not None:
        filled.setdefault("max_age", str(options.default_max_age))
    if options.default_acr_values:
        filled.setdefault("acr_values", " ".join(options.default_acr_values))
    return filled
