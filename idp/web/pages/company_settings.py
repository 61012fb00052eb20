"""What a company says about itself, its connected services, its rules of security."""

from typing import Annotated, Any, Literal
from uuid import UUID

from babel import Locale
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, lazy_gettext
from pydantic import StringConstraints, create_model
from werkzeug.wrappers import Response

from idp.companies import company_settings, first_steps, service
from idp.companies.company_settings import EDITS_PROFILE, EDITS_SECURITY, VIEWS_PROFILE, VIEWS_SECURITY
from idp.core.errors import InvalidInput
from idp.web import csrf, forms, locale
from idp.web.pages import first_steps_words
from idp.web.pages.company_area import enter
from idp.web.pages.continuing import see_other

blueprint = Blueprint("pages_company_settings", __name__)
csrf.guard(blueprint)

HERE = "/companies/<uuid:company_id>"


class ProfileForm(forms.Form):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    city: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    locale: Annotated[str, StringConstraints(max_length=20)]

    says = {"country": lazy_gettext("Choose a country of the list.")}


class SecurityForm(forms.Form):
    trusted: Literal["yes", "no"]


# --- the profile ---


@blueprint.get(f"{HERE}/profile")
def profile(company_id: UUID) -> ResponseReturnValue:
    """What the company says about itself."""
    return show_profile({}, company_id)


def show_profile(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, VIEWS_PROFILE)
    row = area.company
    return area.page(
        "company_settings/profile.html",
        problems=problems,
        form=forms.typed() or {"name": row.name, "city": row.city, "country": row.country, "locale": row.locale},
        edits=area.may(EDITS_PROFILE),
        firm=row.kind == "firm",
        countries=countries(),
        country=Locale.parse(locale.current()).territories.get(row.country, row.country),
        languages=[
            {"value": each, "label": first_steps_words.language(each)} for each in area.work.policies.account.locales
        ],
        language=first_steps_words.language(row.locale),
        saved="saved" in request.args,
    )


@blueprint.post(f"{HERE}/profile")
@csrf.again(show_profile)
def edit_profile(company_id: UUID) -> ResponseReturnValue:
    """Change it."""
    area = enter(company_id, EDITS_PROFILE, write=True)
    form, problems = forms.read(ProfileForm, request.form)
    if form is None:
        return show_profile(problems, company_id)
    try:
        company_settings.edit_profile(
            area.work, company_id, name=form.name, city=form.city, country=form.country, locale=form.locale
        )
    except InvalidInput as error:
        field = str(error.members.get("field"))
        return show_profile({field: gettext("This cannot be used as it is written. Please check it.")}, company_id)
    return see_other(area.path("profile?saved"))


# --- connected services ---


@blueprint.get(f"{HERE}/services")
def services(company_id: UUID) -> ResponseReturnValue:
    """The connected services, and what each changes for whom."""
    return show_services({}, company_id)


def show_services(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, service.VIEWS)
    return area.page(
        "company_settings/services.html",
        problems=problems,
        services=[first_steps_words.service(area.work, each) for each in service.offered(area.work, company_id)],
        edits=area.may(service.ACTIVATES),
        saved="saved" in request.args,
    )


@blueprint.post(f"{HERE}/services")
@csrf.again(show_services)
def switch_services(company_id: UUID) -> ResponseReturnValue:
    """Turn them on or off."""
    area = enter(company_id, service.ACTIVATES, write=True)
    fields = {first_steps_words.service_field(each): each for each in service.offered_ids(area.work, company_id)}
    shape: dict[str, Any] = dict.fromkeys(fields, (Literal["yes", ""], ""))
    model: Any = create_model("Switches", __base__=forms.Form, **shape)
    form, problems = forms.read(model, request.form)
    if form is None:
        return show_services(problems, company_id)
    service.switch(area.work, company_id, {each: getattr(form, name) == "yes" for name, each in fields.items()})
    first_steps.services_settled(area.work, company_id)
    return see_other(area.path("services?saved"))


# --- security ---


@blueprint.get(f"{HERE}/security")
def security(company_id: UUID) -> ResponseReturnValue:
    """Whether people may trust a browser."""
    return show_security({}, company_id)


def show_security(problems: dict[str, str], company_id: UUID) -> Response:
    area = enter(company_id, VIEWS_SECURITY)
    return area.page(
        "company_settings/security.html",
        problems=problems,
        allowed=area.company.trusted_devices,
        days=area.work.policies.trusted_device_lifetime.days,
        edits=area.may(EDITS_SECURITY),
        saved="saved" in request.args,
    )


@blueprint.post(f"{HERE}/security")
@csrf.again(show_security)
def edit_security(company_id: UUID) -> ResponseReturnValue:
    """Change it; a second factor was proved minutes ago."""
    area = enter(company_id, EDITS_SECURITY, write=True, step_up=True, back=f"/companies/{company_id}/security")
    form, problems = forms.read(SecurityForm, request.form)
    if form is None:
        return show_security(problems, company_id)
    company_settings.allow_trusted_devices(area.work, company_id, form.trusted == "yes")
    return see_other(area.path("security?saved"))


def countries() -> list[dict[str, str]]:
    """Countries by name, in the page's language."""
    names = Locale.parse(locale.current()).territories
    known = [(name, code) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in _NONE]
    return [{"value": code, "label": name} for name, code in sorted(known)]


_NONE = frozenset({"EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"})
