"""How tokens are bound to those who may use them: to a key they prove to hold (DPoP, RFC 9449).

A token says so in its claim `cnf` (RFC 7800 §3). What is bound stays bound: a grant remembers to what its first token
was bound, and a token is refused wherever it comes without what it is bound to.
"""

from typing import Any, NamedTuple

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError

from idp.audit import log as audit
from idp.oidc import dpop
from idp.oidc.clients import RegisteredClient
from idp.oidc.dpop import InvalidProof, Proof
from idp.work import Work

OTHER_KEY = "is bound to another key."


class Unproved(OAuth2Error):
    """RFC 9449 §7.1: the token comes without what it is bound to."""

    error = "invalid_token"


class Binding(NamedTuple):
    """To what the tokens of an answer are bound.

    Attributes:
        jkt: the thumbprint of a key (RFC 9449 §6.1).
    """

    jkt: str

    @property
    def cnf(self) -> dict[str, str]:
        """The claim."""
        return {"jkt": self.jkt}

    @property
    def token_type(self) -> str:
        return "DPoP"


class Presented(NamedTuple):
    """An access token as it came with a request for a resource.

    Attributes:
        scheme: of the header `Authorization`, in small letters.
        addresses: of the request, without query.
    """

    token: str
    scheme: str
    method: str
    addresses: tuple[str, ...]
    proof: str | None = None


def settle(work: Work, client: RegisteredClient, proof: Proof | None) -> Binding | None:
    """To what the tokens are bound that this request is answered with; None for bearer tokens. The proof is used up.

    Raises:
        InvalidProof: it was used before, or is missing and this client's tokens are always bound.
    """
    if proof is None:
        if client.options.dpop_bound_access_tokens:
            raise InvalidProof("is missing")
        return None
    try:
        dpop.spend(work, proof)
    except InvalidProof:
        _refused(work, client.client_id, "proof_used")
        raise
    return Binding(proof.jkt)


def token_type(bound: Binding | None) -> str:
    """What an answer says of its access token (RFC 6749 §7.1, RFC 9449 §5)."""
    return bound.token_type if bound is not None else "Bearer"


def check_announced(jkt: str | None) -> None:
    """The parameter `dpop_jkt` of an authorization request (RFC 9449 §10).

    Raises:
        InvalidRequestError: it is no thumbprint.
    """
    if jkt is not None and not dpop.is_thumbprint(jkt):
        raise InvalidRequestError("Invalid 'dpop_jkt'.")


def check_code(work: Work, client: RegisteredClient, jkt: str | None, bound: Binding | None) -> None:
    """A code that was asked for with a key is redeemed with that key (RFC 9449 §10).

    Raises:
        InvalidGrantError: with another one, or none.
    """
    if jkt is not None and (bound is None or bound.jkt != jkt):
        _refused(work, client.client_id, "other_key")
        raise InvalidGrantError(f"The code {OTHER_KEY}")


def check_refresh(work: Work, client: RegisteredClient, cnf: dict[str, str] | None, bound: Binding | None) -> None:
    """What a refresh has to prove for a grant whose tokens are bound: a public client that it holds the same key
    (RFC 9449 §5); a confidential one has authenticated, so its key may be a new one, but there must be one.

    Raises:
        InvalidProof: nothing is proved.
        InvalidGrantError: another key.
    """
    if cnf is None:
        return
    if bound is None:
        raise InvalidProof("is missing")
    if client.public and bound.cnf != cnf:
        _refused(work, client.client_id, "other_key")
        raise InvalidGrantError(f"The refresh token {OTHER_KEY}")


def prove(work: Work, signed: dict[str, Any], presented: Presented) -> None:
    """That a request by the scheme DPoP proves the key its token is bound to (RFC 9449 §7.1). The proof is used up.

    Raises:
        Unproved: the token is bound to another key, or to none.
        InvalidProof: the proof is missing or wrong, or was used before.
        NonceNeeded: it lacks the nonce.
    """
    if presented.proof is None:
        raise InvalidProof("is missing")
    proof = dpop.check(
        work, presented.proof,
        method=presented.method, addresses=presented.addresses, access_token=presented.token,
    )  # fmt: skip
    jkt = signed.get("cnf", {}).get("jkt")
    if jkt != proof.jkt:
        raise Unproved(f"The token {OTHER_KEY}" if jkt else "The token is not bound to a key.")
    try:
        dpop.spend(work, proof)
    except InvalidProof:
        _refused(work, signed["client_id"], "proof_used")
        raise


def check_bearer(signed: dict[str, Any]) -> None:
    """That a token may be used by whoever has it, so that the scheme Bearer does (RFC 9449 §7.2).

    Raises:
        Unproved: it is bound.
    """
    if "cnf" in signed:
        raise Unproved("The token is bound to a key, so it counts by the scheme DPoP alone.")


def _refused(work: Work, client_id: str, reason: str) -> None:
    audit.record(work, "binding.refused", ("client", client_id), outcome="refused", reason=reason)
