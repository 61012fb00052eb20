"""The people of a company: the list of them (SC20), and one of them with all they hold (SC21)."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext
from werkzeug.wrappers import Response

from idp.companies import acting_on, company_role, invitation, module, offering, people, product_role, seats
from idp.companies.errors import HigherRole, NotOnYourself, OwnerNotEditable
from idp.companies.models import Membership
from idp.companies.people import HeldRole, PersonSeen, State, Wanted
from idp.companies.seats import Seats
from idp.core.errors import NotFound, NotPermitted
from idp.policy import label_for
from idp.web import csrf, locale, member_words, paging
from idp.web.pages.company_area import Area, enter
from idp.web.pages.invitations import plan
from idp.web.render import day, moment

blueprint = Blueprint("pages_people", __name__)
csrf.guard(blueprint)

PURPOSE = "people of a company"
LONGEST_SEARCH = 100
VIEWS, EDITS = people.VIEWS, "company.users.edit-access"
SUSPENDS, REMOVES = "company.users.suspend", "company.users.remove"
ENDS_SESSIONS = "company.security.end-sessions"


@blueprint.get("/companies/<uuid:company_id>/people")
def list_people(company_id: UUID) -> ResponseReturnValue:
    """Who works here. Query: `q` a part of a name or an address, `product`, `role`, `state`, `after`, `before`; `done`
    after a change."""
    area = enter(company_id, VIEWS)
    work = area.work
    wanted = _wanted(area)
    asked = paging.asked(work, PURPOSE)
    found = people.of_company(work, company_id, wanted, after=asked.after, before=asked.before)
    narrowed = wanted != Wanted()
    return area.page(
        "company/people.html",
        people=[_row(area, each) for each in found.people],
        wanted=wanted,
        narrowed=narrowed,
        choices=_choices(area),
        total=found.total,
        counts=_counts(found.states),
        seats=[_seats(area, product, each) for product, each in seats.overview(work, company_id).items()],
        plan=plan(area),
        waiting=people.waiting(work, company_id),
        invitations_url=_url_of(area, "invitations"),
        invites=area.may(*invitation.INVITES),
        done=_done(request.args.get("done", "")),
        pages=paging.pager(
            work, PURPOSE, first=found.first, shown=len(found.people), total=found.total, previous=found.previous,
            following=found.next,
        ),
    )  # fmt: skip


@blueprint.get("/companies/<uuid:company_id>/people/<uuid:account_id>")
def show_person(company_id: UUID, account_id: UUID) -> ResponseReturnValue:
    """One of them. Query: `done` after a change."""
    return show({}, company_id, account_id)


def show(problems: dict[str, str], company_id: UUID, account_id: UUID) -> Response:
    area = enter(company_id, *people.SEES)
    work = area.work
    person = people.get(work, company_id, account_id)
    why = untouchable(area, account_id)
    may = {name: why is None and may_now(area, account_id, name) for name in (EDITS, SUSPENDS, REMOVES)}
    edits = why is None and (may[EDITS] or may_now(area, account_id, *product_role.EDITS))
    usable = offering.products(work, company_id) if edits else ()
    held = {each.product for each in person.roles if not each.over}
    missing = module.off(work, company_id)
    return area.page(
        "company/person.html",
        problems=problems,
        who=person,
        facts=_facts(area, person),
        roles=[
            _role(area, person, each, missing.get(each.product, frozenset()), editable=edits) for each in person.roles
        ],
        why=why,
        own=account_id == area.current.account_id,
        add_url=path(area, person, "roles", "new") if set(usable) - held else None,
        services=_services(area, person),
        services_url=path(area, person, "services") if may[EDITS] else None,
        acts=_acts(area, person, may),
        explain_url=path(area, person, "explain") if area.may(VIEWS) else None,
        done=_done(request.args.get("done", "")) if not problems else None,
    )


def path(area: Area, person: PersonSeen, *parts: object) -> str:
    """The address of a page about somebody."""
    return area.path("people", person.account_id, *parts)


def member(area: Area, account_id: UUID) -> Membership:
    """The membership behind a page about somebody.

    Raises:
        NotFound: no member here.
    """
    found = acting_on.find(area.work, area.company_id, account_id)
    if found is None:
        raise NotFound(kind="membership")
    return found


def untouchable(area: Area, account_id: UUID) -> str | None:
    """Why the reader changes nothing about this person: themselves, the owner, a higher role; None when they may."""
    permissions = [each for each in (*product_role.EDITS, SUSPENDS, REMOVES) if area.may(each)]
    try:
        acting_on.require_above(area.work, permissions, member(area, account_id))
    except NotOnYourself:
        return str(gettext("This is you: your own access is managed by others."))
    except OwnerNotEditable:
        return str(gettext("Nobody else can change the account owner."))
    except HigherRole:
        return (
            str(gettext("This person has a role that you cannot give, so you cannot change it either."))
            if permissions
            else ""
        )
    return None


def may_now(area: Area, account_id: UUID, *permissions: str) -> bool:
    """Whether the reader may act on this person with one of these permissions."""
    if not area.may(*permissions):
        return False
    try:
        acting_on.require_above(area.work, permissions, member(area, account_id))
    except NotPermitted:
        return False
    return True


def _wanted(area: Area) -> Wanted:
    """What the address narrows the list to; what is no such thing is left out."""
    asked = request.args
    policies = area.work.policies
    product = asked.get("product", "")
    state = asked.get("state", "")
    return Wanted(
        search=asked.get("q", "").strip()[:LONGEST_SEARCH],
        product=product if product in policies.products else "",
        role=asked.get("role", "")[:LONGEST_SEARCH],
        state=state if state in list(State) else "",
    )


def _choices(area: Area) -> dict[str, list[dict[str, str]]]:
    work, language = area.work, locale.current()
    policies = work.policies
    roles = people.held_roles(work, area.company_id)
    products = list(dict.fromkeys(product for product, _, _ in roles))
    every = {"value": "", "label": gettext("All")}
    company_roles = [
        {"value": each.id, "label": label_for(each.label, language)}
        for each in policies.roles.values()
        if policies.products[each.product].kind == "administration" and "member" in each.held_by
    ]
    return {
        "product": [every, *({"value": each, "label": member_words.product(work, each)} for each in products)],
        "role": [
            every,
            *company_roles,
            *(
                {"value": key, "label": f"{member_words.product(work, product)} – {member_words.labelled(labels)}"}
                for product, key, labels in roles
            ),
        ],
        "state": [every, *({"value": each.value, "label": member_words.state(each)} for each in State)],
    }


def _counts(states: Any) -> str:
    """How many people there are, and how many of them are in a state worth telling."""
    parts = [ngettext("%(num)s user", "%(num)s users", sum(states.values()))]
    if states[State.SET_UP]:
        parts.append(ngettext("%(num)s set-up to be finished", "%(num)s set-ups to be finished", states[State.SET_UP]))
    if states[State.SUSPENDED]:
        parts.append(ngettext("%(num)s suspended", "%(num)s suspended", states[State.SUSPENDED]))
    return " · ".join(map(str, parts))


def _seats(area: Area, product: str, standing: Seats) -> str:
    """How many seats of a product are used."""
    name = member_words.product(area.work, product)
    if standing.of is None:
        return str(gettext("%(product)s %(used)s, without limit", product=name, used=standing.used))
    if standing.extra:
        return str(
            gettext(
                "%(product)s %(used)s of %(of)s, of which %(extra)s extra",
                product=name, used=standing.used, of=standing.of, extra=standing.extra,
            )
        )  # fmt: skip
    return str(gettext("%(product)s %(used)s of %(of)s", product=name, used=standing.used, of=standing.of))


def _row(area: Area, person: PersonSeen) -> dict[str, Any]:
    work = area.work
    return {
        "name": person.name,
        "address": person.address,
        "url": path(area, person),
        "you": person.account_id == area.current.account_id,
        "company_role": member_words.company_roles(work, person),
        "roles": [_short(area, each) for each in person.roles],
        "language": locale.spoken(person.locale),
        "last": moment(person.last_sign_in) if person.last_sign_in else None,
        "state": member_words.state(person.state),
        "active": person.state is State.ACTIVE,
    }


def _short(area: Area, held: HeldRole) -> dict[str, str]:
    return {
        "product": member_words.product(area.work, held.product),
        "role": member_words.labelled(held.labels),
        "until": member_words.until(held),
    }


def _facts(area: Area, person: PersonSeen) -> list[tuple[str, Any]]:
    return [
        (gettext("Address"), person.address),
        (gettext("Language"), locale.described(person.locale)),
        (gettext("State"), member_words.state(person.state)),
        (gettext("Role in the company"), member_words.company_roles(area.work, person)),
        (gettext("In the company since"), day(person.since)),
        (
            gettext("Last sign-in"),
            moment(person.last_sign_in).short if person.last_sign_in else gettext("none recently"),
        ),
    ]


def _role(area: Area, person: PersonSeen, held: HeldRole, missing: frozenset[str], *, editable: bool) -> dict[str, Any]:
    page = path(area, person, "roles", held.product)
    return {
        **_short(area, held),
        "since": day(held.since),
        "switches": member_words.switches(area.work, held, missing),
        "limits": member_words.limits(area.work, held),
        "change_url": page if editable else None,
        "remove_url": f"{page}/remove" if editable else None,
    }


def _services(area: Area, person: PersonSeen) -> list[dict[str, Any]]:
    """The connected services that are set for each person, where the company has them."""
    known = area.work.policies.services
    return [
        {"value": each, "label": label_for(known[each].label, locale.current()), "on": each in person.services}
        for each in company_role.offered_services(area.work, area.company.services)
    ]


def _acts(area: Area, person: PersonSeen, may: dict[str, bool]) -> list[dict[str, str]]:
    """What else can be done about somebody, each on a page of its own that says what will happen."""
    acts = []
    if may[EDITS]:
        acts.append({"name": gettext("Change the role in the company"), "url": path(area, person, "company-role")})
    if may[SUSPENDS]:
        suspended = person.state is State.SUSPENDED
        name = gettext("Reactivate") if suspended else gettext("Suspend for the time being")
        acts.append({"name": name, "url": path(area, person, "suspension")})
    if area.may(ENDS_SESSIONS) and person.account_id != area.current.account_id:
        acts.append({"name": gettext("Close the sessions for this company"), "url": path(area, person, "sessions")})
    if may[REMOVES]:
        acts.append({"name": gettext("Remove from the company"), "url": path(area, person, "removal")})
    return acts


def _url_of(area: Area, key: str) -> str | None:
    """The address of another page of the company, where there is one for the reader."""
    from idp.web import company_menu

    listed = company_menu.entries(area.company_id, area.company.kind, area.permissions)
    return next((each["url"] for each in listed if each["key"] == key), None)


def done_url(url: str, what: str) -> str:
    """A page that says what was just done."""
    return f"{url}?{urlencode({'done': what})}"


def _done(what: str) -> str | None:
    words: dict[str, str] = {
        "role": gettext("The rights are saved. Products apply them within ten minutes, without a new sign-in."),
        "role-removed": gettext("The role is taken away. The product is closed within ten minutes at the latest."),
        "company-role": gettext("The role in the company is changed."),
        "services": gettext("The services are saved."),
        "suspended": gettext("The person is suspended: nothing of this company opens any more."),
        "resumed": gettext("The person is reactivated, with the same roles as before."),
        "sessions": gettext(
            "The sessions for this company are being closed. The person can sign in to its products again."
        ),
        "removed": gettext("The person is removed. Access to this company has ended, and the seats are free."),
    }
    return str(words[what]) if what in words else None
