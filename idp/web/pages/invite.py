"""An invitation of one person: the form, what a role in it permits, and sending it (J2, SC21)."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.companies import colleague_request, company_role, invitation, preview, proposal, role, role_choice
from idp.companies.errors import ExtraCostUnconfirmed, NotSubscribed, RoleNotOffered
from idp.companies.invitation_draft import MESSAGE_MAX
from idp.companies.proposal import Choice
from idp.companies.role_choice import ProductChoice
from idp.core.errors import IdpError, InvalidInput, NotFound
from idp.policy import label_for
from idp.web import csrf, forms, kept_form, locale, role_fields, role_words
from idp.web.pages.company_area import Area, enter
from idp.web.pages.continuing import see_other
from idp.web.pages.fresh import fresh
from idp.web.pages.invitations import PATH, plan, problem

blueprint = Blueprint("pages_invite", __name__)
csrf.guard(blueprint)

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=400)]


class InviteForm(forms.Form):
    email: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320)]
    given_name: Text = ""
    family_name: Text = ""
    locale: str
    company_role: str = ""
    also: str = ""
    message: Annotated[str, StringConstraints(max_length=2 * MESSAGE_MAX)] = ""
    extra_cost: str = ""
    request: str = ""
    show: str = ""  # the product whose role is to be shown: nothing is sent

    lines = frozenset({"message"})
    says = {"email": forms.EMAIL_PROBLEM}


@blueprint.get(f"{PATH}/new")
def new(company_id: UUID) -> ResponseReturnValue:
    """The form for one person. Query: `request` fills it in from what a colleague asked for, `kept` after a step-up."""
    return show_new({}, company_id)


def show_new(problems: dict[str, str], company_id: UUID, status: int = 200, cost: str = "") -> Response:
    area = enter(company_id, *invitation.INVITES)
    work = area.work
    choices = role_choice.of_company(work, company_id)
    posted, kept = request.method == "POST", dict(kept_form.fields().items())
    sent = dict(request.form.items()) if posted else kept or _asked_for(area, choices)
    ordinary, combined = role_choice.company_roles(work, company_id)
    language = locale.current()
    return area.page(
        "invitations/new.html",
        status,
        problems=problems,
        form=forms.typed(InviteForm.lines) if posted else sent,
        kept=bool(kept) and not posted,
        languages=[{"value": each, "label": locale.described(each)} for each in work.policies.account.locales],
        language=sent.get("locale") or area.company.locale,
        company_roles=[{"value": each.id, "label": label_for(each.label, language)} for each in ordinary],
        combined=[{"value": each.id, "label": label_for(each.label, language)} for each in combined],
        products=role_fields.shown(choices, sent, fresh=not posted and not kept),
        shown=_shown(area, choices, sent) if posted and sent.get("show") else None,
        cost=cost or bool(sent.get("extra_cost")),
        plan=plan(area),
        plan_url=area.path("subscriptions") if area.may("company.subscription.view") else None,
        back_url=area.path("invitations"),
    )


@blueprint.post(f"{PATH}/new")
@csrf.again(show_new)
def invite(company_id: UUID) -> ResponseReturnValue:
    """Send the invitation; with `show`, show what a chosen role permits, and send nothing."""
    if request.form.get("show"):
        return show_new({}, company_id)
    area = enter(company_id, *invitation.INVITES, write=True)
    work = area.work
    choices = role_choice.of_company(work, company_id)
    rest, sent = role_fields.split(request.form, role_fields.names(choices))
    role_fields.try_strangers(work, company_id, rest)
    form, problems = forms.read(InviteForm, rest)
    wishes, wrong = role_fields.wishes(work, company_id, choices, sent)
    if form is None or wrong:
        return show_new(problems | wrong, company_id)
    owners = any(role.owners_to_give(work, each.role_id) for each in wishes.values())
    if owners or company_role.appoints(work, (form.company_role, form.also)):
        fresh(keep=True)
    try:
        made = invitation.offer(
            work, company_id, address=form.email, locale=form.locale, roles=wishes, given_name=form.given_name,
            family_name=form.family_name, company_role=form.company_role or None,
            also=(form.also,) if form.also else (), message=form.message, extra_cost=form.extra_cost == "yes",
        )  # fmt: skip
        if form.request:
            colleague_request.close(work, UUID(form.request), "accepted")
    except (IdpError, ValueError) as error:
        work.session.rollback()
        if isinstance(error, NotFound | ValueError):  # the request was settled by somebody else meanwhile
            raise NotFound(kind="request") from error
        return show_new(problem(area, error), company_id, 422, "yes" if isinstance(error, ExtraCostUnconfirmed) else "")
    return see_other(area.path("invitations") + f"?{urlencode({'done': 'sent', 'q': made.address})}")


def _shown(area: Area, choices: tuple[ProductChoice, ...], sent: Mapping[str, str]) -> dict[str, Any] | None:
    """What the role that is chosen in one product permits, with its switches as they are ticked."""
    each = next((each for each in choices if each.product.id == sent["show"]), None)
    if each is None:
        return None
    wish = role_fields.wishes(area.work, area.company_id, [each], sent)[0].get(each.product.id)
    if wish is None:
        return {"product": each.product.id, "role": "", "preview": None}
    on = tuple(name for name, open_ in wish.switches.items() if open_)
    choice = Choice(wish.role_id, wish.custom_role_id, switches=on, restrictions=wish.restrictions)
    try:
        grant = proposal.in_company(area.work, area.company_id, each.product.id, choice)
    except (InvalidInput, NotSubscribed, RoleNotOffered):
        return None
    found = each.find(sent[f"role_{each.product.id}"])
    return {
        "product": each.product.id,
        "role": label_for(found.labels, locale.current()) if found is not None else "",
        "preview": role_words.shown(preview.of(area.work.policies, grant, locale.current())),
    }


def _asked_for(area: Area, choices: tuple[ProductChoice, ...]) -> dict[str, str]:
    """What a colleague's request fills in: name, address, and the roles of who asks."""
    try:
        key = UUID(request.args["request"])
    except (KeyError, ValueError):
        return {}
    asked = colleague_request.open_in(area.work, area.company_id, key)
    given, _, family = asked.name.partition(" ")
    sent = {"email": asked.address, "given_name": given, "family_name": family, "request": str(key)}
    able = {each.product.id: each for each in choices}
    for held in colleague_request.roles_of_asker(area.work, area.company_id, key):
        chosen = role_choice.key_of(held.role, held.custom_role_id)
        if held.product in able and able[held.product].find(chosen) is not None:
            sent |= role_fields.sent_for(held.product, role=chosen, switches=held.switches, limits=held.restrictions)
    return sent
