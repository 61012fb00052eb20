"""The stops of the tour: for every page of the application somebody to whom it matters, and what it is about.

A page with more than one face has more than one stop. A route that shows a page and stands neither here nor among those
that show none (test_tour.py) fails the test.
"""

from dataclasses import dataclass, field
from typing import Any

from idp.authn.models import TotpAuthenticator
from idp.companies.models import (
    Assignment,
    ClientGroup,
    CustomRole,
    FirmInvitation,
    Invitation,
    MandateRequest,
    SupportCase,
)
from idp.outbox.models import LocalMail
from tests.browser import becoming, ways
from tests.browser.guide import NOBODY, Guide, Value, Walk

LUMEN, ROOFS, BAKERY, FIRM = "atelier-lumen", "toitures-vanderlinden", "boulangerie-lemaire", "cabinet-deltour"
CLEANING, BOOKS, STUDIO = "clarte-nettoyage", "librairie-des-quais", "studio-mirabelle"
COMPANY, IN_FIRM = "/companies/<uuid:company_id>", "/companies/<uuid:firm_id>"
STAFF, OWNER, ADMIN, HEAD = "olivier.renard", "amelie.dubois", "thomas.lefevre", "nathalie.deltour"


@dataclass(frozen=True)
class Stop:
    """One page as one person meets it.

    Attributes:
        who: a name of the demonstration, nobody, or a way to go first, which leads to the page itself without `rule`s
            parameters.
        query: what stands behind the address.
        status: what the page answers.
        name: of its pictures; made from the address unless given.
        values: what to put for the parameters of the address.
        kept: whether its pictures belong into the documentation.
    """

    rule: str
    who: str | Walk = NOBODY
    query: str = ""
    status: int = 200
    name: str = ""
    values: dict[str, Value] = field(default_factory=dict)
    kept: bool = False


def go(rule: str, who: str | Walk = NOBODY, **about: Any) -> Stop:
    chosen = {key: about.pop(key) for key in ("query", "status", "name", "kept") if key in about}
    return Stop(rule, who, values=about, **chosen)


def at(path: str, who: str | Walk, reference: str, **about: Any) -> Stop:
    return go(COMPANY + path, who, company_id=reference, **about)


def in_firm(path: str, who: str = HEAD, **about: Any) -> Stop:
    return go(IN_FIRM + path, who, firm_id=FIRM, **about)


# --- what is put for a parameter ---


def owned(column: Any, owner: Any, name: str) -> Value:
    return lambda guide: guide.one(column, owner == guide.person(name))


def case(kind: str, state: str | None = None) -> Value:
    also = () if state is None else (SupportCase.state == state,)
    return lambda guide: guide.one(SupportCase.id, SupportCase.kind == kind, *also)


def mandate_of(client: str) -> Value:
    return lambda guide: guide.mandate(client)


def token(recipient: str, page: str) -> Value:
    return lambda guide: guide.token(recipient, page)


def given(name: str, client: str | None) -> Value:
    """What a colleague of the firm was given, at a client or at all of them."""

    def find(guide: Guide) -> Any:
        where = Assignment.mandate_id.is_(None) if client is None else Assignment.mandate_id == guide.mandate(client)
        return guide.one(
            Assignment.id, where, Assignment.account_id == guide.person(name), Assignment.ended_at.is_(None)
        )

    return find


def own_role(reference: str, product: str) -> Value:
    def find(guide: Guide) -> Any:
        of = CustomRole.company_id == guide.stage.company(reference)
        return guide.one(CustomRole.id, of, CustomRole.product == product, CustomRole.deleted_at.is_(None))

    return find


def invitation_to(address: str) -> Value:
    return lambda guide: guide.one(Invitation.id, Invitation.canonical == address)


LEA = "lea.marchand@atelier-lumen.example.com"
LUC = "luc@toitures-vanderlinden.example.com"
PAULE = "paule@cabinet-aubert.example"
LETTER: Value = lambda guide: guide.one(LocalMail.id, LocalMail.recipient == LEA)  # noqa: E731
INVITED: Value = lambda guide: guide.one(FirmInvitation.id)  # noqa: E731
SENT: Value = lambda guide: guide.one(MandateRequest.id)  # noqa: E731
GROUP: Value = lambda guide: guide.one(ClientGroup.id, ClientGroup.name == "Restauration")  # noqa: E731

PUBLIC = [
    go("/sign-in"),
    go("/sign-in/code", ways.at_the_code),
    go("/sign-in/other-ways", ways.at_the_code),
    go("/sign-in/recovery-code", ways.at_the_code),
    go("/sign-in/without-phone", ways.with_recovery_code),
    go("/sign-in/lost-phone", ways.at_the_code),
    go("/sign-in/lost-phone/code", ways.at_the_lost_phone),
    go("/lost-factor/<token>", token=ways.lost_factor_link),
    go("/lost-factor/password", ways.by_lost_factor),
    go("/sign-in/second-factor", ways.without_app),
    go("/sign-in/recovery-contact", ways.with_app),
    go("/sign-in/recovery-contact/code", ways.with_contact),
    go("/sign-in/recovery-codes", ways.with_codes),
    go("/sign-in/keep-account", ways.about_to_be_erased),
    go("/sign-out", ADMIN),
    go("/sign-out/done"),
    go("/reset"),
    go("/reset/<token>", token=ways.reset_link),
    go("/reset/new-password", ways.to_a_new_password),
    go("/recovery"),
    go("/recovery/<token>", token=token("mehdi.h@perso.example.org", "recovery")),
    go("/activation/<token>", token=becoming.activation_link),
    go("/activation/<token>/details", token=becoming.activation_link),
    go("/activation/done", ADMIN),
    go("/not-me/<token>", token=becoming.not_me_link),
    go("/email-change/stop/<token>", token=token("jm@perso.example.org", "email-change/stop")),
    go("/email-change/undo/<token>", status=404, token="x" * 43),
    go("/email-change/confirm/<token>", token=becoming.confirm_link),
    go("/invitation/<token>", token=token(LEA, "invitation"), kept=True),
    go("/invitation/<token>", ADMIN, name="invitation-of-somebody-else", status=409, token=token(LEA, "invitation")),
    go("/invitation/<token>", "luc.wouters", name="invitation-signed-in", token=token(LUC, "invitation")),
    go("/invitation/<token>/account", token=token(LEA, "invitation")),
    go("/invitation/<token>/roles/<product>", token=token(LEA, "invitation"), product="capture"),
    go("/invitation/<token>/refuse", token=token(LEA, "invitation")),
    go("/invitation/<token>/welcome", "luc.wouters", token=becoming.accepted_invitation),
    go("/firm-invitations/<token>", token=token(PAULE, "firm-invitations")),
    go("/firm-invitations/<token>/decline", token=token(PAULE, "firm-invitations")),
    go("/get-started/<token>", token=ways.ordered, kept=True),
    go("/get-started/<token>/address", token=ways.ordered),
    go("/get-started/<token>/address/code", becoming.ordered_elsewhere),
    go("/get-started/again"),
    go("/get-started/from-order", status=410),
    go("/get-started/attach", ways.with_a_company_to_attach),
    go("/dev/mailbox"),
    go("/dev/mailbox/<uuid:mail_id>", mail_id=LETTER),
    go("/nowhere", status=404),
]

ACCOUNT = [
    go("/", HEAD),
    go("/", "etienne.garnier", name="launcher-ended"),
    go("/", "fatou.diallo", name="launcher-suspended"),
    go("/account", "sophie.lemaire"),
    go("/account/access", HEAD, kept=True),
    go("/account/applications", ADMIN),
    go("/account/authenticators", OWNER, kept=True),
    go(
        "/account/authenticators/<uuid:key>", OWNER, key=owned(TotpAuthenticator.id,
        TotpAuthenticator.account_id, OWNER),
    ),
    go("/account/authenticators/<uuid:key>/remove", "chloe.fontaine", key=becoming.second_app),
    go("/account/authenticators/new-app", OWNER),
    go("/account/authenticators/new-passkey", OWNER, kept=True),
    go("/account/authenticators/recovery-codes", OWNER),
    go("/account/contacts", OWNER),
    go("/account/contacts/<uuid:contact_id>/remove", "chloe.fontaine", contact_id=becoming.second_contact),
    go("/account/contacts/add", OWNER),
    go("/account/contacts/code", ways.with_new_contact),
    go("/account/details", OWNER),
    go("/account/email", "julien.mercier", kept=True),
    go("/account/email/change", OWNER, kept=True),
    go("/account/email/code", ways.with_new_address),
    go("/account/history", ADMIN),
    go("/account/password", OWNER),
    go("/account/password/done", OWNER),
    go("/account/privacy", OWNER),
    go("/account/privacy", "ines.moreau", name="account-privacy-member"),
    go("/account/privacy/copy", OWNER),
    go("/account/privacy/erase", "ines.moreau"),
    go("/account/privacy/erase", OWNER, name="account-privacy-erase-owner"),
    go("/account/requests", OWNER),
    go("/account/sessions/<uuid:session_id>/end", "ines.moreau", session_id=becoming.other_session),
    go("/account/sessions", "ines.moreau", kept=True),
    go("/account/sessions/others", "ines.moreau"),
    go("/account/sessions/everywhere", "ines.moreau"),
    go(
        "/account/sessions/trusted/<uuid:trusted_id>/forget", ways.trusting, trusted_id=becoming.trusted_browser,
    ),
    go("/account/sharing", "sophie.lemaire", kept=True),
    go("/account/sharing/colleague", "sophie.lemaire"),
    go("/consent", ways.asked_for_consent),
    go("/account/applications/<client_id>", ways.with_an_application, client_id="kervella"),
    go("/device"),
    go("/device", "ines.moreau", query="user_code=WDJB-MJHT", name="device-compare"),
    go("/device/confirm", ways.at_a_device),
    go("/device/confirm", ways.with_a_device, name="device-connected"),
    go("/companies/choose", ways.at_the_choice),
    go("/companies", HEAD),
    go("/companies", "julien.mercier", name="companies-two"),
]  # fmt: skip

COMPANIES = [
    at("", OWNER, LUMEN, kept=True),
    at("", "ines.moreau", LUMEN, name="company-member"),
    at("/profile", OWNER, LUMEN),
    at("/services", OWNER, LUMEN),
    at("/security", OWNER, LUMEN),
    at("/applications", ADMIN, LUMEN, name="company-applications-none"),
    at("/applications", ways.with_authorised_applications, LUMEN),
    at(
        "/applications/<uuid:application_id>", ways.with_authorised_applications, LUMEN,
        application_id=ways.authorised,
    ),
    at("/people", ADMIN, LUMEN, kept=True),
    at("/people", ADMIN, LUMEN, query="q=zzz", name="company-people-none-found"),
    at("/people", "chloe.fontaine", STUDIO, name="company-people-few"),
    at("/people/<uuid:account_id>", ADMIN, LUMEN, account_id="hugo.perrin", kept=True),
    at("/people/<uuid:account_id>", ADMIN, LUMEN, account_id=OWNER, name="company-people-owner"),
    at("/people/<uuid:account_id>/company-role", OWNER, LUMEN, account_id="ines.moreau"),
    at("/people/<uuid:account_id>/roles/new", ADMIN, LUMEN, account_id="ines.moreau"),
    at(
        "/people/<uuid:account_id>/roles/<product>", ADMIN, LUMEN, account_id="hugo.perrin",
        product="invoicing", kept=True,
    ),
    at(
        "/people/<uuid:account_id>/roles/<product>", ADMIN, LUMEN, account_id="ines.moreau",
        product="accounting", name="company-people-role-plain",
    ),
    at(
        "/people/<uuid:account_id>/roles/<product>/remove", ADMIN, LUMEN, account_id="ines.moreau",
        product="accounting",
    ),
    at("/people/<uuid:account_id>/suspension", ADMIN, LUMEN, account_id="ines.moreau"),
    at("/people/<uuid:account_id>/sessions", ADMIN, LUMEN, account_id="ines.moreau"),
    at("/people/<uuid:account_id>/removal", ADMIN, LUMEN, account_id="ines.moreau", kept=True),
    at("/people/<uuid:account_id>/explain", ADMIN, LUMEN, account_id="ines.moreau"),
    at(
        "/people/<uuid:account_id>/explain", ADMIN, LUMEN, account_id="ines.moreau",
        query="permission=accounting.journals.view&product=accounting", name="company-people-explain-answer",
    ),
    at("/leave", ADMIN, LUMEN),
    at("/close", "etienne.garnier", BOOKS),
    at("/close", OWNER, LUMEN, name="company-close-not-yet"),
    at("/leave", OWNER, LUMEN, name="company-leave-owner"),
    at("/invitations", ADMIN, LUMEN, kept=True),
    at("/invitations", "chloe.fontaine", STUDIO, name="company-invitations-none"),
    at("/invitations/new", ADMIN, LUMEN, kept=True),
    at("/invitations/import", ADMIN, LUMEN, kept=True),
    at("/invitations/new", "benoit.lemaire", BAKERY, name="company-invitations-new-full"),
    at("/invitations/<uuid:invitation_id>/resend", ADMIN, LUMEN, invitation_id=invitation_to(LEA)),
    at("/invitations/<uuid:invitation_id>/withdraw", ADMIN, LUMEN, invitation_id=invitation_to(LEA)),
    at("/roles", OWNER, LUMEN, kept=True),
    at("/roles/<product>/<role>", OWNER, LUMEN, product="accounting", role="accounting.bookkeeper", kept=True),
    at(
        "/roles/<product>/<role>", OWNER, LUMEN, product="accounting", role=own_role(LUMEN, "accounting"),
        name="company-roles-own",
    ),
    at("/roles/<product>/new", OWNER, LUMEN, product="accounting"),
    at(
        "/roles/<product>/<uuid:role_id>/edit", OWNER, LUMEN, product="accounting", role_id=own_role(LUMEN,
        "accounting"), kept=True,
    ),
    at(
        "/roles/<product>/<uuid:role_id>/delete", OWNER, LUMEN, product="accounting", role_id=own_role(LUMEN,
        "accounting"),
    ),
    at("/accountants", OWNER, LUMEN, kept=True),
    at("/accountants", "chloe.fontaine", STUDIO, name="company-accountants-asked"),
    at("/accountants", "etienne.garnier", BOOKS, name="company-accountants-over"),
    at("/accountants/<uuid:mandate_id>", OWNER, LUMEN, mandate_id=mandate_of(LUMEN), kept=True),
    at(
        "/accountants/<uuid:mandate_id>", "chloe.fontaine", STUDIO, mandate_id=mandate_of(STUDIO),
        name="company-accountants-to-confirm",
    ),
    at(
        "/accountants/<uuid:mandate_id>/confirm", "chloe.fontaine", STUDIO, mandate_id=mandate_of(STUDIO), kept=True
    ),
    at("/accountants/<uuid:mandate_id>/change", OWNER, LUMEN, mandate_id=mandate_of(LUMEN)),
    at("/accountants/<uuid:mandate_id>/hand-over", OWNER, LUMEN, mandate_id=mandate_of(LUMEN)),
    at("/accountants/<uuid:mandate_id>/end", OWNER, LUMEN, mandate_id=mandate_of(LUMEN)),
    at("/accountants/invited/<uuid:invited_id>", OWNER, LUMEN, invited_id=INVITED),
    at("/accountants/invite", OWNER, LUMEN),
    at("/accountants/invite-support", OWNER, LUMEN),
    at("/accountants/invite", "etienne.garnier", BOOKS, name="company-accountants-invite-first"),
    at("/mandates", HEAD, FIRM, kept=True),
    at("/mandates/<uuid:received_id>", HEAD, FIRM, received_id=mandate_of(STUDIO)),
    at("/mandates/ask", HEAD, FIRM),
    at("/mandates/requests/<uuid:sent_id>", HEAD, FIRM, sent_id=SENT),
    at("/subscriptions", OWNER, LUMEN, kept=True),
    at("/subscriptions", "joris.vanderlinden", ROOFS, name="company-subscriptions-notice", kept=True),
    at("/subscriptions", "samira.elamrani", CLEANING, name="company-subscriptions-suspended"),
    at("/subscriptions", "etienne.garnier", BOOKS, name="company-subscriptions-ended"),
    at("/subscriptions", "chloe.fontaine", STUDIO, name="company-subscriptions-trial"),
    at("/subscriptions/change", OWNER, LUMEN),
    at("/subscriptions/<product>/add", OWNER, LUMEN, product="payroll"),
    at(
        "/subscriptions/<product>/add", "chloe.fontaine", STUDIO, product="capture",
        name="company-subscriptions-add-trial",
    ),  # fmt: skip
    at("/subscriptions/<product>/cancel", OWNER, LUMEN, product="capture"),
    at("/subscriptions/<product>/resume", "joris.vanderlinden", ROOFS, product="accounting"),
    at("/ownership", OWNER, LUMEN),
    at("/ownership", "samira.elamrani", CLEANING, name="company-ownership-offered"),
    at("/ownership", "fatou.diallo", CLEANING, name="company-ownership-to-accept"),
    at("/ownership/offer", OWNER, LUMEN),
    at("/log", OWNER, LUMEN, kept=True),
    at("/log/on", OWNER, LUMEN),
    at("/log/on/<uuid:account_id>", OWNER, LUMEN, account_id="ines.moreau"),
    at("/get-started/users", ways.in_first_steps, "fleurs-begun", kept=True),
    at("/get-started/services", ways.in_services, "fleurs-begun", kept=True),
    at("/get-started/summary", ways.in_summary, "fleurs-begun", kept=True),
    at("/get-started/done", ways.after_first_steps, "fleurs-begun"),
]  # fmt: skip

FIRMS = [
    at("", HEAD, FIRM, name="firm"),
    in_firm("/clients", kept=True),
    in_firm("/clients", query="q=zzz", name="firm-clients-none-found"),
    in_firm("/clients", "lotte.peeters", name="firm-clients-given"),
    in_firm("/clients/<uuid:client_id>", client_id=LUMEN, kept=True),
    in_firm("/clients/<uuid:client_id>/add", client_id=LUMEN),
    in_firm("/clients/<uuid:client_id>/add/<uuid:account_id>", client_id=ROOFS, account_id="lotte.peeters"),
    in_firm(
        "/clients/<uuid:client_id>/assignments/<uuid:assignment_id>", client_id=LUMEN,
        assignment_id=given("lotte.peeters", LUMEN),
    ),
    in_firm("/clients/<uuid:client_id>/remove/<uuid:account_id>", client_id=LUMEN, account_id="lotte.peeters"),
    in_firm(
        "/clients/<uuid:client_id>/explain/<uuid:account_id>", client_id=LUMEN, account_id="lotte.peeters",
        query="permission=capture.purchases.delete&product=capture",
    ),
    in_firm("/clients/<uuid:client_id>/groups", client_id=LUMEN),
    in_firm("/clients/<uuid:client_id>/end", client_id=LUMEN),
    in_firm("/colleagues", kept=True),
    in_firm("/colleagues/<uuid:account_id>", account_id="lotte.peeters"),
    in_firm("/colleagues/<uuid:account_id>", account_id="karim.benali", name="firm-colleagues-every-client"),
    in_firm("/colleagues/<uuid:account_id>/assign", account_id="lotte.peeters", kept=True),
    in_firm(
        "/colleagues/<uuid:account_id>/assignments/<uuid:assignment_id>", account_id="karim.benali",
        assignment_id=given("karim.benali", None),
    ),
    in_firm("/colleagues/<uuid:account_id>/remove", account_id="lotte.peeters"),
    in_firm("/groups"),
    in_firm("/groups/<uuid:group_id>", group_id=GROUP),
    in_firm("/groups/<uuid:group_id>/name", group_id=GROUP),
    in_firm("/groups/<uuid:group_id>/remove", group_id=GROUP),
]  # fmt: skip

DESK = [
    go("/operations", "pieter.claes", kept=True),
    go("/operations/accounts", STAFF),
    go("/operations/accounts/<uuid:account_id>", ways.about_mehdi, kept=True),
    go("/operations/accounts/<uuid:account_id>/cases/<kind>", ways.about_hugo),
    go("/operations/accounts/<uuid:account_id>/block", ways.about_joris),
    go("/operations/accounts/<uuid:account_id>/accountant-guide", ways.guide_for_amelie),
    go("/operations/companies/<uuid:company_id>/suspension", "pieter.claes", company_id=LUMEN),
    go("/operations/cases", "pieter.claes", kept=True),
    go("/operations/cases/<uuid:case_id>", "pieter.claes", case_id=case("reset-2fa")),
    go(
        "/operations/cases/<uuid:case_id>", "annelaure.petit", case_id=case("sharing"),
        name="operations-cases-sharing",
    ),
    go("/operations/cases/<uuid:case_id>/approve", "pieter.claes", case_id=case("reset-2fa")),
    go("/operations/cases/<uuid:case_id>/close", "pieter.claes", case_id=case("reset-2fa")),
    go("/operations/cases/<uuid:case_id>/take-up", STAFF, case_id=becoming.asked_case),
    go("/operations/cases/<uuid:case_id>/dismiss", "annelaure.petit", case_id=case("sharing")),
    go("/operations/cases/<uuid:case_id>/confirm", "annelaure.petit", case_id=case("sharing")),
    go("/operations/subscriptions", "pieter.claes"),
    go("/operations/subscriptions/<uuid:company_id>", "pieter.claes", company_id=LUMEN),
    go("/operations/subscriptions/<uuid:company_id>/cancel", "pieter.claes", company_id=LUMEN),
    go("/operations/cases/<uuid:case_id>/send-again", STAFF, case_id=becoming.sent_case),
]  # fmt: skip

STOPS = {"public": PUBLIC, "account": ACCOUNT, "companies": COMPANIES, "firms": FIRMS, "desk": DESK}
