"""What the pages about a person's role in one product show, and how their form is read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask import request
from flask_babel import gettext, lazy_gettext, ngettext
from pydantic import StringConstraints, create_model

from idp.companies import acting_on, module, offering, people, preview, product_role, proposal, role, seats
from idp.companies.errors import NotSubscribed, RoleNotOffered
from idp.companies.models import Membership, ProductRole
from idp.companies.offering import Offer
from idp.companies.people import HeldRole, PersonSeen
from idp.companies.preview import Preview
from idp.companies.proposal import Choice
from idp.companies.seats import Seats
from idp.core import texts
from idp.core.errors import NotFound
from idp.policy import label_for
from idp.policy.catalogue import Policies, Product
from idp.web import forms, locale, member_words, role_words
from idp.web.pages import people as people_pages
from idp.web.pages.company_area import Area
from idp.web.pages.people import path
from idp.web.render import day

VALUES = "values_"  # of a limit that takes a list: the name of its field begins so
VALUES_MAX = 600
Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Several = tuple[Annotated[str, StringConstraints(max_length=100)], ...]


class RoleForm(forms.Form):
    """The form of a role; a product whose limits take values adds their fields (`form_of`)."""

    role: Short
    seen: Short = ""
    switch: Several = ()
    limit: Several = ()
    until: Short = ""
    extra_cost: Short = ""
    confirmed: Short = ""

    says = {"until": lazy_gettext("Write the last day as a date, such as 2027-03-31.")}


@dataclass(frozen=True, slots=True)
class Wish:
    """What the form asks for.

    Attributes:
        last_day: as it was typed; `until` is the end of it.
    """

    offer: Offer
    switches: tuple[str, ...] = ()
    limits: dict[str, Any] = field(default_factory=dict)
    last_day: str = ""
    until: datetime | None = None
    extra_cost: bool = False

    def choice(self) -> Choice:
        offer = self.offer
        return Choice(offer.role_id, offer.custom_role_id, switches=self.switches, restrictions=self.limits)


@dataclass(frozen=True, slots=True)
class Place:
    """The person and the product a page is about.

    Attributes:
        held: the role there; None without one, or once its time is over.
        missing: applications of the product that are not activated at the company.
    """

    area: Area
    person: PersonSeen
    membership: Membership
    product: Product
    held: HeldRole | None
    offers: tuple[Offer, ...]
    missing: frozenset[str] = frozenset()

    @property
    def url(self) -> str:
        return path(self.area, self.person, "roles", self.product.id)

    @property
    def name(self) -> str:
        return label_for(self.product.label, locale.current())

    def offer(self, key: str) -> Offer | None:
        return next((each for each in self.offers if each.key == key), None)


def target(area: Area, account_id: UUID) -> tuple[PersonSeen, Membership]:
    """The person, if the reader may change anything about them.

    Raises:
        NotFound: no member here.
        NotPermitted: the reader themselves, the owner, or somebody with a higher role.
    """
    person = people.get(area.work, area.company_id, account_id)
    membership = people_pages.member(area, account_id)
    acting_on.require_above(area.work, product_role.EDITS, membership)
    return person, membership


def place_of(area: Area, account_id: UUID, product: str) -> Place:
    """The person and the product.

    Raises:
        NotFound, NotPermitted: as `target`; also for a product in which there is nothing to give and nothing held.
    """
    person, membership = target(area, account_id)
    known = area.work.policies.products.get(product)
    held = next((each for each in person.roles if each.product == product and not each.over), None)
    offers = offering.roles(area.work, area.company_id, product) if known is not None else ()
    if known is None or not known.subscribed or (not offers and held is None):
        raise NotFound(kind="product")
    missing = module.off_in(area.work, area.company_id, product)
    return Place(area, person, membership, known, held, offers, missing)


@lru_cache(maxsize=64)
def form_of(policies: Policies, product: str) -> type[RoleForm]:
    """The form, with a field for each limit of the product that takes a list."""
    listed = [each.id for each in policies.products[product].restrictions.values() if each.values == "list"]
    text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=VALUES_MAX)]
    fields: dict[str, Any] = {f"{VALUES}{each}": (text, "") for each in listed}
    return create_model("RoleForm", __base__=RoleForm, **fields)


def key_of(text: str) -> UUID | None:
    """The row that a form says it was made from."""
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def wish_of(place: Place, form: RoleForm) -> tuple[Wish | None, dict[str, str]]:
    """What the form asks for, or what is wrong with it."""
    offer = place.offer(form.role)
    if offer is None:
        role.try_unlisted(place.area.work, place.area.company_id, form.role, key_of(form.role))
        return None, {"role": gettext("Choose one of the roles of the list.")}
    able, rules = switches_of(place, offer), place.product.restrictions
    if [each for each in form.switch if each not in able] or [each for each in form.limit if each not in rules]:
        return None, {"form": gettext("This form arrived in disorder. Please fill it in again.")}
    limits: dict[str, Any] = {}
    for each in form.limit:
        name = f"{VALUES}{each}"
        values = [part.strip() for part in getattr(form, name, "").split(",") if part.strip()]
        if rules[each].values == "list" and not values:
            return None, {name: gettext("Write at least one, separated by commas.")}
        limits[each] = values if rules[each].values == "list" else True
    until, problem = _end_of(form.until, place.area.work.now)
    if problem:
        return None, {"until": problem}
    return Wish(offer, form.switch, limits if offer.switches else {}, form.until, until, bool(form.extra_cost)), {}


def switches_of(place: Place, offer: Offer) -> Mapping[str, frozenset[str]]:
    """The areas that a role opens one by one; an application that is not activated has no switch (EMP-12)."""
    every = place.area.work.policies.roles[offer.role_id].switches if offer.role_id else {}
    return {area: opened for area, opened in every.items() if area not in place.missing}


def _kept(place: Place, offer: Offer) -> tuple[str, ...]:
    """What is switched on of applications that are not activated now: it stays, for the day that they are."""
    role = place.area.work.policies.roles[offer.role_id] if offer.role_id else None
    on = place.held.switches if place.held is not None else ()
    return tuple(each for each in on if role is not None and each in role.switches and each in place.missing)


def _end_of(typed: str, now: datetime) -> tuple[datetime | None, str]:
    """The end of a temporary right: the end of its last day, on the clock of the customers."""
    if not typed:
        return None, ""
    try:
        last = date.fromisoformat(typed)
        end = datetime(last.year, last.month, last.day, tzinfo=ZoneInfo(texts.ZONE)) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None, str(RoleForm.says["until"])
    return (end, "") if end > now else (None, str(gettext("This day is over. Write one to come.")))


def last_day_of(held: HeldRole | None) -> str:
    """The last day of a temporary right, as a date field has it."""
    if held is None or held.expires_at is None:
        return ""
    return (held.expires_at - timedelta(seconds=1)).astimezone(ZoneInfo(texts.ZONE)).date().isoformat()


def frame(place: Place) -> dict[str, Any]:
    """What every page about the role shows."""
    return {
        "who": place.person,
        "product_name": place.name,
        "held": None if place.held is None else held_words(place.area, place.held),
        "cancel_url": path(place.area, place.person),
    }


def held_words(area: Area, held: HeldRole) -> dict[str, str]:
    """A role somebody holds, in words."""
    return {
        "role": member_words.labelled(held.labels),
        "until": member_words.until(held),
        "switches": member_words.switches(area.work, held, module.off_in(area.work, area.company_id, held.product)),
        "limits": member_words.limits(area.work, held),
    }


def offered(offer: Offer) -> dict[str, Any]:
    """A role that can be given, in words."""
    summary = label_for(offer.summary, locale.current()) if offer.summary else gettext("A custom role of your company")
    return {"key": offer.key, "label": member_words.labelled(offer.labels), "summary": summary, "seat": offer.seat}


def options(place: Place, offer: Offer) -> dict[str, Any]:
    """Switches, limits and an end, as they are held, proposed or typed, beside the role in words."""
    work, language, held = place.area.work, locale.current(), place.held
    role = work.policies.roles[offer.role_id] if offer.role_id else None
    same = held if held is not None and offer.key in (held.role_id, str(held.custom_role_id)) else None
    sent = request.form if request.method == "POST" else None
    proposed: Iterable[str] = same.switches if same else role.switch_defaults if role else ()
    able, areas = switches_of(place, offer), place.product.areas
    before = held.restrictions if held else {}
    shown = areas.values() if offer.switches else ()
    return {
        "offer": offered(offer),
        "switches": [
            {"value": each, "label": label_for(areas[each].label, language)} for each in areas if each in able
        ],
        "on": list(sent.getlist("switch")) if sent is not None else list(proposed),
        "always": [label_for(each.label, language) for each in shown if each.always_on],
        "missing": [label_for(each.label, language) for each in shown if each.id in place.missing],
        "limits": [_limit(place, each, before) for each in place.product.restrictions] if offer.switches else [],
        "until": sent.get("until", "")[:20] if sent is not None else last_day_of(same),
        "seen": sent.get("seen", "")[:40] if sent is not None else (str(held.row) if held else ""),
        "preview": role_words.shown(_preview(place, Choice(offer.role_id, offer.custom_role_id, switches=tuple(able)))),
        "new": held is None,
        "back_url": place.url,
    }


def _limit(place: Place, name: str, before: Mapping[str, Any]) -> dict[str, Any]:
    rule, sent = place.product.restrictions[name], request.form if request.method == "POST" else None
    values = before.get(name)
    typed = ", ".join(values) if isinstance(values, list) else ""
    return {
        "value": name,
        "label": label_for(rule.label, locale.current()),
        "on": name in (sent.getlist("limit") if sent is not None else before),
        "field": f"{VALUES}{name}" if rule.values == "list" else None,
        "typed": typed if sent is None else sent.get(f"{VALUES}{name}", "")[:VALUES_MAX],
    }


def review(place: Place, wish: Wish, seen: UUID | None, *, meanwhile: bool) -> dict[str, Any]:
    """What a change comes to, before it is saved.

    Args:
        seen: the row that the reader had been shown; with `meanwhile` another one holds by now.
    """
    policies, now = place.area.work.policies, held_preview(place)
    after = _preview(place, replace(wish, switches=(*wish.switches, *_kept(place, wish.offer))).choice())
    shown = _was(place, seen) if meanwhile else now
    return {
        "offer": offered(wish.offer),
        "until": day(wish.until - timedelta(seconds=1)) if wish.until else None,
        "change": role_words.changes(preview.difference(policies, now, after)),
        "preview": role_words.shown(after),
        "changed": place.held is None or not _same(place, wish, place.held),
        "meanwhile": role_words.changes(preview.difference(policies, shown, now)) if meanwhile else None,
        "fields": _fields(place, wish),
        "seats": _seat_question(place, wish),
        "back_url": f"{place.url}?role={wish.offer.key}",
    }


def _same(place: Place, wish: Wish, held: HeldRole) -> bool:
    """Whether what is asked for is what there is, so that nothing is left to save."""
    offer = wish.offer
    if (held.role_id, held.custom_role_id) != (offer.role_id, offer.custom_role_id) or held.expires_at != wish.until:
        return False
    on = {*wish.switches, *_kept(place, offer)} if offer.switches else set()
    return on == set(held.switches if offer.switches else ()) and wish.limits == dict(held.restrictions)


def held_preview(place: Place) -> Preview:
    """What the person may do in the product now."""
    if place.held is None:
        return preview.nothing(place.area.work.policies, place.product.id, locale.current())
    return _was(place, place.held.row)


def _was(place: Place, row: UUID | None) -> Preview:
    """What a role that the person holds or has held came to, were it held today."""
    found: ProductRole | None = product_role.of_row(place.area.work, place.membership, row) if row else None
    if found is not None:
        try:
            return _preview(place, Choice(found.role, found.custom_role_id, None, found.switches, found.restrictions))
        except (RoleNotOffered, NotSubscribed):  # a role that is known no longer
            pass
    return preview.nothing(place.area.work.policies, place.product.id, locale.current())


def _preview(place: Place, choice: Choice) -> Preview:
    area = place.area
    person = place.person.account_id
    grant = proposal.in_company(area.work, area.company_id, place.product.id, choice, account_id=person)
    return preview.of(area.work.policies, grant, locale.current())


def _fields(place: Place, wish: Wish) -> list[tuple[str, str]]:
    """The form once more, hidden, as it is to be saved; made from the row that holds now."""
    fields = [("role", wish.offer.key), ("seen", str(place.held.row) if place.held else ""), ("until", wish.last_day)]
    fields += [("switch", each) for each in wish.switches]
    for name, value in wish.limits.items():
        fields.append(("limit", name))
        if isinstance(value, list):
            fields.append((f"{VALUES}{name}", ", ".join(value)))
    return fields


def _seat_question(place: Place, wish: Wish) -> dict[str, Any] | None:
    """What a further seat comes to; None when the change takes none."""
    if not wish.offer.seat or (place.held is not None and place.held.uses_seat):
        return None
    standing = seats.overview(place.area.work, place.area.company_id).get(place.product.id)
    return None if standing is None else {"next": standing.next, "said": seats_said(standing)}


def seats_said(standing: Seats) -> str:
    """How the seats of a product stand, in a few words."""
    if standing.of is None:
        return str(gettext("seats without limit"))
    return str(ngettext("%(num)s seat used of %(of)s", "%(num)s seats used of %(of)s", standing.used, of=standing.of))
