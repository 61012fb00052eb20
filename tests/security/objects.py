"""What to put for each parameter of a path: something of the person's own or of the company, and somebody else's.

A parameter that is not known here stops the test of the routes with a sentence that says so.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from idp.accounts import email_address
from idp.accounts.models import RecoveryContact
from idp.authn.models import Session, TotpAuthenticator, TrustedDevice
from idp.cli import demo_data
from idp.companies import (
    access,
    assignment,
    client_group,
    colleague_request,
    company,
    firm_invitation,
    mandate,
    mandate_request,
    membership,
    role,
    subscription,
    subscription_request,
)
from idp.companies.mandate_scope import Scope
from idp.companies.models import (
    Assignment,
    ClientGroup,
    ColleagueRequest,
    CustomRole,
    FirmInvitation,
    FirstUser,
    Invitation,
    Mandate,
    MandateRequest,
    Membership,
    Onboarding,
    ProductRole,
    SubscriptionRequest,
    SupportCase,
)
from idp.core.settings import ROOT
from idp.oidc import clients, consent, permission_sets
from idp.oidc.models import Client, Consent, ConsentCompany, Grant, PermissionSet
from idp.work import Actor, Work
from tests.security import cast
from tests.stage import Stage

NOT_A_TOKEN = "x" * 43
OTHER_FIRM = "other-firm"


class Unknown(AssertionError):
    """A parameter of which nothing is known."""


def _first(column: Any, account: Any) -> Callable[[Work, UUID], str | None]:
    def find(work: Work, account_id: UUID) -> str | None:
        found = work.session.scalar(select(column).where(account == account_id).order_by(column).limit(1))
        return str(found) if found else None

    return find


def _application(work: Work, account_id: UUID) -> str | None:
    query = select(Client.client_id).join(Grant, Grant.client_id == Client.id).where(Grant.account_id == account_id)
    return work.session.scalar(query.limit(1))


def _trusted(work: Work, account_id: UUID) -> str | None:
    d = TrustedDevice
    query = select(d.id).where(d.account_id == account_id, d.skips_second_factor, d.expires_at > work.now)
    found = work.session.scalar(query.limit(1))
    return str(found) if found else None


OWN: dict[str, Callable[[Work, UUID], str | None]] = {
    "key": _first(TotpAuthenticator.id, TotpAuthenticator.account_id),
    "contact_id": _first(RecoveryContact.id, RecoveryContact.account_id),
    "session_id": _first(Session.id, Session.account_id),
    "trusted_id": _trusted,
    "client_id": _application,
}
"""By parameter, what a person has of it."""


def _listed(work: Work, company_id: UUID) -> str | None:
    query = select(FirstUser.id).join(Onboarding, Onboarding.id == FirstUser.onboarding_id)
    found = work.session.scalar(query.where(Onboarding.company_id == company_id).limit(1))
    return str(found) if found else None


def _given(column: Any) -> Callable[[Work, UUID], str | None]:
    """Of what a firm gave a colleague at a client by name: the same one whatever is asked of it."""

    def find(work: Work, firm_id: UUID) -> str | None:
        a = Assignment
        named = select(column).select_from(a).join(Mandate, Mandate.id == a.mandate_id).where(a.firm_id == firm_id)
        found = work.session.scalar(named.where(a.ended_at.is_(None)).order_by(a.created_at, a.id).limit(1))
        return str(found) if found else None

    return find


def _member(work: Work, company_id: UUID) -> str | None:
    """Somebody who may be changed by everybody who may change people there: who is asked about asks nothing here."""
    names = {cast.LUMEN: "camille.roux", cast.ROOFS: "luc.wouters", cast.FIRM: "lotte.peeters"}
    where = company.get(work, company_id)
    if where.reference not in names:
        return _given(Assignment.account_id)(work, company_id)
    address = demo_data.address_of(ROOT / "policies", names[where.reference])
    found = email_address.find_account(work, email_address.canonical(address))
    assert found is not None
    return str(found.id)


def _mandate(side: Any) -> Callable[[Work, UUID], str | None]:
    """One that is over: what is asked about it changes nothing for the people who ask."""

    def find(work: Work, company_id: UUID) -> str | None:
        over = Mandate.state.in_(("ended", "refused"))
        found = work.session.scalar(select(Mandate.id).where(over, side == company_id).order_by(Mandate.id).limit(1))
        return str(found) if found else None

    return find


def _role(work: Work, company_id: UUID) -> str | None:
    r = CustomRole
    query = select(r.id).where(r.company_id == company_id, r.product == PLAIN["product"], r.deleted_at.is_(None))
    found = work.session.scalar(query.order_by(r.created_at).limit(1))
    return str(found) if found else None


def _everywhere(column: Any) -> Callable[[Work, UUID], str | None]:
    """Of what a firm gave a colleague at every client."""

    def find(work: Work, firm_id: UUID) -> str | None:
        a, m = Assignment, Membership
        query = select(column).select_from(a).join(m, m.account_id == a.account_id).where(m.company_id == a.firm_id)
        query = query.where(
            a.firm_id == firm_id, a.mandate_id.is_(None), a.ended_at.is_(None), m.unique_role.is_(False)
        )
        found = work.session.scalar(query.order_by(a.created_at, a.id).limit(1))
        return str(found) if found else None

    return find


def _with_a_role(work: Work, company_id: UUID) -> str | None:
    """An ordinary member with a role in the product that stands in paths."""
    r, m = ProductRole, Membership
    query = select(r.account_id).join(m, m.id == r.membership_id).where(r.company_id == company_id)
    query = query.where(r.product == PLAIN["product"], r.ended_at.is_(None), m.company_role == "company.member")
    found = work.session.scalar(query.order_by(r.created_at, r.id).limit(1))
    return str(found) if found else None


def _product(work: Work, company_id: UUID) -> str:
    """A product in which everybody who may change roles there has one to give."""
    return "practice" if company.get(work, company_id).kind == "firm" else PLAIN["product"]


def _authorised(work: Work, company_id: UUID) -> str | None:
    """An application of somebody else's that acts in this company alone."""
    query = select(Consent.client_id).join(ConsentCompany, ConsentCompany.consent_id == Consent.id)
    found = work.session.scalar(query.where(ConsentCompany.company_id == company_id).limit(1))
    return str(found) if found else None


WITHIN: dict[str, Callable[[Work, UUID], str | None]] = {
    "account_id": _member,
    "application_id": _authorised,
    "assignment_id": _given(Assignment.id),
    "client_id": _given(Mandate.company_id),
    "group_id": _first(ClientGroup.id, ClientGroup.firm_id),
    "role_id": _role,
    "request_id": _first(ColleagueRequest.id, ColleagueRequest.company_id),
    "listed_id": _listed,
    "asked_id": _first(SubscriptionRequest.id, SubscriptionRequest.company_id),
    "mandate_id": _mandate(Mandate.company_id),
    "received_id": _mandate(Mandate.firm_id),
    "invitation_id": _first(Invitation.id, Invitation.company_id),
    "wish_id": _first(MandateRequest.id, MandateRequest.firm_id),
    "invited_id": _first(FirmInvitation.id, FirmInvitation.company_id),
    "sent_id": _first(MandateRequest.id, MandateRequest.firm_id),
}
"""By parameter, what a company has of it."""

AT: dict[str, dict[str, Callable[[Work, UUID], str | None]]] = {
    "/api/v1/companies/<uuid:company_id>/memberships/<uuid:account_id>/roles/<product>": {"account_id": _with_a_role},
    "/api/v1/companies/<uuid:company_id>/mandates/<uuid:mandate_id>": {
        "mandate_id": _first(Mandate.id, Mandate.company_id)
    },
    "/api/v1/companies/<uuid:company_id>/mandates/<uuid:mandate_id>/people": {
        "mandate_id": _first(Mandate.id, Mandate.company_id)
    },
    "/companies/<uuid:firm_id>/colleagues/<uuid:account_id>/assignments/<uuid:assignment_id>": {
        "account_id": _everywhere(Assignment.account_id), "assignment_id": _everywhere(Assignment.id),
    },
}  # fmt: skip
AT |= {
    f"/companies/<uuid:company_id>/accountants/<uuid:mandate_id>{act}": {
        "mandate_id": _first(Mandate.id, Mandate.company_id)
    }
    for act in ("", "/change", "/confirm", "/end", "/hand-over", "/keep", "/withdraw")
}
AT |= {
    f"/companies/<uuid:company_id>/people/<uuid:account_id>/roles/<product>{act}": {"product": _product}
    for act in ("", "/remove")
}
"""By path, what to put there instead."""

OF_BOTH = frozenset(
    {
        "/companies/<uuid:company_id>/people/<uuid:account_id>/explain",
        "/companies/<uuid:company_id>/log/on/<uuid:account_id>",
        "/api/v1/companies/<uuid:company_id>/access/<uuid:account_id>",
        "/api/v1/companies/<uuid:company_id>/access/<uuid:account_id>/explanation",
    }
)
"""Paths on which a colleague of a firm is somebody of its client too."""

PLAIN = {
    "token": NOT_A_TOKEN, "filename": "style.css", "name": "access-token", "set_id": "x", "client_id": "x",
    "kind": "reset-2fa", "product": "accounting", "role": "accounting.reader",
    "user_code": "WDJB-MJHT",
}  # fmt: skip
"""By parameter, what is the same for everybody."""

FORMS: dict[str, dict[str, str]] = {"POST /account/requests/<uuid:request_id>": {"outcome": "declined"}}
"""By route, what to send where a form is read before anything else is asked; nothing for the others."""

QUERIES = {"GET /api/v1/companies/<uuid:company_id>/access/<uuid:account_id>/explanation": "product=accounting"}
"""By operation of the API, the parameters without which nothing is looked for."""

_API = "/api/v1/companies/<uuid:company_id>"
BODIES: dict[str, dict[str, Any]] = {
    f"POST {_API}/mandates/<uuid:mandate_id>/confirm": {"address": "a@b.example", "preset": "review"},
    f"PUT {_API}/mandates/<uuid:mandate_id>/scope": {"preset": "review"},
    f"POST {_API}/mandates/<uuid:mandate_id>/hand-over": {
        "successor_id": str(uuid4()), "until_at": "2099-01-01T00:00:00Z"
    },
    "PUT /api/v1/companies/<uuid:company_id>/memberships/<uuid:account_id>/company-role": {
        "company_role": "company.member"
    },
    f"PATCH {_API}/client-groups/<uuid:group_id>": {"name": "Another name"},
    f"PUT {_API}/clients/<uuid:client_id>/groups": {"groups": []},
    f"PUT {_API}/memberships/<uuid:account_id>/services": {"services": []},
    "POST /api/v1/companies/<uuid:company_id>/memberships/<uuid:account_id>/roles": {
        "product": "accounting", "role": "accounting.reader"
    },
}  # fmt: skip
"""By operation of the API, what to send where the object is only looked for once the body can be read."""

BY_RULE = {
    ("POST /operations/cases/<uuid:case_id>/approve", "olivier.renard"): "opened that very case",
    ("POST /api/v1/operations/cases/<uuid:case_id>/approve", "extra.privacy"): "approves erasures, and this is none",
}
"""By route and person, why a rule about the object itself refuses (403) what the line would allow."""


def prepare(stage: Stage) -> None:
    """Make what the demonstration lacks."""
    for reference, name in {cast.LUMEN: "ines.moreau", cast.ROOFS: "mehdi.haddad"}.items():
        person, company_id = stage.person(name), stage.company(reference)
        with stage.work() as work:
            acting = work.acting(Actor("account", person.id))
            colleague_request.ask(acting, company_id, name="A colleague", address=f"colleague@{reference}.example")
            _begin(work, company_id, f"somebody@{reference}.example")
            _refused(work, company_id, reference)
            firm_invitation.invite(
                work, company_id, address=f"marc@{reference}.example", scope=Scope("review"), locale="fr-FR"
            )
    with stage.work() as work:
        _refused(work, stage.company(cast.FIRM), cast.FIRM)
    for reference, name in {cast.LUMEN: "ines.moreau", cast.ROOFS: "mehdi.haddad", cast.FIRM: "karim.benali"}.items():
        party = stage.register(trusted=False, names={"en": f"Ledger of {reference}"})
        with stage.work() as work:
            client, company_id = clients.get(work, party.client_id), stage.company(reference)
            consent.give(work, client, stage.person(name).id, "openid", company_id=company_id)
    for reference, name in {cast.LUMEN: "amelie.dubois", cast.ROOFS: "joris.vanderlinden"}.items():
        person, company_id = stage.person(name), stage.company(reference)
        with stage.work() as work:
            acting = work.acting(Actor("account", person.id))
            subscription_request.ask(acting, company_id, plan="business", seats_asked=None)
    with stage.work() as work:
        firm = stage.company(cast.FIRM)
        client_group.create(work, firm, "A group")
        names = {"name": "A role", "labels": {"en": "A role"}}
        mandate_request.ask(work, firm, address="somebody@elsewhere.example", preset="review")
        role.create_custom(work, firm, PLAIN["product"], permissions=["accounting.journals.view"], **names)
        _other_firm(work, stage.person("chloe.fontaine").id)
        _named_set(work, stage)


def _other_firm(work: Work, account_id: UUID) -> None:
    """Another firm, with a client, somebody who works there, and a group: for what is not the first firm's."""
    place = {"country": "FR", "city": "Lille", "locale": "fr-FR"}
    firm = company.create(work, reference=OTHER_FIRM, name="Another firm", kind="firm", **place)
    client = company.create(work, reference="other-client", name="Another client", kind="company", **place)
    for each, plan, product in ((firm, "practice", "practice"), (client, "team", "accounting")):
        subscription.start(work, each.id, plan=plan)
        subscription.set_state(work, each.id, product, "active")
    membership.add(work, firm.id, account_id, company_role="company.member")
    membership.grant_role(work, firm.id, account_id, "practice", role_id="practice.accountant")
    made = mandate.record(work, client.id, firm.id, preset="full-file", way="client-invites")
    mandate.confirm(work, made.id)
    accountant = {"product": "accounting", "role_id": "accounting.accountant"}
    assignment.give(work, firm.id, account_id, client_id=client.id, **accountant)
    client_group.create(work, firm.id, "A group of others")
    for each in (firm.id, company.find(work, cast.FIRM).id):
        mandate_request.ask(work, each, address="nobody@nowhere.example", preset="review")


def _named_set(work: Work, stage: Stage) -> None:
    """A set of permissions that a token has named."""
    reached = access.resolve(work, stage.person("ines.moreau").id, stage.company(cast.LUMEN), PLAIN["product"])
    assert isinstance(reached, access.Access)
    permission_sets.remember(work, reached)


def known_set(stage: Stage) -> str:
    """One that is known; it belongs to no company."""
    with stage.work(write=False) as work:
        return str(work.session.scalar(select(PermissionSet.id).order_by(PermissionSet.id).limit(1)))


def _refused(work: Work, company_id: UUID, reference: str) -> None:
    """A mandate that a firm of no concern has refused."""
    place = {"country": "BE", "city": "Namur", "locale": "fr-BE"}
    firm = company.create(work, reference=f"firm-of-{reference}", name="Cabinet", kind="firm", **place)
    made = mandate.record(work, company_id, firm.id, preset="review", way="client-invites", news=False)
    mandate.refuse(work, made.id)


def _begin(work: Work, company_id: UUID, address: str) -> None:
    """First steps that are not finished, with somebody on the list."""
    begun = {"company_id": company_id, "address": address, "canonical": address, "locale": "fr-FR"}
    times = {"created_at": work.now, "accepted_at": work.now}
    work.session.add(Onboarding(id=uuid4(), users="due", services="due", made_account=True, **begun, **times))
    work.session.flush()
    key = work.session.scalar(select(Onboarding.id).where(Onboarding.company_id == company_id))
    listed = {"given_name": "Some", "family_name": "Body", "address": address, "canonical": address}
    roles = {"capture": "capture.reader"}
    work.session.add(
        FirstUser(id=uuid4(), onboarding_id=key, locale="fr-FR", roles=roles, created_at=work.now, **listed)
    )


def trust_browsers(stage: Stage) -> None:
    """Make the browsers in which people have signed in trusted ones."""
    with stage.work() as work:
        work.session.execute(update(TrustedDevice).values(skips_second_factor=True))


def case_about(work: Work, permission: str) -> str:
    """A case that takes this permission to work on."""
    kind = "sharing" if "sharing" in permission else "reset-2fa"
    return str(work.session.scalar(select(SupportCase.id).where(SupportCase.kind == kind)))


def nothing() -> str:
    """A key that nothing has."""
    return str(uuid4())
