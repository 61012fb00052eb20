"""Cross-checks of subscriptions, mandates and the account policy against the products and one another."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from idp.policy.account import AccountPolicyFile
from idp.policy.agreements import MandateOption, MandatesFile, Plan, Preset
from idp.policy.catalogue import ACCOUNT_FILE, MANDATES_FILE, SUBSCRIPTIONS_FILE, Files
from idp.policy.checks import Found, duplicates, unknown
from idp.policy.errors import Problem
from idp.policy.models import MANDATE, Permission, ProductFile, RoleEntry, matches
from idp.policy.permissions import expand

_ENDS_TRUST = "password_change two_factor_change email_change sign_out_everywhere support_reset"


@dataclass(frozen=True)
class _Known:
    """What the product files define, by id."""

    products: Mapping[str, ProductFile]
    roles: Mapping[str, RoleEntry]
    product_of: Mapping[str, str]
    permissions: Mapping[str, Permission]
    held: Mapping[str, frozenset[str]]


def check(files: Files) -> Iterator[Problem]:
    """Everything that plans, states, presets, ways and limits name exists and fits."""
    known = _known(files)
    for found, name in (
        (_subscriptions(files, known), SUBSCRIPTIONS_FILE),
        (_mandates(files, known), MANDATES_FILE),
        (_account(files), ACCOUNT_FILE),
    ):
        yield from (Problem(name, entry, reason) for entry, reason in found)


def _known(files: Files) -> _Known:
    shapes = list(files.products.values())
    held: dict[str, frozenset[str]] = {}
    for shape in shapes:
        definitions = {each.id: each for area in shape.areas for each in area.permissions}
        held |= {role.id: expand(role, shape.areas, definitions)[0] for role in shape.roles}
    return _Known(
        products={shape.product.id: shape for shape in shapes},
        roles={role.id: role for shape in shapes for role in shape.roles},
        product_of={role.id: shape.product.id for shape in shapes for role in shape.roles},
        permissions={each.id: each for shape in shapes for area in shape.areas for each in area.permissions},
        held=held,
    )


def _subscriptions(files: Files, known: _Known) -> Found:
    file = files.subscriptions
    states = {state.id for state in file.states}
    yield from duplicates((plan.id for plan in file.plans), "plan")
    yield from duplicates((state.id for state in file.states), "state")
    for plan in file.plans:
        yield from _plan(plan, known)
    yield from unknown("seats/at_limit/billed", file.seats.at_limit.billed.notify, known.roles, "role")
    for state in file.states:
        yield from unknown(state.id, (*state.blocked_actions, *state.still_allowed), known.permissions, "permission")
        if state.claim is not None and state.claim.state != state.id:
            yield state.id, f"its claim names another state, {state.claim.state}"
        if state.refused != (state.error is not None):
            yield state.id, "a state that refuses the product names an error, and only such a state"
        if state.refused != (state.permissions == "none"):
            yield state.id, "a state that refuses the product leaves no permission, and only such a state"
    for step in file.transitions:
        entry = f"transitions/{step.from_}-{step.to}-{step.by}"
        yield from unknown(entry, (step.from_, step.to), states, "state")
        yield from unknown(entry, step.actor, known.roles, "role")
    yield from duplicates((f"transitions/{each.from_}-{each.by}" for each in file.transitions), "transition")


def _plan(plan: Plan, known: _Known) -> Found:
    yield from duplicates((f"{plan.id}/{each}" for each in plan.products), "product")
    yield from unknown(plan.id, plan.products, known.products, "product")
    shapes = [known.products[each] for each in plan.products if each in known.products]
    for shape in shapes:
        if shape.product.kind != "application":
            yield plan.id, f"product {shape.product.id} is not an application and cannot be subscribed to"
        if shape.product.only_for != plan.only_for and shape.product.only_for is not None:
            yield plan.id, f"product {shape.product.id} is only for a {shape.product.only_for}"
    if plan.roles_offered != "all":
        yield from unknown(plan.id, plan.roles_offered, known.roles, "role in roles_offered:")
        for role in plan.roles_offered:
            if known.product_of.get(role, plan.products[0]) not in plan.products:
                yield plan.id, f"offers {role}, but not its product"
        for shape in shapes:
            default = shape.product.default_role
            if default is not None and default not in plan.roles_offered:
                yield plan.id, f"does not offer {default}, the default role of {shape.product.id}"
    seats = plan.seats
    if (seats.included == "unlimited") != (seats.extra is None):
        yield plan.id, "seats are unlimited, or extra says what happens beyond those included"
    if seats.extra_max is not None and seats.extra != "billed":
        yield plan.id, "extra_max belongs to extra: billed"


def _mandates(files: Files, known: _Known) -> Found:
    file = files.mandates
    yield from duplicates((each.id for each in file.presets), "preset")
    yield from duplicates((each.id for each in file.options), "option")
    yield from duplicates((each.id for each in file.ways), "way")
    yield from duplicates((each.id for each in file.errors), "error")
    yield from duplicates(file.never, "pattern")
    defaults = [preset.id for preset in file.presets if preset.default]
    if len(defaults) != 1:
        yield "presets", f"exactly one preset is the default, not {len(defaults)}"
    for pattern in file.never:
        if not any(matches(pattern, each) for each in known.permissions):
            yield f"never/{pattern}", "matches no permission"
    for preset in file.presets:
        yield from _mandate_roles(preset, file, known)
        yield from _preset(preset, file, known)
    for option in file.options:
        yield from _mandate_roles(option, file, known)
        yield from unknown(option.id, option.consent_by, known.roles, "role in consent_by:")
    yield from _ways(file, known)
    yield from unknown("colleagues/given_by", file.colleagues.given_by, known.roles, "role")
    states = [state.id for state in files.subscriptions.states]
    yield from unknown("rules/firm_states", file.rules.firm_states, states, "state")
    for state in files.subscriptions.states:
        if state.refused and file.rules.firm_states.get(state.id) != "none":
            yield "rules/firm_states", f"{state.id} refuses the firm its own product and must leave no mandate"


def _mandate_roles(offer: Preset | MandateOption, file: MandatesFile, known: _Known) -> Found:
    """What a preset or option opens exists, may be held through a mandate, and leaves something that never allows."""
    yield from unknown(offer.id, offer.roles, known.products, "product")
    yield from unknown(offer.id, offer.roles.values(), known.roles, "role")
    for product, name in offer.roles.items():
        role = known.roles.get(name)
        if role is None or product not in known.products:
            continue
        if known.product_of[name] != product:
            yield offer.id, f"{name} is not a role of {product}"
        if MANDATE not in role.held_by or MANDATE not in role.assignable_by:
            yield offer.id, f"{name} is not held and assignable by mandate"
        if role.mode is not None:
            yield offer.id, f"{name} follows switches and cannot be a ceiling"
        opened = {each for each in known.held[name] if not any(matches(pattern, each) for pattern in file.never)}
        if not opened:
            yield offer.id, f"nothing of {name} is left after never"
        settings = {area.id for area in known.products[known.product_of[name]].areas if area.settings}
        for each in sorted(opened):
            if known.permissions[each].area in settings and known.permissions[each].level != "view":
                yield offer.id, f"opens {each}: a mandate never opens settings for change"


def _preset(preset: Preset, file: MandatesFile, known: _Known) -> Found:
    yield from unknown(preset.id, preset.company, known.permissions, "permission")
    for each in preset.company:
        shape = known.products.get(each.split(".")[0])
        if shape is not None and shape.product.kind != "administration":
            yield preset.id, f"{each} is not a permission of the company's administration"
        if any(matches(pattern, each) for pattern in file.never):
            yield preset.id, f"{each} is never opened by a mandate"
    for name in preset.roles.values():
        role = known.roles.get(name)
        if role is not None and not role.by_default:
            yield preset.id, f"{name} needs a separate consent and belongs to an option"
        if role is not None and role.max_days is not None and (preset.max_days or role.max_days + 1) > role.max_days:
            yield preset.id, f"{name} ends after {role.max_days} days, the preset does not"


def _ways(file: MandatesFile, known: _Known) -> Found:
    for way in file.ways:
        for step in (way.start, way.finish):
            yield from unknown(way.id, step.by, known.roles, "role")
            yield from unknown(way.id, [step.permission], known.permissions, "permission")
            for role in step.by:
                if step.permission in known.permissions and step.permission not in known.held.get(
                    role, {step.permission}
                ):
                    yield way.id, f"{role} does not hold {step.permission}"


def _account(files: Files) -> Found:
    policy = files.account
    factor, password = policy.two_factor, policy.password
    yield from duplicates((each.id for each in factor.methods), "method")
    yield from duplicates((each.id for each in policy.sharing_signals), "signal")
    computed = [each for each in factor.methods if each.digits]
    if len(computed) != 1:
        yield "two_factor/methods", f"exactly one method computes codes (digits), not {len(computed)}"
    for each in computed:
        if not each.period_seconds or each.window_steps is None:
            yield each.id, "a method with digits needs period_seconds and window_steps"
    if not factor.required:
        yield "two_factor/required", "must be true: nobody signs in without a second factor, it can only be replaced"
    if all(each.recovery_only for each in factor.methods):
        yield "two_factor/methods", "a second factor is required, but every method is for recovery only"
    yield from _not_to_shorten(policy)
    if password.min_length > password.max_length:
        yield "password", "min_length is greater than max_length"
    if policy.sessions.idle_minutes > policy.sessions.single_sign_on_hours * 60:
        yield "sessions", "idle_minutes is longer than the session itself"
    response = policy.sharing_response
    if not response.notice_at <= response.second_factor_each_time_at <= response.review_at:
        yield "sharing_response", "notice, second factor and review come in this order"
    for name, entry in (("wrong_passwords", policy.limits.wrong_passwords), ("wrong_codes", policy.limits.wrong_codes)):
        pause = {"temporary_block": entry.block_minutes, "pause": entry.pause_minutes}.get(entry.effect or "")
        if not pause:
            yield f"limits/{name}", "its effect needs a number of minutes"


def _not_to_shorten(policy: AccountPolicyFile) -> Found:
    """Lists that say what is always so: an entry that is left out would be ignored, so it is refused."""
    factor, erasure = policy.two_factor, policy.erasure
    for entry, listed, whole in (
        ("password/refuse", policy.password.refuse, "breached_list email names company_name product_name"),
        ("two_factor/recovery_contact/kinds", factor.recovery_contact.kinds, "phone email"),
        ("two_factor/recovery_contact/must_differ_from", factor.recovery_contact.must_differ_from, "sign_in_email"),
        ("two_factor/trusted_device/ends_on", factor.trusted_device.ends_on, _ENDS_TRUST),
        ("erasure/blocked_while", erasure.blocked_while, "owner_of_open_company sole_practice_administrator"),
        ("erasure/keeps", erasure.keeps, "pseudonymous_audit_entries"),
    ):
        for name in sorted(set(whole.split()) - set(listed)):
            yield entry, f"{name} cannot be left out: it is always so"
        for name in sorted(set(listed) - set(whole.split())):
            yield entry, f"nothing follows from {name}"
    if not policy.limits.wrong_passwords.notify:
        yield "limits/wrong_passwords", "the holder is always told (notify: true)"
