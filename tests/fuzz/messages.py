"""What the endpoints of the protocol are sent when all is well; everything else is made out of these."""

from collections.abc import Callable, Iterator
from typing import Any

from idp.oidc.exchange import ACCESS_TOKEN
from idp.oidc.grant_types import DEVICE_CODE, JWT_BEARER, TOKEN_EXCHANGE
from tests.fuzz.sent import Sent
from tests.fuzz.world import BACK, World

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
BY_SECRET = ("books", "capture")
Pair = tuple[str, str]


def authenticated(name: str, *form: Pair) -> dict[str, Any]:
    """A form and headers by which an application says who it is, as it is registered."""
    match name:
        case "mobile" | "scanner":
            return {"form": (*form, ("client_id", f"{{{{client.{name}}}}}"))}
        case "posting":
            said: tuple[Pair, ...] = (("client_id", "{{client.posting}}"), ("client_secret", "{{secret.posting}}"))
            return {"form": (*form, *said)}
        case "signing":
            said = (("client_assertion_type", ASSERTION), ("client_assertion", "{{assertion.signing}}"))
            return {"form": (*form, *said)}
        case _:
            return {"form": form, "headers": {"Authorization": f"{{{{basic.{name}}}}}"}}


def _token(world: World) -> Iterator[Sent]:
    for name in ("books", "mobile", "posting", "signing", "capture"):
        for number in range(2):
            yield _post(
                "/oauth/token",
                name,
                ("grant_type", "authorization_code"),
                ("code", f"{{{{code.{name}.{number}}}}}"),
                ("redirect_uri", f"{{{{back.{name}}}}}"),
                ("code_verifier", f"{{{{verifier.{name}}}}}"),
            )
        refresh = f"{{{{refresh.{name}}}}}"
        yield _post("/oauth/token", name, ("grant_type", "refresh_token"), ("refresh_token", refresh))
    for name in ("program", "signing"):
        yield _post("/oauth/token", name, ("grant_type", "client_credentials"))
    yield _post("/oauth/token", "scanner", ("grant_type", DEVICE_CODE), ("device_code", "{{dead.code}}"))
    yield _post("/oauth/token", "books", ("grant_type", JWT_BEARER), ("assertion", "{{assertion.signing}}"))
    for token in world.names("access", "dead"):
        said = (("subject_token", token), ("subject_token_type", ACCESS_TOKEN), ("audience", "{{client.capture}}"))
        yield _post("/oauth/token", "books", ("grant_type", TOKEN_EXCHANGE), *said)
    for proof in world.names("proof"):
        own = _post("/oauth/token", "program", ("grant_type", "client_credentials"))
        yield own.with_header("DPoP", proof)
    yield _post("/oauth/token", "books", ("grant_type", "password"), ("username", "x"), ("password", "x"))


def _begin(world: World) -> Iterator[Sent]:
    for name in ("scanner", "books", "mobile", "signing"):
        yield _post("/oauth/device_authorization", name, ("scope", "openid"), ("company", "{{company.atelier-lumen}}"))


def _post(path: str, name: str, *form: Pair) -> Sent:
    return Sent("POST", path, **authenticated(name, *form))


def _push(world: World) -> Iterator[Sent]:
    for name in ("books", "mobile", "posting", "signing"):
        for more in (
            {},
            {"prompt": "login"},
            {"response_mode": "form_post"},
            {"claims": '{"userinfo": {"email": null}}'},
        ):
            yield _post("/oauth/par", name, *world.authorization(name, **more))
    yield _post("/oauth/par", "signing", ("client_id", "{{client.signing}}"), ("request", "{{object.signing}}"))


def _about_a_token(path: str) -> Callable[[World], Iterator[Sent]]:
    def made(world: World) -> Iterator[Sent]:
        for name in ("books", "capture", "posting", "signing", "mobile"):
            for token in world.names("access", "refresh", "dead")[:12]:
                yield _post(path, name, ("token", token), ("token_type_hint", "access_token"))

    return made


def _userinfo(world: World) -> Iterator[Sent]:
    for token in world.names("access", "id", "refresh", "dead"):
        yield Sent("GET", "/oauth/userinfo", headers={"Authorization": f"Bearer {token}"})
        yield Sent("POST", "/oauth/userinfo", form=(("access_token", token),))


def _authorize(world: World) -> Iterator[Sent]:
    for name in ("books", "mobile", "asking", "posting"):
        for person in ("ines.moreau", "amelie.dubois", "nobody"):
            headers = {"Cookie": f"{{{{cookie.{person}}}}}"}
            for more in ({}, {"prompt": "none"}, {"max_age": "0"}, {"company": "{{company.atelier-lumen}}"}):
                yield Sent("GET", "/oauth/authorize", tuple(world.authorization(name, **more)), headers=headers)
        yield Sent("POST", "/oauth/authorize", form=tuple(world.authorization(name)))
    for person in ("ines.moreau", "nobody"):
        headers = {"Cookie": f"{{{{cookie.{person}}}}}"}
        for uri in world.names("pushed"):
            said = (("client_id", "{{client.books}}"), ("request_uri", uri))
            yield Sent("GET", "/oauth/authorize", said, headers=headers)
        said = (("client_id", "{{client.signing}}"), ("request", "{{object.signing}}"))
        yield Sent("GET", "/oauth/authorize", said, headers=headers)
        for mode in ("form_post", "fragment"):
            yield Sent(
                "GET", "/oauth/authorize", tuple(world.authorization("books", response_mode=mode)), headers=headers
            )


def _continue(world: World) -> Iterator[Sent]:
    for kept in world.names("kept"):
        for person in ("ines.moreau", "amelie.dubois", "nobody"):
            headers = {"Cookie": f"{{{{cookie.{person}}}}}"}
            yield Sent("GET", "/oauth/authorize/continue", (("request", kept),), headers=headers)


def _decide(path: str, *fields: Pair) -> Callable[[World], Iterator[Sent]]:
    def made(world: World) -> Iterator[Sent]:
        for kept in world.names("kept"):
            for person in ("ines.moreau", "amelie.dubois"):
                headers = {"Cookie": f"{{{{cookie.{person}}}}}", "Sec-Fetch-Site": "same-origin"}
                yield Sent("GET", path, (("request", kept),), headers=headers)
                form = (("csrf_token", f"{{{{csrf.{person}}}}}"), ("request", kept), *fields)
                yield Sent("POST", path, (("request", kept),), form=form, headers=headers)
                yield Sent("POST", path, form=form, headers=headers)

    return made


def _logout(world: World) -> Iterator[Sent]:
    for hint in world.names("id", "dead", "access"):
        for person in ("ines.moreau", "nobody"):
            said = (("id_token_hint", hint), ("post_logout_redirect_uri", "{{back.books}}"), ("state", "x"))
            headers = {"Cookie": f"{{{{cookie.{person}}}}}", "Sec-Fetch-Site": "same-origin"}
            yield Sent("GET", "/oauth/logout", said, headers=headers)
            csrf = ("csrf_token", f"{{{{csrf.{person}}}}}")
            yield Sent("POST", "/oauth/logout", form=(*said, csrf), headers=headers)


REGISTRATION: dict[str, Any] = {
    "redirect_uris": [BACK], "client_name": "An application", "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "client_secret_basic", "post_logout_redirect_uris": ["https://app.company.example/"],
    "backchannel_logout_uri": "https://app.company.example/logout", "scope": "openid email", "subject_type": "public",
    "id_token_signed_response_alg": "ES256", "application_type": "web", "response_types": ["code"],
    "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
}  # fmt: skip


def _register(world: World) -> Iterator[Sent]:
    for token in ("{{initial.token}}", "{{registration.token}}", "{{access.books}}", "x"):
        yield Sent("POST", "/oauth/register", data=REGISTRATION, headers={"Authorization": f"Bearer {token}"})


def _configure(world: World) -> Iterator[Sent]:
    path = "/oauth/register/{{client.registered}}"
    for token in ("{{registration.token}}", "{{registration.token}}", "{{initial.token}}", "{{access.books}}"):
        headers = {"Authorization": f"Bearer {token}"}
        yield Sent("GET", path, headers=headers)
        yield Sent("PUT", path, data={**REGISTRATION, "client_id": "{{client.registered}}"}, headers=headers)
    yield Sent("DELETE", path, headers={"Authorization": "Bearer {{initial.token}}"})


PROTOCOL: dict[str, Callable[[World], Iterator[Sent]]] = {
    "/oauth/token": _token,
    "/oauth/device_authorization": _begin,
    "/oauth/par": _push,
    "/oauth/introspect": _about_a_token("/oauth/introspect"),
    "/oauth/revoke": _about_a_token("/oauth/revoke"),
    "/oauth/userinfo": _userinfo,
    "/oauth/authorize": _authorize,
    "/oauth/authorize/continue": _continue,
    "/oauth/logout": _logout,
    "/oauth/register": _register,
    "/oauth/register/<client_id>": _configure,
    "/consent": _decide("/consent", ("decision", "allow")),
    "/companies/choose": _decide("/companies/choose", ("company", "{{company.atelier-lumen}}")),
}
"""By path, the messages of the protocol."""

NAMES = (
    "acr_values", "access_token", "actor_token", "actor_token_type", "assertion", "audience", "authorization_details",
    "claims", "claims_locales", "client_assertion", "client_assertion_type", "client_id", "client_secret", "code",
    "code_challenge", "code_challenge_method", "code_verifier", "company", "csrf_token", "device_code", "display",
    "dpop_jkt", "grant_type", "id_token_hint", "iss", "login_hint", "logout_token", "max_age", "nonce", "password",
    "post_logout_redirect_uri", "prompt", "redirect_uri", "refresh_token", "registration", "request", "request_uri",
    "requested_token_type", "resource", "response_mode", "response_type", "scope", "state", "subject_token",
    "subject_token_type", "token", "token_type_hint", "ui_locales", "user_code", "username", "continue_to",
    "decision", "lang",
)  # fmt: skip
"""Parameters that somebody may think of adding."""
USUAL: dict[str, tuple[str, ...]] = {
    "grant_type": (
        "authorization_code", "refresh_token", "client_credentials", "password", "implicit",
        "urn:ietf:params:oauth:grant-type:device_code", "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:openid:params:grant-type:ciba",
    ),
    "response_type": ("code", "token", "id_token", "code id_token", "none", ""),
    "response_mode": (
        "query", "fragment", "form_post", "query.jwt", "fragment.jwt", "form_post.jwt", "jwt", "web_message",
    ),
    "prompt": ("none", "login", "consent", "select_account", "create", "none login", "login consent"),
    "max_age": ("0", "1", "300", "-1", "99999999999"),
    "scope": ("openid", "openid email", "offline_access", "companies.read", "company:x", "openid x"),
    "claims": (
        '{"id_token": {"acr": {"essential": true, "values": ["urn:id:acr:2fa"]}}}', '{"userinfo": {"email": null}}',
        '{"id_token": []}', '{"userinfo": {"sub": {"value": "x"}}}', '{"id_token": {"auth_time": 1}}', "[]", "{",
    ),
    "authorization_details": (
        '[{"type": "company"}]', '[{"type": 1}]', "[]", "{}", "[[]]", '[{"type": "x", "actions": null}]',
    ),
    "subject_token_type": ("urn:ietf:params:oauth:token-type:access_token", "urn:ietf:params:oauth:token-type:jwt"),
    "client_assertion_type": (ASSERTION, "x"),
    "code_challenge_method": ("S256", "plain"),
    "acr_values": ("urn:id:acr:2fa", "urn:id:acr:1fa", "0"),
    "token_type_hint": ("access_token", "refresh_token", "x"),
    "display": ("page", "popup", "touch", "wap"),
    "ui_locales": ("fr", "en-GB fr", "xx"),
    "decision": ("allow", "deny"),
}  # fmt: skip
"""By parameter, values that mean something somewhere."""
