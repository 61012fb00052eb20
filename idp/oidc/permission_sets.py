"""The lists behind `permission_set`: kept when first minted, looked up by products, never changed."""

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from idp.companies.access import Access
from idp.oidc import cache
from idp.oidc.models import PermissionSet
from idp.work import Work

REMEMBERED = 20_000  # names of sets known to be stored, per process


def remember(work: Work, reach: Access) -> None:
    """Keep the list behind a set that is about to be named in a token. No statement once the process knows it."""
    known = cache.known_sets(work)
    name = (reach.permission_set, reach.product)
    if name in known:
        return
    stored = work.session.execute(
        select(PermissionSet.id).where(PermissionSet.id == name[0], PermissionSet.product == name[1])
    ).one_or_none()
    if stored is not None:
        if len(known) >= REMEMBERED:
            known.clear()
        known.add(name)
        return
    try:
        with work.session.begin_nested():
            work.session.execute(
                insert(PermissionSet).values(id=name[0], product=name[1], permissions=list(reach.permissions))
            )
    except IntegrityError:  # another process was first; the content is the same by its name
        pass


def find(work: Work, set_id: str, product: str) -> list[str] | None:
    """The permissions of a set of this product, sorted; None when it is unknown or another product's."""
    if "\x00" in set_id:  # PostgreSQL has no NUL
        return None
    return work.session.scalar(
        select(PermissionSet.permissions).where(PermissionSet.id == set_id, PermissionSet.product == product)
    )


def named(work: Work, set_id: str) -> PermissionSet | None:
    """The set of this name, whichever product it is of; None when no token has named it yet."""
    if "\x00" in set_id:  # PostgreSQL has no NUL
        return None
    return work.session.scalars(select(PermissionSet).where(PermissionSet.id == set_id).limit(1)).first()
