"""What a client may register beyond the core of its registration: the metadata of RFC 7591 and of its kin, under the
names of the registry "OAuth Dynamic Client Registration Metadata", kept together as one value of the client's row."""

from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from idp.core.errors import InvalidInput
from idp.core.settings import LOOPBACK
from idp.oidc import certificates, client_keys, uris
from idp.oidc.client_metadata import ENCODING, ENCRYPTED, Metadata, Signing, Text, Verified

SIGNING: tuple[str, ...] = get_args(Verified)
"""Signatures of others that are read here: no HMAC, whose secret is kept as a digest only, and never `none` (R-36).
`Ed25519` is what RFC 9864 §2.2 calls EdDSA with that curve, and some libraries say nothing else."""
FAPI: tuple[str, ...] = ("PS256", "ES256", "EdDSA", "Ed25519")
"""Those of FAPI 2.0 §5.4.1: not RS256, whose padding is the old one."""
KEYS_MAX = 16
ORIGINS_MAX = 50

ResponseMode = Literal["query", "fragment", "form_post", "jwt", "query.jwt", "fragment.jwt", "form_post.jwt"]
Origin = Annotated[str, Field(pattern=r"^https?://[a-z0-9.\-\[\]:]{1,255}$")]


class Options(Metadata):
    """The options of one client; a field that is not registered has its default.

    `jwks` holds public keys alone. Which key type fits which algorithm is seen when a key is used.
    `token_exchange_targets` are identifiers of applications, see `oidc.exchange`. `allowed_origins`, our own, are the
    pages that may call the protocol by script; without it those of a public client's redirect addresses.
    `download_uri`, our own too, is where the program of this client is fetched.
    """

    jwks: dict[str, Any] | None = None
    token_endpoint_auth_signing_alg: Verified | None = None
    frontchannel_logout_uri: Text | None = None
    frontchannel_logout_session_required: bool = False
    allowed_origins: list[Origin] | None = Field(None, max_length=ORIGINS_MAX)
    dpop_bound_access_tokens: bool = False
    token_exchange_targets: list[Text] = Field(default=[], max_length=20)
    download_uri: str | None = None
    authorization_signed_response_alg: Signing | None = None
    require_pushed_authorization_requests: bool = False
    require_signed_request_object: bool = False
    request_object_signing_alg: Verified | None = None
    authorization_details_types: Annotated[tuple[Literal["product_access"], ...], Field(strict=False)] | None = None
    response_modes: Annotated[tuple[ResponseMode, ...], Field(min_length=1, strict=False)] | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    tls_client_auth_subject_dn: Text | None = None
    tls_client_auth_san_dns: Text | None = None
    tls_client_auth_san_uri: Text | None = None
    tls_client_auth_san_ip: Text | None = None
    tls_client_auth_san_email: Text | None = None

    _subject = field_validator("tls_client_auth_subject_dn")(certificates.subject)
    _address = field_validator("tls_client_auth_san_ip")(certificates.address)

    @field_validator("download_uri")
    @classmethod
    def _page_of_program(cls, value: str | None) -> str | None:
        return None if value is None else uris.redirect_uri(value, native=False, field="download_uri")

    @field_validator("response_modes")
    @classmethod
    def _signed(cls, value: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        algorithm = info.data.get("authorization_signed_response_alg")
        if value is not None and algorithm is None and any(mode.endswith("jwt") for mode in value):
            raise ValueError("holds a signed mode without authorization_signed_response_alg")
        if value is not None and "jwt" in value:  # JARM §2.3.4: for the code, that is the query
            value = tuple(dict.fromkeys("query.jwt" if mode == "jwt" else mode for mode in value))
        return value

    @field_validator("jwks")
    @classmethod
    def _public(cls, value: dict[str, Any] | None) -> dict[str, Any] | None:
        if value is None:
            return None
        members = value.get("keys")
        if not isinstance(members, list) or not 1 <= len(members) <= KEYS_MAX:
            raise ValueError(f"holds no list of 1 to {KEYS_MAX} keys")
        members = [each for each in members if not client_keys.is_of_unknown_kind(each)]  # RFC 7517 §5
        if not members:
            raise ValueError("holds no key of a kind that is used here")
        if not all(map(client_keys.is_key, members)):
            raise ValueError("holds a key that is not public, or of no kind that is used here")
        try:
            KeySet.import_key_set({"keys": members})
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise ValueError("holds a key that cannot be read") from error
        return {"keys": members}

    @field_validator("allowed_origins")
    @classmethod
    def _origins(cls, value: list[str] | None) -> list[str] | None:
        for origin in value or ():
            if origin != uris.page_origin(origin):
                raise ValueError("holds something that is no origin as browsers send it")
            if origin.startswith("http:") and urlsplit(origin).hostname not in LOOPBACK:
                raise ValueError("needs https, or http on a loopback address")
        return value


_SIGNED = (
    "authorization_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg",
)  # fmt: skip
BY_OPERATOR = ("token_exchange_targets", "download_uri")
NAMES = tuple(name for name in Options.model_fields if name not in BY_OPERATOR)
"""What a client may say of itself when it registers itself; the others are an operator's to say."""


def accepted(method: str, options: Options) -> tuple[str, ...]:
    """The signatures that count from a client and towards it: those of FAPI 2.0 for one that proves itself by a key or
    a certificate, pushes its requests and has its tokens bound, as docs/protocol.md says."""
    bound = options.dpop_bound_access_tokens or options.tls_client_certificate_bound_access_tokens
    by_key = method in ("private_key_jwt", *certificates.METHODS)
    return FAPI if by_key and bound and options.require_pushed_authorization_requests else SIGNING


def check_signatures(method: str, id_token: str, options: Options) -> None:
    """That a client has registered no algorithm that must not count for it (FAPI 2.0 §5.4.1).

    Raises:
        InvalidInput: names the first field that does.
    """
    allowed = accepted(method, options)
    named = ("token_endpoint_auth_signing_alg", "request_object_signing_alg", *_SIGNED)
    asked = {"id_token_signed_response_alg": id_token, **{name: getattr(options, name) for name in named}}
    for name, value in asked.items():
        if value is not None and value not in allowed:
            raise InvalidInput(
                field=name, reason="is RS256, which FAPI 2.0 does not allow: tokens are bound and requests pushed here"
            )


def signatures(options: Options) -> list[str]:
    """The algorithms by which this service has to sign for a client, beyond that of its ID tokens."""
    asked = (getattr(options, name) for name in _SIGNED)
    return [value for value in asked if value is not None]


def read(values: dict[str, Any]) -> Options:
    """Options from what was registered.

    Raises:
        InvalidInput: names the first field that breaks a rule.
    """
    try:
        return Options.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "metadata"
        raise InvalidInput(field=field, reason=_reason(first)) from error


def _reason(first: Any) -> str:
    """Why a field cannot be used; a pattern explains nothing to those who did not write it."""
    if first["type"] == "string_pattern_mismatch":
        return "does not have the form that is needed"
    return str(first["msg"]).removeprefix("Value error, ")


def stored(options: Options) -> dict[str, Any]:
    """The options as the client's row keeps them: what differs from the defaults."""
    return options.model_dump(mode="json", exclude_defaults=True)


def shown(options: Options) -> dict[str, Any]:
    """The options as a client's metadata shows them, with the defaults in force: among them the encoding of what is
    encrypted (OIDC Registration §2)."""
    answer = options.model_dump(mode="json", exclude_none=True, exclude=set(BY_OPERATOR))
    for kind in ENCRYPTED:
        if f"{kind}_encrypted_response_alg" in answer:
            answer.setdefault(f"{kind}_encrypted_response_enc", ENCODING)
    return answer
