"""Which addresses a client may register: an allow-list of our own, stricter than the library's (R-43, fact 3)."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from idp.core.errors import InvalidInput
from idp.core.settings import LOOPBACK

MAX_LENGTH = 2000
_PRIVATE_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*\.[a-z0-9+.-]*$")  # RFC 8252 §7.1: a reversed domain name
_LOOPBACK = re.compile(
    r"(?P<host>http://(?:127\.0\.0\.1|\[::1\])):(?P<port>[1-9][0-9]{0,4})(?P<rest>(?:[/?][\x21-\x7e]*)?)"
)
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\uffff<>\"\\^`{|}*]")


def redirect_uri(value: object, *, native: bool, field: str = "redirect_uris") -> str:
    """An address to which authorization answers may be sent, exactly as registered (R-25).

    Args:
        native: a public client may also use a private scheme (RFC 8252 §7.1).

    Raises:
        InvalidInput: anything but https, http on a loopback address, or a private scheme where allowed; with
            credentials, a fragment, a wildcard, or a link-local host.
    """
    text, parts = _split(value, field)
    if parts.fragment or "#" in text:
        raise InvalidInput(field=field, reason="has a fragment")
    if parts.scheme in ("https", "http"):
        return _web(text, parts, field, loopback_http=True)
    if native and _PRIVATE_SCHEME.match(parts.scheme) and not parts.netloc:
        return text
    raise InvalidInput(field=field, reason="needs https, or http on a loopback address")


def fetched_uri(value: object, *, field: str, development: bool) -> str:
    """An address this service will call itself: https; http on a loopback address in development only.

    Raises:
        InvalidInput: as for `redirect_uri`.
    """
    text, parts = _split(value, field)
    if parts.fragment or "#" in text:
        raise InvalidInput(field=field, reason="has a fragment")
    if parts.scheme not in ("https", "http"):
        raise InvalidInput(field=field, reason="needs https")
    return _web(text, parts, field, loopback_http=development)


def framed_uri(value: object, beside: list[str], *, field: str, development: bool) -> str:
    """An address that a page of this service shows in a frame: as for `fetched_uri`, and of an origin of the client's
    own, which is that of a redirect address (Front-Channel Logout §2).

    Raises:
        InvalidInput: as for `fetched_uri`, or another origin.
    """
    text = fetched_uri(value, field=field, development=development)
    if page_origin(text) not in map(page_origin, beside):
        raise InvalidInput(field=field, reason="has another origin than the redirect addresses")
    return text


def page_origin(address: str) -> str:
    """The origin of an address as browsers send it (RFC 6454 §6.1): lower case, without the port that its scheme has
    anyway. An address without a host has none, and answers an empty text."""
    parts = urlsplit(address)
    if not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port and parts.port != usual else "")


def is_private(value: str) -> bool:
    """Whether a checked address has a private scheme, which a native application has claimed (RFC 8252 §7.1)."""
    return not value.startswith(("https:", "http:"))


def matches(registered: tuple[str, ...], sent: str, *, native: bool) -> bool:
    """Whether a redirect address is one of the registered ones: equal as strings; only the port of a loopback
    *IP* address is free, for native apps (RFC 8252 §7.3), which are public clients."""
    if sent in registered or not native:
        return sent in registered
    found = _LOOPBACK.fullmatch(sent)  # which takes no line break either: the answer would carry it
    return found is not None and int(found["port"]) < 2**16 and f"{found['host']}{found['rest']}" in registered


def origin(value: str) -> str:
    """Scheme, host and port of an address, for a Content-Security-Policy."""
    parts = urlsplit(value)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def _split(value: object, field: str) -> tuple[str, SplitResult]:
    if not isinstance(value, str) or not value or len(value) > MAX_LENGTH or _FORBIDDEN.search(value):
        raise InvalidInput(field=field, reason="is not an address")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError as error:
        raise InvalidInput(field=field, reason="is not an address") from error
    if parts.scheme != value.split(":", 1)[0]:
        raise InvalidInput(field=field, reason="has a scheme in capital letters")
    return value, parts


def _web(text: str, parts: SplitResult, field: str, *, loopback_http: bool) -> str:
    host = parts.hostname
    if not host or parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise InvalidInput(field=field, reason="needs a host and no credentials")
    try:
        address = ipaddress.ip_address(host)
        loopback = address.is_loopback
        if not loopback and (address.is_link_local or address.is_unspecified or address.is_multicast):
            raise InvalidInput(field=field, reason="names a link-local or reserved host")
    except ValueError:
        loopback = host in LOOPBACK
    if parts.scheme == "http" and not (loopback and loopback_http):
        raise InvalidInput(field=field, reason="needs https")
    return text
