"""What a role comes to, in words, before anybody has it."""

from typing import Annotated, Any

from pydantic import Field

from idp.companies import custom_role, preview, proposal
from idp.companies.preview import AreaPreview, Preview
from idp.companies.proposal import Choice
from idp.web.api.custom_roles import Permissions
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Key, ProductName, RoleName, Sent, Shown, example
from idp.web.work import open_work

room = Room("role_previews", "Role previews", "What a role comes to in a company, in words.")


class PreviewSent(Sent):
    """A role: one of `role`, `custom_role_id` and `permissions` (of a role that is not made yet)."""

    model_config = example(product="accounting", role="accounting.reader", locale="fr")

    product: ProductName
    role: RoleName | None = None
    custom_role_id: Key | None = None
    permissions: Permissions | None = None
    switches: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=100)] = []
    restrictions: Annotated[dict[str, Any], Field(max_length=20)] = {}
    account_id: Annotated[Key, Field(description="Whose connected services count.")] | None = None
    locale: Annotated[str, Field(max_length=20, description="Language of the words.")] = "en"


class LineShown(Shown):
    """A permission. `obstacle` says why it is crossed out; None for one that is permitted."""

    id: str
    label: str
    level: str
    step_up: bool
    obstacle: str | None
    detail: str


class AreaShown(Shown):
    id: str
    label: str
    sensitive: bool
    settings: bool
    level: str
    permitted: list[LineShown]
    crossed: list[LineShown]


class PreviewShown(Shown):
    """A role in words. `permission_set` is what a token for it would carry now."""

    product: str
    label: str
    permission_set: str
    permissions: list[str]
    areas: list[AreaShown]
    without: list[str]
    restrictions: list[str]


@room.ask(
    "/companies/<uuid:company_id>/role-previews", may=(custom_role.VIEWS, custom_role.FIRM_VIEWS), shows=PreviewShown
)
def preview_role(path: CompanyPath, body: PreviewSent) -> PreviewShown:
    """A role in words, area by area, as it would be for one of the company's people today."""
    work = open_work()
    choice = Choice(
        role_id=body.role, custom_role_id=body.custom_role_id, draft=body.permissions, switches=body.switches,
        restrictions=body.restrictions,
    )  # fmt: skip
    grant = proposal.in_company(work, path.company_id, body.product, choice, account_id=body.account_id)
    return _shown(preview.of(work.policies, grant, body.locale))


def _shown(found: Preview) -> PreviewShown:
    return PreviewShown(
        product=found.product,
        label=found.label,
        permission_set=found.set_id,
        permissions=list(found.permissions),
        areas=[_area(each) for each in (*found.areas, *found.sensitive)],
        without=list(found.without),
        restrictions=list(found.restrictions),
    )


def _area(found: AreaPreview) -> AreaShown:
    return AreaShown(
        id=found.id,
        label=found.label,
        sensitive=found.sensitive,
        settings=found.settings,
        level=found.level,
        permitted=[LineShown.model_validate(each) for each in found.permitted],
        crossed=[LineShown.model_validate(each) for each in found.crossed],
    )
