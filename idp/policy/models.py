"""Shapes of the product files in `policies/`: frozen, and deaf to nothing (an unknown key is refused)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

K = TypeVar("K")
V = TypeVar("V")

LANGUAGES = ("fr", "en", "nl", "de", "es")
REQUIRED_LANGUAGES = ("fr", "en")
FALLBACK_LANGUAGE = "en"

Level = Literal["none", "view", "work", "manage"]
LEVELS: tuple[Level, ...] = ("none", "view", "work", "manage")
MANDATE = "mandate"
"""In `assignable_by` and `held_by`: the role comes with a mandate, nobody picks it by hand."""
EVERY_AREA = "*"


def _frozen(values: Mapping[K, V]) -> Mapping[K, V]:
    return MappingProxyType(dict(values))


def _complete(texts: Mapping[str, str]) -> Mapping[str, str]:
    missing = [language for language in REQUIRED_LANGUAGES if not texts.get(language, "").strip()]
    if missing:
        raise ValueError(f"text missing in: {', '.join(missing)}")
    unknown = sorted(set(texts) - set(LANGUAGES))
    if unknown:
        raise ValueError(f"unknown language: {', '.join(unknown)}")
    return MappingProxyType(dict(texts))


Texts = Annotated[Mapping[str, str], AfterValidator(_complete)]
"""A text by language, French and English always present."""
FrozenMap = Annotated[Mapping[K, V], AfterValidator(_frozen)]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=64)]
StateName = Annotated[str, StringConstraints(pattern=r"^[a-z]+(_[a-z]+)*$", max_length=64)]
RoleId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$", max_length=128)]
PermissionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+\.[a-z0-9-]+$", max_length=128)]
Pattern = Annotated[str, StringConstraints(pattern=r"^([a-z0-9-]+|\*)(\.([a-z0-9-]+|\*)){2}$", max_length=128)]
"""Three parts like a permission; a `*` stands for any one part."""


class Shape(BaseModel):
    """Base of everything read from a policy file."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


def label_for(texts: Mapping[str, str], locale: str) -> str:
    """The text for a locale (`fr`, `fr-BE`, `fr_BE`); English where the language is missing, and the first one where a
    company gave a name in its own language alone."""
    language = locale.replace("_", "-").partition("-")[0].lower()
    return texts.get(language) or texts.get(FALLBACK_LANGUAGE) or next(iter(texts.values()))


def at_most(level: Level) -> frozenset[Level]:
    """The levels a grant of `level` covers, itself included."""
    return frozenset(LEVELS[1 : LEVELS.index(level) + 1])


def matches(pattern: str, permission: str) -> bool:
    """Whether a pattern such as `company.users.*` names this permission."""
    wanted, found = pattern.split("."), permission.split(".")
    return len(wanted) == len(found) and all(want in ("*", part) for want, part in zip(wanted, found, strict=True))


class ProductEntry(Shape):
    id: Name
    kind: Literal["application", "administration", "operations"]
    order: int
    label: Texts
    summary: Texts
    default_role: RoleId | None = None
    accountant_role: RoleId | None = None
    only_for: Literal["firm"] | None = Field(default=None, alias="for")
    inline_permissions: bool = False
    """Whether a client of this product may ask for the permission list inside the token."""


class Permission(Shape):
    """One thing one can do in an area."""

    id: PermissionId
    level: Literal["view", "work", "manage"]
    label: Texts
    explicit: bool = False
    requires: tuple[PermissionId, ...] = ()
    step_up: bool = False
    service: Name | None = None
    scope: Literal["practice"] | None = None
    four_eyes: bool = False

    @property
    def product(self) -> str:
        return self.id.split(".")[0]

    @property
    def area(self) -> str:
        return self.id.split(".")[1]


class Area(Shape):
    id: Name
    label: Texts
    switch: bool = False
    always_on: bool = False
    settings: bool = False
    paired_with: Name | None = None
    per_person: bool = False
    sensitive: bool = False
    permissions: Annotated[tuple[Permission, ...], Field(min_length=1)]


class RoleEntry(Shape):
    """A role as the file writes it; `Role` in `catalogue.py` adds what it comes to."""

    id: RoleId
    label: Texts
    summary: Texts
    held_by: Annotated[tuple[Literal["member", "colleague", "mandate", "staff", "service"], ...], Field(min_length=1)]
    assignable_by: tuple[str, ...]
    grants: FrozenMap[str, Level]
    permissions: tuple[PermissionId, ...] = ()
    except_: tuple[PermissionId, ...] = Field(default=(), alias="except")
    seat: bool = False
    mode: Literal["switches"] | None = None
    switch_level: Literal["view", "work", "manage"] | None = None
    switch_defaults: FrozenMap[Name, bool] = Field(default_factory=lambda: MappingProxyType({}))
    ignores_user_restrictions: bool = False
    scopes: tuple[Literal["practice", "client"], ...] = ()
    clients: Literal["all", "assigned"] | None = None
    unique: bool = False
    combinable: bool = False
    default: bool = False
    max_days: Annotated[int, Field(gt=0)] | None = None
    by_default: bool = True
    mfa: Literal["required"] | None = None
    when: Annotated[str, StringConstraints(pattern=r"^mandate:[a-z0-9-]+$")] | None = None
    may_not_touch: tuple[RoleId, ...] = ()


class ServiceEntry(Shape):
    id: Name
    label: Texts
    per_person: bool


class Restriction(Shape):
    """A limit an administrator may put on a person; `removes` says which permissions go, the product does the rest."""

    id: Name
    label: Texts
    values: Literal["list"] | None = None
    removes: tuple[Pattern, ...] = ()


class ProductRules(Shape):
    """What holds in this product whatever the role."""

    company_roles_per_person: Annotated[int, Field(gt=0)] | None = None
    owner_is_unique: bool = False
    owner_editable_by_others: bool = True
    last_administrator_removable: bool = True
    self_edit_of_own_access: bool = False
    remove_last_product_role: Literal["detaches"] | None = None
    firm_colleague_needs_role_in: Name | None = None
    account_scope_wins: bool = False
    hidden_when_absent: bool = False
    restrictions: tuple[Restriction, ...] = ()
    not_given_with_other_products: bool = False
    needs_both_roles: bool = False
    reason_required: bool = False
    subject_notified: tuple[PermissionId, ...] = ()


class CustomRoles(Shape):
    """Whether a company may write its own roles for this product, who builds them, what they can never hold."""

    allowed: bool
    built_by: tuple[RoleId, ...] = ()
    max_per_company: Annotated[int, Field(ge=0)] = 0
    modes: tuple[Literal["empty", "copy"], ...] = ("empty", "copy")
    never: tuple[PermissionId, ...] = ()


class ProductFile(Shape):
    schema_: Literal[1] = Field(alias="schema")
    product: ProductEntry
    areas: Annotated[tuple[Area, ...], Field(min_length=1)]
    roles: Annotated[tuple[RoleEntry, ...], Field(min_length=1)]
    services: tuple[ServiceEntry, ...] = ()
    rules: ProductRules = ProductRules()
    custom_roles: CustomRoles
