"""A person's own names and language."""

from typing import Annotated, Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from pydantic import StringConstraints
from werkzeug.wrappers import Response

from idp.accounts import profile
from idp.companies import company_role
from idp.companies.company_role import OwnServices
from idp.core import texts
from idp.core.errors import InvalidInput
from idp.policy import label_for
from idp.web import cookies, csrf, forms, locale, paging
from idp.web.pages.continuing import see_other
from idp.web.render import LANGUAGE_KEPT, page, person, signed_in
from idp.web.work import open_work
from idp.work import Work

blueprint = Blueprint("pages_profile", __name__)
csrf.guard(blueprint)

PATH = "/account/details"
SERVICES = "own services"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=profile.NAME_MAX)]


class DetailsForm(forms.Form):
    given_name: Name
    family_name: Name
    locale: Annotated[str, StringConstraints(max_length=20)]

    says = {"locale": lazy_gettext("Choose one of the languages of the list.")}


@blueprint.get(PATH)
def details() -> ResponseReturnValue:
    """My names and my language. Query: `saved`, after a change; `after`, `before`, of the companies with services."""
    return show({})


def show(problems: dict[str, str]) -> Response:
    current = signed_in()
    work = open_work()
    account = profile.get(work, current.account_id)
    offered = work.policies.account.locales
    place = paging.asked(work, SERVICES)
    own = company_role.own_services(work, current.account_id, after=place.after, before=place.before)
    kept = {"given_name": account.given_name, "family_name": account.family_name, "locale": account.locale}
    return page(
        "account/details.html",
        problems=problems,
        form={**kept, **forms.typed()},
        languages=[{"value": tag, "label": locale.described(tag)} for tag in offered],
        saved=request.method == "GET" and request.args.get("saved"),
        services=[_services(work, each) for each in own.rows],
        service_pages=paging.around(work, SERVICES, own, section="services", label=gettext("Connected services")),
        account=person(current),
    )


@blueprint.post(PATH)
@csrf.again(show)
def change() -> ResponseReturnValue:
    """Keep what was typed, and speak the new language at once."""
    work = open_work(write=True)
    current = signed_in()
    work = open_work()
    form, problems = forms.read(DetailsForm, request.form)
    if form is None:
        return show(problems)
    try:
        changed = profile.change(
            work, current.account_id, given_name=form.given_name, family_name=form.family_name, locale=form.locale
        )
    except InvalidInput as error:
        return show(_told(str(error.members.get("field"))))
    answer = see_other(f"{PATH}?saved=1")
    spoken = texts.negotiate([form.locale])
    if "locale" in changed and spoken is not None:  # what this browser was told before does not stand against it
        cookies.put(answer, cookies.LANGUAGE, spoken, expires=work.now + LANGUAGE_KEPT)
    return answer


def _services(work: Work, own: OwnServices) -> dict[str, Any]:
    """The services that the person switches on or off for themselves in one company (FLX-11)."""
    known = work.policies.services
    return {
        "company": own.company,
        "url": f"/companies/{own.company_id}/services/mine",
        "choices": [{"value": each, "label": label_for(known[each].label, locale.current())} for each in own.offered],
        "on": sorted(own.on),
    }


def _told(field: str) -> dict[str, str]:
    if field == "locale":
        return {field: str(DetailsForm.says["locale"])}
    return {field: gettext("This cannot be used as it is written. Please check it.")}
