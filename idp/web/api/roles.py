"""The roles that a company can give, product by product."""

from uuid import UUID

from idp.companies import custom_role, role_list
from idp.web.api.room import Room
from idp.web.api.shapes import CompanyPath, Labels, Shown
from idp.web.work import open_work

room = Room("roles", "Roles", "The roles that a company can give: those of the catalogue, and its own.")


class RoleShown(Shown):
    """A role of a product. `people` counts who has it; `at_clients`: it is only for a firm's colleagues at clients."""

    product: str
    role_id: str | None
    custom_role_id: UUID | None
    labels: Labels
    summary: Labels
    people: int
    at_clients: bool


class RoleList(Shown):
    """Bounded by the catalogue and by the plan, so it is one page."""

    data: list[RoleShown]
    next: None


@room.get("/companies/<uuid:company_id>/roles", may=(custom_role.VIEWS, custom_role.FIRM_VIEWS), shows=RoleList)
def list_roles(path: CompanyPath) -> RoleList:
    """The roles of a company's products: built-in ones first, then its own."""
    found = [
        RoleShown(
            product=each.product.id, role_id=role.role_id, custom_role_id=role.custom_role_id,
            labels=dict(role.labels), summary=dict(role.summary), people=role.people, at_clients=role.at_clients,
        )
        for each in role_list.of_company(open_work(), path.company_id)
        for role in each.roles
    ]  # fmt: skip
    return RoleList(data=found, next=None)
