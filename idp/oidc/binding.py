"""How tokens are bound to those who may use them: to a key they prove to hold (DPoP, RFC 9449), to the certificate they
show (RFC 8705), or to both.

A token says so in its claim `cnf` (RFC 7800 §3). What is bound stays bound: a grant remembers to what its first token
was bound, and a token is refused wherever it comes without what it is bound to.
"""

from typing import Any, NamedTuple

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidRequestError

from idp.audit import log as audit
from idp.oidc import client_options, clients, dpop
from idp.oidc.certificates import Shown
from idp.oidc.clients import RegisteredClient
from idp.oidc.dpop import InvalidProof, Proof
from idp.oidc.foreign import Unacceptable
from idp.work import Work

KEY, CERTIFICATE = "jkt", "x5t#S256"
OTHER_KEY = "is bound to another key."


class Unproved(OAuth2Error):
    """RFC 9449 §7.1: the token comes without what it is bound to."""

    error = "invalid_token"


class Binding(NamedTuple):
    """To what the tokens of an answer are bound.

    Attributes:
        jkt: the thumbprint of a key (RFC 9449 §6.1).
        certificate: the thumbprint of a certificate (RFC 8705 §3.1).
    """

    jkt: str | None
    certificate: str | None = None

    @property
    def cnf(self) -> dict[str, str]:
        """The claim."""
        key = {KEY: self.jkt} if self.jkt is not None else {}
        return key if self.certificate is None else {**key, CERTIFICATE: self.certificate}


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
    certificate: Shown | None = None


def settle(work: Work, client: RegisteredClient, proof: Proof | None, shown: Shown | None) -> Binding | None:
    """To what the tokens are bound that this request is answered with; None for bearer tokens. The proof is used up.

    Raises:
        InvalidProof: it was used before, or is missing and this client's tokens are always bound.
        InvalidRequestError: this client's tokens are bound to its certificate, and there is none that does.
    """
    options = client.options
    certificate = _thumbprint(work, shown) if options.tls_client_certificate_bound_access_tokens else None
    if proof is None:
        if options.dpop_bound_access_tokens:
            raise InvalidProof("is missing")
        return Binding(None, certificate) if certificate is not None else None
    dpop.spend(work, proof)
    return Binding(proof.jkt, certificate)


def _thumbprint(work: Work, shown: Shown | None) -> str:
    if shown is None:
        raise InvalidRequestError("The client certificate is missing.")
    try:
        return shown.read(work).thumbprint
    except Unacceptable as error:
        raise InvalidRequestError(f"The client certificate {error}.") from error


def token_type(bound: Binding | None) -> str:
    """What an answer says of its access token (RFC 6749 §7.1, RFC 9449 §5, RFC 8705 §3)."""
    return "DPoP" if bound is not None and bound.jkt is not None else "Bearer"


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
        _refused(work, client.client_id, "code")
        raise InvalidGrantError(f"The code {OTHER_KEY}")


def check_refresh(work: Work, client: RegisteredClient, cnf: dict[str, str] | None, bound: Binding | None) -> None:
    """What a refresh has to prove for a grant whose tokens are bound: a public client that it holds the same key
    or certificate (RFC 9449 §5, RFC 8705 §4); a confidential one has authenticated, so its key may be a new one, but
    there must be one.

    Raises:
        InvalidProof: nothing is proved.
        InvalidGrantError: another key, or another certificate.
    """
    if cnf is None:
        return
    proved = bound.cnf if bound is not None else {}
    if KEY in cnf and KEY not in proved:
        raise InvalidProof("is missing")
    if client.public and any(proved.get(name) != value for name, value in cnf.items()):
        _refused(work, client.client_id, "refresh_token")
        raise InvalidGrantError(f"The refresh token {OTHER_KEY}")


def read_proof(work: Work, presented: Presented) -> Proof:
    """The proof that came with a token by the scheme DPoP (RFC 9449 §7.1), not used up yet.

    Raises:
        InvalidProof: it is missing, or wrong.
        NonceNeeded: it lacks the nonce.
    """
    if presented.proof is None:
        raise InvalidProof("is missing")
    return dpop.check(
        work, presented.proof,
        method=presented.method, addresses=presented.addresses, access_token=presented.token,
    )  # fmt: skip


def check(work: Work, signed: dict[str, Any], presented: Presented, proof: Proof | None) -> None:
    """That a token comes with what it is bound to: the key, which the proof then has been used up for, and the
    certificate (RFC 9449 §7, RFC 8705 §3).

    Raises:
        Unproved: it does not, or the scheme is not its own.
        InvalidProof: the proof was used before, or is signed by an algorithm that does not count for this client.
    """
    cnf = signed.get("cnf")
    if cnf is None and proof is None:
        return
    bound: dict[str, str] = cnf or {}
    if proof is None and KEY in bound:
        raise Unproved("The token is bound to a key, so it counts by the scheme DPoP alone.")
    if CERTIFICATE in bound and _shown(work, presented.certificate) != bound[CERTIFICATE]:
        raise Unproved("The token is bound to another certificate.")
    if proof is None:
        return
    if bound.get(KEY) != proof.jkt:
        raise Unproved(f"The token {OTHER_KEY}" if KEY in bound else "The token is not bound to a key.")
    if proof.algorithm not in client_options.FAPI:  # or it counts for everybody
        client = clients.find(work, signed["client_id"])
        dpop.allow(proof, client.algorithms if client is not None else ())
    dpop.spend(work, proof)


def _shown(work: Work, certificate: Shown | None) -> str | None:
    try:
        return certificate.read(work).thumbprint if certificate is not None else None
    except Unacceptable:
        return None


def _refused(work: Work, client_id: str, what: str) -> None:
    """Somebody has it who has not the key: it may have been stolen."""
    audit.record(work, "binding.refused", ("client", client_id), outcome="refused", what=what)
