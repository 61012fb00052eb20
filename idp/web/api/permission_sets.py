"""The lists behind `permission_set`, as tokens and the answers of this API name them."""

from typing import Annotated

from pydantic import Field

from idp.core.errors import NotFound
from idp.oidc import permission_sets
from idp.web.api.room import Room
from idp.web.api.shapes import Sent, Shown
from idp.web.work import open_work

room = Room("permission_sets", "Permission sets", "The lists of permissions that tokens name.")


class SetPath(Sent):
    set_id: Annotated[str, Field(min_length=1, max_length=64)]


class SetShown(Shown):
    """A list of permissions, which never changes: its name is its digest."""

    id: str
    product: str
    permissions: list[str]


@room.get("/permission-sets/<set_id>", may=(), shows=SetShown, tagged=True)
def show_permission_set(path: SetPath) -> SetShown:
    """What a `permission_set` of a token stands for. It is known from the first token that names it."""
    found = permission_sets.named(open_work(), path.set_id)
    if found is None:
        raise NotFound(kind="permission_set")
    return SetShown.model_validate(found)
