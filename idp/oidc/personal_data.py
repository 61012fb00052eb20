"""Everything that is held about a person, from all floors: its export, and its erasure in one transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from idp.accounts import personal_data as accounts
from idp.accounts import profile
from idp.accounts.personal_data import children, of
from idp.audit import log as audit
from idp.authn import notices
from idp.authn import personal_data as authn
from idp.authn.models import Session
from idp.companies import erasure
from idp.companies import personal_data as companies
from idp.companies.models import Company, SupportCase
from idp.core.errors import Conflict
from idp.oidc.models import (
    AuthorizationCode,
    Client,
    Consent,
    ConsentCompany,
    DeviceRequest,
    Grant,
    IdempotentCall,
    LogoutDelivery,
    RefreshToken,
)
from idp.work import Work

FORMAT = 1
HELD = (
    children("logout_deliveries", LogoutDelivery, "session_id", Session),
    of("authorization_codes", AuthorizationCode, secret="digest code_challenge nonce"),
    of("device_requests", DeviceRequest, secret="device_digest user_code_digest"),
    children("refresh_tokens", RefreshToken, "grant_id", Grant, "digest successor"),
    of("grants", Grant),
    children("companies_of_consents", ConsentCompany, "consent_id", Consent),
    of("consents", Consent),
    of("calls_of_the_api", IdempotentCall, secret="key_digest body_digest answer"),
)
ALL = (*HELD, *companies.HELD, *authn.HELD, *accounts.HELD)
"""In the order of an erasure: what names a row goes before it."""


def export(work: Work, account_id: UUID) -> dict[str, Any]:
    """Everything held about a person, for the person: sections of rows, and the names of what their keys name.

    Noted in the audit log, and told to every address: whoever has it knows much.

    Raises:
        Conflict: the account was erased, so nothing is left (`reason="erased"`).
    """
    work.write()
    account = profile.get(work, account_id)
    if account.status == "erased":
        raise Conflict(reason="erased")
    sections = accounts.export(work, account_id, reversed(ALL))
    told = {
        "format": FORMAT,
        "made_at": _moment(work.now),
        "service": work.issuer,
        "subject": account.subject,
        "names": _names(work, sections),
        "held": sections,
    }
    notices.tell(work, account_id, "data_exported")
    audit.record(work, "account.data_exported", ("account", account_id))
    return told


def carry_out(work: Work, case: SupportCase) -> bool:
    """Do a case of erasure whose time has come, wholly or not at all; see `support_due`.

    Raises:
        Conflict: the account does not wait for it any more, or its holder has come to run a company meanwhile.
    """
    erasure.erase(work, case.account_id, ALL)
    return True


def _names(work: Work, sections: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, str]]:
    """What the keys of companies and applications in these sections stand for."""
    rows = [row for section in sections.values() for row in section]
    named = {row[key] for row in rows for key in ("company_id", "firm_id") if row.get(key)}
    clients = {row["client_id"] for row in rows if row.get("client_id")}
    found = work.session.execute(select(Company.id, Company.name).where(Company.id.in_([UUID(key) for key in named])))
    known = work.session.execute(
        select(Client.id, Client.client_id).where(Client.id.in_([UUID(key) for key in clients]))
    )
    return {
        "companies": {str(key): name for key, name in found},
        "applications": {str(key): name for key, name in known},
    }


def _moment(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
