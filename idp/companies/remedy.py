"""The smallest change that gives somebody a permission: which acts, in which order, and who may do each.

Nothing is changed here. What would hold after each act is a `Grant`, and the engine is asked again with it, until it
permits what was asked for; the tests do what is proposed and see the answer turn.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from idp.companies.preview import Obstacle, obstacles, unlimited
from idp.policy.agreements import Plan
from idp.policy.catalogue import Policies, Role
from idp.policy.models import MANDATE
from idp.policy.permissions import Grant, ceiling_of, ceiling_permissions, effective, with_required

RUNNING = "active"  # what paying, resuming and subscribing lead to
MOST = 6  # more acts than that are no small change


class Act(StrEnum):
    """What somebody would have to do."""

    UNBLOCK = "unblock_account"
    REOPEN = "reopen_company"
    INVITE = "invite"
    RESUME = "resume_member"
    GIVE_ROLE = "give_role"
    CHANGE_ROLE = "change_role"
    CHANGE_COMPANY_ROLE = "change_company_role"
    BUILD_ROLE = "build_role"
    ACTIVATE = "activate_application"
    SWITCH_ON = "switch_on_area"
    LIFT_RESTRICTION = "lift_restriction"
    SERVICE_ON = "switch_on_service"
    PERSON_SERVICE_ON = "switch_on_service_for_person"
    SUBSCRIBE = "subscribe"
    CHANGE_PLAN = "change_plan"
    ORDER_SEAT = "order_seat"
    LARGER_PLAN = "change_to_larger_plan"
    FREE_SEAT = "free_seat"
    RESUBSCRIBE = "resubscribe"
    SETTLE = "settle_subscription"
    GIVE_MANDATE = "give_mandate"
    CONFIRM_MANDATE = "confirm_mandate"
    WIDEN_MANDATE = "widen_mandate"
    ASSIGN = "assign"
    CHANGE_ASSIGNMENT = "change_assignment"
    GIVE_FIRM_ROLE = "give_firm_role"
    SETTLE_FIRM = "settle_firm_subscription"


@dataclass(frozen=True, slots=True)
class Step:
    """One act.

    Attributes:
        what: its subject by kind: `role`, `custom_role`, `company_role`, `area`, `service`, `restriction`,
            `permission`, `product`, `plan`, `mandate`, `preset`, `options`, `lowered`.
        by: ids of the roles whose holders may do it; empty where nobody in the company can, or the product is where it
            is done.
        firm: it is done in the firm, not in the company.
    """

    act: Act
    what: Mapping[str, str] = field(default_factory=dict)
    by: tuple[str, ...] = ()
    firm: bool = False


@dataclass(frozen=True)
class Place:
    """What a change can draw on.

    Attributes:
        company_services: connected services that are on for the company.
        person_services: those that are on for the person, whether or not the company has them.
        plan: the company's plan; under a mandate the firm's, which has roles of its own or not.
        own_roles: permissions by key of the roles of one's own in this product; of the firm under a mandate.
        preset, options, lowered: of the mandate; no preset for the company's own people.
        only_reads: the firm is handing over; nothing it could be given would let it change anything.
        modules_off: applications of the product that are not activated at the company, so that their areas have no
            switch.
    """

    policies: Policies
    company_services: frozenset[str]
    person_services: frozenset[str]
    plan: Plan | None
    own_roles: Mapping[UUID, frozenset[str]]
    preset: str | None = None
    options: tuple[str, ...] = ()
    lowered: tuple[str, ...] = ()
    only_reads: bool = False
    modules_off: frozenset[str] = frozenset()

    @property
    def firm(self) -> bool:
        return self.preset is not None


def steps(place: Place, grant: Grant, permission: str) -> tuple[Step, ...] | None:
    """The acts that lead from this grant to the permission; none when it is there, None when nothing leads there."""
    policies, done = place.policies, list[Step]()
    product = policies.products[grant.product]
    while permission not in effective(policies, grant):
        if len(done) >= MOST:
            return None
        found = _next(place, grant, permission, obstacles(policies, product, grant).get(permission))
        if found is None:
            return None
        acts, grant = found
        done += acts
    return tuple(done)


def first_role(place: Place, grant: Grant, permission: str | None) -> tuple[Step, Grant] | None:
    """The role to give to somebody who has none, and what holds then; without a permission, what the product begins
    with."""
    policies, product = place.policies, place.policies.products[grant.product]
    by_default = policies.roles.get(product.default_role or "")
    if permission is None and by_default is not None and _offered(place, by_default):
        return _with_role(place, grant, by_default, None, give=True)
    wanted = [permission] if permission is not None else sorted(product.permissions)
    choices = (_role_with(place, grant, each, give=True) for each in wanted)
    return next((each for each in choices if each is not None), None)


def holders_of(policies: Policies, permission: str) -> tuple[str, ...]:
    """The roles that may do this, for people of a company or firm."""
    return tuple(
        role.id for role in policies.roles.values() if permission in role.permissions and "member" in role.held_by
    )


def widened(place: Place, product: str, permission: str | None) -> tuple[Step, tuple[str, ...]] | None:
    """The mandate that opens the permission (or the product at all) and changes least, and its ceiling there."""
    policies = place.policies
    now = ceiling_of(policies, place.preset or "", place.options)
    best: tuple[int, str, tuple[str, ...]] | None = None
    for preset in policies.presets.values():
        for added in ((), *((each,) for each in policies.options)):
            options = tuple(sorted({*place.options, *added}))
            roles = ceiling_of(policies, preset.id, options)
            opened = ceiling_permissions(policies, product, roles.get(product, ()))
            if not opened or (permission is not None and permission not in opened):
                continue
            cost = _apart(policies, now, roles), preset.id, options
            best = min(best, cost) if best is not None else cost
    if best is None:
        return None
    _, preset_id, options = best
    consent = [policies.options[each].consent_by for each in options if each not in place.options]
    able = frozenset(holders_of(policies, "company.mandates.change"))
    by = tuple(each for each in policies.roles if each in able and all(each in names for names in consent))
    lowered = ",".join(each for each in place.lowered if not each.startswith(f"{product}:"))
    what = {"preset": preset_id, "options": ",".join(options), "lowered": lowered, "product": product}
    return Step(Act.WIDEN_MANDATE, what, by), ceiling_of(policies, preset_id, options)[product]


def _next(place: Place, grant: Grant, permission: str, obstacle: Obstacle | None) -> tuple[list[Step], Grant] | None:
    """What removes one obstacle, and what holds then."""
    found: tuple[Step, Grant] | None
    match obstacle:
        case None | Obstacle.NEVER:
            switched = _switched(place, grant, permission)
            if switched is not None:
                return switched
            found = _role_with(place, grant, permission, give=False)
        case Obstacle.MANDATE:
            wider = widened(place, grant.product, permission)
            found = (wider[0], _opened(place, grant, wider[1])) if wider is not None else None
        case Obstacle.RESTRICTION:
            found = _lifted(place, grant, permission)
        case Obstacle.SERVICE:
            return _served(place, grant, permission)
        case Obstacle.SUBSCRIPTION:
            found = settled(place.policies, grant)
        case Obstacle.FIRM_SUBSCRIPTION:
            by = holders_of(place.policies, "company.subscription.change")
            found = Step(Act.SETTLE_FIRM, {}, by, firm=True), grant._replace(firm_state=RUNNING)
        case _:  # nothing in a company's hands opens this
            return None
    return ([found[0]], found[1]) if found is not None else None


def _opened(place: Place, grant: Grant, ceiling: tuple[str, ...]) -> Grant:
    return grant._replace(ceiling=ceiling, highest="view" if place.only_reads else None)


def settled(policies: Policies, grant: Grant) -> tuple[Step, Grant] | None:
    """What makes the subscription run again, or for good."""
    state = policies.states.get(grant.state or "")
    if state is None or not any(each.from_ == state.id and each.to == RUNNING for each in policies.transitions):
        return None
    if state.refused:
        step = Step(Act.RESUBSCRIBE, {"product": grant.product}, holders_of(policies, "company.subscription.resume"))
    elif state.permissions == "all":
        step = Step(Act.SUBSCRIBE, {"product": grant.product}, holders_of(policies, "company.subscription.change"))
    else:
        step = Step(Act.SETTLE, {"product": grant.product}, holders_of(policies, "company.billing.edit-payment"))
    return step, grant._replace(state=RUNNING)


def _served(place: Place, grant: Grant, permission: str) -> tuple[list[Step], Grant] | None:
    """A service is on for the company, and where it goes by the person for them too; never for who comes by mandate."""
    policies = place.policies
    name = policies.permissions[permission].service or ""
    if place.firm and policies.services[name].per_person:
        return None
    done = []
    if name not in place.company_services:
        done.append(Step(Act.SERVICE_ON, {"service": name}, holders_of(policies, "company.services.activate")))
    if policies.services[name].per_person and name not in place.person_services:
        by = holders_of(policies, "company.users.edit-access")
        done.append(Step(Act.PERSON_SERVICE_ON, {"service": name}, by))
    return done, grant._replace(services=grant.services | {name})


def _lifted(place: Place, grant: Grant, permission: str) -> tuple[Step, Grant] | None:
    policies = place.policies
    product = policies.products[grant.product]
    for name, _ in grant.restrictions:
        if permission in product.restricted.get(name, ()):
            kept = tuple(each for each in grant.restrictions if each[0] != name)
            by = holders_of(policies, "company.users.edit-access")
            what = {"restriction": name, "product": grant.product}
            return Step(Act.LIFT_RESTRICTION, what, by), grant._replace(restrictions=kept)
    return None


def _switched(place: Place, grant: Grant, permission: str) -> tuple[list[Step], Grant] | None:
    """The switch of an area, for a role that has one; where there is none to turn, the application comes first."""
    role = place.policies.roles.get(grant.role or "")
    for area, opened in role.switches.items() if role is not None else ():
        if permission in opened and area not in grant.switches:
            by = holders_of(place.policies, "company.users.edit-access")
            after = grant._replace(switches=grant.switches | {area})
            what = {"area": area, "product": grant.product}
            first = [Step(Act.ACTIVATE, what)] if area in place.modules_off else []
            return [*first, Step(Act.SWITCH_ON, what, by)], after
    return None


def _role_with(place: Place, grant: Grant, permission: str, *, give: bool) -> tuple[Step, Grant] | None:
    """Another role that holds the permission, and otherwise is as near as possible to what is held."""
    policies, product = place.policies, place.policies.products[grant.product]
    held = frozenset(effective(policies, unlimited(policies, grant)).permissions) if not give else frozenset()
    ways: list[tuple[int, str, Role | None, UUID | None]] = []
    for role in (policies.roles[each] for each in product.roles):
        if permission in role.widest and _offered(place, role):
            ways.append((len(_at_first(role, permission) ^ held), role.id, role, None))
    never = frozenset(product.custom_roles.never)
    for key, permissions in place.own_roles.items():
        holds = with_required(permissions, product.permissions) - never
        if permission in holds:
            ways.append((len(holds ^ held), str(key), None, key))
    if ways:
        _, _, chosen, own = min(ways, key=lambda each: each[:2])
        return _with_role(place, grant, chosen, own, give=give, permission=permission)
    if not product.custom_roles.allowed or permission in never or place.plan is None or not place.plan.custom_roles:
        return None
    what = {"permission": permission, "product": grant.product}
    built = _own(grant, frozenset({permission}))
    return Step(Act.BUILD_ROLE, what, product.custom_roles.built_by, firm=place.firm), built


def _own(grant: Grant, permissions: frozenset[str]) -> Grant:
    """With a role of one's own; it has no switches, and limits are for roles that have some."""
    return grant._replace(role=None, custom_permissions=permissions, switches=frozenset(), restrictions=())


def _with_role(
    place: Place, grant: Grant, role: Role | None, own: UUID | None, *, give: bool, permission: str | None = None
) -> tuple[Step, Grant]:
    acts = (Act.ASSIGN, Act.CHANGE_ASSIGNMENT) if place.firm else (Act.GIVE_ROLE, Act.CHANGE_ROLE)
    act = acts[0] if give else acts[1]
    givers = holders_of(place.policies, "practice.colleagues.assign" if place.firm else "company.users.edit-access")
    if role is None:
        assert own is not None
        after = _own(grant, place.own_roles[own])
        return Step(act, {"custom_role": str(own), "product": grant.product}, givers, firm=place.firm), after
    kept = grant.switches & place.modules_off & frozenset(role.switches)
    switches = kept | (role.switch_defaults - place.modules_off)
    limits = grant.restrictions if role.switches else ()  # limits are for roles with switches
    after = grant._replace(role=role.id, custom_permissions=None, switches=switches, restrictions=limits)
    named = tuple(each for each in givers if each in role.assignable_by) if not place.firm else givers
    return Step(act, {"role": role.id, "product": grant.product}, named, firm=place.firm), after


def _offered(place: Place, role: Role) -> bool:
    """Whether somebody could give the role here."""
    if place.firm:
        return bool({"colleague", "mandate"} & role.held_by)
    by_hand = role.assignable_by - {MANDATE}
    return "member" in role.held_by and bool(by_hand) and (place.plan is None or place.plan.offers(role.id))


def _at_first(role: Role, permission: str) -> frozenset[str]:
    """What the role holds as it is given, with the area of the permission switched on."""
    on = {area for area in role.switches if area in role.switch_defaults or permission in role.switches[area]}
    return role.permissions.union(*(role.switches[area] for area in on))


def _apart(policies: Policies, one: Mapping[str, Iterable[str]], other: Mapping[str, Iterable[str]]) -> int:
    """How far two ceilings lie apart, in permissions."""
    return sum(
        len(
            ceiling_permissions(policies, each, one.get(each, ()))
            ^ ceiling_permissions(policies, each, other.get(each, ()))
        )
        for each in {*one, *other}
    )
