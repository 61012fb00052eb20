"""Read `policies/` once, compare everything with everything, freeze. The only door to YAML."""

import hashlib
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from idp.policy import account, agreement_checks, checks
from idp.policy.account import AccountPolicyFile
from idp.policy.agreements import MandatesFile, SubscriptionsFile
from idp.policy.catalogue import (
    ACCOUNT_FILE,
    MANDATES_FILE,
    SUBSCRIPTIONS_FILE,
    Files,
    Policies,
    Product,
    Role,
    Service,
)
from idp.policy.errors import PolicyError, Problem
from idp.policy.models import Permission, ProductFile, Shape, matches
from idp.policy.permissions import expand

S = TypeVar("S", bound=Shape)

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where it is built in: ten times faster


class _Loader(_SafeLoader):  # type: ignore[misc]
    """Safe loading that refuses a key written twice, which YAML would silently let the last one win."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, Hashable) or key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key}: written twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return]


def read_yaml(path: Path) -> Any:
    """The contents of one YAML file, of plain types only.

    Raises:
        PolicyError: it cannot be read, is not YAML, or has a key twice.
    """
    return _parse(path.name, _read(path))


def load(directory: Path) -> Policies:
    """Read the policies; folders inside `directory` are not looked at.

    Raises:
        PolicyError: something is wrong; it carries every mistake found.
    """
    files = _read_files(directory)
    problems = [*checks.check(files), *agreement_checks.check(files)]
    if problems:
        raise PolicyError(sorted(problems))
    return _build(files)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise PolicyError([Problem(path.name, "(file)", error.strerror or "cannot be read")]) from error


def _parse(name: str, content: bytes) -> Any:
    try:
        return yaml.load(content, Loader=_Loader)
    except yaml.constructor.ConstructorError as error:
        mark, (entry, _, reason) = error.problem_mark, str(error.problem).partition(": ")
        where = f" (line {mark.line + 1})" if mark else ""
        raise PolicyError([Problem(name, entry, f"{reason or 'not plain YAML'}{where}")]) from error
    except yaml.YAMLError as error:
        raise PolicyError([Problem(name, "(file)", f"not YAML: {' '.join(str(error).split())}")]) from error


def _read_files(directory: Path) -> Files:
    """Every file in its shape; the mistakes of all files are reported together."""
    paths = sorted(path for path in directory.glob("*.y*ml") if path.is_file())
    problems = [Problem(path.name, "(file)", "the name must end in .yaml") for path in paths if path.suffix != ".yaml"]
    names = {path.name for path in paths}
    required = (SUBSCRIPTIONS_FILE, MANDATES_FILE, ACCOUNT_FILE)
    problems += [Problem(name, "(file)", "missing") for name in required if name not in names]
    digest, shapes = hashlib.sha256(), {}
    for path in paths:
        try:
            content = _read(path)
            digest.update(f"{path.name}\0{len(content)}\0".encode() + content)
            shapes[path.name] = _shape(path.name, _parse(path.name, content))
        except PolicyError as error:
            problems += error.problems
    if problems:
        raise PolicyError(sorted(problems))
    return Files(
        products=MappingProxyType({name: shape for name, shape in shapes.items() if isinstance(shape, ProductFile)}),
        subscriptions=_the(SubscriptionsFile, shapes[SUBSCRIPTIONS_FILE]),
        mandates=_the(MandatesFile, shapes[MANDATES_FILE]),
        account=_the(AccountPolicyFile, shapes[ACCOUNT_FILE]),
        revision=digest.hexdigest()[:12],
    )


def _the(kind: type[S], shape: Shape) -> S:
    assert isinstance(shape, kind)  # by construction in _shape
    return shape


def _shape(name: str, data: Any) -> Shape:
    kinds: dict[str, type[Shape]] = {
        SUBSCRIPTIONS_FILE: SubscriptionsFile,
        MANDATES_FILE: MandatesFile,
        ACCOUNT_FILE: AccountPolicyFile,
    }
    try:
        return kinds.get(name, ProductFile).model_validate(data)
    except ValidationError as error:
        raise PolicyError(
            Problem(name, _entry(data, each["loc"]), each["msg"]) for each in error.errors(include_url=False)
        ) from error


def _entry(data: Any, location: Iterable[int | str]) -> str:
    """A path a person can follow: list items by their id where they have one."""
    steps = []
    for step in location:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            data = None
        named = isinstance(step, int) and isinstance(data, dict) and isinstance(data.get("id"), str)
        steps.append(data["id"] if named and data is not None else str(step))
    return "/".join(steps) or "(file)"


def _build(files: Files) -> Policies:
    shapes = sorted(files.products.values(), key=lambda shape: shape.product.order)
    roles = {role.id: role for shape in shapes for role in _roles(shape)}
    permissions = {each.id: each for shape in shapes for area in shape.areas for each in area.permissions}
    mandates, subscriptions = files.mandates, files.subscriptions
    return Policies(
        revision=files.revision,
        products=MappingProxyType({shape.product.id: _product(shape) for shape in shapes}),
        roles=MappingProxyType(roles),
        permissions=MappingProxyType(permissions),
        services=MappingProxyType(_services(shapes)),
        plans=MappingProxyType({each.id: each for each in subscriptions.plans}),
        seats=subscriptions.seats,
        states=MappingProxyType({each.id: each for each in subscriptions.states}),
        transitions=subscriptions.transitions,
        token_rules=subscriptions.token_rules,
        presets=MappingProxyType({each.id: each for each in mandates.presets}),
        options=MappingProxyType({each.id: each for each in mandates.options}),
        never=frozenset(each for each in permissions if any(matches(pattern, each) for pattern in mandates.never)),
        ways=MappingProxyType({each.id: each for each in mandates.ways}),
        colleagues=mandates.colleagues,
        mandate_errors=MappingProxyType({each.id: each for each in mandates.errors}),
        mandate_states=mandates.states,
        mandates=mandates.rules,
        account=account.typed(files.account),
    )


def _product(shape: ProductFile) -> Product:
    entry, permissions = shape.product, _definitions(shape)
    restrictions = {each.id: each for each in shape.rules.restrictions}
    restricted = {
        name: frozenset(each for each in permissions if any(matches(pattern, each) for pattern in restriction.removes))
        for name, restriction in restrictions.items()
    }
    return Product(
        id=entry.id,
        kind=entry.kind,
        order=entry.order,
        firm_only=entry.only_for == "firm",
        label=entry.label,
        summary=entry.summary,
        default_role=entry.default_role,
        accountant_role=entry.accountant_role,
        inline_permissions=entry.inline_permissions,
        areas=MappingProxyType({each.id: each for each in shape.areas}),
        permissions=MappingProxyType(permissions),
        roles=tuple(each.id for each in shape.roles),
        services=tuple(each.id for each in shape.services),
        rules=shape.rules,
        custom_roles=shape.custom_roles,
        restrictions=MappingProxyType(restrictions),
        restricted=MappingProxyType(restricted),
        practice_only=frozenset(each.id for each in permissions.values() if each.scope == "practice"),
    )


def _definitions(shape: ProductFile) -> dict[str, Permission]:
    return {each.id: each for area in shape.areas for each in area.permissions}


def _roles(shape: ProductFile) -> Iterable[Role]:
    definitions = _definitions(shape)
    for entry in shape.roles:
        permissions, switches = expand(entry, shape.areas, definitions)
        yield Role(
            id=entry.id,
            product=shape.product.id,
            label=entry.label,
            summary=entry.summary,
            held_by=frozenset(entry.held_by),
            assignable_by=frozenset(entry.assignable_by),
            seat=entry.seat,
            ignores_user_restrictions=entry.ignores_user_restrictions,
            permissions=permissions,
            switches=MappingProxyType(switches),
            switch_defaults=frozenset(area for area, on in entry.switch_defaults.items() if on),
            entry=entry,
        )


def _services(shapes: Iterable[ProductFile]) -> Mapping[str, Service]:
    found: dict[str, Service] = {}
    for shape in shapes:
        for each in shape.services:
            products = (*(found[each.id].products if each.id in found else ()), shape.product.id)
            found[each.id] = Service(each.id, each.label, each.per_person, products)
    return found
