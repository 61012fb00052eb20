"""Connecting a device that has no browser of its own: its code, who asks, allow or refuse (RFC 8628 §3.3).

Nothing is answered by following a link: an address with the code in it only fills in the form (RFC 8628 §5.4).
"""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.authn import browser
from idp.authn.session import Current
from idp.companies import access, subscription_notice
from idp.companies.access import Access, Reason
from idp.core.errors import Expired, NotFound
from idp.oidc import device, device_grant, interaction
from idp.oidc.device import Pending, Refused
from idp.oidc.interaction import Decision, Need
from idp.policy import label_for
from idp.web import csrf, forms, locale
from idp.web.headers import Answer
from idp.web.pages import waiting
from idp.web.pages.consent import scope_in_words
from idp.web.pages.continuing import product_view, see_other
from idp.web.pages.second_step import qr
from idp.web.render import ProductView, current_session, day, moment, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_device", __name__)
csrf.guard(blueprint)
HERE = device_grant.PATH
RETRY_AFTER = int(device.TRIES.pause.total_seconds())


class CodeForm(forms.Form):
    user_code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class DecisionForm(forms.Form):
    decision: Literal["allow", "refuse"]


@blueprint.get(HERE)
def open_device() -> ResponseReturnValue:
    """The form for the code. Query: `user_code`, as the address that a device shows has it."""
    return show_code({})


def show_code(problems: dict[str, str], status: int = 200) -> Response:
    current = current_session()
    given = device.cleaned(request.args.get("user_code", "")[:60])
    shown = device.shown(given) if given else ""
    return page(
        "device/code.html",
        status,
        problems=problems,
        given=shown,
        form=forms.typed() or {"user_code": shown},
        account=person(current) if current else None,
    )


@blueprint.post(HERE)
@csrf.again(show_code)
def prove_code() -> ResponseReturnValue:
    """Find the device whose code this is. One sentence answers every code that leads nowhere."""
    work = open_work(write=True)
    current = current_session()
    work = open_work()
    form, problems = forms.read(CodeForm, request.form)
    if form is None:
        return show_code(problems)
    found = device.find(work, form.user_code, current.account_id if current else None)
    if found is Refused.PAUSED:
        answer = show_code({"user_code": gettext("Too many wrong codes. Please wait a quarter of an hour.")}, 429)
        answer.headers["Retry-After"] = str(RETRY_AFTER)
        return answer
    if isinstance(found, Refused):
        return show_code({"user_code": _unknown()})
    return see_other(waiting.device_path(waiting.sealed(work, found, device.cleaned(form.user_code) or "")))


@blueprint.get(f"{HERE}/qr/<user_code>.svg")
def draw(user_code: str) -> ResponseReturnValue:
    """The address of the form with this code in it, as a QR code that a device can show. Made from the address alone,
    so it tells nothing about any code."""
    letters = device.cleaned(user_code[:60])
    if letters is None:
        raise NotFound(kind="user_code")
    code = device.shown(letters)
    image = qr(f"{open_work().issuer}{HERE}?{urlencode({'user_code': code})}", standalone=True)
    return Answer(image, mimetype="image/svg+xml", headers={"Cache-Control": "no-store"})


@blueprint.get(f"{HERE}/confirm")
def open_confirm() -> ResponseReturnValue:
    """Who asks. Query: `device`."""
    return show_confirm({})


def show_confirm(problems: dict[str, str]) -> Response:
    current = signed_in()
    work = open_work()
    asked, user_code = waiting.pending(work, _sealed())
    if not asked.open:
        return _over(asked, current)
    decision = _decide(work, asked, current)
    onward = _onward(work, asked, decision, current)
    return onward if onward is not None else _ask(work, asked, user_code, decision, current, problems)


@blueprint.post(f"{HERE}/confirm")
@csrf.again(show_confirm)
def answer() -> ResponseReturnValue:
    """Allow or refuse; the device hears it at its next question."""
    work = open_work(write=True)
    current = signed_in()
    work = open_work()
    form, problems = forms.read(DecisionForm, request.form)
    if form is None:
        return show_confirm(problems)
    asked, _ = waiting.pending(work, _sealed())
    if form.decision == "refuse":
        device.refuse(work, asked, current)
    elif asked.open:
        decision = _decide(work, asked, current)
        if decision.need not in (Need.READY, Need.CONSENT):
            return show_confirm({})
        device.allow(work, asked, current, _reach(work, asked, decision, current))
    return see_other(waiting.device_path(_sealed()))


def _sealed() -> str:
    return request.args.get(waiting.DEVICE, "")


def _decide(work: Work, asked: Pending, current: Current) -> Decision:
    """What is missing, as for every other request; that the person is asked goes without saying here."""
    return interaction.next_for(work, asked.client, asked.parameters, asked.scope, current, asked.kept)


def _reach(work: Work, asked: Pending, decision: Decision, current: Current) -> Access | None:
    """What the person may do in the company it is for; a decision that consent is missing does not say."""
    if decision.reach is not None or decision.company_id is None or asked.client.product is None:
        return decision.reach
    found = access.resolve(work, current.account_id, decision.company_id, asked.client.product)
    return found if isinstance(found, Access) else None


def _onward(work: Work, asked: Pending, decision: Decision, current: Current) -> Response | None:
    """Where the person has to go first, or the page that says why there is nothing to allow."""
    if decision.need is Need.COMPANY:
        return see_other(f"/companies/choose?{urlencode({waiting.DEVICE: _sealed()})}")
    if decision.need is Need.REFUSED or decision.given_up:
        return _without_access(work, asked, decision, current)
    if decision.need is Need.SIGN_IN:
        way = "step_up" if decision.step_up else "reauthenticate"
        return see_other(f"/sign-in?{urlencode({'continue_to': waiting.device_path(_sealed()), way: '1'})}")
    return None


def _ask(
    work: Work, asked: Pending, user_code: str, decision: Decision, current: Current, problems: dict[str, str]
) -> Response:
    client, language = asked.client, locale.current()
    reach = _reach(work, asked, decision, current)
    known = access.only_company(work, current.account_id, client.product)[0] if client.product else 0
    several = known > 1 and interaction.asked_company(asked.parameters) is None
    return page(
        "device/confirm.html",
        problems=problems,
        user_code=user_code,
        client_name=client.name(language),
        company=reach.company_name if reach is not None else None,
        change_url=f"/companies/choose?{urlencode({waiting.DEVICE: _sealed()})}" if several else None,
        place=", ".join(part for part in (work.places.name(asked.network), asked.network) if part),
        program=_program(asked.user_agent),
        when=moment(asked.kept.created_at),
        scopes=[*map(scope_in_words, asked.scope.split()), *_rights(work, asked)],
        product=_product(work, asked),
        account=person(current),
    )


def _program(user_agent: str) -> str | None:
    """The device in words; its own words are a stranger's, and are not shown."""
    known = browser.label(user_agent)
    return known if known != "?" else None


def _product(work: Work, asked: Pending) -> ProductView | None:
    return product_view(work, asked.client.product) if asked.client.product else None


def _rights(work: Work, asked: Pending) -> list[str]:
    """What the tokens of a product's client open beside the scopes."""
    if asked.client.product is None:
        return []
    label = label_for(work.policies.products[asked.client.product].label, locale.current())
    return [gettext("work in %(product)s in your name, as far as your role there goes", product=label)]


def _over(asked: Pending, current: Current) -> Response:
    """What became of a request: told to the person who answered it; to everybody else, that it is over."""
    if asked.answer is None or asked.account_id != current.account_id:
        raise Expired(kind="device_request")
    return page(
        "device/answered.html",
        allowed=asked.answer == "allowed",
        client_name=asked.client.name(locale.current()),
        account=person(current),
        form={},
    )


def _without_access(work: Work, asked: Pending, decision: Decision, current: Current) -> Response:
    refusal = decision.refusal
    helpers = subscription_notice.who_helps(work, refusal)
    me = person(current)
    return page(
        "access/refused.html",
        403,
        account=me,
        reason=refusal.reason.value if refusal else Reason.NO_ACCESS.value,
        product_name=asked.client.name(locale.current()),
        company=refusal.company_name if refusal else None,
        date=day(refusal.date) if refusal and refusal.date else None,
        administrators=[{"name": each.name, "email": each.address} for each in helpers if each.address != me.email],
        ways=[{"label": gettext("See my products"), "url": "/"}],
        form={},
    )


def _unknown() -> str:
    return str(
        gettext("No device shows this code now. Check each letter; after ten minutes a device shows another one.")
    )


@blueprint.errorhandler(Expired)
def over(error: Expired) -> ResponseReturnValue:
    """The code has run out, or was answered already."""
    ways: list[dict[str, Any]] = [
        {"label": gettext("Type another code"), "url": HERE},
        {"label": gettext("See my products"), "url": "/"},
    ]
    return page(
        "errors/page.html",
        410,
        title=gettext("This code is over"),
        explanation=gettext(
            "It was answered already, or its ten minutes are gone. Start again on the device: it shows a new code."
        ),
        ways=ways,
        reference=None,
        form={},
    )
