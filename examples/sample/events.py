"""Being told at once that access has changed (security event tokens, RFC 8417, pushed as RFC 8935 says).

Without this a product notices a change with the next access token, ten minutes later at most. With it, the tokens that
the change has made old are refused from the next request on: pages renew theirs, programs are told to (401).
"""

from flask import Blueprint, jsonify, request
from werkzeug.wrappers import Response

from examples.sample.parts import parts
from examples.sample.tokens import LARGEST_TOKEN, ServiceUnavailable, TokenRefused

views = Blueprint("events", __name__)


@views.post("/events")
def receive() -> Response:
    """Take one event. No cookie, no form token: the signature of the token is the authority."""
    here = parts()
    if request.mimetype != "application/secevent+jwt":
        return _answer(400, err="invalid_request", description="application/secevent+jwt is expected")
    token = request.get_data(cache=False)[: LARGEST_TOKEN + 1]
    try:
        change = here.verifier.access_change(token.decode("ascii", "replace"))
    except TokenRefused as refused:
        return _answer(400, err="invalid_request", description=str(refused))  # RFC 8935 §2.4
    except ServiceUnavailable as unavailable:
        return _answer(503, err="unavailable", description=str(unavailable))  # the service may try again
    here.epochs.learn(change)
    return _answer(202)


def _answer(status: int, **body: str) -> Response:
    answer = jsonify(body)
    answer.status_code = status
    answer.headers["Cache-Control"] = "no-store"
    return answer
