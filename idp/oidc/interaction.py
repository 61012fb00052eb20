"""What is still missing before an authorization request can be answered: a sign-in, a company, consent, or nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from sqlalchemy import select

from idp.authn.session import ACR_ONE, ACR_TWO, Current
from idp.companies import access
from idp.companies.access import Access, Refusal
from idp.oidc import (
    api_clients,
    client_metadata,
    clients,
    consent,
    details,
    requested_claims,
    sectors,
    tokens,
)
from idp.oidc.clients import COMPANY_SCOPE, RegisteredClient
from idp.oidc.models import Grant
from idp.work import Work

KNOWN_ACR = frozenset({ACR_ONE, ACR_TWO})
UNREACHABLE = ""
ANEW = frozenset({"login", "create"})
"""Prompts (OIDC Core §3.1.2.1, Initiating User Registration §4) that a session of before does not answer. What one
chooses for `select_account` is the company that one is going to (token contract), by the session there is: a browser
has one session at a time. Where there is one company, or none to choose, the answer goes out at once."""
UNMET = "unmet_authentication_requirements"


class Need(Enum):
    """What the browser has to be led to; `READY` means that a code can be issued."""

    SIGN_IN = "sign_in"
    COMPANY = "company"
    CONSENT = "consent"
    READY = "ready"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Decision:
    """The next step of a request.

    Attributes:
        need: what is missing.
        company_id: the company the answer is for, once known.
        error: the protocol's error when the client forbids interaction (`prompt=none`).
        reach: what the person may do there, where the answer is for a company.
        refusal: why the person has no access.
        asked: whether the client named the company, so that a refusal goes back to it.
        given_up: the person has done it already and it did not help, or nothing would; the error goes back to the
            client.
        step_up: the session is strong enough, and a second factor alone has to be proved again.
    """

    need: Need
    company_id: UUID | None = None
    error: str = ""
    reach: Access | None = None
    refusal: Refusal | None = None
    asked: bool = False
    given_up: bool = False
    step_up: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """What a kept request remembers. Nothing binds it to one person, so it holds no proof and no agreement of anybody;
    those are looked up for the person who takes it up."""

    created_at: datetime
    company_id: UUID | None


def next_for(
    work: Work,
    client: RegisteredClient,
    parameters: dict[str, str],
    scope: str,
    current: Current | None,
    kept: Kept | None,
) -> Decision:
    """What is missing, in the order in which the person meets it."""
    parameters = client_metadata.with_defaults(client, parameters)
    prompts = set(parameters.get("prompt", "").split())
    wanted = _wanted(parameters, current)
    if UNREACHABLE in wanted:  # OIDC Core §5.5.1.1: nothing a person could do would reach it
        return Decision(Need.SIGN_IN, error=UNMET, given_up=True)
    if current is None or _reauthentication_due(work, parameters, prompts, current, kept):
        return Decision(Need.SIGN_IN, error="login_required")
    strength = _strength_due(work, client, parameters, current, kept)
    if strength is not None:
        return strength
    if not _is_hinted_at(work, client, parameters, current):
        tried = kept is not None and current.auth_time >= kept.created_at
        return Decision(Need.SIGN_IN, error="login_required", given_up=tried)
    company = _company(work, client, parameters, prompts, current, kept)
    if company.need is not Need.READY:
        return company
    since, asked = agreement_since(parameters, kept), company.company_id
    again = kept is None and "consent" in prompts and not client.trusted
    if again or consent.needed(work, client, current.account_id, scope, company_id=asked, since=since):
        return Decision(Need.CONSENT, company.company_id, error="consent_required")
    return company


def agreement_since(parameters: dict[str, str], kept: Kept | None) -> datetime | None:
    """Since when an agreement counts: with `prompt=consent`, since the request was made."""
    return kept.created_at if kept is not None and "consent" in parameters.get("prompt", "").split() else None


def _reauthentication_due(
    work: Work, parameters: dict[str, str], prompts: set[str], current: Current, kept: Kept | None
) -> bool:
    """Whether the session is too old or too weak for what the client asks (R-41). Who is to make an account comes by
    the sign-in page, where one types whose it is."""
    if prompts & ANEW and (kept is None or current.auth_time < kept.created_at):
        return True
    if _wants_two(parameters, current):
        return False  # the age of the second factor counts, which alone is asked again: `_strength_due`
    return _too_old(work, parameters, current.auth_time, kept)


def _wanted(parameters: dict[str, str], current: Current | None) -> frozenset[str]:
    """The strengths one of which the client asks for: those of `acr_values` that mean something here, as the parameter
    is a wish (OIDC Core §3.1.2.1). What it demands as an essential claim has to be told as it is (§5.5.1.1): the
    session has it, or else this service tells the highest."""
    essential = requested_claims.essential_acr(parameters)
    if essential is None:
        return KNOWN_ACR.intersection(parameters.get("acr_values", "").split())
    if current is not None and current.acr in essential:
        return frozenset({current.acr})
    return frozenset({ACR_TWO if ACR_TWO in essential else UNREACHABLE})


def _wants_two(parameters: dict[str, str], current: Current) -> bool:
    wanted = _wanted(parameters, current)
    return ACR_TWO in wanted and ACR_ONE not in wanted


def _strength_due(
    work: Work, client: RegisteredClient, parameters: dict[str, str], current: Current, kept: Kept | None
) -> Decision | None:
    """What the session lacks of what the client asks with `acr_values` and `max_age` (RFC 9470 §4), or of what every
    role of a product demands, and the API; None when it lacks nothing."""
    asked = _wants_two(parameters, current)
    tried = kept is not None and current.auth_time >= kept.created_at
    demanded = client.product is not None or api_clients.is_for_api(work, client)
    if current.acr != ACR_TWO and (asked or demanded):
        error = UNMET if tried else "login_required"
        return Decision(Need.SIGN_IN, error=error, given_up=tried)
    if asked and _too_old(work, parameters, current.second_factor_at, kept):
        return Decision(Need.SIGN_IN, error="login_required", step_up=True)
    return None


def _too_old(work: Work, parameters: dict[str, str], proved_at: datetime | None, kept: Kept | None) -> bool:
    """Whether a proof of this instant, or none at all, is beyond `max_age`; a proof given since the request was made
    always counts."""
    max_age = parameters.get("max_age")
    if max_age is None:
        return False
    if proved_at is None:
        return True
    if kept is not None and proved_at >= kept.created_at:
        return False
    asked_at = kept.created_at if kept else work.now
    return max_age == "0" or proved_at + timedelta(seconds=int(max_age)) < min(work.now, asked_at)


def _is_hinted_at(work: Work, client: RegisteredClient, parameters: dict[str, str], current: Current) -> bool:
    """Whether the session is that of the person the client means, if it says so (OIDC Core §3.1.2.1, §5.5.1, R-41)."""
    meant = requested_claims.subject(parameters)
    if meant is not None and sectors.subject(work, client, current.subject) not in meant:
        return False
    hint = parameters.get("id_token_hint")
    if hint is None:
        return True
    claims = tokens.verify(work, hint, "JWT")
    if claims is None:
        return False
    named = clients.find(work, str(claims.get("aud")))
    return sectors.subject_read(work, named, claims.get("sub")) == current.subject


def _company(
    work: Work,
    client: RegisteredClient,
    parameters: dict[str, str],
    prompts: set[str],
    current: Current,
    kept: Kept | None,
) -> Decision:
    """The company the token will be for (token contract, "Choosing the company")."""
    if client.product is None:
        return Decision(Need.READY)
    asked = asked_company(parameters)
    if asked is not None:
        company_id, named = _identifier(asked), True
    elif kept is not None and kept.company_id is not None:
        company_id, named = kept.company_id, False
    else:
        number, company_id = access.only_company(work, current.account_id, client.product)
        named = False
        several = number > 1
        if several and "none" in prompts:
            company_id = last_choice(work, client, current)
            if company_id is None:
                return Decision(Need.COMPANY, error="interaction_required")
        elif several:
            return Decision(Need.COMPANY, error="interaction_required")
    found: Access | Refusal | None
    if company_id is not None:
        found = access.resolve(work, current.account_id, company_id, client.product)
    else:
        found = None if named else access.why_none(work, current.account_id, client.product)
    if found is None or isinstance(found, Refusal):
        return Decision(Need.REFUSED, company_id, "access_denied", refusal=found, asked=named)
    return Decision(Need.READY, company_id, reach=found)


def asked_company(parameters: dict[str, str]) -> str | None:
    """The company a request names: parameter `company`, or `authorization_details`, or the scope `company:<id>`."""
    if "company" in parameters:
        return parameters["company"]
    if (named := details.company(parameters)) is not None:
        return named
    for value in parameters.get("scope", "").split():
        if value.startswith(COMPANY_SCOPE):
            return value.removeprefix(COMPANY_SCOPE)
    return None


def last_choice(work: Work, client: RegisteredClient, current: Current) -> UUID | None:
    """The company of this session's latest token for this client."""
    return work.session.scalar(
        select(Grant.company_id)
        .where(Grant.session_id == current.session_id, Grant.client_id == client.id, Grant.company_id.is_not(None))
        .order_by(Grant.last_used_at.desc(), Grant.id.desc())
        .limit(1)
    )


def _identifier(value: str) -> UUID | None:
    try:
        return UUID(value)
    except ValueError:
        return None
