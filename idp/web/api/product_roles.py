"""The one role of somebody in one product of a company: given, replaced, taken away."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from idp.companies import people, product_role, role
from idp.core.errors import NotFound
from idp.web.api import caller
from idp.web.api.memberships import SEES, HeldRoleShown, MemberPath
from idp.web.api.room import Made, Room
from idp.web.api.shapes import Flag, Instant, Key, ProductName, RoleName, Sent, example
from idp.web.work import open_work

room = Room("product_roles", "Product roles", "The one role that somebody has in each product of a company.")
PATH = "/companies/<uuid:company_id>/memberships/<uuid:account_id>/roles"


class ProductPath(MemberPath):
    product: ProductName


class RoleSent(Sent):
    """A role: one of `role` and `custom_role_id`. `extra_cost` confirms the cost of a seat beyond the plan."""

    model_config = example(role="accounting.bookkeeper")

    role: RoleName | None = None
    custom_role_id: Key | None = None
    switches: Annotated[dict[Annotated[str, Field(max_length=64)], Flag], Field(max_length=100)] = {}
    restrictions: Annotated[dict[str, Any], Field(max_length=20)] = {}
    expires_at: Instant | None = None
    extra_cost: Flag = False

    def wished(self) -> dict[str, Any]:
        expires: datetime | None = self.expires_at
        return {
            "role_id": self.role, "custom_role_id": self.custom_role_id, "switches": self.switches,
            "restrictions": self.restrictions, "expires_at": expires, "extra_cost": self.extra_cost,
        }  # fmt: skip


class NewRoleSent(RoleSent):
    """A role in a product in which the person has none."""

    model_config = example(product="accounting", role="accounting.reader", extra_cost=True)
    product: ProductName


@room.get(f"{PATH}/<product>", may=SEES, shows=HeldRoleShown, tagged=True)
def show_product_role(path: ProductPath) -> HeldRoleShown:
    """The role of somebody in a product."""
    return _shown(path)


@room.post(PATH, may=product_role.EDITS, shows=HeldRoleShown)
def grant_product_role(path: MemberPath, body: NewRoleSent) -> Made:
    """Give a role in a product in which the person has none.

    A person who gives what only an owner gives needs a second factor proved minutes ago.
    """
    _require_proof(body)
    product_role.grant_role(open_work(), path.company_id, path.account_id, body.product, **body.wished())
    place = f"/api/v1/companies/{path.company_id}/memberships/{path.account_id}/roles/{body.product}"
    there = ProductPath(company_id=path.company_id, account_id=path.account_id, product=body.product)
    return Made(_shown(there), place)


@room.put(f"{PATH}/<product>", may=product_role.EDITS, shows=HeldRoleShown, present=show_product_role)
def change_product_role(path: ProductPath, body: RoleSent) -> HeldRoleShown:
    """Replace the role in a product; it is felt with the next token.

    A person who gives what only an owner gives needs a second factor proved minutes ago.
    """
    _require_proof(body)
    product_role.change_role(open_work(), path.company_id, path.account_id, path.product, **body.wished())
    return _shown(path)


@room.delete(f"{PATH}/<product>", may=product_role.EDITS, present=show_product_role)
def revoke_product_role(path: ProductPath) -> None:
    """Take the role in a product away; the person stays one of the company's people."""
    product_role.revoke_role(open_work(), path.company_id, path.account_id, path.product)


def _require_proof(wanted: RoleSent) -> None:
    if role.owners_to_give(open_work(), wanted.role):
        caller.require_fresh_proof(open_work())


def _shown(path: ProductPath) -> HeldRoleShown:
    person = people.get(open_work(), path.company_id, path.account_id)
    found = next((each for each in person.roles if each.product == path.product), None)
    if found is None:
        raise NotFound(kind="product_role")
    return HeldRoleShown.model_validate(found)
