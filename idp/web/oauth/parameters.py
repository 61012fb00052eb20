"""The parameters that a browser carries to the protocol, as they came.

What is no UTF-8 in them (RFC 6749 Appendix B) stays what it was, byte for byte, for `oidc.server.once` to refuse and
for `state` to go back; Werkzeug's own reading would make another text of it.
"""

from urllib.parse import parse_qsl

from flask import request

Pairs = tuple[tuple[str, str], ...]
FORM = "application/x-www-form-urlencoded"


def as_sent(text: str) -> Pairs:
    """Those of a query or a form."""
    return tuple(parse_qsl(text, keep_blank_values=True, errors="surrogateescape"))


def of_request() -> Pairs:
    """Those of the body of a POST, which is a form (OIDC Core §13.2), and of the query of everything else."""
    if request.method != "POST":
        return as_sent(request.query_string.decode("ascii"))
    return as_sent(request.get_data().decode("utf-8", "surrogateescape")) if request.mimetype == FORM else ()
