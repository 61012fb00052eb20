"""Cross-checks of the product files: every name exists, every role comes to something, nothing is said twice.

Each check yields the mistakes it finds; none of them stops at the first.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from idp.policy.catalogue import Files
from idp.policy.errors import Problem
from idp.policy.models import EVERY_AREA, MANDATE, Area, Permission, ProductFile, RoleEntry, matches
from idp.policy.permissions import expand

INLINE_TOKEN_BYTES = 4096
TOKEN_WITHOUT_LIST_BYTES = 1200
"""Token contract, principle 4: the most with inline permissions, and what a typical token needs besides."""


def check(files: Files) -> Iterator[Problem]:
    """Everything that can be said of the product files by themselves and among themselves."""
    yield from _between_products(files)
    roles = {role.id: role for shape in files.products.values() for role in shape.roles}
    for name, shape in files.products.items():
        definitions = {each.id: each for area in shape.areas for each in area.permissions}
        found = [
            *_product(name, shape),
            *_areas(shape),
            *_permissions(shape, definitions),
            *_rules(shape, files, roles, definitions),
            *_budget(shape),
        ]
        for role in shape.roles:
            found += _role_names(role, shape, roles, definitions)
            found += _role_switches(role, shape)
            found += _role_result(role, shape, definitions)
        yield from (Problem(name, entry, reason) for entry, reason in found)


Found = Iterator[tuple[str, str]]


def duplicates(ids: Iterable[str], what: str) -> Found:
    """One mistake for each id that appears more than once."""
    for each, times in Counter(ids).items():
        if times > 1:
            yield each, f"{what} written {times} times"


def unknown(entry: str, names: Iterable[str], known: Iterable[str], what: str) -> Found:
    """One mistake for each name that does not exist."""
    existing = set(known)
    for each in names:
        if each not in existing:
            yield entry, f"unknown {what} {each}"


def _between_products(files: Files) -> Iterator[Problem]:
    """A product, and a service two products share, is the same everywhere."""
    seen: dict[str, str] = {}
    orders: dict[int, str] = {}
    services: dict[str, tuple[str, object]] = {}
    if not files.products:
        yield Problem("(folder)", "products", "no product file")
    for name, shape in files.products.items():
        product = shape.product
        if product.id in seen:
            yield Problem(name, product.id, f"product also in {seen[product.id]}")
        seen[product.id] = name
        if product.order in orders:
            yield Problem(name, product.id, f"order {product.order} is also that of {orders[product.order]}")
        orders[product.order] = product.id
        for service in shape.services:
            file, other = services.setdefault(service.id, (name, service))
            if other != service and file != name:
                yield Problem(name, service.id, f"service described otherwise in {file}")


def _product(name: str, shape: ProductFile) -> Found:
    product = shape.product
    if name != f"{product.id}.yaml":
        yield product.id, f"the file of this product is to be named {product.id}.yaml"
    yield from duplicates((area.id for area in shape.areas), "area")
    yield from duplicates((each.id for area in shape.areas for each in area.permissions), "permission")
    yield from duplicates((role.id for role in shape.roles), "role")
    yield from duplicates((service.id for service in shape.services), "service")
    roles = {role.id: role for role in shape.roles}
    for key, role in (("default_role", product.default_role), ("accountant_role", product.accountant_role)):
        if role is not None:
            yield from unknown(f"product/{key}", [role], roles, "role of this product")
    if product.accountant_role in roles and MANDATE not in roles[product.accountant_role].held_by:
        yield "product/accountant_role", f"{product.accountant_role} is not held by mandate"
    defaults = [role.id for role in shape.roles if role.default]
    if len(defaults) > 1:
        yield defaults[1], f"{defaults[0]} is the default role already"
    if defaults and product.default_role not in (None, defaults[0]):
        yield defaults[0], f"marked default, but the product's default_role is {product.default_role}"


def _areas(shape: ProductFile) -> Found:
    areas = {area.id: area for area in shape.areas}
    services = {service.id: service for service in shape.services}
    for area in shape.areas:
        if area.switch and area.always_on:
            yield area.id, "an area that is always on has no switch"
        if area.paired_with is not None:
            other = areas.get(area.paired_with)
            if other is None:
                yield area.id, f"unknown area {area.paired_with} in paired_with"
            elif other is area or other.paired_with != area.id:
                yield area.id, f"paired with {other.id}, which is not paired with it"
        for each in area.permissions:
            service = services.get(each.service) if each.service else None
            if area.per_person and not (service and service.per_person):
                yield each.id, "in an area per person, but carries no service per person"


def _permissions(shape: ProductFile, definitions: dict[str, Permission]) -> Found:
    services = {service.id for service in shape.services}
    never = set(shape.custom_roles.never)
    for area in shape.areas:
        for each in area.permissions:
            if (each.product, each.area) != (shape.product.id, area.id):
                yield each.id, f"is to begin with {shape.product.id}.{area.id}."
            yield from unknown(each.id, each.requires, definitions, "required permission")
            if each.service is not None and each.service not in services:
                yield each.id, f"unknown service {each.service}"
            for needed in each.requires:
                if needed in never and each.id not in never:
                    yield each.id, f"requires {needed}, which a custom role can never hold"
    used = {each.service for each in definitions.values()}
    yield from ((service, "no permission carries this service") for service in sorted(services - used))


def _role_names(
    role: RoleEntry, shape: ProductFile, roles: dict[str, RoleEntry], definitions: dict[str, Permission]
) -> Found:
    if not role.id.startswith(f"{shape.product.id}."):
        yield role.id, f"is to begin with {shape.product.id}."
    areas = {EVERY_AREA, *(area.id for area in shape.areas)}
    yield from unknown(role.id, role.grants, areas, "area in grants:")
    yield from unknown(role.id, role.permissions, definitions, "permission")
    yield from unknown(role.id, role.except_, definitions, "permission in except:")
    yield from unknown(role.id, role.assignable_by, {MANDATE, *roles}, "role in assignable_by:")
    yield from unknown(role.id, role.may_not_touch, roles, "role in may_not_touch:")
    yield from duplicates_in(role.id, role.permissions)
    if MANDATE in role.assignable_by and MANDATE not in role.held_by:
        yield role.id, "assignable by mandate, but not held by mandate"


def duplicates_in(entry: str, names: Iterable[str]) -> Found:
    """One mistake for each name listed more than once in an entry."""
    yield from ((entry, f"{each}: {reason}") for each, reason in duplicates(names, "listed, and"))


def _role_switches(role: RoleEntry, shape: ProductFile) -> Found:
    switched = {area.id for area in shape.areas if area.switch}
    if role.mode is None:
        if role.switch_level is not None or role.switch_defaults:
            yield role.id, "switch_level and switch_defaults belong to mode: switches"
        return
    if role.switch_level is None:
        yield role.id, "mode: switches needs a switch_level"
    if EVERY_AREA in role.grants:
        yield role.id, "mode: switches names its areas one by one"
    yield from unknown(role.id, role.switch_defaults, switched, "switch")
    for area in sorted(switched & set(role.grants)):
        yield role.id, f"area {area} has a switch and cannot be granted as well"
    for each in shape.areas:
        if each.always_on and role.grants.get(each.id, "none") == "none":
            yield role.id, f"area {each.id} is always on, but the role does not grant it"


def _role_result(role: RoleEntry, shape: ProductFile, definitions: dict[str, Permission]) -> Found:
    permissions, switches = expand(role, shape.areas, definitions)
    widest = permissions.union(*switches.values())
    if not permissions:
        yield role.id, "role without permission"
    before = expand(role.model_copy(update={"except_": ()}), shape.areas, definitions)
    for each in role.except_:
        if each in definitions and each not in before[0].union(*before[1].values()):
            yield role.id, f"except: {each} is not among its permissions anyway"
    for each in sorted(widest):
        missing = [needed for needed in definitions[each].requires if needed in definitions and needed not in widest]
        yield from ((role.id, f"except takes out {needed}, which {each} requires") for needed in missing)
    areas = {area.id: area for area in shape.areas}
    for area in shape.areas:
        other = areas.get(area.paired_with or "")
        if other is not None and area.id < other.id and _level(role, area) != _level(role, other):
            yield role.id, f"areas {area.id} and {other.id} are paired and need the same level"


def _level(role: RoleEntry, area: Area) -> str:
    return role.grants.get(area.id, role.grants.get(EVERY_AREA, "none"))


def _rules(shape: ProductFile, files: Files, roles: dict[str, RoleEntry], definitions: dict[str, Permission]) -> Found:
    custom, rules = shape.custom_roles, shape.rules
    yield from unknown("custom_roles/built_by", custom.built_by, roles, "role")
    yield from unknown("custom_roles/never", custom.never, definitions, "permission")
    if custom.allowed and not (custom.built_by and custom.max_per_company and custom.modes):
        yield "custom_roles", "allowed, but nobody may build one (built_by, max_per_company, modes)"
    yield from unknown("rules/subject_notified", rules.subject_notified, definitions, "permission")
    needed = rules.firm_colleague_needs_role_in
    products = [each.product.id for each in files.products.values()]
    if needed is not None:
        yield from unknown("rules/firm_colleague_needs_role_in", [needed], products, "product")
    yield from duplicates((each.id for each in rules.restrictions), "restriction")
    for restriction in rules.restrictions:
        for pattern in restriction.removes:
            if not any(matches(pattern, each) for each in definitions):
                yield restriction.id, f"pattern {pattern} matches no permission"
    presets = [preset.id for preset in files.mandates.presets]
    for role in shape.roles:
        if role.when is not None:
            yield from unknown(role.id, [role.when.partition(":")[2]], presets, "preset in when:")


def _budget(shape: ProductFile) -> Found:
    """A list in the token takes its JSON times 4/3 (base64url, RFC 7515 §2)."""
    if not shape.product.inline_permissions:
        return
    room = INLINE_TOKEN_BYTES - TOKEN_WITHOUT_LIST_BYTES
    definitions = {each.id: each for area in shape.areas for each in area.permissions}
    lists = {role.id: _widest(role, shape.areas, definitions) for role in shape.roles}
    if shape.custom_roles.allowed:
        lists["custom_roles"] = set(definitions) - set(shape.custom_roles.never)
    for entry, permissions in lists.items():
        size = -(-4 * len(json.dumps({"permissions": sorted(permissions)}, separators=(",", ":"))) // 3)
        if size > room:
            yield entry, f"{len(permissions)} permissions take {size} bytes of a token that has {room} left for them"


def _widest(role: RoleEntry, areas: Iterable[Area], definitions: dict[str, Permission]) -> set[str]:
    permissions, switches = expand(role, areas, definitions)
    return set(permissions.union(*switches.values()))
