"""Consent: letting an application that is not one of our own products use one's account (R-42)."""

from typing import Any, Literal
from urllib.parse import urlsplit

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from idp.authn.session import Current
from idp.companies import access
from idp.companies.access import Access
from idp.oidc import api_clients, authorization, consent, details, interaction
from idp.oidc.authorization import Taken
from idp.oidc.clients import RegisteredClient
from idp.oidc.interaction import Decision, Need
from idp.policy import label_for
from idp.web import answering, csrf, forms, locale
from idp.web.pages import steps
from idp.web.pages.continuing import continue_path, destination, see_other
from idp.web.render import day, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_consent", __name__)
csrf.guard(blueprint)
steps.install(blueprint)


class DecisionForm(forms.Form):
    decision: Literal["allow", "refuse"]


@blueprint.get("/consent")
def open_consent() -> ResponseReturnValue:
    """What an application asks for. Query: `request`."""
    return show({})


def show(problems: dict[str, str]) -> Response:
    current = signed_in()
    work = open_work()
    taken, decision = _asked(work, current)
    if decision.need is not Need.CONSENT:
        return see_other(continue_path(taken.token))
    locale.go_along_with(taken.request.parameters.get("ui_locales", ""))
    return page(
        "consent/consent.html",
        problems=problems,
        form_targets=destination(work, continue_path(taken.token)).form_targets,
        account=person(current),
        **_described(work, taken, current, decision),
    )


def _described(work: Work, taken: Taken, current: Current, decision: Decision) -> dict[str, Any]:
    """Who asks, for what, and what stays out of reach."""
    asked, client = taken.request, taken.request.client
    question = consent.question(
        work, client, current.account_id, asked.agreed_scope, company_id=decision.company_id,
        since=interaction.agreement_since(asked.parameters, taken.kept),
    )  # fmt: skip
    assert question is not None, "or there would be no page"
    company = _company(work, taken, current, decision)
    role = _role(work, taken, company)
    return {
        "client_name": client.name(locale.current()),
        "pages": pages_of(client),
        "company": company,
        "leads_to": urlsplit(asked.way.redirect_uri).hostname or "",
        "scopes": [*map(scope_in_words, question.new), *(role if question.company_is_new else [])],
        "agreed": [*map(scope_in_words, question.agreed), *([] if question.company_is_new else role)]
        if question.agreed_at
        else [],
        "agreed_on": day(question.agreed_at) if question.agreed_at else None,
        "hidden": _out_of_reach(asked.agreed_scope.split(), decision.company_id is not None),
    }


@blueprint.post("/consent")
@csrf.again(show)
def decide() -> ResponseReturnValue:
    """Agree, and go on; or refuse, and the application is told."""
    work = open_work(write=True)
    current = signed_in()
    work = open_work()
    form, problems = forms.read(DecisionForm, request.form)
    if form is None:
        return show(problems)
    taken, decision = _asked(work, current)
    if decision.need is not Need.CONSENT:
        return see_other(continue_path(taken.token))
    if form.decision == "allow":
        consent.give(
            work, taken.request.client, current.account_id, taken.request.agreed_scope, company_id=decision.company_id
        )
        return see_other(continue_path(taken.token))
    authorization.forget(work, taken)
    refused = "The person did not agree."
    return answering.deliver(
        authorization.answer_error(work, taken.request.way, "access_denied", refused, "consent_refused")
    )


def _asked(work: Work, current: Current) -> tuple[Taken, Decision]:
    taken = authorization.take(work, request.args.get("request", ""))
    asked = taken.request
    return taken, interaction.next_for(work, asked.client, asked.parameters, asked.agreed_scope, current, taken.kept)


def _company(work: Work, taken: Taken, current: Current, decision: Decision) -> str | None:
    product = taken.request.client.product
    if decision.company_id is None or product is None:
        return None
    found = access.resolve(work, current.account_id, decision.company_id, product)
    return found.company_name if isinstance(found, Access) else None


def _role(work: Work, taken: Taken, company: str | None) -> list[str]:
    """What the tokens of a product's client carry beside the scopes: where the person works, and as what."""
    product = taken.request.client.product
    if product is None:
        return []
    label = label_for(work.policies.products[product].label, locale.current())
    if details.PARAMETER in taken.request.claims and company is not None:
        return [gettext("work with %(product)s for %(company)s, as far as you may", product=label, company=company)]
    return [gettext("see which company you work for, and your role in %(product)s there", product=label)]


def pages_of(client: RegisteredClient) -> list[tuple[str, str]]:
    """What somebody else's application says of itself on pages of its own, in words and with the address (OIDC
    Registration §2). Of the addresses that registration has checked, those on the loopback interface lead nowhere."""
    name, options = client.name(locale.current()), client.options
    named = (
        (gettext("About %(client)s (new tab)", client=name), client.home_uri or options.client_uri),
        (gettext("Privacy policy of %(client)s (new tab)", client=name), options.policy_uri),
        (gettext("Terms of %(client)s (new tab)", client=name), options.tos_uri),
    )
    return [(words, address) for words, address in named if address and address.startswith("https://")]


def _out_of_reach(scopes: list[str], one_company: bool) -> list[str]:
    """What the client does not get, as people wonder about it."""
    hidden = [gettext("your password, your codes and your recovery contacts")]
    if "profile" not in scopes:
        hidden.append(gettext("your name"))
    if "email" not in scopes:
        hidden.append(gettext("your e-mail address"))
    if not any(scope in api_clients.SCOPES for scope in scopes):
        hidden.append(gettext("your other companies") if one_company else gettext("your companies"))
    return hidden


def scope_in_words(scope: str) -> str:
    """What a scope means, in the person's words."""
    words = {
        "openid": gettext("recognise you when you come back"),
        "profile": gettext("see your name and language"),
        "email": gettext("see your e-mail address"),
        "offline_access": gettext("stay connected for up to 30 days, also while you are away"),
        "companies.read": gettext("see the people and the settings of your companies, as far as you may yourself"),
        "companies.write": gettext("change the people and the settings of your companies, as far as you may yourself"),
        "operations.read": gettext("see what the staff of this service see, as far as you may yourself"),
        "operations.write": gettext("do what the staff of this service do, as far as you may yourself"),
    }
    return str(words.get(scope, scope))
