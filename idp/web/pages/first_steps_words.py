"""The first steps of a company in words: who is listed, seats, connected services, what was done."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from babel import Locale
from flask_babel import gettext, lazy_gettext, ngettext

from idp.companies import access, first_steps
from idp.companies.access import Access
from idp.companies.errors import (
    AlreadyInvited,
    AlreadyMember,
    ExtraCostUnconfirmed,
    FirstUserRefused,
    NotOnYourself,
    SeatLimitReached,
)
from idp.companies.first_steps import Places
from idp.companies.models import FirstUser
from idp.companies.service import Offered
from idp.core import texts
from idp.core.errors import IdpError, InvalidInput
from idp.oidc import products
from idp.policy import label_for
from idp.web import forms, locale
from idp.web.pages.continuing import product_view
from idp.work import Work


def person(work: Work, listed: FirstUser) -> dict[str, Any]:
    """Somebody who is to be invited."""
    return {
        "key": str(listed.id),
        "name": f"{listed.given_name} {listed.family_name}",
        "email": listed.address,
        "roles": roles(work, listed.roles),
        "language": language(listed.locale),
    }


def roles(work: Work, held: dict[str, str]) -> str:
    """Roles by product, such as `Accounting: Reader, Invoicing: Employee`."""
    reader, known = locale.current(), work.policies
    said = [
        gettext(
            "%(product)s: %(role)s", product=label_for(product.label, reader),
            role=label_for(known.roles[held[product.id]].label, reader),
        )
        for product in known.products.values() if held.get(product.id) in known.roles
    ]  # fmt: skip
    return texts.write_list(said, reader) if said else ""


def places(work: Work, counted: Iterable[Places]) -> str:
    """How many seats are taken: one number where all products say the same, otherwise one for each."""
    said = [each for each in counted if each.of is not None]
    if len({(each.used, each.of) for each in said}) == 1:
        one, total = said[0].used, said[0].of
        return str(ngettext("%(num)s of %(of)s seats taken", "%(num)s of %(of)s seats taken", one, of=total))
    reader = locale.current()
    names = {each.product: label_for(work.policies.products[each.product].label, reader) for each in said}
    each_one = [
        gettext("%(product)s %(used)s of %(of)s", product=names[each.product], used=each.used, of=each.of)
        for each in said
    ]
    return gettext("Seats taken: %(list)s", list=" · ".join(each_one)) if each_one else ""


def service(work: Work, offered: Offered) -> dict[str, Any]:
    """A connected service: what it is, what it allows, and to how many."""
    reader = locale.current()
    allowed = [label_for(work.policies.permissions[each].label, reader) for each in offered.permissions]
    allowed = [each[:1].lower() + each[1:] for each in allowed]  # verbs, within a sentence here
    return {
        "id": offered.service.id,
        "name": service_field(offered.service.id),
        "label": label_for(offered.service.label, reader),
        "allows": texts.write_list(allowed, reader) if allowed else "",
        "people": offered.people,
        "on": offered.on,
        "waits": offered.waits,
        "per_person": offered.service.per_person,
    }


def language(tag: str) -> str:
    """A language of the account policy, called by its own name, as `Français (Belgique)`."""
    found = Locale.parse(tag, sep="-")
    name = found.get_display_name(found) or tag
    return name[:1].upper() + name[1:]


def refused(error: FirstUserRefused) -> str:
    """Why somebody on the list could not be invited."""
    reasons = {
        "seat_limit_reached": gettext("every seat of your plan is taken"),
        "confirm_extra_cost": gettext("every seat of your plan is taken"),
        "already_member": gettext("this person already belongs to the company"),
        "already_invited": gettext("this address was invited meanwhile"),
        "not_subscribed": gettext("the product is no longer subscribed"),
    }
    why = reasons.get(str(error.members["reason"]), gettext("the role cannot be given any more"))
    return str(
        gettext(
            "Nobody was invited yet: %(name)s cannot be (%(why)s). Change the list of users, then finish again.",
            name=error.members["name"], why=why,
        )
    )  # fmt: skip


def invited(work: Work, company_id: UUID) -> list[dict[str, str]]:
    """Who was invited in the first steps and has not answered."""
    return [
        {"name": f"{each.given_name} {each.family_name}".strip(), "email": each.address}
        for each in first_steps.invited(work, company_id)
    ]


def tiles(work: Work, account_id: UUID, company_id: UUID, homes: Mapping[str, str]) -> list[dict[str, Any]]:
    """The products that the person can open in this company; `homes` says where each lives."""
    usable = [each.id for each in work.policies.products.values() if each.subscribed]
    answers = access.resolve_many(work, account_id, [company_id], usable)
    found = []
    for product in usable:
        answer = answers.get((company_id, product))
        if isinstance(answer, Access):
            found.append(
                {
                    "product": product_view(work, product),
                    "url": products.for_company(homes[product], company_id) if product in homes else None,
                    "role": label_for(answer.role_labels, locale.current()),
                    "note": None if product in homes else gettext("not connected yet"),
                }
            )
    return found


def role_field(product: str) -> str:
    """The name of the field in which a role of this product is chosen."""
    return f"role_{product.replace('-', '_')}"


def service_field(name: str) -> str:
    """The name of the field in which this service is turned on."""
    return f"service_{name.replace('-', '_')}"


def person_problem(error: Exception, first_role: str) -> dict[str, str]:
    """What is wrong with a person who was to be listed, by field; `first_role` is the first field of a role."""
    if isinstance(error, InvalidInput):
        field = str(error.members.get("field"))
        if field == "roles":
            return {first_role: gettext("Choose what this person will use: a role in one product at least.")}
        if field == "email":
            return {"email": forms.email_problem(error.members.get("reason"))}
        return {field: gettext("This cannot be used as it is written. Please check it.")}
    words: dict[type[Exception], Any] = {
        AlreadyInvited: lazy_gettext("This address is on the list, or invited, already."),
        AlreadyMember: lazy_gettext("This person already belongs to the company."),
        NotOnYourself: lazy_gettext("This is your own address. Your own access is set already."),
    }
    return {"email": str(words[type(error)])}


def role_problem(error: IdpError, work: Work) -> dict[str, str]:
    """What is wrong with a role that somebody was to get, by field."""
    product = str(error.members.get("product") or str(error.members.get("role")).partition(".")[0])
    field = role_field(product)
    if isinstance(error, ExtraCostUnconfirmed):
        name = label_for(work.policies.products[product].label, locale.current())
        return {
            field: gettext(
                "One more user of %(product)s will be charged extra. Confirm the cost below, or choose another role.",
                product=name,
            )
        }
    if isinstance(error, SeatLimitReached):
        return {
            field: gettext(
                "Every seat of your plan is taken here: %(used)s of %(of)s. Choose a role that takes none, or add the "
                "person later, when you have more seats.", used=error.members["used"], of=error.members["of"],
            )
        }  # fmt: skip
    return {field: gettext("This role cannot be given here. Choose another one.")}
